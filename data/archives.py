"""One member out of an archive, with a size cap; links and paths that escape are refused.

Zip (and so wheels), tar, tar.gz. A member is copied to a stream that the caller opened, so an
archive never decides where anything is written.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from data.errors import UnavailableError

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
