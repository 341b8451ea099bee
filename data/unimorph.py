r"""Inflection data: (lemma, features, form) triples of UniMorph and of the SIGMORPHON shared tasks.

    triples = list(read_triples(Path("swa.trn")))

`data.inflections.tables` finds the tables of a language.

UniMorph writes lemma, form, features (soma, alisoma, V;PST;3;SG), the shared task of 2023 lemma,
features, form, and its covered files leave the form out. The order is told, by `columns` or
by a first line with the names, or found out: the features are the one column whose cells begin with
a part of speech. It is logged, and what cannot be found out is an error.

Blank lines stand between paradigms; CRLF and byte-order marks are taken out, text is put in NFC,
space around a cell is removed. A form `-` says that the lemma has no such form. Such rows and
repeated rows are left out and counted, except where every row matters: `every_row` keeps them, for
files that are scored.

NFC reorders vowel signs and tone marks: 7 % of the rows of klr, 28 % of afb and arz. A shared
task's scorer compares text as it is, so predictions for it need `normalise=False` throughout.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from data.errors import InputError
from data.inflections.tags import parse
from data.tsv import (
    BYTE_ORDER_MARK,
    EMPTY_CELL,
    WRONG_COLUMNS,
    counted,
    excerpt,
    open_bytes,
    read_lines,
    reject,
)

_LOG = logging.getLogger(__name__)

LEMMA, FEATURES, FORM, OTHER = "lemma", "features", "form", "-"
UNIMORPH_ORDER = (LEMMA, FORM, FEATURES)
SHARED_TASK_ORDER = (LEMMA, FEATURES, FORM)
COVERED_ORDER = (LEMMA, FEATURES)
ABSENT_FORMS = frozenset("-–—")

# Reasons under which rows are left out or repaired.
BLANK = "blank line"
ABSENT = "no such form (-)"
REPEATED = "repeated row"
SPACE = "space around a cell, removed"

SAMPLED_ROWS = 1000  # from which the order of the columns is found out
MOST, FEW = 0.9, 0.1  # shares of bundles in the column of features, and in the others


@dataclass(frozen=True, slots=True)
class Triple:
    """A lemma, a feature bundle and the form; None where the file covers the form.

    >>> Triple("soma", "V;PST;3;SG", "alisoma").form
    'alisoma'
    """

    lemma: str
    features: str
    form: str | None


@dataclass(frozen=True, slots=True)
class _Line:
    """A row that is not blank: where it stands, and its cells without space around them."""

    where: str
    text: str
    cells: tuple[str, ...]


def read_triples(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    every_row: bool = False,
    need_forms: bool = False,
    normalise: bool = True,
    skip_bad: bool = False,
    dropped: Counter[str] | None = None,
    repairs: Counter[str] | None = None,
) -> Iterator[Triple]:
    """Yield the triples of a file in its order; it is streamed, also from .gz.

    Args:
        columns: the order, of `lemma`, `features`, `form`, and `-` for a column of other things;
            found out by default.
        every_row: keep the rows of forms that do not exist, and repeated rows.
        need_forms: a covered file is an error.
        normalise: put text in NFC; see the module.
        skip_bad: leave out rows with a wrong number of columns or an empty cell.
        dropped, repairs: receive the number of rows left out, and of lines repaired, by reason;
            without them the numbers are logged.

    Raises:
        InputError: `swa.trn:7: expected 3 columns (lemma, features, form), found 2 ("soma...`; no
            rows; an order that cannot be found out, or that lacks the form where it is needed.
    """
    with counted(dropped, path, "dropped") as lost, counted(repairs, path, "repaired") as mended:
        blank = Counter[str]() if dropped is None else lost  # as usual as a line's end
        lines = _lines(path, normalise, blank, mended)
        order, rows = _with_order(path, lines, columns)
        if need_forms and FORM not in order:
            raise InputError(
                f"{path}: expected lemma, features and form, found only lemma and features; "
                "it is a covered file, give the one with the forms"
            )
        triples = _triples(rows, order, skip_bad, lost)
        yield from triples if every_row else _distinct(triples, lost)


def find_columns(path: Path, rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The order of the columns of some rows: told by a first row of names, or found out.

    >>> find_columns(Path("swc"), [("soma", "alisoma", "V;PST;3;SG"), ("soma", "kusoma", "V;NFIN")])
    ('lemma', 'form', 'features')

    Raises:
        InputError: not exactly one column holds bundles, or it is not where a known order has it.
    """
    if not rows:
        raise InputError(f"{path}: expected lemmas, features and forms, found no row; check it")
    names = tuple(cell.lower() for cell in rows[0])
    if {LEMMA, FEATURES} <= set(names) <= {LEMMA, FEATURES, FORM}:
        return names
    width = Counter(map(len, rows)).most_common(1)[0][0]
    usual = [row for row in rows if len(row) == width]
    shares = [sum(map(_is_bundle, column)) / len(usual) for column in zip(*usual, strict=True)]
    bundles = [place for place, share in enumerate(shares) if share >= MOST]
    clear = len(bundles) == 1 and all(s >= MOST or s <= FEW for s in shares)
    for order in (UNIMORPH_ORDER, SHARED_TASK_ORDER, COVERED_ORDER):
        if clear and len(order) == width and order[bundles[0]] == FEATURES:
            return order
    raise _no_order(path, rows, shares)


