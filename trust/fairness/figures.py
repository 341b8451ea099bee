"""What a measure finds: a figure with its interval, its null, and what else could explain it.

>>> score = Score("gap", -12.0, -15.0, -9.0, "reference:en", 500, "95% paired bootstrap")
>>> figure = Figure("gaps", EXTRINSIC, "kk against en", score, "kk", p=0.001, null=(-2.0, 2.0))
>>> Figure.from_json(figure.to_json()) == figure, figure.beyond_null
(True, True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from metrics.score import Score

INTRINSIC, EXTRINSIC = "intrinsic", "extrinsic"
SHAPE = {
    "measure": str,
    "kind": str,
    "what": str,
    "score": dict,
    "language": str,
    "p?": float,
    "null?": [float],
    "beside": dict,
    "about": str,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a measure.

    Attributes:
        measure: by whose name in MEASURES.
        kind: INTRINSIC, of representations, or EXTRINSIC, of what a model does.
        what: which lists, languages or groups.
        language: a code, "" where it is of several.
        p: two-sided, where there is a test.
        null: the central 95 % of the figure where there is nothing to find: shuffled lists.
        beside: confounds, by name: numbers, or a text.
        about: what a reader must know of this figure.
    """

    measure: str
    kind: str
    what: str
    score: Score
    language: str = ""
    p: float | None = None
    null: tuple[float, float] | None = None
    beside: Mapping[str, float | str] = field(default_factory=dict)
    about: str = ""

    @property
    def beyond_null(self) -> bool | None:
        """Whether it lies outside of what shuffled lists give; None where that is not known."""
        if self.null is None:
            return None
        return not self.null[0] <= self.score.value <= self.null[1]

    def to_json(self) -> dict[str, Any]:
        """A record."""
        return {**asdict(self), "score": self.score.to_dict(), "beside": dict(self.beside)} | {
            "null": list(self.null) if self.null else None
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Figure:
        """The figure of a record of this shape (`SHAPE`)."""
        null = told["null"]
        score = Score.from_dict(told["score"])
        return cls(**{**told, "score": score, "null": tuple(null) if null else None})


@dataclass(frozen=True, slots=True)
class Made:
    """What one measure found.

    Attributes:
        lacks: why it was not made, "" where it was.
    """

    name: str
    figures: Sequence[Figure]
    notes: Sequence[str]
    lacks: str = ""
