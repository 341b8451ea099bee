"""The transducer on toy languages: it learns, repeats itself, saves and loads, and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data.errors import InputError
from morph.alphabet import Alphabet
from morph.examples import Example, ExampleBatches, padded
from morph.model import InflectionModel, loss
from morph.recipe import Recipe
from morph.transducer import Transducer
from tests.morph.toys import RECIPE, items, regular, trained


@pytest.fixture(scope="module")
def toy() -> Transducer:
    return trained()


def test_it_learns_a_regular_language(toy: Transducer) -> None:
    test = regular(100, 2)
    answers = toy.predict([(t.lemma, t.features) for t in test])
    right = sum(best.form == t.form for (best, *_), t in zip(answers, test, strict=True))
    assert right >= 95


def test_it_copies_characters_that_it_never_saw(toy: Transducer) -> None:
    [[answer]] = toy.predict([("書apoki", "V;PST")])
    assert answer.form == "ali書apoki"


def test_batch_size_changes_nothing(toy: Transducer) -> None:
    asked = [*items(60, 3), ("bañadaba", "V;PST")]
    whole = toy.predict(asked, batch_size=256)
    for size in (1, 7, 64):
        some = toy.predict(asked, batch_size=size)
        assert [a.form for [a] in some] == [a.form for [a] in whole]
        assert [a.score for [a] in some] == pytest.approx([a.score for [a] in whole], abs=1e-4)


def test_same_seed_same_weights(toy: Transducer) -> None:
    again = trained()
    for one, other in zip(toy.models[0].parameters(), again.models[0].parameters(), strict=True):
        assert torch.equal(one, other)


def test_save_load_predict(toy: Transducer, tmp_path: Path) -> None:
    toy.save(tmp_path / "model")
    loaded = Transducer.load(tmp_path / "model")
    asked = items(30, 4)
    assert loaded.predict(asked) == toy.predict(asked)
    assert loaded.features == {"V", "PST", "PL", "NEG"}
    assert "language: [toy]" in (tmp_path / "model" / "README.md").read_text("utf-8")


def test_beam_finds_nothing_worse_than_greedy_and_sorts(toy: Transducer) -> None:
    asked = items(20, 5)
    for [alone], best in zip(toy.predict(asked), toy.predict(asked, beam=4, n_best=3), strict=True):
        assert best[0].score >= alone.score - 1e-4
        assert [one.score for one in best] == sorted((one.score for one in best), reverse=True)
        assert len({one.form for one in best}) == len(best) == 3


def test_a_score_is_the_log_probability_of_the_whole_form(toy: Transducer) -> None:
    [[answer]] = toy.predict([("soma", "V;PST")])
    word = toy.alphabet.encode("soma")
    batch = {
        "lemma": padded([word.ids], None),
        "features": torch.tensor([toy.alphabet.encode_features("V;PST")]),
        "form": torch.tensor([[1, *toy.alphabet.encode(answer.form, word.unknown_units).ids, 2]]),
    }
    with torch.no_grad():
        total, units = loss(toy.models[0], batch)
    assert answer.score == pytest.approx(-float(total), abs=1e-3)
    assert int(units) == len(answer.form) + 1


def test_given_forms_are_scored_as_predicted_ones(toy: Transducer) -> None:
    asked = items(30, 8)
    best = [one for [one] in toy.predict(asked)]
    scores = toy.score([(*item, one.form) for item, one in zip(asked, best, strict=True)])
    assert scores == pytest.approx([one.score for one in best], abs=1e-3)
    worse = toy.score([("soma", "V;PST", "somasoma"), ("soma", "V;PST", "書")])
    assert worse[0] < toy.predict([("soma", "V;PST")])[0][0].score
    assert worse[1] == float("-inf")


def test_probabilities_sum_to_one(toy: Transducer) -> None:
    model = toy.models[0]
    with torch.no_grad():
        memory = model.encode(torch.tensor([[5, 6, 7, 0]]), torch.tensor([[1, 2, 0]]))
        written, _ = model.decode(torch.tensor([[1, 5, 6]]), memory)
        shares = model.distribution(written, memory)
    assert shares.sum(-1).flatten().tolist() == pytest.approx([1.0] * 3, abs=1e-5)


def test_padding_changes_no_probability() -> None:
    from morph.recipe import Architecture

    torch.manual_seed(0)
    model = InflectionModel(Architecture(20, 6, width=16, heads=2, inner=32)).eval()
    short = model(torch.tensor([[5, 6]]), torch.tensor([[1, 2]]), torch.tensor([[1, 5, 2]]))
    padded_lemma, padded_names = torch.tensor([[5, 6, 0, 0]]), torch.tensor([[1, 2, 0]])
    long = model(padded_lemma, padded_names, torch.tensor([[1, 5, 2, 0]]))
    assert long[0, :2].tolist() == pytest.approx(short[0].tolist(), abs=1e-5)
    assert long[0, 2] == 0


@pytest.mark.parametrize("features", ["both", "attended", "added"])
def test_cached_decoding_sees_what_training_sees(features: str) -> None:
    from morph.recipe import Architecture

    torch.manual_seed(1)
    size = Architecture(20, 6, width=16, heads=2, inner=32, features=features)  # type: ignore[arg-type]
    model = InflectionModel(size).eval()
    form = torch.tensor([[1, 5, 9, 7, 2]])
    with torch.no_grad():
        memory = model.encode(torch.tensor([[5, 6, 7]]), torch.tensor([[1, 4]]))
        whole, _ = model.decode(form, memory)
        past, steps = None, []
        for place in range(5):
            one, past = model.decode(form[:, place : place + 1], memory, past)
            steps.append(one)
    assert torch.allclose(torch.cat(steps, 1), whole, atol=1e-5)


def test_batches_know_their_place() -> None:
    rows = regular(50, 6)
    alphabet = Alphabet.of(rows)
    examples = [
        Example(t.lemma, tuple(alphabet.encode_features(t.features)), t.form or "") for t in rows
    ]
    first = ExampleBatches([examples], alphabet, 8, seed=3)
    stream = iter(first)
    for _ in range(9):
        next(stream)
    second = ExampleBatches([examples], alphabet, 8, seed=3)
    second.load_state_dict(first.state_dict())
    for one, other in zip(range(5), iter(second), strict=False):
        del one
        batch = next(stream)
        assert all(torch.equal(batch[name], other[name]) for name in batch)


def test_networks_answer_together() -> None:
    pair = trained(Recipe(**{**RECIPE.to_json(), "networks": 2, "steps": 60}))
    asked = items(20, 7)
    both = pair.predict(asked)
    alone = [
        Transducer(pair.languages, pair.alphabet, (model,), pair.scripts).predict(asked)
        for model in pair.models
    ]
    assert not torch.equal(pair.models[0].gate.weight, pair.models[1].gate.weight)
    for [answer], [one], [other] in zip(both, *alone, strict=True):
        if one.form == other.form:  # then both give it the same units, and the mean does not
            assert min(one.score, other.score) <= answer.score + 1e-4
            assert answer.form == one.form


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (("", "V;PST"), "expected text, found none"),
        (("читать", "V;PST"), r"training data \(CJK, Latn\), found Cyrl"),
        (("soma", "V;PAST"), "found PAST; nearest: PST"),
    ],
)
def test_what_it_refuses(toy: Transducer, item: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        toy.predict([item])
    assert toy.refusal(*item) is not None


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a trained model \(config.json\), found none"):
        Transducer.load(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(InputError, match="expected an inflection model of format 1, found another"):
        Transducer.load(tmp_path)


def test_n_best_needs_a_beam(toy: Transducer) -> None:
    with pytest.raises(InputError, match=r"n_best: expected 1 to 1 \(the beam\), found 3"):
        toy.predict([("soma", "V;PST")], n_best=3)
