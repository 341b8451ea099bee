"""Resampling of stored statistics: intervals without a second pass over text.

A corpus score such as BLEU is a function of *summed* sufficient statistics. One bootstrap
resample draws n segments with replacement (Efron 1979; Koehn 2004 for machine translation), so
it is a vector of n counts, and its summed statistics are `counts @ statistics`. Draws depend on
(n, resamples, seed) only: two systems over the same test set meet the same resamples, which is
what a paired test needs (`metrics.paired`).

The draws and the percentile rule are sacrebleu's, so that its `--confidence` prints the same
figures for the same seed.

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