def _no_order(path: Path, rows: Sequence[Sequence[str]], shares: Sequence[float]) -> InputError:
    shown = ", ".join(excerpt("\t".join(row)) for row in rows[:2])
    found = ", ".join(f"{share:.0%}" for share in shares)
    return InputError(
        f"{path}: expected one column of feature bundles, second or last of three, or last of two;"
        f" found bundles in {found} of the columns' cells, as in {shown}; say the order with"
        " columns (--columns lemma,form,features)"
    )


def _is_bundle(cell: str) -> bool:
    try:
        return parse(cell).part_of_speech is not None
    except InputError:
        return False


def _with_order(
    path: Path, lines: Iterator[_Line], columns: Sequence[str] | None
) -> tuple[tuple[str, ...], Iterator[_Line]]:
    """The order of the columns, and the rows below the names if there are any."""
    sample = list(islice(lines, SAMPLED_ROWS))
    if columns is None:
        order = find_columns(path, [line.cells for line in sample])
        _LOG.info("%s: columns %s, found out from %d rows", path, ", ".join(order), len(sample))
    else:
        order = _checked(columns)
    if sample and tuple(cell.lower() for cell in sample[0].cells) == order:
        del sample[0]
    return order, chain(sample, lines)


def _checked(columns: Sequence[str]) -> tuple[str, ...]:
    names = [name for name in columns if name != OTHER]
    fits = {LEMMA, FEATURES} <= set(names) <= {LEMMA, FEATURES, FORM}
    if not fits or len(set(names)) < len(names):
        raise InputError(
            f"columns: expected lemma, features, perhaps form, each once, and - for others; "
            f"found {', '.join(columns)}; correct the order"
        )
    return tuple(columns)


def _triples(
    rows: Iterator[_Line], order: Sequence[str], skip_bad: bool, dropped: Counter[str]
) -> Iterator[Triple]:
    lemma, features = order.index(LEMMA), order.index(FEATURES)
    form = order.index(FORM) if FORM in order else None
    needed = [place for place, name in enumerate(order) if name != OTHER]
    for row in rows:
        cells = row.cells
        if len(cells) == len(order) and all(cells[place] for place in needed):
            yield Triple(cells[lemma], cells[features], None if form is None else cells[form])
        else:
            reject(_problem(row, order), row.where, skip_bad=skip_bad, dropped=dropped)


def _problem(row: _Line, order: Sequence[str]) -> tuple[str, str]:
    if len(row.cells) != len(order):
        expected = f"{len(order)} columns ({', '.join(order)})"
        return WRONG_COLUMNS, f"expected {expected}, found {len(row.cells)} ({excerpt(row.text)})"
    name = order[row.cells.index("")]
    return EMPTY_CELL, f"expected text in column {name}, found an empty cell"


def _distinct(triples: Iterator[Triple], dropped: Counter[str]) -> Iterator[Triple]:
    """Leave out forms that do not exist and rows that repeat an earlier one."""
    seen: set[int] = set()  # of hashes: about 70 bytes a row, however long the words
    for triple in triples:
        before = len(seen)
        seen.add(hash(triple))
        if triple.form in ABSENT_FORMS:
            dropped[ABSENT] += 1
        elif len(seen) == before:
            dropped[REPEATED] += 1
        else:
            yield triple


def _lines(
    path: Path, normalise: bool, blank: Counter[str], repairs: Counter[str]
) -> Iterator[_Line]:
    read = (
        read_lines(path, repairs=repairs, keep_replacement=True) if normalise else raw_lines(path)
    )
    for number, text in read:
        if not text.strip():
            blank[BLANK] += 1
            continue
        given = text.split("\t")
        cells = tuple(cell.strip() for cell in given)
        if any(map(str.__ne__, cells, given)):
            repairs[SPACE] += 1
        yield _Line(f"{path}:{number}", text, cells)


def raw_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers as they are written, whatever their normal form.

    Raises:
        InputError: a byte that is not UTF-8.
    """
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}:{number}: expected UTF-8, found byte 0x{line[error.start]:02x}; "
                    "convert the file with iconv -f ENCODING -t UTF-8"
                ) from error
            yield number, text.removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")
