"""A card as a page shows it: sections, each a table with a column a language, models in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.errors import InputError
from data.languages import resolve
from trust.model_card.facts import ALL, SECTIONS, Card, Cell, Fact, Missing, Row

DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table.

    Attributes:
        model: whose it is, where there are two; DIFFERENCE for the second less the first.
        cells: in the order of the columns, None where there is none.
        worst: the place of the language that is served worst.
    """

    name: str
    about: str
    model: str
    cells: tuple[Cell | None, ...]
    worst: int | None
    run: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        columns: codes, ALL for what is of no one language; titles: what they are called.
    """

    name: str
    columns: tuple[str, ...]
    titles: tuple[str, ...]
    lines: tuple[Line, ...]
    facts: tuple[tuple[str, Fact], ...]
    missing: tuple[tuple[str, Missing], ...]


def sections(cards: Sequence[Card]) -> Iterator[Section]:
    """The sections that have something in them."""
    for name in SECTIONS:
        parts = [card.of(name) for card in cards]
        rows = [row for part in parts for row in part[0]]
        codes = {code for row in rows for code in row.cells}
        columns = (*([ALL] if ALL in codes else []), *sorted(codes - {ALL}))
        labels = [card.name if len(cards) > 1 else "" for card in cards]
        facts = tuple(
            (label, one) for label, part in zip(labels, parts, strict=True) for one in part[1]
        )
        missing = tuple(
            (label, one) for label, part in zip(labels, parts, strict=True) for one in part[2]
        )
        lines = tuple(_lines([part[0] for part in parts], labels, columns))
        if lines or facts or missing or (any(card.data for card in cards) and name == "data"):
            yield Section(name, columns, tuple(map(title, columns)), lines, facts, missing)


def title(code: str) -> str:
    """What a column is called: the language, with its code."""
    if code == ALL:
        return "all"
    try:
        return f"{resolve(code).name} ({code})"
    except InputError:
        return code


def _lines(
    rows: Sequence[Sequence[Row]], labels: Sequence[str], columns: Sequence[str]
) -> Iterator[Line]:
    """Rows of the same name under each other, then their difference."""
    keys = list(dict.fromkeys(row.key for of_card in rows for row in of_card))
    for name, about in keys:
        found = [
            next((row for row in of_card if row.key == (name, about)), None) for of_card in rows
        ]
        for row, label in zip(found, labels, strict=True):
            if row is not None:
                cells = tuple(row.cells.get(code) for code in columns)
                worst = columns.index(row.worst) if row.worst else None
                yield Line(name, row.about, label, cells, worst, row.run)
        if len(found) == 2 and found[0] is not None and found[1] is not None:
            yield Line(name, about, DIFFERENCE, _less(found[1], found[0], columns), None, "")


def _less(second: Row, first: Row, columns: Sequence[str]) -> tuple[Cell | None, ...]:
    """The second less the first, without an interval: runs keep no pairs of both."""
    return tuple(
        Cell(second.cells[code].value - first.cells[code].value, digits=first.cells[code].digits)
        if code in second.cells and code in first.cells
        else None
        for code in columns
    )
