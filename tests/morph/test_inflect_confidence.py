"""Confidence: isotonic curves, calibration error, and when rules may overrule a model."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.unimorph import Triple
from morph.inflecting.calibration import (
    NEVER,
    Contest,
    Curve,
    expected_calibration_error,
    learned_margin,
)
from morph.inflecting.choice import UNCALIBRATED, Calibration, calibrate, decide
from morph.rules import RuleAnswer, Rules

SCORES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=150)


class Hypothesis(NamedTuple):
    """A form with the logarithm of its probability."""

    form: str
    score: float


@given(SCORES, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_less_sure(
    items: list[tuple[float, bool]], one: float, other: float
) -> None:
    curve = Curve.fit([score for score, _ in items], [right for _, right in items])
    low, high = sorted([one, other])
    assert 0 < curve(low) <= curve(high) + 1e-12 < 1.0001
    again = Curve.from_json(curve.as_json())
    assert again(one) == pytest.approx(curve(one), abs=1e-3)


def test_a_curve_finds_the_accuracy_behind_the_scores() -> None:
    rng = random.Random(1)
    scores = [rng.random() for _ in range(20_000)]
    right = [rng.random() < score**2 for score in scores]  # overconfident
    curve = Curve.fit(scores, right)
    for score in (0.2, 0.5, 0.9):
        assert curve(score) == pytest.approx(score**2, abs=0.05)
    before = expected_calibration_error(scores, right)
    assert before == pytest.approx(100 / 6, abs=1)  # the mean of x - x**2
    assert expected_calibration_error([curve(one) for one in scores], right) < 2


def test_calibration_error_and_margin_worked_by_hand() -> None:
    # One bin: mean confidence 0.75, accuracy 0.5; another: 0.15 and 0.
    confidences, right = [0.71, 0.79, 0.15, 0.15], [True, False, False, False]
    assert expected_calibration_error(confidences, right) == pytest.approx(20.0)
    helpful = Contest(model=0.2, model_right=False, rules=0.9, rules_right=True)
    harmful = Contest(model=0.6, model_right=True, rules=0.8, rules_right=False)
    assert learned_margin([helpful, harmful]) == pytest.approx(0.2)
    assert learned_margin([harmful]) == NEVER
    with pytest.raises(InputError, match="expected items, found none"):
        expected_calibration_error([], [])


def test_rules_win_by_more_than_the_margin_only() -> None:
    model = [Hypothesis("hasoma", math.log(0.4)), Hypothesis("hasomi", math.log(0.3))]
    answer = RuleAnswer("hasomi", "lala : halali", 3, 0.9, (("hasome", 0.1),))
    by_rules = decide(model, answer, UNCALIBRATED._replace(margin=0.4))
    assert (by_rules.form, by_rules.by, by_rules.confidence) == ("hasomi", "rule", 0.9)
    assert by_rules.alternatives == ("hasoma", "hasome")
    by_model = decide(model, answer, UNCALIBRATED._replace(margin=0.6))
    assert (by_model.form, by_model.by) == ("hasoma", "model")
    assert by_model.confidence == pytest.approx(0.4)


def negations(lemmas: list[str]) -> list[Triple]:
    """Swahili: he does not; a verb in -a ends in -i, others stay."""
    return [
        Triple(one, "V;NEG", "ha" + (one[:-1] + "i" if one[-1] == "a" else one)) for one in lemmas
    ]


def test_dev_data_teach_whom_to_believe(tmp_path: Path) -> None:
    stems = [a + b for a in "bdfgklmnps" for b in ("eka", "ima", "ona", "udu")]
    rules = Rules.learn(negations([f"t{stem}" for stem in stems]))
    dev = negations([f"w{stem}" for stem in stems])

    def knows_nothing_of_i(items: list[tuple[str, str]]) -> list[list[Hypothesis]]:
        return [[Hypothesis(f"ha{lemma}", -0.1)] for lemma, _ in items]

    def knows_all(items: list[tuple[str, str]]) -> list[list[Hypothesis]]:
        return [[Hypothesis(triple.form or "", -0.1)] for triple in dev]

    found = calibrate(knows_nothing_of_i, rules, dev)
    assert found.figures["accuracy model"] == 25  # the verbs in -u
    assert found.figures["accuracy both"] == 100
    choice = decide([Hypothesis("hatema", -0.1)], rules.predict("tema", "V;NEG"), found)
    assert (choice.form, choice.by) == ("hatemi", "rule")
    assert calibrate(knows_all, rules, dev).margin == NEVER  # nothing to gain
    found.save(tmp_path)
    loaded = Calibration.load(tmp_path)
    assert loaded is not None
    assert loaded.margin == pytest.approx(found.margin)
    assert loaded.figures == pytest.approx(found.figures, abs=1e-4)
    (tmp_path / "calibration.json").write_text("[]")
    with pytest.raises(InputError, match=r"calibration.json: expected .*--calibrate"):
        Calibration.load(tmp_path)
