"""Resampling: the draws are numpy's, the bounds are the binomial distribution's."""

import math

import numpy as np
import pytest

from metrics import significance
from metrics.significance import (
    bootstrap_counts,
    bootstrap_totals,
    percentile_interval,
    resampled_scores,
)


def rate(totals):
    return 100 * totals[0] / totals[1]


@pytest.mark.parametrize("cells", [1, 7, 64, 1 << 21])
def test_the_draws_are_those_of_sacrebleu_whatever_the_block(cells, monkeypatch):
    monkeypatch.setattr(significance, "_BLOCK_CELLS", cells)
    # sacrebleu's call, in significance._bootstrap_resample
    drawn = np.random.default_rng(12345).choice(7, size=(50, 7), replace=True)
    expected = [np.bincount(row, minlength=7).tolist() for row in drawn]
    blocks = list(bootstrap_counts(7, resamples=50, seed=12345))
    assert np.concatenate(blocks).tolist() == expected
    assert max(len(block) for block in blocks) <= max(1, cells // 7)


def test_totals_are_the_sums_over_the_drawn_rows():
    rows = np.arange(15).reshape(5, 3)
    drawn = np.random.default_rng(3).choice(5, size=(40, 5), replace=True)
    assert bootstrap_totals(rows.tolist(), resamples=40, seed=3).tolist() == (
        rows[drawn].sum(axis=1).tolist()
    )


def binomial_quantile(share: float, n: int, p: float) -> int:
    below = 0.0
    for hits in range(n + 1):
        below += math.comb(n, hits) * p**hits * (1 - p) ** (n - hits)
        if below >= share:
            return hits
    return n


def test_the_interval_of_a_rate_is_that_of_the_binomial_distribution():
    rows = [[1, 1]] * 60 + [[0, 1]] * 140
    low, high = percentile_interval(resampled_scores(rate, rows, resamples=20_000, seed=1))
    assert low == pytest.approx(100 * binomial_quantile(0.025, 200, 0.3) / 200, abs=0.5)
    assert high == pytest.approx(100 * binomial_quantile(0.975, 200, 0.3) / 200, abs=0.5)


def test_the_seed_decides():
    rows = [[hit, 1] for hit in (0, 1, 1, 0, 1, 0, 0)]
    first, again, other = (resampled_scores(rate, rows, seed=seed).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_percentiles_leave_a_fortieth_out_at_either_end():
    assert percentile_interval([*range(100, 0, -1)]) == (3.0, 98.0)
    assert percentile_interval([*range(40)]) == (1.0, 38.0)


@pytest.mark.parametrize(
    ("rows", "plan", "message"),
    [
        ([], {"seed": 1}, "statistics: expected at least 1 segment, found 0"),
        ([[1, 2], [1]], {"seed": 1}, r"statistics\[1\]: expected 2 numbers as in statistics\[0\]"),
        ([[1]], {"seed": -1}, "seed: expected 0 or more, found -1"),
        ([[1]], {"seed": 1, "resamples": 39}, "resamples: expected at least 40.*found 39"),
    ],
)
def test_a_plan_that_cannot_be(rows, plan, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_totals(rows, **plan)


def test_no_segments_no_counts():
    with pytest.raises(ValueError, match="bootstrap: expected at least 1 segment, found 0"):
        bootstrap_counts(0, resamples=40, seed=1)


def test_too_few_scores_have_no_percentiles():
    with pytest.raises(ValueError, match=r"no 2\.5 % tail, found 3; 1000 is usual"):
        percentile_interval([1.0, 2.0, 3.0])
