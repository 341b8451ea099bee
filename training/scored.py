"""What a finished run that was scored on test sets is: its folder, its model, what it says.

class Classified(ScoredRun):
    unit = "accuracy"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from data.pages import Interval, Plotted


@dataclass(frozen=True, repr=False)
class ScoredRun(Plotted):
    """A finished run: its folder, the model in it, and what scores.json says.

    Attributes:
        unit: the score that a picture shows.
    """

    unit: ClassVar[str]

    folder: Path
    model: Path
    told: Mapping[str, Any]

    def summary(self) -> str:
        """How many test sets were scored, and where the run lies."""
        sets = {result["test"] for result in self.told["results"]}
        return f"{len(sets)} test sets; {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a test set, system and score."""
        return [
            {"test": result["test"], "system": result["system"]} | score
            for result in self.told["results"]
            for score in result["scores"]
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The unit's score of every test set and system."""
        rows = [row for row in self.rows() if row["name"] == self.unit]
        return self.unit, [
            Interval(f"{row['test']}, {row['system']}", row["value"], row["low"], row["high"])
            for row in rows
        ]
