"""From a line of the catalog to a verified file: the cache, the mirror, then its sources.

What UniMorph publishes may lie in the folder of the Python package unimorph; that is asked before
the network (`data.unimorph_package`).

    >>> from data.catalog import dataset
    >>> path = fetch(dataset("ntrex-128").select("documents")[0]).path   # doctest: +SKIP

The cache is the folder that KILOLINGUA_CACHE names (default: the user's cache folder). A file
enters it whole and verified, under a lock, or not at all. The mirror is the folder that
KILOLINGUA_MIRROR names: the same paths as the catalog's. Its files are read where they lie, so
that a cache which cannot be written to does no harm.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from data.access import Access
from data.catalog import File, file_at
from data.errors import UnavailableError
from data.files import raise_if_disk_full, sha256_file, write_whole
from data.sources import CHUNK_BYTES, SOURCES, Job, NotHereError
from data.unimorph_package import copied_from_package, name_in_package, package_folder

_LOG = logging.getLogger(__name__)

WAYS = {**SOURCES, "package": copied_from_package}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A verified file: where it lies, where it came from, whether its checksum was known.

    pinned: False where nobody had stated what the file should be, so that what arrived was taken
    on trust and its sha256 written down.
    """

    path: Path
    origin: str
    pinned: bool


class NoSourceError(UnavailableError):
    """No source has the file.

    short: the same in a few words, for notes; the message names every source and its reason.
    """

    def __init__(self, message: str, short: str = "") -> None:
        super().__init__(message)
        self.short = short or message


def fetch(file: File, *, access: Access = Access()) -> Fetched:
    """Find one file, verified: in the cache, in the mirror, else bring it into the cache.

    Args:
        file: a line of the catalog.
        access: the cache and the mirror, and whether more may be asked.

    Raises:
        NoSourceError: no source has the file; each one's reason is named.
        UnavailableError: the checksum is wrong (both are named, nothing is kept), the disk is
            full or the cache cannot be written.
    """
    target = access.cache_folder() / file.path
    if _is_file(target):
        recorded = _recorded(target)
        if not (file.sha256 or recorded):
            verify(file, target)
            _record(file, target, sha256_file(target))
        elif sha256_file(target) != (file.sha256 or recorded):
            verify(file, target)
        return Fetched(target, "cache", is_pinned(file))
    mirror = access.mirror_folder()
    if mirror is not None and _is_file(mirror / file.path):
        return _in_mirror(file, target, mirror)
    with _lock(target):
        if target.exists():  # another process was faster
            verify(file, target)
            return Fetched(target, "cache", is_pinned(file))
        _check_room(file, target)
        origin = _bring(_job(file, target, access), mirror)
        return Fetched(target, origin, is_pinned(file))


def verify(file: File, path: Path) -> None:
    """Check a cached file against the catalog, or against what its first download recorded.

    Raises:
        UnavailableError: the checksum is wrong. Both are named and the file is deleted.
    """
    fault = _fault(file, path, _recorded(path))
    if fault is None:
        return
    try:
        path.unlink(missing_ok=True)
        advice = "the file was deleted, run the same command to fetch it again"
    except OSError:
        advice = "delete the file, or set KILOLINGUA_CACHE to a folder of your own"
    raise UnavailableError(f"{path}: {fault}; {advice}")


def is_pinned(file: File) -> bool:
    """Whether the catalog says what the file must be, or what the archive must be that it is in."""
    if file.sha256 or file.blob:
        return True
    scheme, _, rest = file.sources[0].partition(":") if file.sources else ("", "", "")
    return scheme == "member" and is_pinned(file_at(rest.partition("#")[0]))


def is_as_stated(file: File, path: Path) -> bool:
    """Whether a file anywhere is the one that the catalog lists; False where it states nothing."""
    return (file.sha256 or file.blob) is not None and _fault(file, path, None) is None


