"""The run folder's memory: an append-only file of answers, keyed by everything that made them.

A killed run loses the batch under way and nothing else. `segments.jsonl` holds one JSON object a
line; a line cut short by a kill is dropped when the file is opened again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json, raise_if_disk_full, removed, sha256_text

Record = Mapping[str, Any]

SHAPE = {
    "id": str,
    "key": str,
    "system": str,
    "source": str,
    "reference": str,
    "output": str,
    "finish?": str,
    "format?": int,
    "thinking?": str,
    "shots?": [str],
    "dictionary?": [[str]],
    "statistics": {str: [float]},
}


def request_key(identity: Mapping[str, str], decoding: Mapping[str, Any], prompt: str) -> str:
    """The hash of model identity and revision, engine, dtype, prompt and decoding settings.

    Args:
        identity: a backend's.
        decoding: the settings that change what comes out.
        prompt: the sha256 of the prompt.
    """
    return sha256_text(canonical_json([dict(identity), dict(decoding), prompt]))[:32]


class Store:
    """The records of one run, opened for appending under a lock.

    Raises:
        InputError: another process writes to the folder, or a line in the middle is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "segments.jsonl"
        self._lock = FileLock(folder / ".lock", timeout=0)
        self._records: dict[tuple[str, str], Record] = {}

    def __enter__(self) -> Store:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise InputError(
                f"{self.path.parent}: another process writes here; wait for it or choose --out"
            ) from error
        try:
            self._load()
            self._file = open(self.path, "ab", buffering=0)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._lock.release()

    def get(self, segment: str, key: str) -> Record | None:
        """The record of this segment id that this request key made, if it is there."""
        return self._records.get((segment, key))

    def append(self, records: Sequence[Record]) -> None:
        """Write records and wait until the disk has them; all of them or none stay.

        Raises:
            UnavailableError: the disk is full; the file is as it was before.
        """
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise removed(self.path.parent)
        lines = memoryview("".join(f"{canonical_json(r)}\n" for r in records).encode())
        start = self.path.stat().st_size
        try:
            while lines:
                lines = lines[self._file.write(lines) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            os.truncate(self.path, start)
            raise_if_disk_full(error, self.path)
            raise UnavailableError(f"{self.path}: could not be written: {error}") from error
        self._records.update((_address(record), record) for record in records)

    def _load(self) -> None:
        self.path.touch()
        whole = 0
        for end, record in read_records(self.path):
            self._records[_address(record)] = record
            whole = end
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)


def _address(record: Record) -> tuple[str, str]:
    return record["id"], record["key"]


def read_records(path: Path, having: bytes = b"") -> Iterator[tuple[int, dict[str, Any]]]:
    """(end offset in bytes, record) for each whole line; a torn last line is left out.

    Args:
        having: lines without these bytes are passed over unread.

    Raises:
        InputError: a damaged line that is not the last.
    """
    end = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            if having not in line:
                continue
            try:
                record = parse_json(line, f"{path}:{number}", SHAPE)
                if any(n < 0 for row in record["statistics"].values() for n in row):
                    raise InputError(
                        f"{path}:{number}: expected counts in statistics, found below 0"
                    )
            except InputError as error:
                fault = str(error).removesuffix("; correct it")
                raise InputError(f"{fault}; move the file away to start over") from error
            yield end, record
