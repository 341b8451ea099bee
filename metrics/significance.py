"""Resampling of stored statistics: intervals and paired tests without a second pass over text.

A corpus score such as BLEU is a function of *summed* sufficient statistics. One bootstrap
resample draws n segments with replacement (Efron 1979; Koehn 2004 for machine translation), so
it is a vector of n counts, and its summed statistics are `counts @ statistics`. Draws depend on
(n, resamples, seed) only: two systems over the same test set meet the same resamples, which is
what a paired test needs.

The draws, the percentile rule and the p-value are sacrebleu's, so that its `--confidence` and
`--paired-bs` print the same figures for the same seed.

>>> hits_and_trials = [[1, 1], [0, 1], [1, 1]]
>>> def rate(totals): return 100 * totals[0] / totals[1]
>>> percentile_interval(resampled_scores(rate, hits_and_trials, resamples=1000, seed=1))
(0.0, 100.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row: TypeAlias = Sequence[int | float]
"""The sufficient statistics of one segment; plain numbers, so that they store as JSON."""

Columns: TypeAlias = "NDArray[np.float64]"
"""Many summed rows, one a column, shape (width, m), or what they score, shape (m,)."""

Aggregate: TypeAlias = "Callable[[Columns], Columns]"
"""From summed rows to scores, all at once."""

MIN_RESAMPLES = 40  # fewer have no 2.5 % tail to cut
_BLOCK_CELLS = 1 << 21  # counts held at once: 16 MB


def bootstrap_counts(n: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each of n segments is drawn in each resample, in blocks of shape (rows, n).

    Every row sums to n. The blocks bound the memory, whatever n is, and do not change the
    draws. Counts are float64 because that is what a fast matrix product takes; they are exact.

    Raises:
        ValueError: n < 1, a seed below 0, or fewer than 40 resamples.

    >>> [block] = bootstrap_counts(4, resamples=40, seed=1)
    >>> block.shape, set(block.sum(axis=1).tolist())
    ((40, 4), {4.0})
    """
    _check_plan(n, resamples, seed)
    return _count_blocks(n, resamples, seed)


