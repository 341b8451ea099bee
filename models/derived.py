"""Folders in the cache that are made from a model's files once: converted weights, vocabularies."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from data.access import Access
from data.files import raise_if_disk_full

_TOLD: set[tuple[str, Path]] = set()  # what is converted, and the cache that keeps it
_BUILDING = threading.RLock()  # a folder of this process alone has no lock of its own


def derived_folder(
    name: str, build: Callable[[Path], None], access: Access = Access(), *, what: str = ""
) -> Path:
    """A folder in the cache that is made from other files once, and appears whole.

    A cache that others filled may be read-only: what is there is used, what is not is made for this
    process alone.

    Args:
        name: names everything that the content depends on.
        build: fills the empty folder that it is given.
        what: is said to be converted, once a process, where that takes a while; "" says nothing.
    """
    target = access.cache_folder() / "derived" / name
    if _is_folder(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f"{name}.lock")).acquire()
    except OSError as error:
        raise_if_disk_full(error, target)
        return _of_this_process(target, build, error, access)
    with lock:
        if target.is_dir():
            return target
        _tell(what, target, access)
        _fill(target, build)
    return target


def _tell(what: str, target: Path, access: Access) -> None:
    """Say that something is converted; several conversions of one model are one line."""
    if what and (what, target.parent) not in _TOLD:
        _TOLD.add((what, target.parent))
        access.report(f"converting {what}, once")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder that nobody may look into
        return False


def _fill(target: Path, build: Callable[[Path], None]) -> None:
    """Build a neighbour of `target` that then takes its name."""
    scratch = target.with_name(f".{target.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed process left
    try:
        scratch.mkdir()
        build(scratch)
        scratch.replace(target)
    except OSError as error:
        raise_if_disk_full(error, target)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _of_this_process(
    kept: Path, build: Callable[[Path], None], error: OSError, access: Access
) -> Path:
    """The folder in a temporary one that goes when the process ends."""
    with _BUILDING:
        target = _temporary() / kept.name
        if not target.is_dir():
            access.report(
                f"{kept.parent}: cannot be written to ({error.strerror}), so {kept.name} is"
                " made anew in each run; set KILOLINGUA_CACHE to a folder of your own"
            )
            _fill(target, build)
        return target


@functools.cache
def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kilolingua-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
