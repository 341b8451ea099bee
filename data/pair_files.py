"""What a name means that may be a file of sentence pairs: a table, a translation memory, neither.

>>> is_pairs_file("my_pairs.TSV.gz"), is_pairs_file("lafand"), is_pairs_file("sample")
(True, False, False)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from data.catalog import catalog
from data.errors import InputError
from data.lines import unpacked_suffix

SUFFIXES = (".tsv", ".tmx")
EXPECTED = "a .tsv or .tmx file (also .gz, .zst)"


def is_pairs_file(name: str) -> bool:
    """Whether a name means a file of pairs, there or not; False for a data set and the sample.

    Raises:
        InputError: a folder, a file of another kind, or no file and near the name of one.
    """
    if name == "sample" or name in catalog():
        return False
    path = Path(name)
    if unpacked_suffix(path) in SUFFIXES and not path.is_dir():
        return True
    if path.exists():
        found = "a folder" if path.is_dir() else "a file of another kind"
        raise InputError(
            f"{name}: {found}, but {EXPECTED} is expected: a sentence and its translation a line,"
            " a tab between them, language codes above"
        )
    if path.parent != Path() or path.suffix[1:2].isalpha():
        raise no_such_file(path)
    near = difflib.get_close_matches(name, {*catalog(), *_pairs_files(path.parent)}, 1)
    if near and near[0] not in catalog():
        raise no_such_file(path)
    return False


def no_such_file(path: Path) -> InputError:
    """What to raise for a file that is not there; it names one that may be meant."""
    near = difflib.get_close_matches(path.name, _pairs_files(path.parent), 1)
    hint = f" (did you mean {path.with_name(near[0])}?)" if near else ""
    return InputError(f"{path}: no such file{hint}; give {EXPECTED} or a catalog name")


def _pairs_files(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (path.name for path in folder.iterdir() if unpacked_suffix(path) in SUFFIXES)
