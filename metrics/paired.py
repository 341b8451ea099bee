"""Is one system better than another? Paired tests over the same segments.

Both systems meet the same resamples, so what makes a segment hard for both cancels out. The summed
statistics are drawn once and serve every metric: their columns stand side by side.

>>> def rate(totals): return 100 * totals[0] / totals[1]
>>> nothing, everything = [[0, 1]] * 50, [[1, 1]] * 50
>>> drawn = bootstrap_sums(nothing, everything, resamples=1000, seed=1).differences(rate)
>>> round(bootstrap_p(drawn), 4), difference_interval(drawn)
(0.001, (100.0, 100.0))

The draws and the p-values are sacrebleu's, so that its `--paired-bs` and `--paired-ar` print the
same figures for the same seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metrics.significance import (
    Aggregate,
    Row,
    bootstrap_counts,
    checked_rows,
    percentile_interval,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK_CELLS = 1 << 22  # coins held at once: 4 MB, and 32 MB as the numbers that are multiplied
_ROWS = 32  # a block holds whole words of random bits, so that blocks change no coin


@dataclass(frozen=True, slots=True)
class PairedSums:
    """Summed statistics of two systems, each of shape (1 + m, width).

    The first row is what was observed; the others are m resamples, the same for both.
    """

    baseline: NDArray[np.float64]
    system: NDArray[np.float64]

    def of_columns(self, start: int, stop: int) -> PairedSums:
        """Those of one metric, whose statistics stand in these columns."""
        return PairedSums(self.baseline[:, start:stop], self.system[:, start:stop])

    def differences(self, aggregate: Aggregate) -> NDArray[np.float64]:
        """Score of the system less that of the baseline, shape (1 + m,)."""
        return aggregate(self.system.T) - aggregate(self.baseline.T)


def bootstrap_sums(
    baseline: Sequence[Row], system: Sequence[Row], *, resamples: int = 1000, seed: int
) -> PairedSums:
    """Both systems on segments drawn with replacement (Koehn 2004).

    Raises:
        ValueError: the systems have different numbers of segments, or no rows; a bad plan (see
            `metrics.significance.bootstrap_counts`).
    """
    import numpy as np

    theirs, ours = _matrices(baseline, system)
    both = np.hstack([theirs, ours])
    blocks = bootstrap_counts(len(both), resamples=resamples, seed=seed)
    drawn = np.vstack([both.sum(0), *(counts @ both for counts in blocks)])
    return PairedSums(drawn[:, : theirs.shape[1]], drawn[:, theirs.shape[1] :])


def swapped_sums(
    baseline: Sequence[Row], system: Sequence[Row], *, trials: int = 10_000, seed: int
) -> PairedSums:
    """Both systems after every segment's two outputs changed places with probability one half.

    Approximate randomisation (Riezler and Maxwell 2005). Raises as `bootstrap_sums`.
    """
    import numpy as np

    theirs, ours = _matrices(baseline, system)
    draws = np.random.default_rng(seed)
    rows = max(_ROWS, _BLOCK_CELLS // len(ours) // _ROWS * _ROWS)
    swapped = []
    for start in range(0, trials, rows):
        size = (min(rows, trials - start), len(ours))
        stay = draws.integers(2, size=size, dtype=bool).astype(np.float64)
        swapped.append(stay @ (theirs - ours) + ours.sum(0))
    first = np.vstack([theirs.sum(0), *swapped])
    return PairedSums(first, theirs.sum(0) + ours.sum(0) - first)


def bootstrap_p(differences: NDArray[np.float64]) -> float:
    """p-value of `bootstrap_sums(...).differences(...)`, in (0, 1].

    The share of resamples whose difference, less the mean difference, exceeds the one that was
    observed: absolute differences, one added to numerator and denominator.
    """
    import numpy as np

    found = np.abs(differences)
    exceeding = int((found[1:] - found[1:].mean() > found[0]).sum())
    return (exceeding + 1) / len(found)


def randomisation_p(differences: NDArray[np.float64]) -> float:
    """p-value of `swapped_sums(...).differences(...)`, in (0, 1].

    The share of trials whose absolute difference exceeds the one that was observed, one added to
    numerator and denominator.
    """
    import numpy as np

    found = np.abs(differences)
    return (int((found[1:] > found[0]).sum()) + 1) / len(found)


def difference_interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % percentile interval of the resampled differences."""
    return percentile_interval(differences[1:])


def check_paired(baseline: Sequence[Row], system: Sequence[Row]) -> None:
    """Raise ValueError unless both systems have as many segments."""
    if len(baseline) != len(system):
        raise ValueError(
            f"paired test: expected the same segments for both systems, found "
            f"{len(baseline)} and {len(system)}; score both over one test set"
        )


def _matrices(
    baseline: Sequence[Row], system: Sequence[Row]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    check_paired(baseline, system)
    theirs, ours = (np.asarray(checked_rows(rows), np.float64) for rows in (baseline, system))
    return theirs, ours
