"""How a recipe shares out its time, seeds and examples."""

from __future__ import annotations

import pytest
import torch

from data.errors import InputError
from data.unimorph import Triple
from morph.alphabet import Alphabet
from morph.recipe import Recipe
from morph.run import quick_multiplication


def triples(count: int, lemmas: int) -> list[Triple]:
    """So many triples of so many lemmas."""
    return [Triple(f"soma{n % lemmas}ka", f"V;{n}", f"alisoma{n % lemmas}ka") for n in range(count)]


def test_networks_and_sides_share_the_time_and_have_seeds_of_their_own() -> None:
    recipe = Recipe(seconds=600, networks=3, seed=5)
    assert recipe.settings(0, "cpu").seconds == 200
    assert recipe.settings(2, "cpu", directions=2).seconds == 100
    assert [recipe.settings(n, "cpu").seed for n in range(3)] == [5, 6, 7]
    assert Recipe(steps=10).settings(0, "cpu").seconds is None
    assert Recipe().settings(0, "cpu").seconds == 600


def test_the_loop_gets_what_the_recipe_says() -> None:
    recipe = Recipe(
        steps=7,
        clock="cpu",
        learning_rate=0.5,
        weight_decay=0.25,
        optimizer="adamw",
        average=0.75,
    )
    found = recipe.settings(0, "cpu")
    assert (found.steps, found.clock, found.learning_rate) == (7, "cpu", 0.5)
    assert (found.weight_decay, found.optimizer, found.average) == (0.25, "adamw", 0.75)
    assert (found.schedule, found.betas, found.device) == ("linear", (0.9, 0.98), "cpu")


def test_the_network_gets_what_the_recipe_says() -> None:
    alphabet = Alphabet.of(triples(3, 3))
    recipe = Recipe(
        width=24,
        heads=3,
        inner=40,
        encoder_layers=1,
        decoder_layers=4,
        dropout=0.5,
        features="added",
    )
    found = recipe.architecture(alphabet).to_json()
    assert found == {
        "units": alphabet.size,
        "names": len(alphabet.features),
        "width": 24,
        "heads": 3,
        "inner": 40,
        "encoder_layers": 1,
        "decoder_layers": 4,
        "dropout": 0.5,
        "features": "added",
    }


@pytest.mark.parametrize(
    ("backward", "count", "directions"),
    [(None, 1999, 2), (None, 2000, 1), (True, 9000, 2), (False, 10, 1)],
)
def test_few_triples_are_learnt_from_both_ends(
    backward: bool | None, count: int, directions: int
) -> None:
    assert Recipe(backward=backward).directions(count) == directions


@pytest.mark.parametrize(
    ("count", "lemmas", "invented"),
    [
        (2000, 499, 1000),  # enough triples, of few lemmas
        (2000, 500, 0),
    ],
)
def test_when_triples_are_invented(count: int, lemmas: int, invented: int) -> None:
    real = triples(count, lemmas)
    found = Recipe().augmented(real)
    assert len(found) == count + invented
    assert found[:count] == real


def test_few_triples_get_a_small_network_unless_another_is_asked_for() -> None:
    few, many = Recipe().settled(1999), Recipe().settled(2000)
    assert (few.width, few.inner, few.batch, few.learning_rate) == (64, 256, 64, 0.008)
    assert (many.width, many.inner, many.batch, many.learning_rate) == (128, 512, 32, 0.004)
    asked = Recipe(width=32, batch=8).settled(10)
    assert (asked.width, asked.batch, asked.inner) == (32, 8, 256)
    alphabet = Alphabet.of(triples(3, 3))
    assert Recipe().architecture(alphabet) == many.architecture(alphabet)


def test_few_real_triples_are_repeated_until_they_are_as_many_as_the_invented() -> None:
    """300 invented beside 100 real ones of one cell each: the real ones three times."""
    real = triples(100, 100)
    found = Recipe(hallucinated=300).augmented(real)
    assert found[:100] == found[100:200] == found[200:300] == real
    assert len(found) == 600


@pytest.mark.parametrize(("name", "flag"), [("networks", "--networks"), ("batch", "--batch-size")])
def test_none_of_something_is_refused(name: str, flag: str) -> None:
    with pytest.raises(InputError, match=f"{flag} 0: expected 1 or more"):
        Recipe(**{name: 0})
    assert getattr(Recipe(**{name: 1}), name) == 1


def test_a_network_that_cannot_be_is_refused_before_any_data_are_read() -> None:
    with pytest.raises(InputError, match="width: expected a multiple of twice the heads"):
        Recipe(width=20, heads=4)
    assert Recipe(width=24, heads=4).width == 24


def test_the_precision_of_multiplication_is_restored() -> None:
    before = torch.get_float32_matmul_precision()
    with quick_multiplication():
        assert torch.get_float32_matmul_precision() == "medium"
    assert torch.get_float32_matmul_precision() == before
    with pytest.raises(ZeroDivisionError), quick_multiplication():
        raise ZeroDivisionError
    assert torch.get_float32_matmul_precision() == before
