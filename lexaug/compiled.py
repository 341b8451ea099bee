"""Substitution at the speed of reading: blocks of lines, the same bytes as the pure function.

    compiled = CompiledTable(compile_phrases(lexicon), ratio=1.0, seed=1, keep_at_least=3)
    block = compiled.block(data, first_line=1, provenance=True)
    block.text, block.provenance, block.kept, block.words

Every line comes out as `lexaug.substitute.substitute_line` gives it; what it hangs on is the
line's number, not the block it came in. Threads may share a table: a block holds no lock while it
is worked on. Numba compiles the code at the first use (seconds) and keeps it in the cache folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.randomness import key, seed_key
from lexaug.kernel.layout import (
    DONE,
    INVALID,
    LINE,
    LINE_COLUMNS,
    NODE_COLUMNS,
    PHRASE_COLUMNS,
    POSITION,
    PROVENANCE,
    PURE,
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
    flattened,
)
from lexaug.kernel.machine_code import bound_kernel, is_compiled
from lexaug.matching import check_policy, threshold
from lexaug.phrases import RULES, PhraseTable
from lexaug.substitute import Line, provenance, trace_line

_CELLS = {"text": TEXT, "source": SOURCE, "provenance": PROVENANCE, "unknown": UNKNOWN}
_SPARE = 4096
_BATCH_BYTES = 1 << 14  # a longer line makes the scratch space grow


def is_sampled(number: int) -> bool:
    """Whether the unknown words of a line are told: the first 100,000, then every 16th."""
    return number <= SAMPLE_ALL or number % SAMPLE_EVERY == 0


class Workspace:
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


_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    r"""What became of some lines.

    Attributes:
        text, source, provenance: the kept lines after substitution, before it, and the account of
            each (`lexaug.substitute.provenance`); each line ends with a line feed. The last two
            are empty unless asked for.
        numbers: of the kept lines in the whole input, from 1.
        lines, tokens, words, matched: over all lines read: tokens between spaces, words by
            `data.words`, words in a phrase of the lexicon.
        kept, kept_words, replaced_words, replaced_phrases, rules: over the kept lines.
        unknown, sampled_words: the folded words in no phrase, each ended by a line feed, and the
            number of all words, of the first 100,000 lines and of every 16th line after.
        hits: how often each of `CompiledTable.phrases` was found, replaced or not.
    """

    text: bytes
    source: bytes
    provenance: bytes
    numbers: NDArray[np.int64]
    lines: int
    kept: int
    tokens: int
    words: int
    matched: int
    kept_words: int
    replaced_words: int
    replaced_phrases: int
    rules: Mapping[str, int]
    unknown: bytes
    sampled_words: int
    hits: NDArray[np.int64]

    def unknown_words(self) -> Counter[str]:
        """The unknown words of the sampled lines and how often each occurs."""
        return Counter(self.unknown.decode().split("\n")[:-1])


class CompiledTable:
    """A phrase table as compiled code reads it, with what a run asks of it.

    Attributes:
        phrases: the folded phrases, in the order of `Block.hits`.
    """

    def __init__(
        self,
        table: PhraseTable,
        ratio: float = 1.0,
        seed: int = 1,
        keep_at_least: int = 3,
        keep_share: float = 0.0,
    ) -> None:
        """Lay out a table.

        Args:
            ratio: the share of phrases to replace, 0 to 1.
            keep_at_least: lines with fewer words replaced are left out; 3 is the published rule,
                0 keeps all.
            keep_share: lines with a smaller share of their words replaced are left out.

        Raises:
            InputError: a ratio or share outside 0..1, or the policy `pos`, which needs tags.
            UnavailableError: numba is not installed.
        """
        check_policy(table, has_pos=False)
        if not 0 <= keep_share <= 1:
            raise InputError(f"expected a share from 0 to 1, found {keep_share}; 0 keeps all lines")
        bound = threshold(ratio)
        is_compiled()  # raises where there is no numba
        self._table, self._ratio, self._seed = table, ratio, seed
        self._arrays, self._nodes = flattened(table)
        self._settings = Settings(
            seed_key=np.uint64(seed_key(seed)),
            bound=np.uint64(min(bound, (1 << 64) - 1)),
            always=bound == 1 << 64,
            keep_at_least=keep_at_least,
            keep_share=float(keep_share),
            longest_form=int(np.diff(self._arrays.form_start).max()),
            longest_tail=int(np.diff(self._arrays.tail_start).max()),
            source=False,
            provenance=False,
        )
        self._node_ids = np.array(list(self._nodes.values()), np.int64)
        self.phrases = tuple(self._nodes)

    def block(
        self, data: bytes, first_line: int, provenance: bool = False, source: bool = False
    ) -> Block:
        """Substitute in whole lines.

        Args:
            data: UTF-8; only a line feed ends a line, and the last may lack it. A carriage return
                before it is not text, nor is a byte-order mark at the start of line 1.
            first_line: the number of the first line in the whole input, from 1.
            provenance, source: whether to write these as well.

        Raises:
            InputError: `line 7: expected UTF-8, found byte 0xff at position 3; ...`
        """
        if first_line == 1:
            data = data.removeprefix(_MARK)
        settings = self._settings._replace(source=source, provenance=provenance)
        space = Workspace(data, first_line, settings, self._arrays)
        work = buffers = None
        while True:
            if space.work is not work or space.buffers is not buffers:  # the first time, or grown
                work, buffers = space.work, space.buffers
                run = bound_kernel(space.data, self._arrays, settings, work, buffers)
            stopped = run()
            if stopped == DONE:
                return self._block(space)
            if stopped == PURE:
                self._by_hand(space)
            elif stopped == INVALID:
                raise _not_utf8(space)
            else:
                space.grow(stopped)

    def _by_hand(self, space: Workspace) -> None:
        """What the kernel does to a line, done by the pure function."""
        raw, number = space.next_line()
        keyed = key(self._seed, number)
        trace = trace_line(raw.decode(), self._table, ratio=self._ratio, key=keyed)
        line = trace.line
        for phrase in trace.phrases:
            space.buffers.nodes[self._nodes[phrase]] += 1
        space.count(LINES=1, TOKENS=len(raw.decode().split()), WORDS=line.words)
        space.count(MATCHED=line.matched)
        if is_sampled(number):
            space.count(SAMPLED=line.words)
            space.append("unknown", "".join(f"{word}\n" for word in trace.unknown).encode())
        settings = self._settings
        if line.replaced >= max(settings.keep_at_least, settings.keep_share * line.words):
            space.keep(number, raw, line)

    def _block(self, space: Workspace) -> Block:
        counts = dict(zip(Count, space.buffers.counts.tolist(), strict=True))
        return Block(
            text=space.filled("text"),
            source=space.filled("source"),
            provenance=space.filled("provenance"),
            numbers=space.buffers.numbers[: counts[Count.KEPT]].copy(),
            lines=counts[Count.LINES],
            kept=counts[Count.KEPT],
            tokens=counts[Count.TOKENS],
            words=counts[Count.WORDS],
            matched=counts[Count.MATCHED],
            kept_words=counts[Count.KEPT_WORDS],
            replaced_words=counts[Count.REPLACED],
            replaced_phrases=counts[Count.PHRASES],
            rules={rule: counts[Count(Count.RULE_EXACT + i)] for i, rule in enumerate(RULES)},
            unknown=space.filled("unknown"),
            sampled_words=counts[Count.SAMPLED],
            hits=space.buffers.nodes[self._node_ids],
        )


def _not_utf8(space: Workspace) -> InputError:
    raw, number = space.next_line()
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return InputError(
            f"line {number}: expected UTF-8, found byte 0x{raw[error.start]:02x} at position"
            f" {error.start + 1}; convert the file with iconv -f ENCODING -t UTF-8"
        )
    raise AssertionError(f"line {number} is UTF-8 after all")
