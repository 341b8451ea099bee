"""The one strict reader of CLDF's tables: comma-separated, quoted, with a header.

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
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.tsv import excerpt, read_lines

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")


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
