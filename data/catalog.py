"""What exists, and where it comes from: data sets and models with checksums and licences.

    python -m data.catalog list
    python -m data.catalog show ntrex-128
    python -m data.catalog fetch lafand --lang sw
    python -m data.catalog verify

The catalog is two tables that anyone can add a row to. `data/tables/datasets.tsv` has one line a
data set: name, kind, reader, licence, homepage, title, citation, note. `data/tables/files.tsv` has
one line a file, as `data.catalog_files` describes it.
"""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.catalog_files import ASIDE, FILE_COLUMNS, File, read_files
from data.errors import InputError
from data.languages import Language, Match
from data.tsv import read_tsv

__all__ = [
    "DATASET_COLUMNS",
    "FILE_COLUMNS",
    "TABLES",
    "Dataset",
    "File",
    "catalog",
    "dataset",
    "file_at",
    "read_catalog",
    "warn_of_relative",
]

_LOG = logging.getLogger(__name__)

TABLES = Path(__file__).parent / "tables"
DATASET_COLUMNS = (
    "dataset",
    "kind",
    "reader",
    "licence",
    "homepage",
    "title",
    "citation",
    "note",
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set or model: what it is, under which licence, and its files."""

    name: str
    kind: str
    reader: str
    licence: str
    homepage: str
    title: str
    citation: str
    note: str
    files: tuple[File, ...]

    @property
    def contents(self) -> tuple[File, ...]:
        """The files that hold its records, without those about it (ASIDE)."""
        return tuple(file for file in self.files if file.role not in ASIDE)

    def select(self, role: str, group: str | None = None, code: str | None = None) -> list[File]:
        """The files with this role, and with this group and language code where they are given.

        >>> [file.path for file in dataset("lafand").select("dev", "en-swa")]
        ['lafand/text_files/en-swa/dev.en', 'lafand/text_files/en-swa/dev.swa']
        """
        return [
            file
            for file in self.files
            if file.role == role
            and (group is None or file.group == group)
            and (code is None or code in file.codes)
        ]

    def codes(self) -> tuple[str, ...]:
        """The data set's own language codes, in the order of its files.

        >>> "swh_Latn" in dataset("flores-200").codes()
        True
        """
        return tuple(dict.fromkeys(code for file in self.files for code in file.codes))

    def code_for(self, language: Language) -> str:
        """The data set's code for a language; a relative that stands in is logged as a warning.

        >>> from data.languages import resolve
        >>> dataset("ntrex-128").code_for(resolve("sw"))
        'swa'

        Raises:
            InputError: the data set has no such language; the message lists those it has.
        """
        match = language.closest(self.codes())
        if match is None:
            raise InputError(
                f"{self.name} has no {language.name} ({language.bcp47}); it has: "
                f"{', '.join(sorted(self.codes()))}"
            )
        warn_of_relative(self.name, language, match)
        return match.code


@functools.cache
def catalog() -> Mapping[str, Dataset]:
    """All data sets by name, in the order of the table.

    >>> list(catalog())[:3]
    ['ntrex-128', 'flores-200', 'lafand']
    """
    return read_catalog(TABLES / "datasets.tsv", TABLES / "files.tsv")


def dataset(name: str) -> Dataset:
    """The data set of that name.

    >>> dataset("ntrex")
    Traceback (most recent call last):
    data.errors.InputError: no data set "ntrex" in the catalog (did you mean ntrex-128?); \
python -m data.catalog list names them
    """
    if name in catalog():
        return catalog()[name]
    near = difflib.get_close_matches(name, catalog(), 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise InputError(
        f'no data set "{name}" in the catalog{hint}; python -m data.catalog list names them'
    )


def warn_of_relative(name: str, language: Language, match: Match) -> None:
    """Say in the log when what a code denotes is not the language that was asked for."""
    if match.relation != "exact" or not match.same_script:
        _LOG.warning(
            "%s has no %s (%s); its %s, %s in the script %s, stands in for it",
            name,
            language.name,
            language.bcp47,
            match.code,
            match.language.name,
            match.language.script,
        )


def file_at(path: str) -> File:
    """The file with this path, which sources of the form `member:PATH#NAME` name."""
    for entry in catalog().values():
        for file in entry.files:
            if file.path == path:
                return file
    raise InputError(f'data/tables/files.tsv has no line with the path "{path}"')


def read_catalog(datasets: Path, files: Path) -> dict[str, Dataset]:
    """Read the two tables.

    Raises:
        InputError: a line that does not follow the module's description, with path and line.
    """
    by_dataset = read_files(files)
    entries: dict[str, Dataset] = {}
    for row in read_tsv(datasets, DATASET_COLUMNS, header=True):
        name, kind, reader, licence, homepage, title, citation, note = row.cells
        where = f"{datasets}:{row.line}"
        if name in entries:
            raise InputError(f'{where}: "{name}" stands on an earlier line too; take one out')
        if name not in by_dataset:
            raise InputError(f'{where}: no file of "{name}" in {files}; add a line there')
        of_dataset = tuple(by_dataset.pop(name))
        entries[name] = Dataset(
            name, kind, reader, licence, homepage, title, citation, note, of_dataset
        )
    if by_dataset:
        raise InputError(f"{files}: no line in {datasets} for: {', '.join(by_dataset)}")
    return entries


if __name__ == "__main__":
    from data.catalog_commands import main

    raise SystemExit(main())