def _count_blocks(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    import numpy as np

    draws = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // n)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        # One flat count over (row, segment) pairs: row r's segments are numbered from r * n.
        cells = draws.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        counts = np.bincount(cells.ravel(), minlength=rows * n)
        yield counts.reshape(rows, n).astype(np.float64)


def bootstrap_totals(
    statistics: Sequence[Row], *, resamples: int = 1000, seed: int
) -> NDArray[np.float64]:
    """Summed statistics of every resample, shape (resamples, width of a row).

    Sums of whole numbers are exact, so they do not depend on the machine.

    Raises:
        ValueError: no rows, rows of different widths, or a bad plan (see `bootstrap_counts`).
    """
    import numpy as np

    matrix = np.asarray(checked_rows(statistics), dtype=np.float64)
    blocks = bootstrap_counts(len(matrix), resamples=resamples, seed=seed)
    return np.concatenate([counts @ matrix for counts in blocks])


def resampled_scores(
    aggregate: Aggregate,
    statistics: Sequence[Row],
    *,
    resamples: int = 1000,
    seed: int,
) -> NDArray[np.float64]:
    """The score of every resample, shape (resamples,)."""
    return aggregate(bootstrap_totals(statistics, resamples=resamples, seed=seed).T)


def percentile_interval(scores: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """The bounds that leave 2.5 % of the resampled scores out at either end.

    sacrebleu's rule: of m sorted scores, the ones at index m // 40 and m - 1 - m // 40.

    Raises:
        ValueError: fewer than 40 scores.

    >>> percentile_interval(range(1000))
    (25.0, 974.0)
    """
    if len(scores) < MIN_RESAMPLES:
        raise ValueError(_too_few(len(scores)))
    ordered = sorted(map(float, scores))
    tail = len(ordered) // 40
    return ordered[tail], ordered[-1 - tail]


def paired_bootstrap(
    aggregate: Aggregate,
    baseline: Sequence[Row],
    system: Sequence[Row],
    *,
    resamples: int = 1000,
    seed: int,
) -> float:
    """p-value of the difference between two systems over the same segments, in (0, 1].

    The share of resamples whose difference, less the mean difference, exceeds the difference
    that was observed (Koehn 2004, as sacrebleu computes it: absolute differences, one added to
    numerator and denominator). For `aggregate` see `resampled_scores`.

    Raises:
        ValueError: the systems have different numbers of segments; see also `bootstrap_totals`.

    >>> def rate(totals): return 100 * totals[0] / totals[1]
    >>> nothing, everything = [[0, 1]] * 50, [[1, 1]] * 50
    >>> round(paired_bootstrap(rate, nothing, everything, resamples=1000, seed=1), 4)
    0.001
    """
    import numpy as np

    differences = np.abs(_paired_differences(aggregate, baseline, system, resamples, seed))
    observed, resampled = differences[0], differences[1:]
    exceeding = int((resampled - resampled.mean() > observed).sum())
    return (exceeding + 1) / (resamples + 1)


def approximate_randomisation(
    aggregate: Aggregate,
    baseline: Sequence[Row],
    system: Sequence[Row],
    *,
    trials: int = 10_000,
    seed: int,
) -> float:
    """p-value of the difference between two systems over the same segments, in (0, 1].

    In each trial every segment's two outputs change places with probability one half. The share
    of trials whose difference exceeds the one that was observed (Riezler and Maxwell 2005, as
    sacrebleu computes it: absolute differences, one added to numerator and denominator).

    Raises:
        ValueError: the systems have different numbers of segments; see also `checked_rows`.

    >>> def rate(totals): return 100 * totals[0] / totals[1]
    >>> same = [[0, 1], [1, 1]] * 25
    >>> approximate_randomisation(rate, same, same[::-1], trials=100, seed=1) > 0.5
    True
    """
    import numpy as np

    check_paired(baseline, system)
    theirs, ours = (np.asarray(checked_rows(rows), np.float64) for rows in (baseline, system))
    stay = np.random.default_rng(seed).integers(2, size=(trials, len(theirs)), dtype=bool)
    blocks = np.array_split(stay, 1 + stay.size // _BLOCK_CELLS)
    swapped = np.concatenate([block @ (theirs - ours) for block in blocks]) + ours.sum(0)
    # The outputs as they stand come first, scored in the same call as the trials.
    first = np.vstack([theirs.sum(0), swapped])
    second = theirs.sum(0) + ours.sum(0) - first
    differences = np.abs(aggregate(first.T) - aggregate(second.T))
    return (int((differences[1:] > differences[0]).sum()) + 1) / (trials + 1)


def paired_interval(
    aggregate: Aggregate,
    baseline: Sequence[Row],
    system: Sequence[Row],
    *,
    resamples: int = 1000,
    seed: int,
) -> tuple[float, float]:
    """The 95 % percentile interval of the difference, system less baseline.

    Both systems meet the same resamples, so what makes a segment hard for both cancels out.

    >>> def rate(totals): return 100 * totals[0] / totals[1]
    >>> paired_interval(rate, [[0, 1]] * 50, [[1, 1]] * 50, seed=1)
    (100.0, 100.0)
    """
    return percentile_interval(
        _paired_differences(aggregate, baseline, system, resamples, seed)[1:]
    )


def _paired_differences(
    aggregate: Aggregate,
    baseline: Sequence[Row],
    system: Sequence[Row],
    resamples: int,
    seed: int,
) -> NDArray[np.float64]:
    """System less baseline: as observed, then on each resample, the same ones for both."""
    import numpy as np

    check_paired(baseline, system)
    scores = []
    for rows in (baseline, system):
        drawn = bootstrap_totals(rows, resamples=resamples, seed=seed)
        scores.append(aggregate(np.vstack([summed(rows), drawn]).T))
    return scores[1] - scores[0]


def check_paired(baseline: Sequence[Row], system: Sequence[Row]) -> None:
    """Raise ValueError unless both systems have as many segments."""
    if len(baseline) != len(system):
        raise ValueError(
            f"paired test: expected the same segments for both systems, found "
            f"{len(baseline)} and {len(system)}; score both over one test set"
        )


def summed(statistics: Sequence[Row]) -> list[int | float]:
    """The column sums of the rows.

    >>> summed([[1, 2], [3, 4]])
    [4, 6]
    """
    return [sum(column) for column in zip(*checked_rows(statistics), strict=True)]


def checked_rows(statistics: Sequence[Row]) -> Sequence[Row]:
    """The same rows, after a look at their number and width.

    Raises:
        ValueError: no rows, or a row that is wider or narrower than the first.
    """
    if not len(statistics):
        raise ValueError("statistics: expected at least 1 segment, found 0; score some segments")
    width = len(statistics[0])
    for index, row in enumerate(statistics):
        if len(row) != width:
            raise ValueError(
                f"statistics[{index}]: expected {width} numbers as in statistics[0], found "
                f"{len(row)}; do not mix metrics or versions"
            )
    return statistics


def _check_plan(n: int, resamples: int, seed: int) -> None:
    if n < 1:
        raise ValueError(f"bootstrap: expected at least 1 segment, found {n}; score some segments")
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, found {seed}; pass another seed")
    if resamples < MIN_RESAMPLES:
        raise ValueError(_too_few(resamples))


def _too_few(found: int) -> str:
    return (
        f"resamples: expected at least {MIN_RESAMPLES}, because fewer have no 2.5 % tail, "
        f"found {found}; 1000 is usual"
    )
