"""What takes seconds to make and is the same every time: made once, then kept in the cache.

    key = key_of(sources("lexaug", "morph/rules.py"), lexicon_sha256, tables_sha256)
    rows = kept("forms", key, {"rows": [[str]]}, make, lambda value: value["rows"])

A file's name holds the checksum of everything that its content depends on, the source code that
makes it included, so that nothing stale is ever taken. What is read is held against its own
checksum and the shape that is expected; a file that is damaged, cut short or of another shape is
made again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json, sha256_text, write_whole

_LOG = logging.getLogger(__name__)
_ROOT = Path(__file__).parents[1]
LARGEST = 1 << 28  # bytes of a file
DIGITS = 64  # of a sha256


def kept(
    name: str,
    key: str,
    shape: Any,
    make: Callable[[], Any],
    read: Callable[[Any], Any],
    *,
    access: Access = Access(),
) -> Any:
    """What `read` takes out of the value that `make` gives, which is in the cache from then on.

    Args:
        name: begins the file's name, for people.
        key: from `key_of`.
        shape: of the value as JSON (`data.bounded`).
        read: raises InputError for a value that cannot be.
    """
    path = access.cache_folder() / "lexaug" / f"{name}-{key}.json"
    try:
        return read(_read(path, shape))
    except FileNotFoundError:
        pass
    except (InputError, OSError) as error:
        _LOG.warning("%s: made again, since it cannot be used: %s", path, error)
    value = make()
    result = read(value)
    content = canonical_json(value).encode()
    with suppress(OSError, UnavailableError):  # a cache that cannot be written to, a full disk
        write_whole(path, _checksum(content) + b"\n" + content)
    return result


def key_of(*parts: Any) -> str:
    """16 hex digits for some values: those of a file's name."""
    return sha256_text(canonical_json(parts))[:16]


@cache
def sources(*names: str) -> str:
    """The checksum of source files, by their paths from the root; of a folder, of all in it.

    >>> sources("lexaug") == sources("lexaug"), sources("lexaug/kept.py") == sources("lexaug")
    (True, False)
    """
    digest = hashlib.sha256()
    for path in (path for name in names for path in _files(_ROOT / name)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(_ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _read(path: Path, shape: Any) -> Any:
    with open(path, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST or content[:DIGITS] != _checksum(content[DIGITS + 1 :]):
        raise InputError("expected its checksum and content, found other bytes")
    return parse_json(content[DIGITS + 1 :], str(path), shape)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
