"""Packed files: one member out of an archive, capped; Zstandard as a stream.

Archives are zip (and so wheels), tar, tar.gz; links and paths that escape are refused. A
member is copied to a stream that the caller opened, so an
archive never decides where anything is written.

Zstandard is read strictly: a file of any number of frames, unpacked as a stream, cut short is an
error. gzip is Python's own, see `data.tsv.open_bytes`, which opens both by the file's name. The
package zstandard is imported when a .zst file is opened and not before.

    with open_zstandard(Path("news.sw.zst")) as file:
        first = file.readline()
"""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from data.errors import InputError, UnavailableError

CHUNK_BYTES = 1 << 20
ENCRYPTED = 0x1  # bit 0 of a zip member's flags
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    struct.error,
    UnicodeDecodeError,  # a name in the index of a zip
)

BUFFER_BYTES = 1 << 20
FRAME_PIECE_BYTES = 4096


def copy_member(archive: Path, member: str, out: BinaryIO, largest: int) -> None:
    """Copy one regular file of an archive.

    Args:
        member: its name inside the archive; the `./` of `tar -c .` may be left out.
        out: where its bytes go.
        largest: refuse when it unpacks to more bytes than this.

    Raises:
        UnavailableError: no such member, a link, a path that escapes, too large, or damaged.
    """
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts:
        raise UnavailableError(f'{archive}: refused the member "{member}": its path escapes')
    try:
        if zipfile.is_zipfile(archive):
            _copy_zip_member(archive, member, out, largest)
        else:
            _copy_tar_member(archive, member, out, largest)
    except KeyError as error:
        raise UnavailableError(f'{archive}: has no member "{member}"') from error
    except DAMAGED as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise UnavailableError(
            f"{archive}: damaged archive ({reason}); delete it, and its .sha256 if it has one, "
            "and fetch it again"
        ) from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a full disk, a file that cannot be read
            raise
        raise UnavailableError(  # zipfile jumps where a damaged index tells it to
            f"{archive}: damaged archive ({error}); delete it, and fetch it again"
        ) from error
    except NotImplementedError as error:  # a compression method that zipfile does not know
        raise UnavailableError(f'{archive}: cannot unpack "{member}": {error}') from error


def _copy_zip_member(archive: Path, member: str, out: BinaryIO, largest: int) -> None:
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(member)
        if info.flag_bits & ENCRYPTED:
            raise UnavailableError(f'{archive}: "{member}" is encrypted')
        is_link = (info.external_attr >> 16) & 0o170000 == 0o120000
        if is_link or info.is_dir():
            raise UnavailableError(f'{archive}: "{member}" is a link or a folder, not a file')
        _check_size(archive, member, info.file_size, largest)
        with opened.open(info) as source:  # zipfile stops at file_size and checks the CRC
            shutil.copyfileobj(source, out, CHUNK_BYTES)


def _copy_tar_member(archive: Path, member: str, out: BinaryIO, largest: int) -> None:
    with tarfile.open(archive) as opened:
        info = opened.getmember(member if member in opened.getnames() else f"./{member}")
        if not info.isreg():
            raise UnavailableError(f'{archive}: "{member}" is a link or a folder, not a file')
        _check_size(archive, member, info.size, largest)
        source = opened.extractfile(info)
        if source is not None:
            shutil.copyfileobj(source, out, CHUNK_BYTES)
        while opened.fileobj and opened.fileobj.read(CHUNK_BYTES):
            pass  # to the end, where gzip keeps the checksum of it all


def _check_size(archive: Path, member: str, size: int, largest: int) -> None:
    if size > largest:
        raise UnavailableError(
            f'{archive}: "{member}" unpacks to {size:,} bytes, more than the {largest:,} allowed'
        )


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
