"""Append-only files of JSON records: a killed run loses the line under way, no more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json, raise_if_disk_full, removed

Record = Mapping[str, Any]


class RecordFile:
    """A file that records are appended to, open until `close`.

    Opening it cuts off a last line that a kill left torn. Whoever opens it holds the folder's lock.

    Args:
        shape: of a record (see `data.bounded`).
    """

    def __init__(self, path: Path, shape: Any = dict) -> None:
        self.path, self._shape = path, shape
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115 (closed by `close`)
        whole = _whole_bytes(path)
        if whole < path.stat().st_size:
            self._file.truncate(whole)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The records that are there.

        Raises:
            InputError: a damaged line; the message names it.
        """
        for _, record in read_records(self.path, self._shape):
            yield record

    def append(self, records: Sequence[Record]) -> None:
        """Write records and wait until the disk has them; all of them or none stay.

        Raises:
            UnavailableError: the disk is full, and the file is as it was before; or the folder
                was removed.
        """
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise removed(self.path.parent)
        lines = memoryview("".join(f"{canonical_json(record)}\n" for record in records).encode())
        start = self.path.stat().st_size
        try:
            while lines:
                lines = lines[self._file.write(lines) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            os.truncate(self.path, start)
            raise_if_disk_full(error, self.path)
            raise UnavailableError(f"{self.path}: could not be written: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_records(
    path: Path,
    shape: Any = dict,
    *,
    having: bytes = b"",
    check: Callable[[dict[str, Any]], None] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(end offset in bytes, record) for each whole line; a torn last line is left out.

    Args:
        shape: of a record.
        having: lines without these bytes are passed over unread.
        check: raises InputError for a record whose shape is right and which cannot be.

    Raises:
        InputError: a damaged line, by its number.
    """
    end = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            if having not in line:
                continue
            where = f"{path}:{number}"
            try:
                record = parse_json(line, where, shape)
                if check is not None:
                    check(record)
            except InputError as error:
                fault = str(error).removeprefix(f"{where}: ").removesuffix("; correct it")
                raise InputError(f"{where}: {fault}; move the file away to start over") from error
            yield end, record


def _whole_bytes(path: Path) -> int:
    """The bytes up to the end of the last whole line."""
    with open(path, "rb") as file:
        position = file.seek(0, os.SEEK_END)
        while position:
            start = max(0, position - (1 << 16))
            file.seek(start)
            newline = file.read(position - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            position = start
    return 0
