r"""Inflection data: (lemma, features, form) triples of UniMorph and of the SIGMORPHON shared tasks.

    triples = list(read_triples(Path("swa.trn")))

`data.inflections.tables` finds the tables of a language.

UniMorph writes lemma, form, features (soma, alisoma, V;PST;3;SG), the shared task of 2023 lemma,
features, form, and its covered files leave the form out. The order is given (`columns`), or told
by a first line of names or by the cells (`data.inflections.columns`); what tells it is logged, and
where that is too little the file is refused.

Blank lines stand between paradigms, and some files begin with a comment (`# Veps`); CRLF and
byte-order marks are taken out, text is put in NFC, space around a cell is removed. A form `-` says
that the lemma has no such form. Such rows and repeated rows are left out and counted, except where
every row matters: `every_row` keeps them, for files that are scored.

NFC reorders vowel signs and tone marks: 7 % of the rows of klr, 28 % of afb and arz. A shared
task's scorer compares text as it is, so predictions for it need `normalise=False` throughout: then
only what is no part of any cell is taken away, a byte-order mark at the file's start for one. A
mark inside a lemma, which a published task has, is part of its spelling.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from data.errors import InputError
from data.inflections.columns import (
    COVERED_ORDER,
    FEATURES,
    FORM,
    LEMMA,
    OTHER,
    SAMPLED_ROWS,
    SHARED_TASK_ORDER,
    UNIMORPH_ORDER,
    Layout,
    find_layout,
    told_layout,
)
from data.lines import unchanged_lines as raw_lines
from data.tsv import (
    EMPTY_CELL,
    QUOTED,
    UNQUOTE,
    WRONG_COLUMNS,
    Quotes,
    counted,
    excerpt,
    in_quotes,
    read_lines,
    reject,
)

__all__ = [
    "COVERED_ORDER",
    "FEATURES",
    "FORM",
    "LEMMA",
    "OTHER",
    "SAMPLED_ROWS",
    "SHARED_TASK_ORDER",
    "UNIMORPH_ORDER",
    "Layout",
    "Triple",
    "raw_lines",
    "read_triples",
]

_LOG = logging.getLogger(__name__)
ABSENT_FORMS = frozenset("-–—")
LONGEST_ROW = 2000  # characters: published ones have 198; two words are compared letter by letter

# Reasons under which rows are left out or repaired.
BLANK = "blank line"
COMMENT = "comment (#)"
NAMES = "names of columns"
ABSENT = "no such form (-)"
REPEATED = "repeated row"
SPACE = "space around a cell, removed"
TOO_LONG = "row of more characters than words have"


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
    usual: Sequence[str] | None = None,
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
        usual: the order that the file's publisher uses, where the cells do not tell it.
        every_row: keep the rows of forms that do not exist, and repeated rows.
        need_forms: a covered file is an error.
        normalise: put text in NFC; see the module.
        skip_bad: leave out lines that are no text, and rows with a wrong number of columns or an
            empty cell.
        dropped, repairs: receive the number of rows left out, and of lines repaired, by reason;
            without them the numbers are logged.

    Raises:
        InputError: `swa.trn:7: expected 3 columns (lemma, features, form), found 2 ("soma...`; no
            rows; an order that cannot be found out, or that lacks the form where it is needed.
    """
    with counted(dropped, path, "dropped") as lost, counted(repairs, path, "repaired") as mended:
        passed = Counter[str]() if dropped is None else lost  # as usual as a line's end
        lines = _lines(path, normalise, skip_bad, passed, lost, mended)
        order, rows = _with_order(path, lines, columns, usual, skip_bad, passed)
        if need_forms and FORM not in order:
            raise InputError(
                f"{path}: expected lemma, features and form, found only lemma and features; "
                "it is a covered file, give the one with the forms"
            )
        triples = _triples(rows, order, skip_bad, lost)
        yield from triples if every_row else _distinct(triples, lost)


def _with_order(
    path: Path,
    lines: Iterator[_Line],
    columns: Sequence[str] | None,
    usual: Sequence[str] | None,
    skip_bad: bool,
    passed: Counter[str],
) -> tuple[tuple[str, ...], Iterator[_Line]]:
    """The order of the columns, and the rows below the names if there are any."""
    sample = list(islice(lines, SAMPLED_ROWS))
    layout = _layout(path, sample, columns, usual, skip_bad)
    if layout.has_names:
        passed[NAMES] += 1
        del sample[0]
    return layout.columns, chain(sample, lines)


