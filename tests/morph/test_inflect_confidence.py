"""Confidence: isotonic curves, calibration error, and when rules may overrule a model."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.unimorph import Triple
from morph.inflect.choice import (
    UNCALIBRATED,
    Calibration,
    Evidence,
    Preference,
    calibrate,
    choose,
    decide,
)
from morph.rules import RuleAnswer, Rules
from morph.rules.calibration import Curve, expected_calibration_error

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
    again = Curve.from_json(curve.to_json())
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


def test_calibration_error_worked_by_hand() -> None:
    # One bin: mean confidence 0.75, accuracy 0.5; another: 0.15 and 0.
    confidences, right = [0.71, 0.79, 0.15, 0.15], [True, False, False, False]
    assert expected_calibration_error(confidences, right) == pytest.approx(20.0)
    with pytest.raises(InputError, match="expected items, found none"):
        expected_calibration_error([], [])


def test_weights_are_where_the_penalised_likelihood_is_flat() -> None:
    rng = random.Random(7)
    evidence = [
        Evidence(-rng.random() * 3, -rng.random() * 9, rng.random() * 0.9 + 0.05)
        for _ in range(300)
    ]
    right = [one.rules + one.rival / 9 + rng.random() > 0.5 for one in evidence]
    weights = Preference.fit(evidence, right).weights
    for place, weight in enumerate(weights):
        slope = 0.0 if place == 0 else weight  # the ridge's
        for one, ok in zip(evidence, right, strict=True):
            values = one.values()
            leaning = sum(w * v for w, v in zip(weights, values, strict=True))
            slope += (1 / (1 + math.exp(-leaning)) - ok) * values[place]
        assert slope == pytest.approx(0, abs=1e-5)
    assert weights[2] > 1  # the likelier the model finds the rules' form, the better
    assert Preference.fit(evidence[:3], right[:3]) == Preference()  # too few


@pytest.mark.parametrize("one_sided", [True, False])
def test_weights_stay_finite_where_one_side_is_always_right(one_sided: bool) -> None:
    evidence = [Evidence(-0.1, -math.inf, 0.9)] * 20
    preference = Preference.fit(evidence, [one_sided] * 20)
    assert all(map(math.isfinite, preference.weights))
    assert preference.prefers_rules(evidence[0]) is one_sided


def test_the_rules_win_where_the_evidence_says_so() -> None:
    model = [Hypothesis("hasoma", math.log(0.4)), Hypothesis("hasomi", math.log(0.3))]
    answer = RuleAnswer("hasomi", "lala : halali", 3, 0.9, (("hasome", 0.1),))
    # The rules' form wins where the model finds it no e-fold less likely.
    near = UNCALIBRATED._replace(preference=Preference((0.2, 0.0, 1.0, 0.0)))
    by_rules = decide(model, answer, math.log(0.3), near)
    assert (by_rules.form, by_rules.by, by_rules.confidence) == ("hasomi", "rule", 0.9)
    assert by_rules.alternatives == ("hasoma", "hasome")
    by_model = decide(model, answer, -math.inf, near)
    assert (by_model.form, by_model.by) == ("hasoma", "model")
    assert by_model.confidence == pytest.approx(0.4)
    assert decide(model, answer, math.log(0.3), UNCALIBRATED).by == "model"


class Believer:
    """A model that gives the forms it was told, and finds every other form unlikely."""

    def __init__(self, forms: dict[tuple[str, str], str]) -> None:
        self.forms = forms

    def predict(self, items: Sequence[tuple[str, str]]) -> list[list[Hypothesis]]:
        return [[Hypothesis(self.forms[item], -0.1)] for item in items]

    def score(self, items: Sequence[tuple[str, str, str]]) -> list[float]:
        return [-3.0] * len(items)


def negations(lemmas: list[str]) -> list[Triple]:
    """Swahili: he does not; a verb in -a ends in -i, others stay."""
    return [
        Triple(one, "V;NEG", "ha" + (one[:-1] + "i" if one[-1] == "a" else one)) for one in lemmas
    ]


def test_dev_data_teach_whom_to_believe(tmp_path: Path) -> None:
    stems = [a + b for a in "bdfgklmnps" for b in ("eka", "ima", "ona", "udu")]
    rules = Rules.learn(negations([f"t{stem}" for stem in stems]))
    dev = negations([f"w{stem}" for stem in stems])

    believed = {(one.lemma, one.features): one.form or "" for one in dev}
    ignorant = Believer({item: f"ha{item[0]}" for item in believed})  # of the verbs in -a
    found = calibrate(ignorant, rules, dev)
    assert found.figures["accuracy model"] == 25  # the verbs in -u
    assert found.figures["accuracy both"] == 100
    assert found.figures["accuracy rules"] == 100
    assert found.figures["items"] == len(dev) == 40
    # The model gives every form 0.9 and is right for a quarter of them.
    of_model, of_rules, of_both = (
        found.figures[f"calibration error {name}"] for name in ("model", "rules", "both")
    )
    assert of_model == pytest.approx(100 * (math.exp(-0.1) - 0.25))
    assert of_both <= of_rules < 30
    asked = [("tema", "V;NEG")]
    [choice] = choose(
        ignorant, asked, [[Hypothesis("hatema", -0.1)]], [rules.predict(*asked[0])], found
    )
    assert (choice.form, choice.by) == ("hatemi", "rule")
    assert calibrate(Believer(believed), rules, dev).preference == Preference()  # nothing to gain
    found.save(tmp_path)
    loaded = Calibration.load(tmp_path)
    assert loaded is not None
    assert loaded.preference == found.preference
    assert loaded.figures == pytest.approx(found.figures, abs=1e-4)
    (tmp_path / "calibration.json").write_text("[]")
    with pytest.raises(InputError, match=r"calibration.json: expected .*--calibrate"):
        Calibration.load(tmp_path)


def test_calibration_of_nothing_and_files_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="as many answers as scores, found 1 for 2; give"):
        Curve.fit([0.5, 0.6], [True])
    assert Curve.fit([], [])(0.3) == 0.5
    with pytest.raises(InputError, match="calibration: expected triples of score, confidence and"):
        Curve.from_json([[1, 2]])
    rules = Rules.learn(negations(["tema", "toa"]))
    covered = [Triple("tema", "V;NEG", None)]
    with pytest.raises(InputError, match="calibration: expected triples with forms, found none"):
        calibrate(Believer({}), rules, covered)
    UNCALIBRATED.save(tmp_path)
    path = tmp_path / "calibration.json"
    told = path.read_text("utf-8")
    assert Calibration.load(tmp_path) is not None
    assert Calibration.load(tmp_path / "none") is None
    path.write_text(told.replace("calibration", "calibratiom", 1), "utf-8")
    with pytest.raises(InputError, match=r"calibration\.json: expected .*calibrate again"):
        Calibration.load(tmp_path)
