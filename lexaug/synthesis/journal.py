"""Output that survives a kill: what is counted, files that grow, and how far they are good.

A commit writes the outputs to the disk, then one line to `journal.jsonl`: how many blocks and
bytes of the input, how many bytes of each output, and what was counted since the commit before. A
folder that is opened again is cut back to its last commit. Every line tells only what was added,
so the journals of the parts of a text, one after the other, are the journal of the text.

>>> tally = Tally()
>>> tally.add(Tally(Counter(lines=2, words=9), missing=Counter(goat=1)))
>>> tally.add(Tally(Counter(lines=1, words=4), missing=Counter(goat=2)))
>>> tally.numbers["words"], tally.missing
(13, Counter({'goat': 3}))

The words that the lexicon lacks are counted in the first 100,000 lines and in every 16th after
them. Their table is cut when it has more than 300,000 words: the rarest go, and how many went is
counted, so that memory does not grow with the text.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError, UnavailableError
from data.files import raise_if_disk_full, removed
from lexaug.synthesis.blocks import Position
from runfolder.records import RecordFile, read_records

LARGEST_TABLE = 300_000
SAMPLED_WHOLE = 100_000  # lines of which all are sampled
SAMPLED_STEP = 16  # of those after them, every so manieth
PRUNED = "pruned types"

COUNTERS = ("numbers", "rules", "dropped", "repaired", "hits", "missing")


@dataclass(slots=True)
class Tally:
    """Counts of a block, of what lies between two commits, or of a whole run.

    Attributes:
        numbers: lines (or sentences), tokens, words, matched, sampled_words over all that was
            read; kept, kept_words, replaced_words, replaced_phrases, straddling over what was
            kept.
        rules: replaced phrases by rule: exact, inflected, lemma.
        dropped, repaired: records by reason.
        hits: how often each phrase of the lexicon was met.
        places: the hits as numbers, one a phrase of a table; who counted them names the phrases
            in `hits` before they are kept.
        missing: how often each word that the lexicon lacks was met in the sampled lines.
    """

    numbers: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    places: NDArray[np.int64] | None = None

    def add(self, other: Tally) -> None:
        """Add the counts of what comes next in the text."""
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        if other.places is not None:
            self.places = other.places + (0 if self.places is None else self.places)
        if len(self.missing) > LARGEST_TABLE:
            self._prune()

    def name_places(self, phrases: Sequence[str]) -> None:
        """Move the hits in `places` to the phrases with these names.

        >>> tally = Tally(places=np.array([0, 2]))
        >>> tally.name_places(["goat", "dog"])
        >>> tally.hits, tally.places
        (Counter({'dog': 2}), None)
        """
        if self.places is not None:
            hit = np.flatnonzero(self.places).tolist()
            self.hits.update({phrases[i]: int(self.places[i]) for i in hit})
            self.places = None

    def as_json(self) -> dict[str, dict[str, int]]:
        """The counts without zeros, for the journal."""
        return {name: {k: n for k, n in getattr(self, name).items() if n} for name in COUNTERS}

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> Tally:
        """The counts as `as_json` gave them."""
        tally = cls()
        for name in COUNTERS:
            getattr(tally, name).update(counts[name])
        return tally

    def _prune(self) -> None:
        """Forget the rarest words, all of one count together, until half of the room is free."""
        least = 1
        while len(self.missing) > LARGEST_TABLE // 2:
            rare = [word for word, count in self.missing.items() if count <= least]
            for word in rare:
                del self.missing[word]
            self.numbers[PRUNED] += len(rare)
            least += 1


def is_sampled(record: int) -> bool:
    """Whether the words of this line are looked at one by one.

    >>> is_sampled(100_000), is_sampled(100_001), is_sampled(100_016)
    (True, False, True)
    """
    return record <= SAMPLED_WHOLE or record % SAMPLED_STEP == 0


JOURNAL = "journal.jsonl"

# What a line of it holds.
COMMIT = {
    "added": [int],
    "outputs": {str: int},
    "counts": {name: {str: int} for name in COUNTERS},
    "examples": [{"number": int, "source": [[str]], "target": [[str]]}],
    "complete": bool,
}


class Output(Protocol):
    """One thing that a run writes."""

    def append(self, content: Any) -> None:
        """Take what one block gave."""

    def commit(self, number: int) -> int:
        """Bring it to the disk; return how much was added, as `restore` takes the sum of it."""

    def restore(self, size: int) -> None:
        """Cut back to this size."""

    def close(self) -> None:
        """Let go of files."""


class GrowingFile:
    """Bytes that are appended to one file; its size is counted in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "ab")  # noqa: SIM115 (closed by close)
        self._size = self._file.tell()

    def append(self, content: bytes) -> None:
        """Write bytes at the end."""
        self._file.write(content)

    def commit(self, number: int) -> int:  # noqa: ARG002 (of the contract)
        """Flush and fsync; return the bytes added since the last commit.

        Raises:
            UnavailableError: the file was removed: what is written to it nobody would ever see.
        """
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise removed(self.path.parent)
        self._file.flush()
        os.fsync(self._file.fileno())
        added, self._size = self._file.tell() - self._size, self._file.tell()
        return added

    def restore(self, size: int) -> None:
        """Cut the file back to `size` bytes.

        Raises:
            InputError: the file is shorter than that: somebody has changed it.
        """
        found = self.path.stat().st_size
        if found < size:
            raise InputError(
                f"{self.path}: expected at least {size:,} bytes, found {found:,}; the file was"
                " changed after the run stopped: delete the folder or choose another --out"
            )
        if found > size:
            os.truncate(self.path, size)
        self._size = size
        self._file.seek(size)

    def close(self) -> None:
        """Close without another commit: what came after the last one is cut off later."""
        with suppress(OSError):  # a full disk: the next start cuts the file back
            self._file.close()