def _layout(
    path: Path,
    sample: Sequence[_Line],
    columns: Sequence[str] | None,
    usual: Sequence[str] | None,
    skip_bad: bool,
) -> Layout:
    cells = [line.cells for line in sample]
    quoted = sum(all(map(in_quotes, row)) for row in cells)
    if quoted and 2 * quoted >= len(cells):
        raise InputError(f"{path}: expected plain cells, found them in quotes; {UNQUOTE}")
    if columns is not None:
        return told_layout(str(path), columns, cells)
    try:
        layout = find_layout(str(path), cells, usual)
    except InputError:
        _check_lines(sample, skip_bad)  # a bad line is the likelier fault, and easier to mend
        raise
    # A guess about somebody's own file is shown; what a publisher writes is no guess.
    level = logging.INFO if usual is not None or layout.has_names else logging.WARNING
    _LOG.log(level, "%s: %s", path, layout)
    return layout


def _check_lines(sample: Sequence[_Line], skip_bad: bool) -> None:
    """Raise for the first bad line of a table whose lines have three cells of text mostly."""
    width = len(UNIMORPH_ORDER)
    odd = [line for line in sample if len(line.cells) != width or not all(line.cells)]
    if not odd or skip_bad or 2 * len(odd) > len(sample):
        return
    found = f"found {len(odd[0].cells)} ({excerpt(odd[0].text)})"
    if len(odd[0].cells) == width:
        found = f"found an empty one ({excerpt(odd[0].text)})"
    problem = WRONG_COLUMNS, f"expected {width} columns with text, {found}"
    reject(problem, odd[0].where, skip_bad=False, dropped=Counter())


def _triples(
    rows: Iterator[_Line], order: Sequence[str], skip_bad: bool, dropped: Counter[str]
) -> Iterator[Triple]:
    lemma, features = order.index(LEMMA), order.index(FEATURES)
    form = order.index(FORM) if FORM in order else None
    needed = [place for place, name in enumerate(order) if name != OTHER]
    for row in rows:
        cells = row.cells
        fits = len(cells) == len(order) and len(row.text) <= LONGEST_ROW
        if fits and all(cells[place] for place in needed):
            yield Triple(cells[lemma], cells[features], None if form is None else cells[form])
        else:
            reject(_problem(row, order), row.where, skip_bad=skip_bad, dropped=dropped)


def _problem(row: _Line, order: Sequence[str]) -> tuple[str, str]:
    if len(row.cells) != len(order):
        expected = f"{len(order)} columns ({', '.join(order)})"
        return WRONG_COLUMNS, f"expected {expected}, found {len(row.cells)} ({excerpt(row.text)})"
    if len(row.text) > LONGEST_ROW:
        return TOO_LONG, f"expected at most {LONGEST_ROW:,} characters, found {len(row.text):,}"
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
    path: Path,
    normalise: bool,
    skip_bad: bool,
    passed: Counter[str],
    dropped: Counter[str],
    repairs: Counter[str],
) -> Iterator[_Line]:
    """The rows that are neither blank nor comments."""
    quotes = Quotes()
    for number, text in _text_lines(path, normalise, skip_bad, dropped, repairs):
        if not text.strip():
            passed[BLANK] += 1
            continue
        given = text.split("\t")
        cells = tuple(cell.strip() for cell in given)
        if is_comment(cells):
            passed[COMMENT] += 1
            continue
        quotes.look_at(text, cells, bad=False)
        if any(map(str.__ne__, cells, given)):
            repairs[SPACE] += 1
        yield _Line(f"{path}:{number}", text, cells)
    if quotes.told():
        repairs[QUOTED] += quotes.told()
        _LOG.warning("%s: %s (%d)", path, QUOTED, quotes.told())


def _text_lines(
    path: Path, normalise: bool, skip_bad: bool, dropped: Counter[str], repairs: Counter[str]
) -> Iterator[tuple[int, str]]:
    if normalise:
        return read_lines(
            path, repairs=repairs, keep_replacement=True, skip_bad=skip_bad, dropped=dropped
        )
    return raw_lines(path, skip_bad=skip_bad, dropped=dropped)


def is_comment(cells: Sequence[str]) -> bool:
    """Whether a row is a comment: one cell that begins with #."""
    return len(cells) == 1 and cells[0].startswith("#")
