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

from data.access import Report, cache_folder
from data.files import raise_if_disk_full

_BUILDING = threading.RLock()  # a folder of this process alone has no lock of its own


def derived_folder(name: str, build: Callable[[Path], None], report: Report | None = None) -> Path:
    """A folder in the cache that is made from other files once, and appears whole.

    A cache that others filled may be read-only: what is there is used, what is not is made for this
    process alone.

    Args:
        name: names everything that the content depends on.
        build: fills the empty folder that it is given.
    """
    target = cache_folder() / "derived" / name
    if _is_folder(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f"{name}.lock")).acquire()
    except OSError as error:
        raise_if_disk_full(error, target)
        return _of_this_process(target, build, error, report)
    with lock:
        if target.is_dir():
            return target
        if report:
            report(f"converting weights, once ({name})")
        _fill(target, build)
    return target


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
    kept: Path, build: Callable[[Path], None], error: OSError, report: Report | None
) -> Path:
    """The folder in a temporary one that goes when the process ends."""
    with _BUILDING:
        target = _temporary() / kept.name
        if not target.is_dir():
            if report:
                report(
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