class Journal:
    """The commits of a run folder.

    Attributes:
        position: up to where the input is done.
        tally: what was counted up to there.
        examples: of the first commit, see `lexaug.synthesis.work`.
        complete: whether the input was read to its end.
    """

    def __init__(self, folder: Path, start: Position = Position()) -> None:  # noqa: B008
        self.path = folder / JOURNAL
        self.position, self.tally, self.complete = start, Tally(), False
        self.examples: list[Any] = []
        self.commits = 0
        self._sizes: dict[str, int] = {}
        self._file: RecordFile | None = None

    def open(self, outputs: Mapping[str, Output]) -> None:
        """Read the journal, cut it and the outputs back to the last whole commit.

        Raises:
            InputError: a damaged line, or an output that is shorter than the journal says.
        """
        self._file = RecordFile(self.path, COMMIT)  # cuts off a torn line
        for _, record in read_journal(self.path):
            self._take(record)
        for name, output in outputs.items():
            output.restore(self._sizes.get(name, 0))

    def commit(
        self,
        outputs: Mapping[str, Output],
        end: Position,
        tally: Tally,
        examples: Sequence[Any] = (),
        *,
        complete: bool = False,
    ) -> None:
        """Make durable what was appended to the outputs since the last commit.

        Raises:
            UnavailableError: the disk is full, or a file cannot be written.
        """
        record = {
            "added": [after - before for before, after in zip(self.position, end, strict=True)],
            "outputs": {name: one.commit(self.position.block) for name, one in outputs.items()},
            "counts": tally.as_json(),
            "examples": list(examples),
            "complete": complete,
        }
        if self._file is None:
            raise ValueError(f"{self.path}: commit before open")
        self._file.append([record])
        self._take(record)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _take(self, record: Mapping[str, Any]) -> None:
        added = record["added"]
        self.position = Position(*(a + b for a, b in zip(self.position, added, strict=True)))
        for name, size in record["outputs"].items():
            self._sizes[name] = self._sizes.get(name, 0) + size
        self.tally.add(Tally.from_json(record["counts"]))
        self.examples += record["examples"]
        self.complete = record["complete"]
        self.commits += 1


def read_journal(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(end in bytes, commit) for each whole line; a torn last line is left out.

    Raises:
        InputError: a damaged line that is not the last.
    """
    return read_records(path, COMMIT, check=_check_commit)


def _check_commit(record: Mapping[str, Any]) -> None:
    """Raise InputError for values that no commit has, though their shape is right."""
    counts = [*record["added"], *record["outputs"].values()]
    if set(record) != set(COMMIT) or len(record["added"]) != len(Position._fields):
        raise InputError("expected a commit, found other values")
    if min(counts) < 0:
        raise InputError("expected a commit, found a size below 0")
    if any(len(one) not in (2, 3) for e in record["examples"] for one in _segments(e)):
        raise InputError("expected a commit, found an example of other segments")


def _segments(example: Mapping[str, Any]) -> Iterator[list[str]]:
    """Pieces of text, each with the rule that made it or "", and where there are labels, its."""
    yield from example["source"]
    yield from example["target"]


@contextmanager
def told_of_full_disk(folder: Path) -> Iterator[None]:
    """Turn "no space left" into a message that says where and what next."""
    try:
        yield
    except OSError as error:
        raise_if_disk_full(error, folder)
        raise UnavailableError(f"{folder}: could not be written: {error}") from error
