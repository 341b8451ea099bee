"""The figures of `bench.distil`: what an id adds to a mean over languages, intervals in pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.distil import comparisons, exact_by_id, interval
from data.labels.slots import Utterance
from metrics.intents import Parse
from nlu.sets import UtteranceSet


def of(code: str, ids: str) -> UtteranceSet:
    rows = [Utterance(one, ("a", "b"), "go", ("O", "B-x"), "a b") for one in ids]
    return UtteranceSet(code, tuple(rows), code)


def test_an_id_adds_its_share_to_the_mean_over_languages() -> None:
    """Two languages, the second without id 2: 1 of 3 and 2 of 2 right are 66.7 on average.

    A third has id 1 in two ways, one of them right: it adds a half to that id.
    """
    right, wrong = Parse("go", ("O", "B-x")), Parse("go", ("O", "O"))
    parses = {"en": [right, wrong, wrong], "sw": [right, right]}
    found = exact_by_id([of("en", "123"), of("sw", "13")], parses)
    assert found == pytest.approx([100 * 3 / 2 * (1 / 3 + 1 / 2), 0, 100 * 3 / 2 / 2], abs=1e-3)
    assert np.mean(found) == pytest.approx(50 * (1 / 3 + 1), abs=1e-3)
    ways = UtteranceSet("no", of("no", "1").utterances + of("no", "1").utterances, "no")
    ways = replace(ways, utterances=tuple(replace(one, id=f"1/{n}")
                                          for n, one in enumerate(ways.utterances)))  # fmt: skip
    found = exact_by_id([of("en", "12"), ways], {"en": [wrong, wrong], "no": [right, wrong]})
    assert found == pytest.approx([50, 0])


def test_intervals_are_of_pairs() -> None:
    rng = np.random.default_rng(3)
    base = rng.random((2, 50)) * 100
    value, low, high = interval([base, base + 5], lambda one, other: other - one, draws=50)
    assert (value, low, high) == pytest.approx((5, 5, 5))  # the same ids and seeds on both sides
    value, low, high = interval([base], lambda one: one, draws=200)
    assert low < value < high
    assert value == pytest.approx(base.mean())


def test_errors_and_what_is_kept_of_the_teacher() -> None:
    """Nothing 10 right, both 40: the error of 90 falls by a third; of the teacher's 50, 80 %."""
    cells = {name: [{"by id": [value] * 4}] for name, value in
             {"nothing": 10.0, "both": 40.0, "teacher": 50.0, "tuned": 45.0}.items()}  # fmt: skip
    for other in ("alone", "in-domain", "truncated", "distilled"):
        cells[other] = []
    rows = comparisons(cells)
    assert "| +30.0 [+30.0, +30.0] | 33.3 [33.3, 33.3] | 80.0 [80.0, 80.0] |" in rows[-3]
    assert "-5.0 [-5.0, -5.0] points" in rows[-1]
