"""Attacks on figures that can be worked out by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest

from data.errors import InputError
from metrics.roc import auc, auc_score, curve, rate_at, rate_score
from trust.attacks import ATTACKS, Evidence, Shadow, attack, register
from trust.canary import Canary, check_tokens, digits_for, exposure, rank_of
from trust.observed import Observed, confidence
from trust.one_run import bound, chance_of, epsilon_bound
from trust.shift import shift_score


def observed(*losses: float) -> Observed:
    values = np.array(losses)
    return Observed(values, values / 2, values * 2)


def test_auc_and_interval() -> None:
    """DeLong by hand: shares .875, .625, 1, 1 and 1, .875, 1, .625; variance 1/128 a side."""
    score = auc_score([3, 2, 5, 4], [1, 2, 0, 3], "x:1")
    assert score.value == 87.5
    assert score.low == pytest.approx(87.5 - 100 * 1.959964 * (2 / 128) ** 0.5)
    assert auc([1, 1], [1, 1]) == 0.5


def test_a_perfect_auc_has_a_width() -> None:
    score = auc_score([2.0] * 20, [1.0] * 30, "x:1")
    assert (score.value, score.high) == (100.0, 100.0)
    assert 80 < score.low < 85  # Wilson of 20 of 20: 83.9
    assert auc_score([1.0], [2.0], "x:1").value == 0


def test_rates_at_few_false_positives() -> None:
    others = list(range(100))
    members = [98.5, 99.5, 50, 3]
    assert rate_at(members, others, 0.01) == 0.5  # 99 may be above the threshold
    assert rate_at(members, others, 0.05) == 0.5
    assert rate_at([99.0], others, 0.01) == 1.0  # it ties with the one that may be above
    score = rate_score(members, others, 0.01, "x:1")
    assert score.name == "TPR at FPR 1 %"
    assert score.low <= 50 <= score.high
    with pytest.raises(ValueError, match="needs 1,000 others or more, found 100"):
        rate_at(members, others, 0.001)


def test_what_is_no_score_is_refused() -> None:
    with pytest.raises(ValueError, match="members: expected scores, found none"):
        auc([], [1])
    with pytest.raises(ValueError, match="no number"):
        curve([float("nan")], [1])


def test_reference_takes_shadows_without_a_candidate() -> None:
    """Of two candidates each is in one of two shadows; the other's loss is what it is beside."""
    shadows = (
        Shadow(np.array([True, False]), observed(0.1, 2.0)),
        Shadow(np.array([False, True]), observed(3.0, 0.2)),
    )
    evidence = Evidence(observed(0.5, 1.5), shadows=shadows)
    assert attack("reference").scores(evidence).tolist() == [2.5, 0.5]
    given = Evidence(observed(0.5, 1.5), reference=observed(1.0, 1.0), shadows=shadows)
    assert attack("reference").scores(given).tolist() == [0.5, -0.5]


def test_rmia_by_hand() -> None:
    """p / mean p of shadows: .8 / .5 = 1.6 and .3 / .5 = .6: the first beats the second by 2."""
    inside, outside = -np.log(0.6), -np.log(0.4)
    shadows = (
        Shadow(np.array([True, False]), observed(inside, outside)),
        Shadow(np.array([False, True]), observed(outside, inside)),
    )
    found = attack("rmia").scores(Evidence(observed(-np.log(0.8), -np.log(0.3)), shadows=shadows))
    assert found.round(6).tolist() == [1.0, 0.0]


def test_lira_prefers_what_shadows_with_it_say() -> None:
    shadows = [
        Shadow(np.array([n % 2 == 0]), observed(0.01 if n % 2 == 0 else 2.0)) for n in range(8)
    ]
    low = attack("lira").scores(Evidence(observed(0.01), shadows=shadows))
    high = attack("lira").scores(Evidence(observed(2.0), shadows=shadows))
    assert low[0] > 0 > high[0]
    assert confidence(np.log(2.0)) == pytest.approx(0)


def test_an_attack_is_one_row() -> None:
    register("surest", lambda evidence: -evidence.target.lowest, "worst place", kinds=("decoder",))
    try:
        assert attack("surest").scores(Evidence(observed(1.0))).tolist() == [-2.0]
    finally:
        del ATTACKS["surest"]
    with pytest.raises(InputError, match="did you mean lira"):
        attack("lyra")


@pytest.mark.parametrize(
    ("examples", "right", "epsilon"), [(10, 10, 1.052), (100, 100, 3.493), (100, 70, 0.472)]
)
def test_one_run_bound(examples: int, right: int, epsilon: float) -> None:
    assert epsilon_bound(examples, examples, right) == pytest.approx(epsilon, abs=5e-4)


def test_one_run_bound_with_delta() -> None:
    """With delta one guess of one: the tail is p, and delta adds 2 delta at most."""
    assert chance_of(1, 1, 1, 0.0, 0.0) == 0.5
    assert chance_of(1, 1, 1, 0.0, 0.01) == pytest.approx(0.5 + 0.5 * 2 * 0.01)
    assert epsilon_bound(100, 100, 100, 1e-5) < epsilon_bound(100, 100, 100)
    assert epsilon_bound(100, 100, 55) == 0


def test_randomized_response_stays_below_its_epsilon() -> None:
    """Answers that are right with e^2 / (1 + e^2): in 20 draws at most one bound is above 2."""
    above = 0
    for seed in range(20):
        draws = np.random.default_rng(seed)
        coins = draws.random(400) < 0.5
        truthful = draws.random(400) < np.exp(2) / (1 + np.exp(2))
        scores = np.where(coins == truthful, 1.0, 0.0) + draws.random(400) * 0.1
        above += bound(scores, coins.tolist()).epsilon > 2
    assert above <= 1


def test_exposure_and_ranks() -> None:
    assert exposure(1, 10_000) == pytest.approx(13.288, abs=1e-3)
    assert rank_of(0.1, [0.2, 0.3]) == 1
    assert rank_of(0.4, [0.2, 0.3]) == 3


def test_secrets_are_all_others() -> None:
    canary = Canary("1", "", ("a",), ("0", "1"), ("0", "1", "2"), 1, ("x",))
    every = canary.secrets(1000, 1)
    assert len(every) == canary.number - 1 == 8
    assert canary.secret not in every
    drawn = canary.secrets(3, 1)
    assert len(set(drawn)) == 3
    assert drawn == canary.secrets(3, 1)


def test_digits_of_scripts() -> None:
    assert digits_for(["আমাকে জাগাও"])[9] == "৯"
    assert digits_for(["أيقظني غدا"])[0] == "٠"
    assert digits_for(["hello"]) == tuple("0123456789")


def test_canaries_that_tokenise_alike_are_refused() -> None:
    with pytest.raises(InputError, match="canary hi-1: 2 of its 3 signs tokenise alike"):
        check_tokens({"hi-1": [(5, 3), (5, 3), (5, 4)]})


def test_shift_is_seen_without_the_model() -> None:
    one = [f"mvua itanyesha kesho mjini {n}" for n in range(30)]
    two = [f"play some music please {n}" for n in range(30)]
    score = shift_score([*one, *two], [True] * 30 + [False] * 30, 1)
    assert score is not None
    assert score.value > 95
    dealt = [True] * 30 + [False] * 30
    random.Random(1).shuffle(dealt)
    mixed = shift_score([*one, *two], dealt, 1)
    assert mixed is not None
    assert mixed.low < 50 < mixed.high
    assert shift_score(one[:5], [True, False] * 2 + [True], 1) is None
