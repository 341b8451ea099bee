"""Gold and predictions as they stand in their files, with line numbers, and whether they line up.

    gold, predicted = read_rows(Path("swa.tst")), read_rows(Path("run/swa.tst"), predictions=True)
    forms = lined_up(gold, predicted)

Nothing is normalised here: a shared task's scorer reads the text as it is. Cells are stripped and
blank lines passed over, as the organisers' scorer of 2022 does
(https://github.com/sigmorphon/2022InflectionST, evaluation/evaluate.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.files import sha256_file
from data.tsv import excerpt
from data.unimorph import FEATURES, FORM, LEMMA, SAMPLED_ROWS, SHARED_TASK_ORDER, Triple, raw_lines
from data.unimorph import find_columns as order_of


class Row(NamedTuple):
    """A line of a file: its number from 1, and its cells without space around them."""

    line: int
    lemma: str
    features: str
    form: str


@dataclass(frozen=True)
class Table:
    """A file of forms: the order of its columns, and its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def triples(self) -> list[Triple]:
        """The rows without their line numbers."""
        return [Triple(row.lemma, row.features, row.form) for row in self.rows]

    @property
    def is_raw_by_layout(self) -> bool:
        """Whether the columns are the shared task of 2023's, which compares text as it is.

        The order lemma, form, features is UniMorph's and the shared task of 2022's, whose scorer
        brings both forms to NFC.
        """
        return self.columns == SHARED_TASK_ORDER

    @cached_property
    def sha256(self) -> str:
        """The checksum of the file."""
        return sha256_file(self.path)


def read_rows(
    path: Path, columns: Sequence[str] | None = None, *, predictions: bool = False
) -> Table:
    """Read a file of lemma, features and form.

    Args:
        columns: their order; found out by default (`data.unimorph.find_columns`).
        predictions: a form may be empty, since a system may have no answer.

    Raises:
        InputError: no such file, not UTF-8, an order that cannot be found out, a covered file, a
            line with another number of cells or an empty one.
    """
    lines = [(number, cells) for number, cells in _cells(path) if any(cells)]
    order = tuple(columns or order_of(path, [cells for _, cells in lines[:SAMPLED_ROWS]]))
    if {LEMMA, FEATURES, FORM} != {name for name in order if name != "-"}:
        raise InputError(
            f"{path}: expected the columns lemma, features and form, found {', '.join(order)}; "
            "give a file with the forms, or their order with --columns lemma,features,form"
        )
    if lines and tuple(cell.lower() for cell in lines[0][1]) == order:
        del lines[0]
    return Table(path, order, tuple(_rows(path, lines, order, predictions)))


def _rows(
    path: Path, lines: Sequence[tuple[int, Sequence[str]]], order: Sequence[str], predictions: bool
) -> Iterator[Row]:
    lemma, features, form = (order.index(name) for name in (LEMMA, FEATURES, FORM))
    for number, cells in lines:
        if len(cells) != len(order):
            raise InputError(
                f"{path}:{number}: expected {len(order)} columns ({', '.join(order)}), found "
                f"{len(cells)} ({excerpt(chr(9).join(cells))}); fix the line"
            )
        row = Row(number, cells[lemma], cells[features], cells[form])
        if not row.lemma or not row.features or not (row.form or predictions):
            raise InputError(
                f"{path}:{number}: expected a lemma, features and a form, found an empty cell "
                f"({excerpt(chr(9).join(cells))}); fix the line"
            )
        yield row


def _cells(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The cells of every line, stripped, whatever the normal form."""
    for number, text in raw_lines(path):
        yield number, tuple(cell.strip() for cell in text.split("\t"))


def lined_up(gold: Table, predicted: Table, *, normalise: bool = False) -> list[str]:
    """The predicted forms, after a look at whether lemma and features are gold's line by line.

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
    differing = [
        (right, guess)
        for right, guess in zip(gold.rows, predicted.rows, strict=True)
        if _asked(right, normalise) != _asked(guess, normalise)
    ]
    if differing:
        (right, guess), more = differing[0], len(differing) - 1
        raise InputError(
            f"{predicted.path}:{guess.line}: expected {_shown(right)} as in "
            f"{gold.path}:{right.line}, found {_shown(guess)}"
            f"{f'; {more} more rows differ' if more else ''}; predict the rows of the test file in "
            "its order"
        )
    return [row.form for row in predicted.rows]


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
