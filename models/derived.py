"""Folders in the cache that are made from a model's files once: converted weights, vocabularies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from data.download import Report, cache_folder
from data.files import raise_if_disk_full


def derived_folder(name: str, build: Callable[[Path], None], report: Report | None = None) -> Path:
    """A folder in the cache that is made from other files once, and appears whole.

    Args:
        name: names everything that the content depends on.
        build: fills the empty folder that it is given.
    """
    target = cache_folder() / "derived" / name
    scratch = target.with_name(f".{name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f"{name}.lock")):
        if target.is_dir():
            return target
        if report:
            report(f"converting weights, once ({name})")
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
    return target
