"""Zstandard, strictly: a file of any number of frames, unpacked as a stream, cut short is an error.

    with open_zstandard(Path("news.sw.zst")) as file:
        first = file.readline()

gzip is Python's own, see `data.tsv.open_bytes`, which opens both by the file's name. The package
zstandard is imported when a .zst file is opened and not before.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from data.errors import InputError, UnavailableError

BUFFER_BYTES = 1 << 20
FRAME_PIECE_BYTES = 4096


def open_zstandard(path: Path) -> IO[bytes]:
    """The unpacked bytes of a .zst file, to read once from its beginning.

    Raises:
        InputError: no such file; while reading, a file that is damaged or was cut short.
        UnavailableError: the package zstandard is not installed.
    """
    zstandard()
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    return cast("IO[bytes]", io.BufferedReader(PiecedFile(unpacked_frames(path)), BUFFER_BYTES))


def unpacked_frames(path: Path) -> Iterator[bytes]:
    """The bytes of all frames of a .zst file.

    A stream reader of the package would end in silence where a file was cut short. Pieces are
    small, because each is unpacked whole, to 32,000 times its size at worst.

    Raises:
        InputError: the file is damaged, or ends inside a frame.
    """
    package = zstandard()
    frame = None
    try:
        with open(path, "rb") as file:
            while chunk := file.read(FRAME_PIECE_BYTES):
                while chunk:
                    frame = frame or package.ZstdDecompressor().decompressobj()
                    yield frame.decompress(chunk)
                    chunk = frame.unused_data if frame.eof else b""
                    frame = None if frame.eof else frame
        if frame is not None:
            raise package.ZstdError("the file ends inside a frame")
    except package.ZstdError as error:
        raise InputError(f"{path}: damaged ({error}); fetch or pack the file again") from error


class PiecedFile(io.RawIOBase):
    """Pieces of any size as a file, for `io.BufferedReader`.

    >>> io.BufferedReader(PiecedFile(iter([b"mb", b"", b"wa", b"\\n"]))).read()
    b'mbwa\\n'
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a part of the buffer; 0 at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def zstandard() -> Any:
    """The package zstandard.

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        import zstandard as package
    except ImportError as error:
        raise UnavailableError(
            '.zst needs the package zstandard; pip install -e ".[lexaug]"'
        ) from error
    return package
