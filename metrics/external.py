"""Scores that another tool gave, a number a segment: COMET, a human's judgement, an edit time.

They pass through the same resampling as our own metrics. The corpus score is their mean, so a
neural metric's checkpoint, which is a pickle more often than not, is never opened here.

>>> comet = Mean("COMET")
>>> comet.aggregate([1.62, 2])
0.81
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metrics.significance import Columns, Row

LARGEST = 1e15  # of a score: a double holds it, and a table
# As scorers print them; Python would take 1_0 and ٣ as well.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a number a segment; rows are `[score, 1]`.

    Attributes:
        higher_is_better: None where nobody knows; then no system is better than another.
    """

    name: str
    higher_is_better: bool | None = None
    width: int = 2

    @property
    def signature(self) -> str:
        """What is known of it: that it comes from outside."""
        return "mean:segments|source:file"

    def extract(
        self,
        hypotheses: Sequence[str],  # noqa: ARG002
        references: Sequence[str],  # noqa: ARG002
    ) -> list[list[int | float]]:
        """Never: the numbers come from a file (`read_scores`)."""
        raise ValueError(f"{self.name}: expected scores from a file, found texts; use read_scores")

    def aggregate(self, totals: Row) -> float:
        """The mean."""
        return totals[0] / totals[1]

    def aggregate_segment(self, row: Row) -> float:
        """The segment's own score."""
        return self.aggregate(row)

    def aggregate_columns(self, totals: Columns) -> Columns:
        """Means of many summed rows, one a column: shape (2, m) to (m,)."""
        means: Columns = totals[0] / totals[1]
        return means

    def aggregate_segment_columns(self, rows: Columns) -> Columns:
        """The segments' own scores."""
        return self.aggregate_columns(rows)


def read_scores(path: Path) -> list[list[int | float]]:
    """One row a segment from a text file with a number a line.

    Blank lines at the end are none.

    Raises:
        ValueError: a line that is no number below 10^15, with path and line; an empty file; no
            file, no text.
    """
    rows: list[list[int | float]] = []
    try:
        lines = path.read_text("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8, found {error.reason}") from error
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ValueError(f"{path}: expected a file of scores, found: {reason}; check it") from error
    for number, line in enumerate(lines, 1):
        score = float(line) if _NUMBER.fullmatch(line.strip()) else math.nan
        if not abs(score) < LARGEST:
            raise ValueError(f"{path}:{number}: expected a number, found {line[:40]!r}; correct it")
        rows.append([score, 1])
    if not rows:
        raise ValueError(f"{path}: expected a number a line, found none; score the output first")
    return rows
