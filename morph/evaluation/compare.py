"""Two systems on the same test set: is the second one better? Paired tests over lemmas.

The statistics of a lemma's items are summed before anything is drawn or swapped, since a system
that errs in one form of a lemma is likely to err in the next (see `metrics.ratios`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metrics.paired import (
    bootstrap_p,
    bootstrap_sums,
    difference_interval,
    randomisation_p,
    swapped_sums,
)
from metrics.ratios import SHARE, by_group
from morph.evaluation.items import Item
from morph.evaluation.scores import Evaluation, Plan

SIGNIFICANT = 0.05
TRIALS = 10_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """System B against system A in exact match, in points of 0-100.

    Attributes:
        difference: b less a; `low` and `high` bound it (95 % paired bootstrap of lemmas).
        p_bootstrap, p_randomisation: of both tests, in (0, 1].
        wins: items that B has right and A wrong; losses: the reverse.
    """

    system_a: str
    system_b: str
    n: int
    lemmas: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    wins: int
    losses: int

    @property
    def better(self) -> str:
        """The system that is better where both tests give p < 0.05, or "neither"."""
        if not self.difference or max(self.p_bootstrap, self.p_randomisation) >= SIGNIFICANT:
            return "neither"  # of equal systems the tests would say p = 0: nothing exceeds nothing
        return self.system_b if self.difference > 0 else self.system_a

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "better": self.better}


def compare(a: Evaluation, b: Evaluation, plan: Plan) -> Comparison:
    """Test system B against system A over the same items.

    Raises:
        ValueError: they were scored on different items.
    """
    lemmas = [item.lemma for item in a.items]
    mine, theirs = (by_group(_rows(one.items), lemmas) for one in (b, a))
    drawn = bootstrap_sums(theirs, mine, resamples=plan.resamples, seed=plan.seed)
    swapped = swapped_sums(theirs, mine, trials=TRIALS, seed=plan.seed)
    differences = drawn.differences(SHARE.of_columns)
    low, high = difference_interval(differences)
    pairs = list(zip(a.items, b.items, strict=True))
    return Comparison(
        system_a=a.system,
        system_b=b.system,
        n=len(pairs),
        lemmas=len(mine),
        a=a.scores[0].value,
        b=b.scores[0].value,
        difference=b.scores[0].value - a.scores[0].value,
        low=low,
        high=high,
        p_bootstrap=bootstrap_p(differences),
        p_randomisation=randomisation_p(swapped.differences(SHARE.of_columns)),
        wins=sum(theirs.right < ours.right for theirs, ours in pairs),
        losses=sum(theirs.right > ours.right for theirs, ours in pairs),
    )


def _rows(items: Sequence[Item]) -> list[list[int | float]]:
    return [[int(item.right), 1] for item in items]
