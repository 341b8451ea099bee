"""The room in which compiled substitution works: the lines, scratch space, what comes out.

    room = Room(data, 1, settings, arrays)
    run(room.data, arrays, settings, room.work, room.buffers)   # says FULL or WIDE when it lacks
    room.grow(FULL)
    room.filled("text")

Memory is asked for generously: what is never written to costs nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lexaug.kernel.layout import (
    LINE,
    LINE_COLUMNS,
    NODE_COLUMNS,
    PHRASE_COLUMNS,
    POSITION,
    PROVENANCE,
    SAMPLE_ALL,
    SAMPLE_EVERY,
    SLACK,
    SOURCE,
    STATE_CELLS,
    TEXT,
    UNKNOWN,
    WIDE,
    WORD_COLUMNS,
    Buffers,
    Count,
    Settings,
    Table,
    Work,
)
from lexaug.phrases import RULES
from lexaug.substitute import Line, provenance

_CELLS = {"text": TEXT, "source": SOURCE, "provenance": PROVENANCE, "unknown": UNKNOWN}
_SPARE = 4096
_BATCH_BYTES = 1 << 14  # a longer line makes the scratch space grow


def is_sampled(number: int) -> bool:
    """Whether the unknown words of a line are told: the first 100,000, then every 16th."""
    return number <= SAMPLE_ALL or number % SAMPLE_EVERY == 0


class Room:
    """Lines of valid UTF-8 and all that is written about them.

    Attributes:
        data: the bytes. work: scratch space for a batch of lines. buffers: what comes out.
    """

    def __init__(self, data: bytes, first_line: int, settings: Settings, table: Table) -> None:
        self._bytes, self._settings = data, settings
        self.data: NDArray[np.uint8] = np.frombuffer(data, np.uint8)
        self.work = _work(_BATCH_BYTES)
        size = len(data) + _SPARE
        state = np.zeros(STATE_CELLS, np.int64)
        state[LINE] = first_line
        self.buffers = Buffers(
            text=np.empty(2 * size, np.uint8),
            source=np.empty(size if settings.source else 0, np.uint8),
            provenance=np.empty(6 * size if settings.provenance else 0, np.uint8),
            unknown=np.empty(size, np.uint8),
            numbers=np.empty(len(data) + 1, np.int64),
            nodes=np.zeros(len(table.nodes) // NODE_COLUMNS, np.int64),
            counts=np.zeros(len(Count), np.int64),
            state=state,
        )

    def grow(self, stopped: int) -> None:
        """Make the room that was lacking: scratch space for the line (WIDE), else all buffers."""
        if stopped == WIDE:
            start = int(self.buffers.state[POSITION])
            self.work = _work(self._end(start) - start)
            return
        for name in _CELLS:
            if len(getattr(self.buffers, name)):
                self._extend(name, len(getattr(self.buffers, name)))

    def next_line(self) -> tuple[bytes, int]:
        """Take the next line without its line end; it and its number."""
        state = self.buffers.state
        start, number = int(state[POSITION]), int(state[LINE])
        end = self._end(start)
        state[POSITION], state[LINE] = end + 1, number + 1
        return self._bytes[start:end].removesuffix(b"\r"), number

    def count(self, **numbers: int) -> None:
        """Add to the cells of these names."""
        for name, number in numbers.items():
            self.buffers.counts[Count[name]] += number

    def keep(self, number: int, raw: bytes, line: Line) -> None:
        """Write a line that is kept, and count what was replaced."""
        self.buffers.numbers[self.buffers.counts[Count.KEPT]] = number
        self.count(KEPT=1, KEPT_WORDS=line.words, REPLACED=line.replaced)
        for replacement in line.replacements:
            rule = RULES.index(replacement.option.rule)
            self.count(PHRASES=1)
            self.buffers.counts[Count.RULE_EXACT + rule] += 1
        self.append("text", f"{line.text}\n".encode())
        if self._settings.source:
            self.append("source", raw + b"\n")
        if self._settings.provenance:
            self.append("provenance", f"{provenance(number, line)}\n".encode())

    def append(self, name: str, content: bytes) -> None:
        """Write at the end of a buffer."""
        start = int(self.buffers.state[_CELLS[name]])
        stop = start + len(content)
        lacking = stop - len(getattr(self.buffers, name))
        if lacking > 0:
            self._extend(name, lacking + stop)
        getattr(self.buffers, name)[start:stop] = np.frombuffer(content, np.uint8)
        self.buffers.state[_CELLS[name]] = stop

    def filled(self, name: str) -> bytes:
        """What was written to a buffer."""
        content: bytes = getattr(self.buffers, name)[: self.buffers.state[_CELLS[name]]].tobytes()
        return content

    def _end(self, start: int) -> int:
        end = self._bytes.find(b"\n", start)
        return len(self._bytes) if end < 0 else end

    def _extend(self, name: str, more: int) -> None:
        old: NDArray[np.uint8] = getattr(self.buffers, name)
        new = np.empty(len(old) + more, np.uint8)
        new[: len(old)] = old
        self.buffers = self.buffers._replace(**{name: new})


def _work(batch_bytes: int) -> Work:
    words = batch_bytes // 2 + 1  # at most, since something parts them
    return Work(
        lines=np.empty((batch_bytes // 8 + 1) * LINE_COLUMNS, np.int32),
        words=np.empty(words * WORD_COLUMNS, np.int32),
        phrases=np.empty(words * PHRASE_COLUMNS, np.int32),
        folded=np.empty(batch_bytes + SLACK, np.uint8),
        keys=np.empty(words, np.int64),
        ids=np.empty(words, np.int64),
    )
