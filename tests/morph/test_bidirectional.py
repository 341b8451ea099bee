"""Networks from both ends of a word: each side learns, and they agree on a form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from morph.recipe import Recipe, TrainingConfig
from morph.run import train_model
from morph.transducer import Transducer
from tests.morph.toys import RECIPE, items, regular, trained


@pytest.fixture(scope="module")
def backward() -> Transducer:
    return trained(replace(RECIPE, steps=400), from_end=True)


@pytest.fixture(scope="module")
def both(backward: Transducer) -> Transducer:
    return replace(trained(), backward=backward)


def test_from_the_end_it_learns_and_copies_as_well(backward: Transducer) -> None:
    test = regular(100, 2)
    answers = backward.predict([(t.lemma, t.features) for t in test])
    assert sum(best.form == t.form for (best, *_), t in zip(answers, test, strict=True)) >= 90
    [[answer]] = backward.predict([("書apoki", "V;PST")])
    assert answer.form == "ali書apoki"


def test_the_sides_read_in_opposite_orders(both: Transducer) -> None:
    """A form that ends wrongly: the side that ends there is sure of the rest, the other is not."""
    forward, backward = both.directions
    asked = ("pamudi", "V;PST", "alipamudini")
    assert forward.score([asked]) != pytest.approx(backward.score([asked]))
    assert forward.predict([asked[:2]])[0][0].form == backward.predict([asked[:2]])[0][0].form


def test_the_score_is_the_mean_of_both_and_the_best_comes_first(both: Transducer) -> None:
    asked = items(10, 5)
    forward, backward = both.directions
    for (lemma, bundle), found in zip(asked, both.predict(asked, beam=4, n_best=3), strict=True):
        rows = [(lemma, bundle, one.form) for one in found]
        means = [
            (a + b) / 2 for a, b in zip(forward.score(rows), backward.score(rows), strict=True)
        ]
        assert [one.score for one in found] == pytest.approx(means, abs=1e-4)
        assert means == sorted(means, reverse=True)
        assert both.score(rows) == pytest.approx(means, abs=1e-4)
        proposed = (
            forward.predict([(lemma, bundle)])[0][0],
            backward.predict([(lemma, bundle)])[0][0],
        )
        assert means[0] >= max(both.score([(lemma, bundle, one.form) for one in proposed])) - 1e-4


def test_saved_and_loaded_they_answer_the_same(both: Transducer, tmp_path: Path) -> None:
    both.save(tmp_path / "model")
    asked = items(20, 4)
    assert Transducer.load(tmp_path / "model").predict(asked) == both.predict(asked)


def test_few_triples_are_trained_from_both_ends(tmp_path: Path) -> None:
    few = tmp_path / "few.tsv"
    few.write_text("".join(f"{t.lemma}\t{t.form}\t{t.features}\n" for t in regular(60, 1)), "utf-8")
    recipe = replace(RECIPE, steps=3, hallucinated=0)
    config = TrainingConfig(("toy",), recipe, train=few, columns=("lemma", "form", "features"))
    trained_model = train_model(config, tmp_path / "run")
    assert len(trained_model.steps) == 2
    assert trained_model.transducer.backward is not None
    for name in ("network-1", "backward-1"):
        assert (tmp_path / "run" / name / "report.html").is_file()
    alone = train_model(replace(config, recipe=replace(recipe, backward=False)), tmp_path / "alone")
    assert alone.transducer.backward is None
    asked = [("bado", "V;PST")]
    assert alone.transducer.predict(asked) == trained_model.transducer.directions[0].predict(asked)


def test_both_sides_share_the_time() -> None:
    recipe = Recipe(seconds=600, networks=3)
    assert recipe.directions(1999) == 2
    assert recipe.directions(2000) == 1
    assert replace(recipe, backward=True).directions(10000) == 2
    assert recipe.settings(0, "cpu", 2).seconds == 100
