"""WEAT, SEAT and CEAT: hand-worked values, planted effects that are found, none where none is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trust.fairness.association import (
    associations,
    effect_size,
    interval,
    permutation_test,
)
from trust.fairness.ceat import samples
from trust.fairness.lists import Group, WordTest
from trust.fairness.random_effects import average, combined


def test_random_effects_by_hand() -> None:
    """Effects 0 and 2, variances 1: weights 1, mean 1, Q 2, c = 2 - 2/2 = 1, tau2 1, SE 1."""
    one = combined([0, 2], [1, 1])
    assert (one.q, one.tau2, one.value, one.error) == (2, 1, 1, 1)
    assert one.p == pytest.approx(0.31731, abs=1e-5)
    two = combined([1, 3], [0.5, 0.5])
    assert (two.q, two.tau2, two.value, two.error) == (4, 1.5, 2, 1)
    assert two.p == pytest.approx(0.04550, abs=1e-5)


def test_agreeing_effects_have_no_variance_between() -> None:
    """Q below its degrees of freedom: the fixed-effect mean, weighted by 1 / variance."""
    found = combined([1.0, 2.0], [1.0, 4.0])
    assert found.tau2 == 0
    assert found.value == pytest.approx((1 + 2 / 4) / (1 + 1 / 4))
    assert found.error == pytest.approx(math.sqrt(1 / 1.25))


@pytest.mark.parametrize(
    ("effects", "variances"),
    [([1.0], [1.0]), ([1, 2], [0, 1]), ([1, 2], [1]), ([1, math.nan], [1, 1])],
)
def test_what_cannot_be_combined(effects: list[float], variances: list[float]) -> None:
    with pytest.raises(ValueError, match="random effects: expected"):
        combined(effects, variances)


def test_average_of_the_authors_code() -> None:
    assert average([1.0, 2.0, 3.0], [0.01, 0.04, 0.2]).significant == pytest.approx(200 / 3)


def test_effect_and_test_by_hand() -> None:
    """Cosines by hand: s is 1, .8 - .6 = .2, and their negatives."""
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]])
    x = associations(np.array([[5.0, 0.0], [4.0, 3.0]]), a, b)
    y = associations(np.array([[0.0, 1.0], [3.0, 4.0]]), a, b)
    assert x == pytest.approx([1, 0.2])
    assert y == pytest.approx([-1, -0.2])
    deviation = math.sqrt((1 + 0.04) * 2 / 3)
    assert effect_size(x, y) == pytest.approx(1.2 / deviation)
    found = permutation_test(x, y)
    assert (found.exact, found.partitions) == (True, 6)
    assert found.p_greater == pytest.approx(1 / 6)
    assert found.p == pytest.approx(2 / 6)


def test_drawn_partitions_agree_with_all_of_them() -> None:
    import trust.fairness.association as module

    draws = np.random.default_rng(3)
    x, y = draws.normal(0.5, 1, 8), draws.normal(0, 1, 8)
    exact = permutation_test(x, y)
    most, module.MOST_EXACT = module.MOST_EXACT, 10
    try:
        drawn = permutation_test(x, y)
    finally:
        module.MOST_EXACT = most
    assert exact.exact
    assert not drawn.exact
    assert drawn.p == pytest.approx(exact.p, abs=0.02)
    assert drawn.null == pytest.approx(exact.null, abs=0.05)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=6, unique=True),
    st.lists(st.floats(-1, 1), min_size=2, max_size=6, unique=True),
    st.floats(0.1, 5),
    st.floats(-3, 3),
)
def test_effect_is_bounded_and_knows_no_scale(
    x: list[float], y: list[float], scale: float, shift: float
) -> None:
    found = effect_size(x, y)
    assert -2 <= found <= 2
    if np.std([*x, *y]) > 1e-3:
        moved = [scale * one + shift for one in x], [scale * one + shift for one in y]
        assert effect_size(*moved) == pytest.approx(found, abs=1e-6)
        assert effect_size(y, x) == pytest.approx(-found, abs=1e-9)
        low, high = interval(x, y)
        assert -2 <= low <= high <= 2


def planted(
    apart: float, words: int, draws: np.random.Generator
) -> tuple[float, np.ndarray, np.ndarray]:
    """Vectors whose associations are normal, `apart` deviations apart; the effect they have."""
    a, b = np.eye(8)[0], np.eye(8)[1]
    made = []
    for sign in (1, -1):
        wanted = 0.1 * (
            sign * apart / 2 + draws.normal(0, 1, words)
        )  # s(w) = cos(w, a) - cos(w, b)
        along = np.clip(wanted / math.sqrt(2), -0.99, 0.99)
        axis, rest = (a - b) / math.sqrt(2), np.eye(8)[2:]
        other = rest[draws.integers(len(rest), size=words)]
        made.append(along[:, None] * axis + np.sqrt(1 - along**2)[:, None] * other)
    return apart / math.sqrt(1 + apart**2 / 4), made[0], made[1]


@pytest.mark.parametrize("apart", [0.0, 1.0, 2.5, 5.0])
def test_a_planted_bias_is_recovered_and_none_is_found_where_none_is(apart: float) -> None:
    """Of 60 planted sets 95 % must lie in their intervals; of sets without bias 5 % are found."""
    draws = np.random.default_rng(11)
    a, b = np.eye(8)[:1], np.eye(8)[1:2]
    covered = found = 0
    for number in range(60):
        true, x, y = planted(apart, 10, draws)
        of_x, of_y = associations(x, a, b), associations(y, a, b)
        low, high = interval(of_x, of_y)
        covered += low <= true <= high
        found += permutation_test(of_x[:7], of_y[:7], seed=number).p < 0.05
    assert covered >= 51  # 57 expected; P(50 or fewer) is .003
    if apart == 0:
        assert found <= 9  # 3 expected; P(10 or more) is .001
    if apart >= 2.5:
        assert found >= 50


def word_vectors(apart: float, spread: float) -> tuple[WordTest, dict[str, np.ndarray]]:
    """Contexts around each word's own vector, at `spread` of its length."""
    draws = np.random.default_rng(5)
    _, x, y = planted(apart, 10, draws)
    names = [[f"{side}{n}" for n in range(10)] for side in "xy"]
    own = dict(zip([w for one in names for w in one], np.concatenate([x, y]), strict=True))
    own |= {f"a{n}": np.eye(8)[0] for n in range(2)} | {f"b{n}": np.eye(8)[1] for n in range(2)}
    vectors = {}
    for word, vector in own.items():
        seen = vector + draws.normal(0, spread, (30, 8))
        vectors[word] = seen / np.linalg.norm(seen, axis=1, keepdims=True)
    sides = (*names, ["a0", "a1"], ["b0", "b1"])
    groups = [Group(name, tuple(words)) for name, words in zip("xyab", sides, strict=True)]
    return WordTest("toy", "en", *groups), vectors


def test_contexts_shrink_an_effect_and_never_make_one() -> None:
    sharp = samples(*word_vectors(2.0, 0.001), 200, 1)
    noisy = samples(*word_vectors(2.0, 0.1), 200, 1)
    none = samples(*word_vectors(0.0, 0.1), 200, 1)

    def of(drawn: np.ndarray) -> float:
        spread = drawn.std(axis=1, ddof=1)
        return combined((drawn[:, :10].mean(1) - drawn[:, 10:].mean(1)) / spread, spread**2).value

    assert of(sharp) > of(noisy) > 0.3
    words = none.mean(axis=0)
    assert permutation_test(words[:10], words[10:]).p > 0.05
    again = samples(*word_vectors(2.0, 0.1), 200, 1)
    assert (again == noisy).all()
