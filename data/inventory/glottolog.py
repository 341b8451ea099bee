"""Glottolog's languoids, its classification of them, and CLDF's tables.

    python -m data.catalog fetch glottolog

A languoid is a family, a language or a dialect. Top-level families that group languages by
something other than descent (sign languages, pidgins, unattested ones ...) are pseudo-families:
they say what a language is, its category, and are no family. One of them, Bookkeeping, holds
entries that Glottolog keeps only so that their codes stay known: languages that proved to be
spurious or the same as another. See https://glottolog.org/glottolog/glottologinformation.

`read_table` is the one strict reader of CLDF's tables, for WALS as well:

    for row in read_table(Path("cldf/languages.csv"), ("ID", "Name")):
        row.cells["Name"], row.line

Cross-Linguistic Data Formats (Forkel et al. 2018, https://doi.org/10.1038/sdata.2018.205) keep
their tables in CSV as RFC 4180 has it. Cells are in NFC, an empty cell is the empty text, and
columns that nobody asks for are allowed, since later versions add some.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.errors import InputError
from data.tsv import excerpt, read_lines

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")

# Glottolog's pseudo-families by name, and the category of the languages in each.
PSEUDO_FAMILIES = {
    "Artificial Language": "artificial",
    "Bookkeeping": "bookkeeping",
    "Mixed Language": "mixed",
    "Pidgin": "pidgin",
    "Sign Language": "sign",
    "Speech Register": "register",
    "Unattested": "unattested",
    "Unclassifiable": "unclassifiable",
}
SPOKEN = "spoken"
DIALECT = "dialect"  # the category of an entry that ISO 639-3 counts as a language
DEEPEST = 200  # levels of a tree; in Glottolog 5.1 there are some twenty
COLUMNS = (
    "Name",
    "Macroarea",
    "Latitude",
    "Longitude",
    "Glottocode",
    "ISO639P3code",
    "Level",
    "Countries",
    "Family_ID",
    "Language_ID",
    "Is_Isolate",
)


@dataclass(frozen=True, slots=True)
class TableRow:
    """A record of a table: the number of its last line in the file, and its cells by column."""

    line: int
    cells: Mapping[str, str]


def read_table(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    """Yield the records of a CSV file that has at least these columns.

    Raises:
        InputError: a column is missing, a record has too few or too many cells, the file cannot
            be decoded; with path and line.
    """
    repairs: Counter[str] = Counter()  # normal forms of names are repaired without a word
    reader = csv.reader((f"{text}\n" for _, text in read_lines(path, repairs=repairs)), strict=True)
    header = _next(reader, path)
    for column in columns:
        if column not in (header or ()):
            found = excerpt(",".join(header or ()))
            raise InputError(f"{path}:1: expected a column {column}, found {found}; fetch it again")
    while (cells := _next(reader, path)) is not None:
        if len(cells) != len(header or ()):
            raise InputError(
                f"{path}:{reader.line_num}: expected {len(header or ())} cells, found "
                f"{len(cells)} ({excerpt(','.join(cells))}); fetch the file again"
            )
        yield TableRow(reader.line_num, dict(zip(header or (), cells, strict=True)))


def _next(reader: Iterator[list[str]], path: Path) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        line = getattr(reader, "line_num", 0)
        raise InputError(
            f"{path}:{line}: expected a CSV record, found: {error}; fetch it again"
        ) from error


def number(row: TableRow, column: str, path: Path) -> float | None:
    """A cell as a number, None where it is empty.

    >>> number(TableRow(2, {"Latitude": "-8.25605"}), "Latitude", Path("languages.csv"))
    -8.25605
    """
    cell = row.cells[column]
    if not cell:
        return None
    if not _DEGREES.fullmatch(cell):  # float() would take nan, 1_0, ٣ and 400 digits
        found = excerpt(cell)
        raise InputError(f"{path}:{row.line}: expected a number in column {column}, found {found}")
    return float(cell)


@dataclass(frozen=True, slots=True)
class Languoid:
    """One line of Glottolog's languages.csv.

    family: the glottocode of its top-level family, also a pseudo-family, None for isolates and
    for the top itself. language: of a dialect, the language that it belongs to. countries: ISO
    3166-1. latitude, longitude: degrees; the place is a point, not an area.
    """

    glottocode: str
    name: str
    level: str
    macroarea: str | None
    latitude: float | None
    longitude: float | None
    iso639_3: str | None
    countries: tuple[str, ...]
    family: str | None
    language: str | None
    is_isolate: bool


@dataclass(frozen=True)
class Glottolog:
    """All languoids by level, and for every language the groups above it, the widest first.

    dialects: the language of every dialect. varieties: the dialects that have an ISO 639-3 code of
    their own, and so are languages to others (Croatian, South Ndebele).
    """

    languages: Mapping[str, Languoid]
    dialects: Mapping[str, str]
    families: Mapping[str, str]
    lineages: Mapping[str, tuple[str, ...]]
    varieties: Mapping[str, Languoid] = field(default_factory=dict)

    def category(self, languoid: Languoid) -> str:
        """`spoken`, or what the pseudo-family says: `sign`, `pidgin`, `bookkeeping` ..."""
        if languoid.level == DIALECT:
            return DIALECT
        return PSEUDO_FAMILIES.get(self.families.get(languoid.family or "", ""), SPOKEN)

    def name_of(self, glottocode: str) -> str:
        """The name of a group, or of a language."""
        languoid = self.languages.get(glottocode)
        return languoid.name if languoid else self.families[glottocode]

    def language_of(self, glottocode: str) -> str | None:
        """The language that a glottocode of a language or of one of its dialects denotes."""
        return glottocode if glottocode in self.languages else self.dialects.get(glottocode)


def read_languoids(path: Path) -> Iterator[Languoid]:
    """Yield the lines of `cldf/languages.csv`.

    Raises:
        InputError: the file is no such table; with path and line.
    """
    for row in read_table(path, COLUMNS):
        cells = row.cells
        if cells["Level"] not in ("family", "language", "dialect"):
            raise InputError(
                f"{path}:{row.line}: expected the level family, language or dialect, "
                f'found "{cells["Level"]}"; fetch the file again'
            )
        yield _languoid(row, path)


def _languoid(row: TableRow, path: Path) -> Languoid:
    cells = row.cells
    return Languoid(
        glottocode=cells["Glottocode"],
        name=cells["Name"],
        level=cells["Level"],
        macroarea=cells["Macroarea"] or None,
        latitude=number(row, "Latitude", path),
        longitude=number(row, "Longitude", path),
        iso639_3=cells["ISO639P3code"] or None,
        countries=tuple(filter(None, cells["Countries"].split(";"))),
        family=cells["Family_ID"] or None,
        language=cells["Language_ID"] or None,
        is_isolate=cells["Is_Isolate"] == "true",
    )


def read_glottolog(languages_csv: Path) -> Glottolog:
    """Read `cldf/languages.csv`, without the lineages.

    Raises:
        InputError: the file is no such table, or has no language in it.
    """
    languoids = list(read_languoids(languages_csv))
    languages = {entry.glottocode: entry for entry in languoids if entry.level == "language"}
    if not languages:
        raise InputError(f"{languages_csv}: expected languages, found none; fetch the file again")
    return Glottolog(
        languages=languages,
        dialects={
            entry.glottocode: entry.language
            for entry in languoids
            if entry.level == "dialect" and entry.language
        },
        families={entry.glottocode: entry.name for entry in languoids if entry.level == "family"},
        lineages={},
        varieties={
            entry.glottocode: entry
            for entry in languoids
            if entry.level == "dialect" and entry.language in languages and entry.iso639_3
        },
    )


def read_names(names_csv: Path) -> dict[str, tuple[str, ...]]:
    """The alternative names of `cldf/names.csv` by glottocode, from all of Glottolog's sources.

    Raises:
        InputError: the file is no such table.
    """
    found: dict[str, dict[str, None]] = {}
    for row in read_table(names_csv, ("Language_ID", "Name")):
        found.setdefault(row.cells["Language_ID"], {})[row.cells["Name"]] = None
    return {glottocode: tuple(names) for glottocode, names in found.items()}


def read_classification(path: Path) -> dict[str, tuple[str, ...]]:
    """For every leaf of the trees in `cldf/classification.nex`, the nodes above it, root first.

    Raises:
        InputError: a tree is not in Newick's notation; with path and line.
    """
    lineages: dict[str, tuple[str, ...]] = {}
    for line, text in read_lines(path):
        tree = re.fullmatch(r"tree (\S+) = (?:\[&[RU]\] )?(.+;)", text.strip())
        if tree:
            try:
                lineages.update(leaves(tree[2]))
            except ValueError as error:
                raise InputError(
                    f"{path}:{line}: expected a tree in Newick's notation, found {error} in "
                    f"{tree[1]}; fetch the file again"
                ) from error
    if not lineages:
        raise InputError(f"{path}: expected lines like `tree NAME = (a,b)c;`, found none")
    return lineages


def leaves(newick: str) -> dict[str, tuple[str, ...]]:
    """The leaves of a tree in Newick's notation, each with the nodes above it, root first.

    >>> leaves("((abaz1241:1,abkh1244:1)abkh1243:1,ubyk1235:1)abkh1242:1;")["abaz1241"]
    ('abkh1242', 'abkh1243')

    Raises:
        ValueError: brackets do not match, a node has no name, or more levels than any family has.
    """
    # Read from the right, a node's name comes before its children.
    above: list[str] = []
    found: dict[str, tuple[str, ...]] = {}
    pieces = re.findall(r"[(),]|(?<![^(),:;])[^(),:;]+(?=[(),:;])|:[^(),;]*", newick)
    name = ""
    for piece in reversed([piece for piece in pieces if piece[0] not in ":;"]):
        if piece == ")":
            above.append(_named(name))
            if len(above) > DEEPEST:
                raise ValueError(f"more than {DEEPEST} levels")
            name = ""
        elif piece in ("(", ","):
            if name:
                found[name] = tuple(above)
            name = ""
            if piece == "(":
                _close(above)
        else:
            name = piece
    if above:
        raise ValueError("a bracket that is not opened")
    return dict(reversed(found.items())) if found or not name else {name: ()}


def _named(name: str) -> str:
    if not name:
        raise ValueError("a group without a name")
    return name


def _close(above: list[str]) -> None:
    if not above:
        raise ValueError("a bracket that is not closed")
    above.pop()
