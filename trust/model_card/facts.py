"""What a model's page consists of: rows of figures by language, facts, data, and what is missing.

>>> cells = {"de": Cell(80.5, 77.0, 84.0, 500), "da": Cell(83.1, 79.8, 86.4, 500)}
>>> row = Row("quality", "intent accuracy", cells, "nlu-1f2e")
>>> row.cells["de"].text(), row.worst
('80.5 [77.0, 84.0]', 'de')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from metrics.score import Score

QUALITY, PIECES, PRIVACY = "quality", "pieces", "privacy"
FEDERATION, FAIRNESS, SIZE, DATA = "federation", "fairness", "size and speed", "data"
SECTIONS = (QUALITY, PIECES, PRIVACY, FEDERATION, FAIRNESS, SIZE, DATA)
SHUFFLED = "shuffled: "  # begins what is said of a figure's null
ALL = ""  # the column of figures that are of no one language


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its interval, None where nobody made one."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    digits: int = 1

    @classmethod
    def of(cls, score: Mapping[str, Any] | Score, digits: int = 1) -> Cell:
        """From a score or its record."""
        found = score if isinstance(score, Score) else Score.from_dict(score)
        return cls(found.value, found.low, found.high, found.n, digits)

    def text(self) -> str:
        """As it is printed."""
        d = self.digits
        if self.low is None or self.high is None:
            return f"{self.value:.{d}f}"
        return f"{self.value:.{d}f} [{self.low:.{d}f}, {self.high:.{d}f}]"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure in several languages, from one run.

    Attributes:
        cells: by code; under ALL what is of no one language.
        run: the folder that it was read from.
        about: what else tells it from rows of the same name.
        higher_is_better: None where there is no better.
    """

    section: str
    name: str
    cells: Mapping[str, Cell]
    run: str
    about: str = ""
    higher_is_better: bool | None = True

    @property
    def key(self) -> tuple[str, str]:
        """The same for the same figure of two models, whose nulls differ."""
        return self.name, "" if self.about.startswith(SHUFFLED) else self.about

    @property
    def worst(self) -> str | None:
        """The language that is served worst, of two or more."""
        known = {code: cell.value for code, cell in self.cells.items() if code != ALL}
        if len(known) < 2 or self.higher_is_better is None:
            return None
        chosen = min if self.higher_is_better else max
        return chosen(known, key=lambda code: known[code])


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is no figure by language."""

    section: str
    name: str
    text: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What was not measured, and the command that fills it, or why there is none."""

    section: str
    what: str
    command: str

    @property
    def is_command(self) -> bool:
        """Whether a command fills it.

        >>> Missing("data", "data and licences", "the model is of no run of ours").is_command
        False
        """
        return self.command.startswith("python -m ")


@dataclass(frozen=True)
class Card:
    """All that is known of a model.

    Attributes:
        model: as it was asked for; name and revision as `models.resolve` tells them.
        task: as Hugging Face calls it: text-classification, token-classification ...
        base: the model that it was trained from, "" for none or unknown.
        data: what it was trained on: name, licence, language, how many.
        sources: runs that were read.
    """

    model: str
    name: str
    revision: str
    task: str
    base: str
    rows: tuple[Row, ...]
    facts: tuple[Fact, ...]
    missing: tuple[Missing, ...]
    data: tuple[Mapping[str, Any], ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def languages(self) -> list[str]:
        """The codes of all columns, in the alphabet."""
        return sorted({code for row in self.rows for code in row.cells} - {ALL})

    def of(self, section: str) -> tuple[list[Row], list[Fact], list[Missing]]:
        """The parts of a section."""
        return (
            [one for one in self.rows if one.section == section],
            [one for one in self.facts if one.section == section],
            [one for one in self.missing if one.section == section],
        )

    def to_json(self) -> dict[str, Any]:
        """As card.json has it."""
        return asdict(self)
