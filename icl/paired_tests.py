"""The paired tests behind `python -m icl.compare`: one `Comparison` a direction and metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.pages import Interval, Plotted
from icl.pairing import Pairing, pair_runs, pooled
from metrics.paired import (
    bootstrap_p,
    bootstrap_sums,
    difference_interval,
    randomisation_p,
    swapped_sums,
)

SIGNIFICANT = 0.05
UNKNOWN = "unknown"  # the verdict where nobody said whether higher is better


@dataclass(frozen=True, slots=True)
class Comparison:
    """System B against system A in one direction and metric.

    Attributes:
        difference: b less a, in points of the metric; `low` and `high` bound it.
        p_bootstrap: paired bootstrap; p_randomisation: approximate randomisation; both (0, 1].
        wins: segments on which B's segment score is better; losses: worse; the rest are ties.
            None where nobody knows which way is better.
        higher_is_better: of this metric's scores, see `metrics.score`; None is unknown.
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
    wins: int | None
    losses: int | None
    higher_is_better: bool | None

    @property
    def verdict(self) -> str:
        """ "B", "A" or "neither": better where both tests give p < 0.05; UNKNOWN if none can be."""
        if not self.difference or max(self.p_bootstrap, self.p_randomisation) >= SIGNIFICANT:
            return "neither"  # of equal systems the tests would say p = 0: nothing exceeds nothing
        if self.higher_is_better is None:
            return UNKNOWN
        return "B" if (self.difference > 0) == self.higher_is_better else "A"

    @property
    def label(self) -> str:
        """The metric, and which way is better where that is not up."""
        ways = {True: "", False: " (lower is better)", None: " (higher or lower?)"}
        return f"{self.metric}{ways[self.higher_is_better]}"


class Comparisons(Plotted, list[Comparison]):
    """The comparisons of two runs, a row a direction and metric."""

    def summary(self) -> str:
        """In how many of them which system is better."""
        better = [one.verdict for one in self]
        return f"{len(self)} tests: B better in {better.count('B')}, A in {better.count('A')}"

    def rows(self) -> list[dict[str, Any]]:
        """The fields of each, and the verdict."""
        return [asdict(one) | {"better": one.verdict} for one in self]

    def intervals(self) -> tuple[str, list[Interval]]:
        """B less A in points of each metric: what lies across 0 is no difference."""
        return "B less A, in points of the metric", [
            Interval(f"{one.label}, {one.direction}", one.difference, one.low, one.high)
            for one in self
        ]


def compare(
    a: Path,
    b: Path,
    systems: tuple[str, str] = ("model", "model"),
    *,
    seed: int = 1,
    resamples: int = 1000,
    trials: int = 10_000,
) -> Comparisons:
    """Compare two finished runs, direction by direction, metric by metric, and pooled.

    Raises:
        InputError: a folder holds no finished run or lacks the system, or the two runs differ in
            test set, segments, references or metric settings; the message says in what.
    """
    plan = {"seed": seed, "resamples": resamples, "trials": trials}
    return compare_pairings(pair_runs(a, b, systems), **plan)


def compare_pairings(
    pairings: Sequence[Pairing], *, seed: int = 1, resamples: int = 1000, trials: int = 10_000
) -> Comparisons:
    """`compare` of runs that are paired already; several directions are pooled at the end."""
    return Comparisons(
        comparison
        for pairing in (*pairings, *pooled(pairings))
        for comparison in _compare(pairing, seed, resamples, trials)
    )


def _compare(pairing: Pairing, seed: int, resamples: int, trials: int) -> Iterator[Comparison]:
    """All metrics of one direction over the same draws."""
    rows_a, rows_b = pairing.all_statistics()
    drawn = bootstrap_sums(rows_a, rows_b, resamples=resamples, seed=seed)
    swapped = swapped_sums(rows_a, rows_b, trials=trials, seed=seed)
    start = 0
    for name in pairing.metrics:
        scale = pairing.metric(name)
        columns = start, start + scale.width
        start = columns[1]
        mine = drawn.of_columns(*columns)
        differences = mine.differences(scale.aggregate_columns)
        randomised = swapped.of_columns(*columns).differences(scale.aggregate_columns)
        low, high = difference_interval(differences)
        wins, losses = pairing.wins(name) or (None, None)
        a, b = scale.aggregate(mine.baseline[0].tolist()), scale.aggregate(mine.system[0].tolist())
        yield Comparison(
            direction=pairing.direction,
            metric=name,
            n=len(rows_a),
            a=a,
            b=b,
            difference=b - a,
            low=low,
            high=high,
            p_bootstrap=bootstrap_p(differences),
            p_randomisation=randomisation_p(randomised),
            wins=wins,
            losses=losses,
            higher_is_better=scale.higher_is_better,
        )
