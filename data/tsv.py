r"""The one strict reader of tables with tabs between the cells.

Every other reader of text stands on this and on `data.lines.read_lines`, whose names it hands on.

    for row in read_tsv(Path("lexicon.tsv"), ("english", "target"), header=False):
        english, target = row.cells

There is no quoting and no escaping: a quote character is a character, a tab ends a cell, the end
of the line ends a row. A spreadsheet puts cells in quotes and doubles the quotes inside; such
cells are kept as they stand and counted as `QUOTED`. Blank lines at the end of a table are no
rows. What is repaired and what is refused in a line is said in `data.lines`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from data.errors import InputError
from data.files import appears_whole
from data.lines import (
    BYTE_ORDER_MARK,
    DAMAGED_PACK,
    MARK_INSIDE,
    NOT_NFC,
    REPLACEMENT,
    REPLACEMENT_KEPT,
    clean,
    counted,
    decode,
    excerpt,
    open_bytes,
    raw_lines,
    read_lines,
    reject,
    shows_nothing,
)

__all__ = [
    "BYTE_ORDER_MARK",
    "DAMAGED_PACK",
    "EMPTY_CELL",
    "MARK_INSIDE",
    "NOT_NFC",
    "QUOTED",
    "REPLACEMENT",
    "REPLACEMENT_KEPT",
    "UNQUOTE",
    "WRONG_COLUMNS",
    "Quotes",
    "Row",
    "clean",
    "counted",
    "decode",
    "excerpt",
    "in_quotes",
    "open_bytes",
    "raw_lines",
    "read_header",
    "read_lines",
    "read_tsv",
    "reject",
    "write_tsv",
]

# Reasons under which rows are left out, beside those of `data.lines`; what is kept with a warning.
WRONG_COLUMNS = "wrong number of columns"
EMPTY_CELL = "empty cell"
QUOTED = "cells in quotes as a spreadsheet writes them, kept with the quotes"

UNQUOTE = "quotes are text here: save the table without them, or take them off"


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
    with counted(dropped, path, "dropped") as tally, counted(repairs, path, "repaired") as mended:
        lines = read_lines(
            path,
            repairs=mended,
            keep_replacement=keep_replacement,
            skip_bad=skip_bad,
            dropped=tally,
        )
        if header:
            _check_header(path, columns, next(lines, (1, ""))[1])
        quotes, blanks = Quotes(), _Blanks()
        for number, text in lines:
            cells, where = tuple(text.split("\t")), f"{path}:{number}"
            problem = _problem(cells, columns, empty) or quotes.broken(cells)
            if problem and not text.strip():
                blanks.add(problem, where)
                continue
            blanks.settle(skip_bad=skip_bad, dropped=tally)
            quotes.look_at(text, cells, bad=problem is not None)
            if problem is None:
                yield Row(number, cells)
            else:
                reject(problem, where, skip_bad=skip_bad, dropped=tally)
        mended.update({QUOTED: quotes.told()} if quotes.told() else {})


def read_header(path: Path) -> tuple[str, ...]:
    """The column names on a table's first line.

    Raises:
        InputError: the file is empty, a name is empty, occurs twice or is in quotes.
    """
    text = next(read_lines(path, repairs=Counter()), (1, ""))[1]
    names = tuple(text.split("\t"))
    if any(map(in_quotes, names)):
        raise InputError(
            f"{path}:1: expected plain column names, found them in quotes, {excerpt(text)};"
            f" {UNQUOTE}"
        )
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


class _Blanks:
    """Blank rows: faults where another row follows them, nothing at the end of a table."""

    def __init__(self) -> None:
        self._first: tuple[tuple[str, str], str] | None = None
        self._counts: Counter[str] = Counter()

    def add(self, problem: tuple[str, str], where: str) -> None:
        self._first = self._first or (problem, where)
        self._counts[problem[0]] += 1

    def settle(self, *, skip_bad: bool, dropped: Counter[str]) -> None:
        """Another row follows: reject those before it."""
        if self._first is None:
            return
        if not skip_bad:
            reject(*self._first, skip_bad=False, dropped=dropped)
        dropped.update(self._counts)
        self.__init__()  # type: ignore[misc]


class Quotes:
    """Tells a spreadsheet's quotes from a writer's, by all rows of a table.

    A spreadsheet doubles the quotes inside a cell; or it puts in quotes all cells, or exactly those
    that hold a comma.
    """

    def __init__(self) -> None:
        self.rows = self.quoted = self.all_quoted = 0
        self.doubled = self.opened = self.commas_bare = self.quotes_without_comma = False

    def look_at(self, text: str, cells: Sequence[str], *, bad: bool) -> None:
        """Count a row; a bad one may be the first half of a cell with a line break."""
        self.opened = bad and (self.opened or any(map(_opens_quote, cells)))
        self.rows += 1
        if '"' not in text:
            self.commas_bare = self.commas_bare or "," in text
            return
        marks = [in_quotes(cell) for cell in cells]
        self.quoted += any(marks)
        self.all_quoted += all(marks)
        for cell, quoted in zip(cells, marks, strict=True):
            self.doubled |= quoted and '""' in cell[1:-1]
            self.commas_bare |= not quoted and "," in cell
            self.quotes_without_comma |= quoted and "," not in cell

    def broken(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """What is wrong with a row that goes on with a cell which the bad row before it opened."""
        if self.opened and any(cell.count('"') % 2 for cell in cells):
            return WRONG_COLUMNS, "expected a row, found the rest of a cell with a line break"
        return None

    def told(self) -> int:
        """How many rows have cells in a spreadsheet's quotes."""
        commas = self.quoted > 1 and not self.commas_bare and not self.quotes_without_comma
        everywhere = self.rows > 1 and self.all_quoted == self.rows
        return self.quoted if self.doubled or commas or everywhere else 0


def in_quotes(cell: str) -> bool:
    """Whether quotes stand around a cell, and those inside are doubled."""
    around = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return around and '"' not in cell[1:-1].replace('""', "")


def _opens_quote(cell: str) -> bool:
    return cell.startswith('"') and cell.count('"') % 2 == 1


def _check_header(path: Path, columns: Sequence[str], text: str) -> None:
    expected = "\t".join(columns)
    if text != expected:
        quoted = any(map(in_quotes, text.split("\t")))
        advice = UNQUOTE if quoted else "name the columns like this on the first line"
        raise InputError(
            f"{path}:1: expected the header {excerpt(expected)}, found {excerpt(text)}; {advice}"
        )


def _problem(
    cells: Sequence[str], columns: Sequence[str], empty: Collection[str]
) -> tuple[str, str] | None:
    if len(cells) != len(columns):
        expected = f"{len(columns)} column{'s' * (len(columns) > 1)} ({', '.join(columns)})"
        found = f"{len(cells)} ({excerpt(chr(9).join(cells))})"
        opened = any(map(_opens_quote, cells))
        hint = "; a line break ends a row, in quotes too" if opened else ""
        return WRONG_COLUMNS, f"expected {expected}, found {found}{hint}"
    for name, cell in zip(columns, cells, strict=True):
        if shows_nothing(cell) and name not in empty:
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
