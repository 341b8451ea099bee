"""Whose form is given, the model's or the rules', with weights that were chosen by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace as Hypothesis

import numpy as np
import pytest

from data.errors import InputError
from morph.inflect.choice import Calibration, Curves, Evidence, Preference, choose, decide
from morph.rules import RuleAnswer
from morph.rules.calibration import Curve, Step


def flat(confidence: float) -> Curve:
    return Curve((Step(0.0, confidence, 9),))


# Curves that can be told apart; the rules' form is taken where the model finds it likelier.
BY_LEAD = Calibration(Curves(flat(0.1), flat(0.2), flat(0.3)), Preference((0.0, 0.0, 1.0, 0.0)))


class Model:
    """Gives every form that it is asked about the same score, and remembers what it was asked."""

    def __init__(self, score: float) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._score = score

    def score(self, items: Sequence[tuple[str, str, str]]) -> list[float]:
        self.asked += items
        return [self._score - place for place, _ in enumerate(items)]


def answer(form: str) -> RuleAnswer:
    return RuleAnswer(form, "", 3, 0.6, (("other", 0.1),))


def test_only_forms_that_differ_are_scored_each_at_its_place() -> None:
    model = Model(-0.5)
    items = [("a", "V"), ("b", "V"), ("c", "V")]
    hypotheses = [[Hypothesis(form=f"x{lemma}", score=-1.0)] for lemma, _ in items]
    answers = [answer("ya"), answer("xb"), answer("yc")]
    found = choose(model, items, hypotheses, answers, BY_LEAD)  # type: ignore[arg-type]
    assert model.asked == [("a", "V", "ya"), ("c", "V", "yc")]
    # -0.5 for ya is likelier than -1, -1.5 for yc is not; both give xb.
    assert [(one.form, one.by, one.confidence) for one in found] == [
        ("ya", "rule", 0.3),
        ("xb", "model", 0.1),
        ("xc", "model", 0.2),
    ]
    assert [one.alternatives for one in found] == [
        ("xa", "other"),
        ("other",),
        ("yc", "other"),
    ]


def test_without_weights_the_model_is_believed() -> None:
    calm = BY_LEAD._replace(preference=Preference())
    found = decide([Hypothesis(form="x", score=-9.0)], answer("y"), -0.1, calm)
    assert (found.form, found.by, found.alternatives) == ("x", "model", ("y", "other"))


def test_the_weights_are_the_penalised_maximum() -> None:
    """There the slope of the likelihood is that of the ridge: X'(p - y) + w = 0, bias aside."""
    rng = np.random.default_rng(4)
    evidence = [Evidence(-float(a), -float(b), float(c)) for a, b, c in rng.random((60, 3)) * 3 % 1]
    right = [bool(n) for n in rng.integers(2, size=60)]
    weights = np.array(Preference.fit(evidence, right).weights)
    inputs = np.array([one.values() for one in evidence])
    chance = 1 / (1 + np.exp(-inputs @ weights))
    slope = inputs.T @ (chance - np.array(right))
    assert slope + weights * [0, 1, 1, 1] == pytest.approx(np.zeros(4), abs=1e-6)


def test_three_items_teach_nothing_and_four_do() -> None:
    sure, unsure = Evidence(-0.1, -9.0, 0.5), Evidence(-1.5, -1.6, 0.9)
    assert Preference.fit([sure, unsure, sure], [False, True, False]) == Preference()
    found = Preference.fit([sure, unsure] * 2, [False, True] * 2)
    assert (found.prefers_rules(sure), found.prefers_rules(unsure)) == (False, True)


def test_evidence_as_numbers() -> None:
    values = Evidence(math.log(0.5), math.log(0.25), 0.5).values()
    assert values == pytest.approx([1, 0, math.log(0.5) / 5, 0])
    assert Evidence(-math.inf, -math.inf, 0.5).values()[2] == 0, "alike below the lowest"
    assert Evidence(-40.0, -10.0, 0.5).values()[2] == pytest.approx(20 / 5)
    # Probabilities are kept a ten-thousandth from 0 and 1: log(9999) = 9.21.
    assert Evidence(0.0, 0.0, 1.0).values()[1::2] == pytest.approx([9.2102 / 4] * 2, abs=1e-4)
    assert Evidence(0.5, 0.0, 0.0).values()[3] == pytest.approx(-9.2102 / 4, abs=1e-4)


@pytest.mark.parametrize("value", [None, {}, [1.0], [1.0] * 5])
def test_weights_that_are_none(value: object) -> None:
    with pytest.raises(InputError, match="expected no weights or 4, found"):
        Preference.from_json(value)
    assert Preference.from_json([]) == Preference()
    assert Preference.from_json([1, 2, 3, 4]).weights == (1.0, 2.0, 3.0, 4.0)
