r"""The documents of a folder, and where the translation of each stands.

>>> target_of(Path("docs/a/x.md"), Path("docs"), Path("tr"))
PosixPath('tr/a/x.md')
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.errors import InputError
from localize.documents import is_document

STATE = ".localize"  # the folder of a translation's state, beside the translated files
SKIPPED = frozenset(
    {STATE, ".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "_build"}
)


def documents(place: Path, patterns: Sequence[str] = ()) -> list[Path]:
    """The documents under a folder, sorted; a file stands for itself.

    Args:
        patterns: only those whose path in the folder matches one of these, `guide/*.md`.

    Raises:
        InputError: no such folder, or no document in it.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise InputError(f"{place}: no such file or folder; check the path")
    found = sorted(
        path
        for path in _walk(place, asked=bool(patterns))
        if not patterns or any(path.relative_to(place).match(pattern) for pattern in patterns)
    )
    if not found:
        what = f" that match {', '.join(patterns)}" if patterns else ""
        raise InputError(
            f"{place}: no documents{what} in it; name a folder with .md, .html, .po ..."
        )
    return found


def _walk(folder: Path, *, asked: bool) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED)
        yield from (Path(root, name) for name in names if is_document(Path(name), asked=asked))


def relative(path: Path, root: Path) -> Path:
    """A document's path in its folder; its name, where it was named alone."""
    return Path(path.name) if path == root else path.relative_to(root)


def target_of(path: Path, root: Path, target: Path) -> Path:
    """Where the translation of a document stands: under the same name in the target's folder.

    A target that is itself a file's name stands for one document.
    """
    if root == path and target.suffix and not target.is_dir():
        return target
    return target / relative(path, root)
