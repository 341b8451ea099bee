"""Paired tests: what must hold of them whatever the figures; their values stand in test_goldens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import paired
from metrics.paired import bootstrap_p, bootstrap_sums, randomisation_p, swapped_sums


def rate(totals):
    return 100 * totals[0] / totals[1]


def test_a_system_does_not_differ_from_itself():
    rows = [[0, 1], [1, 1], [1, 1]]
    assert (
        bootstrap_p(bootstrap_sums(rows, rows, resamples=100, seed=1).differences(rate)) == 1 / 101
    )


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30), st.integers(0, 99)
)
def test_the_tests_do_not_mind_which_system_comes_first(pairs, seed):
    first, second = ([[int(pair[side]), 1] for pair in pairs] for side in (0, 1))
    for draw, p in ((bootstrap_sums, bootstrap_p), (swapped_sums, randomisation_p)):
        many = {"resamples": 40} if draw is bootstrap_sums else {"trials": 40}
        one_way = p(draw(first, second, seed=seed, **many).differences(rate))
        assert one_way == p(draw(second, first, seed=seed, **many).differences(rate))
        assert 0 < one_way <= 1


@pytest.mark.parametrize("cells", [1, 7 * 32, 7 * 64 + 3, 1 << 22])
def test_blocks_change_no_coin(cells, monkeypatch):
    rows = np.arange(14).reshape(7, 2).tolist()
    whole = swapped_sums(rows, rows[::-1], trials=200, seed=4)
    monkeypatch.setattr(paired, "_BLOCK_CELLS", cells)
    assert np.array_equal(
        swapped_sums(rows, rows[::-1], trials=200, seed=4).baseline, whole.baseline
    )


def test_metrics_side_by_side_meet_the_same_draws():
    first, second = [[0, 1], [1, 1], [1, 1]] * 9, [[1, 1], [1, 1], [0, 1]] * 9
    wide = [[*row, *row] for row in first], [[*row, *row] for row in second]
    alone = bootstrap_sums(first, second, resamples=50, seed=2).differences(rate)
    beside = bootstrap_sums(*wide, resamples=50, seed=2).of_columns(2, 4).differences(rate)
    assert np.array_equal(alone, beside)


def test_paired_systems_share_the_segments():
    with pytest.raises(ValueError, match="same segments for both systems, found 1 and 2"):
        bootstrap_sums([[1, 1]], [[1, 1], [0, 1]], seed=1)
