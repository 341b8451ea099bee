"""Gold and predicted rows of files, and whether they line up.

    gold, predicted = read_rows(Path("swa.tst")), read_rows(Path("run/swa.tst"), predictions=True)
    forms = lined_up(gold, predicted)

Nothing is normalised here: a shared task's scorer reads the text as it is. Cells are stripped and
blank lines passed over, as the organisers' scorer of 2022 does
(https://github.com/sigmorphon/2022InflectionST, evaluation/evaluate.py).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.files import sha256_file
from data.inflections.columns import find_layout, is_bundle, told_layout
from data.lines import reject
from data.tsv import EMPTY_CELL, WRONG_COLUMNS, excerpt
from data.unimorph import (
    BLANK,
    COMMENT,
    FEATURES,
    FORM,
    LEMMA,
    NAMES,
    SAMPLED_ROWS,
    SHARED_TASK_ORDER,
    Triple,
    is_comment,
    raw_lines,
)

NO_ANSWER = "bad line of predictions, scored as no answer"
Line = tuple[int, tuple[str, ...]]  # its number, and its cells without space around them


class Row(NamedTuple):
    """A line of a file: its number from 1, and its cells without space around them.

    A bad line that was passed over has no lemma: its place is kept, so that files line up.
    """

    line: int
    lemma: str
    features: str
    form: str


@dataclass(frozen=True)
class Table:
    """A file of forms: the order of its columns and what tells it, and its rows.

    dropped: lines that are no rows, and bad ones that were passed over, by reason.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    evidence: str = ""
    dropped: Counter[str] = field(default_factory=Counter, compare=False)

    @property
    def triples(self) -> list[Triple]:
        """The good rows without their line numbers."""
        return [Triple(row.lemma, row.features, row.form) for row in self.rows if row.lemma]

    @property
    def is_raw_by_layout(self) -> bool:
        """Whether the columns are the shared task of 2023's, which compares text as it is.

        The order lemma, form, features is UniMorph's and the shared task of 2022's, whose scorer
        brings both forms to NFC.
        """
        return self.columns == SHARED_TASK_ORDER

    @property
    def left_out(self) -> str:
        """What was passed over and is no blank line, for people; nothing where there is none."""
        reasons = (f"{why} ({n})" for why, n in self.dropped.items() if n and why != BLANK)
        return "; ".join(reasons)

    @cached_property
    def sha256(self) -> str:
        """The checksum of the file."""
        return sha256_file(self.path)


def read_rows(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    usual: Sequence[str] | None = None,
    why_usual: str = "as the task has it",
    predictions: bool = False,
    skip_bad: bool = False,
) -> Table:
    """Read a file of lemma, features and form.

    Args:
        columns: their order; found out by default (`data.inflections.columns`).
        usual: the order where the cells do not tell it, that of a task for instance, and
            why_usual, which says so for people.
        predictions: a form may be empty, since a system may have no answer.
        skip_bad: pass over bad lines, counted.

    Raises:
        InputError: no such file, not UTF-8, an order that cannot be found out, a covered file, a
            line with another number of cells or an empty one.
    """
    dropped: Counter[str] = Counter()
    lines = list(_cells(path, skip_bad, dropped))
    sample = [cells for _, cells in lines[:SAMPLED_ROWS]]
    if columns is None:
        layout = find_layout(str(path), sample, usual, why_usual)
    else:
        layout = told_layout(str(path), columns, sample)
    if FORM not in layout.columns:
        raise InputError(
            f"{path}: expected the columns lemma, features and form, found"
            f" {', '.join(layout.columns)}; give a file with the forms"
        )
    if layout.has_names:
        dropped[NAMES] += 1
        del lines[0]
    rows = tuple(_rows(path, lines, layout.columns, predictions, skip_bad, dropped))
    return Table(path, layout.columns, rows, layout.evidence, dropped)


