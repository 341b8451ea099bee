r"""The one strict reader of text in lines, and of tables with tabs between the cells.

Every other reader of text stands on these two: `read_lines` and `read_tsv`.

    for row in read_tsv(Path("lexicon.tsv"), ("english", "target"), header=False):
        english, target = row.cells

There is no quoting and no escaping: a quote character is a character, a tab ends a cell, and
only a line feed ends a line (U+2028, U+0085 and their like are text). CRLF counts as a line
feed. A file whose name ends in .gz or .zst is unpacked while it is read.

What has one right repair is repaired and counted: a byte-order mark inside a line is taken out,
text that is not NFC is normalised. A caller passes a `Counter` and gets the number of lines
repaired by reason; without one the numbers are logged as a warning. Everything else that is
wrong raises `InputError` with the path and the line.
"""

from __future__ import annotations

import gzip
import logging
import unicodedata
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, cast

from data.compression import open_zstandard
from data.errors import InputError
from data.files import appears_whole

BYTE_ORDER_MARK = "\ufeff"
REPLACEMENT = "\ufffd"

# Reasons under which repairs and drops are counted.
MARK_INSIDE = "byte-order mark inside a line, removed"
NOT_NFC = "not NFC, normalised"
REPLACEMENT_KEPT = "U+FFFD, kept"
WRONG_COLUMNS = "wrong number of columns"
EMPTY_CELL = "empty cell"

GZIP_SUFFIXES = (".gz", ".dz")
DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)

_LOG = logging.getLogger(__name__)
_EXCERPT_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number in the file, from 1, and its cells in column order."""

    line: int
    cells: tuple[str, ...]


def read_lines(
    path: Path, *, repairs: Counter[str] | None = None, keep_replacement: bool = False
) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end), decoded strictly and in NFC.

    The file is streamed. `repairs` receives the number of lines repaired, by reason.

    Args:
        keep_replacement: keep and count U+FFFD, which stands where an earlier conversion lost
            a letter; by default it is an error.

    Raises:
        InputError: no such file, a damaged gzip file, invalid UTF-8, NUL, U+FFFD.
    """
    with counted(repairs, path, "repaired") as tally:
        for number, raw in raw_lines(path):
            where = f"{path}:{number}"
            text = decode(raw, where)
            if number == 1:
                text = text.removeprefix(BYTE_ORDER_MARK)
            yield number, clean(text, where, repairs=tally, keep_replacement=keep_replacement)


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
        skip_bad: leave out rows with a wrong number of columns or an empty cell, and count
            them in `dropped` by reason. Text that cannot be decoded is an error all the same.

    Raises:
        InputError: `lexicon.tsv:7: expected 2 columns (english, target), found 1 ("dog"); ...`
    """
    lines = read_lines(path, repairs=repairs, keep_replacement=keep_replacement)
    if header:
        _check_header(path, columns, next(lines, (1, ""))[1])
    with counted(dropped, path, "dropped") as tally:
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


def clean(text: str, where: str, *, repairs: Counter[str], keep_replacement: bool = False) -> str:
    r"""Text without byte-order marks and in NFC; what was done is counted in `repairs`.

    >>> repairs = Counter()
    >>> clean("\ufeffn\u0303andu", "swa.txt:3", repairs=repairs)  # n and a combining tilde
    'ñandu'
    >>> sorted(repairs)
    ['byte-order mark inside a line, removed', 'not NFC, normalised']

    Raises:
        InputError: the text holds NUL, or U+FFFD without `keep_replacement`.
    """
    if text.isascii() and "\0" not in text:
        return text
    _refuse(text, where, "\0", "NUL character", "the file is binary or damaged, fetch it again")
    if not keep_replacement:
        _refuse(text, where, REPLACEMENT, "U+FFFD", "restore the letter or keep_replacement")
    elif REPLACEMENT in text:
        repairs[REPLACEMENT_KEPT] += 1
    if BYTE_ORDER_MARK in text:
        text = text.replace(BYTE_ORDER_MARK, "")
        repairs[MARK_INSIDE] += 1
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        repairs[NOT_NFC] += 1
    return text


def reject(problem: tuple[str, str], where: str, *, skip_bad: bool, dropped: Counter[str]) -> None:
    """Count a bad record under its reason, or raise; `problem` is (reason, what is wrong)."""
    reason, message = problem
    if not skip_bad:
        raise InputError(f"{where}: {message}; fix the line", option="--skip-bad")
    dropped[reason] += 1


@contextmanager
def counted(given: Counter[str] | None, path: Path, what: str) -> Iterator[Counter[str]]:
    """The caller's counter, or a fresh one that is logged as a warning when the block ends."""
    if given is not None:
        yield given
        return
    fresh: Counter[str] = Counter()
    try:
        yield fresh
    finally:
        reasons = "; ".join(f"{reason} ({number})" for reason, number in (+fresh).items())
        if reasons:
            _LOG.warning("%s: %s: %s", path, what, reasons)


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file to read bytes; .gz, dictd's .dz and .zst are unpacked on the way."""
    if path.suffix == ".zst":
        return open_zstandard(path)
    try:
        opened = gzip.open if path.suffix in GZIP_SUFFIXES else open
        return cast("IO[bytes]", opened(path, "rb"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(f"{path}: expected a readable file, found: {reason}; check it") from error


def excerpt(text: str) -> str:
    r"""A text in quotes for a message: one line, at most 60 characters, tabs to be seen.

    >>> print(excerpt("dog\tmbwa"))
    "dog<TAB>mbwa"
    """
    short = text if len(text) <= _EXCERPT_LENGTH else text[: _EXCERPT_LENGTH - 1] + "…"
    return '"' + "".join(map(_visible, short)) + '"'


def _visible(character: str) -> str:
    if character == "\t":
        return "<TAB>"
    return character if character.isprintable() else ascii(character)[1:-1]


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, bytes without their line end); a file is streamed."""
    number = 0
    with open_bytes(path) as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, line.removesuffix(b"\n").removesuffix(b"\r")
        except DAMAGED_GZIP as error:
            raise InputError(
                f"{path}:{number + 1}: expected gzip data, found: {error}; fetch the file again"
            ) from error


def decode(raw: bytes, where: str) -> str:
    """Strict UTF-8; the error names the byte and its place."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, found byte 0x{raw[error.start]:02x} at position"
            f" {error.start + 1}; convert the file with iconv -f ENCODING -t UTF-8"
        ) from error


def _refuse(text: str, where: str, character: str, name: str, advice: str) -> None:
    position = text.find(character)
    if position >= 0:
        raise InputError(
            f"{where}: expected text, found {name} at position {position + 1}; {advice}"
        )


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
