"""Output that survives a kill: files that grow, and a journal of how far they are good.

A commit writes the outputs to the disk, then one line to `journal.jsonl`: how many blocks and
bytes of the input, how many bytes of each output, and what was counted since the commit before. A
folder that is opened again is cut back to its last commit. Every line tells only what was added,
so the journals of the parts of a text, one after the other, are the journal of the text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.faults import fault_of
from data.files import canonical_json, raise_if_disk_full, removed
from lexaug.synthesis.blocks import Position
from lexaug.synthesis.tally import COUNTERS, Tally

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
        examples: of the first commit, see `lexaug.synthesis.examples`.
        complete: whether the input was read to its end.
    """

    def __init__(self, folder: Path, start: Position = Position()) -> None:  # noqa: B008
        self.path = folder / JOURNAL
        self.position, self.tally, self.complete = start, Tally(), False
        self.examples: list[Any] = []
        self.commits = 0
        self._sizes: dict[str, int] = {}
        self._file: Any = None

    def open(self, outputs: Mapping[str, Output]) -> None:
        """Read the journal, cut it and the outputs back to the last whole commit."""
        whole = 0
        if self.path.exists():
            for end, record in read_journal(self.path):
                self._take(record)
                whole = end
            os.truncate(self.path, whole)
        for name, output in outputs.items():
            output.restore(self._sizes.get(name, 0))
        self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115 (as above)

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
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise removed(self.path.parent)
        record = {
            "added": [after - before for before, after in zip(self.position, end, strict=True)],
            "outputs": {name: one.commit(self.position.block) for name, one in outputs.items()},
            "counts": tally.as_json(),
            "examples": list(examples),
            "complete": complete,
        }
        line = memoryview(f"{canonical_json(record)}\n".encode())
        while line:
            line = line[self._file.write(line) :]
        os.fsync(self._file.fileno())
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
    end = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield end, _commit(line, f"{path}:{number}")


def _commit(line: bytes, where: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = parse_json(line, where, COMMIT)
        counts = [*record["added"], *record["outputs"].values()]
        if set(record) != set(COMMIT) or len(record["added"]) != len(Position._fields):
            raise InputError("other values than a commit has")
        if min(counts) < 0:
            raise InputError("a size below 0")
        if any(len(one) not in (2, 3) for e in record["examples"] for one in _segments(e)):
            raise InputError("an example of other segments")
    except InputError as error:
        raise InputError(
            f"{where}: expected a commit, found a damaged line ({fault_of(error, where)}); delete"
            " the folder or choose another --out"
        ) from error
    return record


def _segments(example: Mapping[str, Any]) -> Iterator[list[str]]:
    """Pieces of text, each with the rule that made it or "", and where there are labels, its."""
    yield from example["source"]
    yield from example["target"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a run folder for the block.

    Raises:
        InputError: another process is in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{folder}: another process writes here; wait for it or choose another --out"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def full_disk_said(folder: Path) -> Iterator[None]:
    """Turn "no space left" into a message that says where and what next."""
    try:
        yield
    except OSError as error:
        raise_if_disk_full(error, folder)
        raise UnavailableError(f"{folder}: could not be written: {error}") from error
