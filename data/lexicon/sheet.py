"""Spreadsheets and CSV with a header: word lists as people keep them.

    English,Kera,part of speech
    house,hàw,n
    "hut; cabin",tàrà,n

The header says which column is which: by language (a code or a name), or by role, headword and
translation as in `data.lexicon.table`; the columns may stand in any order, and others are left
alone. `pos` (part of speech, category) may be one of them. A cell with several translations parts
them with semicolons. Of a spreadsheet (xlsx, xls, ods) the first sheet that is not empty counts.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError, UnavailableError
from data.lexicon.fieldwork import NO_GLOSS, glosses, universal_pos
from data.lexicon.reading import Entry, Reading, Sample, language_or_none
from data.lexicon.table import ROLES, plain_name
from data.lines import excerpt

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")
PARTS_OF_SPEECH = {"pos", "part of speech", "category", "word class", "ps", "grammatical category"}
SEPARATORS = (",", ";")
MOST_COLUMNS, LONGEST_NAME = 30, 60  # of a header that are looked at: each name is looked up
MOST_UNPACKED = 300_000_000  # bytes of a spreadsheet's parts
INSTALL = 'pip install "kilolingua[app]"'


class Columns(NamedTuple):
    """Which column is which, from 0; None where there is none."""

    source: int
    target: int
    pos: int | None


def is_spreadsheet(path: Path) -> bool:
    """Whether a file is a spreadsheet, by its name: its lines are no text."""
    return path.suffix.lower() in SUFFIXES


def recognises(sample: Sample) -> bool:
    """Whether a file is a spreadsheet, or its first line names columns with commas between."""
    if is_spreadsheet(sample.path):
        return True
    if not sample.lines or "\t" in sample.lines[0]:
        return False
    headers = (_cells(sample.lines[0], separator) for separator in SEPARATORS)
    return any(_columns(header, sample.languages) for header in headers)


def _cells(line: str, separator: str) -> list[str]:
    """The cells of one line; none where it is no CSV."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries, row by row.

    Raises:
        InputError: no header, or one that does not name the two columns; a damaged file.
        UnavailableError: the package that reads spreadsheets is not installed.
    """
    rows = _spreadsheet(path) if is_spreadsheet(path) else _csv(path, reading)
    number, header = next(rows, (1, []))
    columns = _columns(header, (reading.source, reading.target))
    if columns is None:
        raise InputError(
            f"{path}:{number}: expected a header that names {reading.source} and {reading.target},"
            f" or headword and translation, found {excerpt(', '.join(header))}; name the columns"
        )
    for number, cells in rows:
        yield from _entries(f"{path}:{number}", cells, columns, reading)


def _entries(
    where: str, cells: Sequence[str], columns: Columns, reading: Reading
) -> Iterator[Entry]:
    def at(column: int | None) -> str:
        return cells[column].strip() if column is not None and column < len(cells) else ""

    source, target = at(columns.source), at(columns.target)
    if not source and not target:
        return
    if not source or not target:
        reading.dropped[NO_GLOSS] += 1
        return
    for word in glosses(source):
        for translation in glosses(target):
            entry = reading.entry(where, word, translation, universal_pos(at(columns.pos)))
            if entry:
                yield entry


def _columns(header: Sequence[str], languages: Sequence[str]) -> Columns | None:
    """The columns that a header names: by the languages asked for, else by their roles."""
    names = [plain_name(cell.strip()[:LONGEST_NAME]) for cell in header[:MOST_COLUMNS]]
    folded = [name.casefold() for name in names]
    pos = next((at for at, name in enumerate(folded) if name in PARTS_OF_SPEECH), None)
    asked = [language_or_none(code) for code in languages]
    called = [language_or_none(name) if name else None for name in names]
    sides = [
        next(
            (at for at, one in enumerate(called) if one and other and one.same_language(other)),
            None,
        )
        for other in asked
    ]
    roles = [next((at for at, name in enumerate(folded) if name in role), None) for role in ROLES]
    # One column by its language and the other by its role: "English, word".
    source = sides[0] if sides[0] is not None else roles[0]
    target = sides[1] if sides[1] is not None else roles[1]
    if sides[0] is not None and target is None:
        target = roles[0]
    if sides[1] is not None and source is None:
        source = roles[1]
    if source is None or target is None or source == target:
        return None
    return Columns(source, target, pos)


def _csv(path: Path, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    lines = reading.lines(path)
    first = next(lines, None)
    if first is None:
        return
    separator = max(SEPARATORS, key=first[1].count)
    numbers = [first[0]]

    def texts() -> Iterator[str]:
        for number, line in chain([first], lines):
            numbers[0] = number
            yield f"{line}\n"

    try:
        for cells in csv.reader(texts(), delimiter=separator, strict=True):
            yield numbers[0], cells
    except csv.Error as error:
        raise InputError(
            f"{path}:{numbers[0]}: expected a CSV record, found: {error}; export it again"
        ) from error


def _spreadsheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        import python_calamine
    except ImportError as error:
        raise UnavailableError(f"a spreadsheet needs python-calamine; {INSTALL}") from error
    _check_size(path)
    try:
        book = python_calamine.load_workbook(path)
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
            if rows:
                for number, cells in enumerate(rows, 1):
                    yield number, [_text(cell) for cell in cells]
                return
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected a spreadsheet, found one that cannot be read"
            f" ({excerpt(str(error))}); save it again, or export it as CSV"
        ) from error


def _check_size(path: Path) -> None:
    """Refuse a packed file whose parts would fill the memory."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile:
        return  # an xls, or damaged: whoever opens it says so
    if size > MOST_UNPACKED:
        raise InputError(
            f"{path}: expected a spreadsheet of at most {MOST_UNPACKED:,} bytes unpacked, found"
            f" {size:,}; export the sheet as CSV"
        )


def _text(cell: object) -> str:
    """A cell as text: whole numbers without a point.

    >>> _text(3.0), _text("haw"), _text(None)
    ('3', 'haw', '')
    """
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
