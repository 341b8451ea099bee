"""Files that appear whole, checksums, and JSON with one spelling.

>>> canonical_json({"b": 1, "a": "ŋ"})
'{"a":"ŋ","b":1}'
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from data.errors import UnavailableError

DAY = 86_400  # seconds after which nobody writes to a file any more that never appeared
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
LEFT = re.compile(r"\..+\.(?P<host>[0-9a-f]{8})-(?P<process>\d{1,10})-[0-9a-f]{8}")
_SWEPT: set[Path] = set()  # folders that this process has swept


def sha256_text(text: str) -> str:
    """The sha256 of a text's UTF-8 bytes, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_file(path: Path) -> str:
    """The sha256 of a file's bytes, 64 hex digits, in constant memory."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, no escapes for non-ASCII letters."""
    return _CANONICAL.encode(value)


@contextmanager
def appears_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary neighbour of `path` that takes its place when the block ends well.

    Written, fsynced, renamed: a reader sees the old file or the new one. When the block
    raises, nothing is kept.

    Raises:
        UnavailableError: the disk is full; the message names the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent)
    temporary = path.with_name(f".{path.name}.{_host()}-{os.getpid()}-{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less the umask
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise_if_disk_full(error, path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it appears whole or not at all (see `appears_whole`)."""
    with appears_whole(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def sweep(folder: Path) -> None:
    """Remove what killed writers of `appears_whole` left in a folder: `.scores.json.1f2e...`.

    Only names of that pattern, whose process on this machine has ended, or which are a day old.
    """
    for path in folder.iterdir():
        match = LEFT.fullmatch(path.name)
        if match and not _may_be_written(path, match["host"], int(match["process"])):
            path.unlink(missing_ok=True)


def _may_be_written(path: Path, host: str, process: int) -> bool:
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > DAY:
            return False
    if host != _host():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


def _sweep_once(folder: Path) -> None:
    if folder not in _SWEPT:
        _SWEPT.add(folder)
        sweep(folder)


def _host() -> str:
    return sha256_text(socket.gethostname())[:8]


def check_not_removed(path: Path) -> None:
    """Raise `UnavailableError` where a run's folder was removed while the run worked.

    Args:
        path: what the run wrote when it began, its config.json for instance.
    """
    if not path.exists():
        raise removed(path.parent)


def removed(folder: Path) -> UnavailableError:
    """The error for a folder that somebody removed under a run."""
    return UnavailableError(
        f"{folder}: was removed, or what was in it, while the run wrote there; nothing more is"
        " written; remove what is left there, if anything, and run the same command again"
    )


def raise_if_disk_full(error: OSError, path: Path) -> None:
    """Turn "no space left" (ENOSPC, EDQUOT) into a message that says where; else do nothing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise UnavailableError(
            f"{path}: no space left on the disk; free some, then run the same command again"
        ) from error