def order_by_predictions(gold: Path, predicted: Sequence[Path]) -> tuple[str, ...] | None:
    """The order of three columns, told by where predictions differ from the right forms.

    Lemmas and features are the same line by line, forms where a system errs are not. None where
    that does not tell the columns apart.
    """
    rows = [cells for _, cells in _cells(gold, True, Counter()) if len(cells) == 3]
    differs = [False] * 3
    for path in predicted:
        others = [cells for _, cells in _cells(path, True, Counter()) if len(cells) == 3]
        for row, other in zip(rows, others, strict=False):
            for place, pair in enumerate(zip(row, other, strict=True)):
                differs[place] |= comparable(pair[0], True) != comparable(pair[1], True)
    bundles = [sum(is_bundle(row[place]) for row in rows) for place in range(3)]
    if not rows or differs.count(True) != 1 or bundles.count(max(bundles)) != 1:
        return None
    form, features = differs.index(True), bundles.index(max(bundles))
    roles = {form: FORM, features: FEATURES}
    return None if form == features else tuple(roles.get(place, LEMMA) for place in range(3))


def _rows(
    path: Path,
    lines: Sequence[Line],
    order: Sequence[str],
    predictions: bool,
    skip_bad: bool,
    dropped: Counter[str],
) -> Iterator[Row]:
    lemma, features, form = (order.index(name) for name in (LEMMA, FEATURES, FORM))
    for number, cells in lines:
        problem = _problem(cells, order, predictions)
        if problem:
            reject(problem, f"{path}:{number}", skip_bad=skip_bad, dropped=dropped)
            yield Row(number, "", "", "")
        else:
            yield Row(number, cells[lemma], cells[features], cells[form])


def _problem(
    cells: Sequence[str], order: Sequence[str], predictions: bool
) -> tuple[str, str] | None:
    shown = excerpt(chr(9).join(cells))
    if len(cells) != len(order):
        expected = f"{len(order)} columns ({', '.join(order)})"
        return WRONG_COLUMNS, f"expected {expected}, found {len(cells)} ({shown})"
    needed = (LEMMA, FEATURES) if predictions else (LEMMA, FEATURES, FORM)
    if not all(cells[order.index(name)] for name in needed):
        return EMPTY_CELL, f"expected a lemma, features and a form, found an empty cell ({shown})"
    return None


def _cells(path: Path, skip_bad: bool, dropped: Counter[str]) -> Iterator[Line]:
    """The cells of every line but blank ones and comments, stripped, whatever the normal form."""
    for number, text in raw_lines(path, skip_bad=skip_bad, dropped=dropped):
        cells = tuple(cell.strip() for cell in text.split("\t"))
        if not any(cells):
            dropped[BLANK] += 1
        elif is_comment(cells):
            dropped[COMMENT] += 1
        else:
            yield number, cells


def lined_up(gold: Table, predicted: Table, *, normalise: bool = False) -> list[str]:
    """The predicted forms, after a look at whether lemma and features are gold's line by line.

    A bad line of gold that was passed over takes its prediction with it; a bad line of the
    predictions is no answer, and counted.

    Args:
        normalise: compare in NFC.

    Raises:
        InputError: `run/swa.tst:7: expected soma, V;PST as in swa.tst:7, found pika, V;PST; ...`
    """
    if len(gold.rows) != len(predicted.rows):
        raise InputError(
            f"{predicted.path}: expected {len(gold.rows)} rows as in {gold.path}, found "
            f"{len(predicted.rows)}; predict every row of the test file, in its order"
        )
    pairs = [pair for pair in zip(gold.rows, predicted.rows, strict=True) if pair[0].lemma]
    differing = [
        (right, guess)
        for right, guess in pairs
        if guess.lemma and _asked(right, normalise) != _asked(guess, normalise)
    ]
    if differing:
        (right, guess), more = differing[0], len(differing) - 1
        raise InputError(
            f"{predicted.path}:{guess.line}: expected {_shown(right)} as in "
            f"{gold.path}:{right.line}, found {_shown(guess)}"
            f"{f'; {more} more rows differ' if more else ''}; predict the rows of the test file in "
            "its order"
        )
    lost = sum(not guess.lemma for _, guess in pairs)
    if lost:
        predicted.dropped[NO_ANSWER] = lost
    return [guess.form for _, guess in pairs]


def comparable(text: str, normalise: bool) -> str:
    r"""A form as it is compared: stripped, and in NFC where that is asked for.

    >>> len(comparable(" n\u0303andu", True)), len(comparable("n\u0303andu ", False))
    (5, 6)
    """
    text = text.strip()
    return unicodedata.normalize("NFC", text) if normalise else text


def _asked(row: Row, normalise: bool) -> tuple[str, str]:
    return comparable(row.lemma, normalise), comparable(row.features, normalise)


def _shown(row: Row) -> str:
    return f"{excerpt(row.lemma)} {excerpt(row.features)}"
