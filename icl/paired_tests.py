"""The paired tests behind `python -m icl.compare`: one `Comparison` a direction and metric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from icl.pairing import Pairing, pair_runs
from metrics.significance import (
    approximate_randomisation,
    paired_bootstrap,
    paired_interval,
    summed,
)

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """System B against system A in one direction and metric.

    Attributes:
        difference: b less a, in points of the metric; `low` and `high` bound it.
        p_bootstrap: paired bootstrap; p_randomisation: approximate randomisation; both (0, 1].
        wins: segments on which B's segment score is higher; losses: lower; the rest are ties.
    """

    direction: str
    metric: str
    n: int
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
    def verdict(self) -> str:
        """ "B", "A" or "neither": better where both tests give p < 0.05. TER is better lower."""
        if not self.difference or max(self.p_bootstrap, self.p_randomisation) >= SIGNIFICANT:
            return "neither"  # of equal systems the tests would say p = 0: nothing exceeds nothing
        return "B" if (self.difference > 0) != (self.metric == "TER") else "A"


def compare(
    a: Path,
    b: Path,
    systems: tuple[str, str] = ("model", "model"),
    *,
    seed: int = 1,
    resamples: int = 1000,
    trials: int = 10_000,
) -> list[Comparison]:
    """Compare two finished runs, direction by direction, metric by metric.

    Raises:
        InputError: a folder holds no finished run or lacks the system, or the two runs differ in
            test set, segments, references or metric settings; the message says in what.
    """
    return [
        _compare(pairing, name, seed, resamples, trials)
        for pairing in pair_runs(a, b, systems)
        for name in pairing.metrics
    ]


def _compare(pairing: Pairing, name: str, seed: int, resamples: int, trials: int) -> Comparison:
    rows_a, rows_b = pairing.statistics(name)
    scale = pairing.metric(name)
    first, second = (scale.aggregate(summed(rows)) for rows in (rows_a, rows_b))
    pair = (scale.aggregate_columns, rows_a, rows_b)
    low, high = paired_interval(*pair, resamples=resamples, seed=seed)
    wins, losses = pairing.wins(name)
    return Comparison(
        direction=pairing.direction,
        metric=name,
        n=len(rows_a),
        a=first,
        b=second,
        difference=second - first,
        low=low,
        high=high,
        p_bootstrap=paired_bootstrap(*pair, resamples=resamples, seed=seed),
        p_randomisation=approximate_randomisation(*pair, trials=trials, seed=seed),
        wins=wins,
        losses=losses,
    )