def git_checksum(path: Path) -> str:
    """The checksum that git gives a file: SHA-1 over its size and its bytes, 40 hex digits."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _fault(file: File, path: Path, recorded: str | None) -> str | None:
    """What is wrong with a file, None if nothing is."""
    expected, found = file.sha256 or recorded, sha256_file(path)
    if expected not in (None, found):
        return f"expected sha256 {expected}, found {found}"
    if expected is None and file.blob and not git_checksum(path).startswith(file.blob):
        found = git_checksum(path)[: len(file.blob)]
        return f"expected git's checksum to begin with {file.blob}, found {found}"
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a loop of links, a folder that nobody may look into
        return False


def _lock(target: Path) -> AbstractContextManager[Any]:
    """The lock of one file of the cache, taken; two processes never bring the same file."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(target.with_name(f"{target.name}.lock")).acquire()
    except OSError as error:
        raise_if_disk_full(error, target)
        raise UnavailableError(
            f"{target.parent}: cannot be written to ({error.strerror}); "
            "set KILOLINGUA_CACHE to a folder of your own"
        ) from error


def _record_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _recorded(path: Path) -> str | None:
    return _record_of(path).read_text().strip() if _is_file(_record_of(path)) else None


def _record(file: File, target: Path, sha256: str) -> None:
    """Write down the checksum of a file for which the catalog has none, and say what was trusted.

    Once: where there is a record, it has been said. Git's checksum is short, so that the sha256 of
    what agreed with it is kept as well.
    """
    if file.sha256 is not None or _is_file(_record_of(target)):
        return
    try:
        write_whole(_record_of(target), f"{sha256}\n")
        where = f"recorded in {_record_of(target)}"
    except OSError as error:
        where = f"not recorded ({error.strerror})"
    if not is_pinned(file):
        _LOG.warning(
            "%s: nobody has stated its checksum; taken on trust: sha256 %s, %s",
            file.path,
            sha256,
            where,
        )


def _check_room(file: File, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if file.bytes is not None and free < file.bytes:
        raise UnavailableError(
            f"{target.parent}: {file.path} needs {file.bytes:,} bytes, {free:,} are free; "
            "free some or set KILOLINGUA_CACHE to a folder on another disk"
        )


def _in_mirror(file: File, target: Path, mirror: Path) -> Fetched:
    path = mirror / file.path
    try:
        _check(file, target, path, f"the mirror {mirror}")
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise UnavailableError(f"{path}: cannot be read ({reason}); check the mirror") from error
    return Fetched(path, "mirror", bool(file.sha256 or file.blob))


def _check(file: File, target: Path, candidate: Path, source: str) -> None:
    """Raise if what a source gave is another file than expected; record what nobody pinned."""
    fault = _fault(file, candidate, _recorded(target))
    if fault:
        advice = f"put the right file at {target}"
        if _recorded(target) and not file.sha256:
            advice = f"if its publisher has changed it, delete {_record_of(target)}"
        raise UnavailableError(
            f"{file.path}: {fault} in what {source} gave; nothing was kept; {advice}"
        )
    if file.sha256 is None:
        _record(file, target, sha256_file(candidate))


def _job(file: File, target: Path, access: Access) -> Job:
    def archive(path: str) -> Path:
        try:
            return fetch(file_at(path), access=access).path
        except NoSourceError as error:
            raise NotHereError(str(error)) from error

    def check(candidate: Path, source: str) -> None:
        _check(file, target, candidate, source)

    return Job(file, target, access, check, archive)


def _bring(job: Job, mirror: Path | None) -> str:
    """Try the sources in order; the first that has the file wins."""
    reasons = [f"the mirror {mirror} has no such file"] if mirror else []
    packaged = name_in_package(job.file)
    at_hand = packaged is not None and _is_file(package_folder() / packaged)
    sources = [f"package:{packaged}"] if at_hand else []
    for source in (*sources, *job.file.sources):
        scheme, _, rest = source.partition(":")
        try:
            WAYS[scheme](job, rest)
        except NotHereError as error:
            reasons.append(str(error))
        else:
            return source
    raise NoSourceError(
        f"{job.file.path} ({job.file.dataset}) could not be had: {'; '.join(reasons)}; "
        f"put the file at {job.target}, or set KILOLINGUA_MIRROR to a folder that has it",
        f"{job.file.path} could not be had"
        + (" (--offline)" if job.access.offline else "")
        + f"; python -m data.catalog fetch {job.file.dataset} says why",
    )
