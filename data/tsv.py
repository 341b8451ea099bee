r"""The one strict reader of tables with tabs between the cells.

Every other reader of text stands on this and on `data.lines.read_lines`, whose names it hands on.

    for row in read_tsv(Path("lexicon.tsv"), ("english", "target"), header=False):
        english, target = row.cells

There is no quoting and no escaping: a quote character is a character, a tab ends a cell, a line
feed ends a row. What is repaired and what is refused in a line stands in `data.lines`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from data.errors import InputError
from data.faults import counted, excerpt, reject
from data.files import appears_whole
from data.lines import (
    BYTE_ORDER_MARK,
    DAMAGED_GZIP,
    MARK_INSIDE,
    NOT_NFC,
    REPLACEMENT,
    REPLACEMENT_KEPT,
    clean,
    decode,
    open_bytes,
    raw_lines,
    read_lines,
)

__all__ = [
    "BYTE_ORDER_MARK",
    "DAMAGED_GZIP",
    "EMPTY_CELL",
    "MARK_INSIDE",
    "NOT_NFC",
    "REPLACEMENT",
    "REPLACEMENT_KEPT",
    "WRONG_COLUMNS",
    "Row",
    "clean",
    "counted",
    "decode",
    "excerpt",
    "open_bytes",
    "raw_lines",
    "read_header",
    "read_lines",
    "read_tsv",
    "reject",
    "write_tsv",
]

# Reasons under which rows are left out, beside those of `data.faults`.
WRONG_COLUMNS = "wrong number of columns"
EMPTY_CELL = "empty cell"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number in the file, from 1, and its cells in column order."""

    line: int
    cells: tuple[str, ...]


def read_tsv(
    path: Path,
    columns: Sequence[str],
    *,
    header: bool,
    empty: Collection[str] = (),
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
    keep_replacement: bool = False,
) -> Iterator[Row]:
    """Yield the rows of a table that has exactly these columns on every line.

    Args:
        header: the first line must be these column names, spelt and ordered like this.
        empty: names of the columns whose cells may be empty or blank.
        skip_bad: leave out lines that are no text, rows with a wrong number of columns or an
            empty cell, and count them in `dropped` by reason.

    Raises:
        InputError: `lexicon.tsv:7: expected 2 columns (english, target), found 1 ("dog"); ...`
    """
    with counted(dropped, path, "dropped") as tally:
        lines = read_lines(
            path,
            repairs=repairs,
            keep_replacement=keep_replacement,
            skip_bad=skip_bad,
            dropped=tally,
        )
        if header:
            _check_header(path, columns, next(lines, (1, ""))[1])
        for number, text in lines:
            cells = tuple(text.split("\t"))
            problem = _problem(cells, columns, empty)
            if problem is None:
                yield Row(number, cells)
            else:
                reject(problem, f"{path}:{number}", skip_bad=skip_bad, dropped=tally)


def read_header(path: Path) -> tuple[str, ...]:
    """The column names on a table's first line.

    Raises:
        InputError: the file is empty, or a name is empty or occurs twice.
    """
    text = next(read_lines(path, repairs=Counter()), (1, ""))[1]
    names = tuple(text.split("\t"))
    if not all(name.strip() for name in names) or len(set(names)) < len(names):
        raise InputError(
            f"{path}:1: expected a header of different column names, found {excerpt(text)};"
            " name every column once on the first line"
        )
    return names


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table with a header that `read_tsv` reads back cell by cell; it appears whole.

    Raises:
        InputError: a cell that would not come back as it is (tab, line end, NUL, byte-order
            mark, not NFC), or a row of another length than `columns`.
    """
    with appears_whole(path) as file:
        for number, cells in enumerate(chain([columns], rows), 1):
            _check_writable(f"{path}:{number}", columns, cells)
            file.write("\t".join(cells).encode() + b"\n")


def _check_header(path: Path, columns: Sequence[str], text: str) -> None:
    expected = "\t".join(columns)
    if text != expected:
        raise InputError(
            f"{path}:1: expected the header {excerpt(expected)}, found {excerpt(text)};"
            " name the columns like this on the first line"
        )


def _problem(
    cells: Sequence[str], columns: Sequence[str], empty: Collection[str]
) -> tuple[str, str] | None:
    if len(cells) != len(columns):
        expected = f"{len(columns)} column{'s' * (len(columns) > 1)} ({', '.join(columns)})"
        found = f"{len(cells)} ({excerpt(chr(9).join(cells))})"
        return WRONG_COLUMNS, f"expected {expected}, found {found}"
    for name, cell in zip(columns, cells, strict=True):
        if not cell.strip() and name not in empty:
            return EMPTY_CELL, f"expected text in column {name}, found an empty cell"
    return None


def _check_writable(where: str, columns: Sequence[str], cells: Sequence[str]) -> None:
    if len(cells) != len(columns):
        raise InputError(f"{where}: expected {len(columns)} cells, found {len(cells)}; write all")
    for name, cell in zip(columns, cells, strict=True):
        fault = _unwritable(cell)
        if fault:
            raise InputError(
                f"{where}: expected one line of NFC text in column {name}, found {fault} in"
                f" {excerpt(cell)}; replace it before writing"
            )


def _unwritable(cell: str) -> str | None:
    """What in a cell would not be read back as it is: a character, or its normal form."""
    for character in cell:
        if character in f"\t\n\r\0{BYTE_ORDER_MARK}" or "\ud800" <= character <= "\udfff":
            return f"U+{ord(character):04X}"
    return None if unicodedata.is_normalized("NFC", cell) else "another normal form"
