"""Alignment: hand-worked EM, fast_align's own figures, and what must hold for every text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.languages import resolve
from data.load import load_parallel
from data.parallel import Pair
from lexaug.induction import alignment
from lexaug.induction.alignment import (
    Bitext,
    Model,
    Settings,
    align,
    digamma,
    encode,
    intersection,
    train,
    usable,
)

# Koehn 2010, Statistical Machine Translation, section 4.2.3: English given German, no null word.
HOUSE = [("das haus", "the house"), ("das buch", "the book"), ("ein buch", "a book")]
KOEHN = {
    1: {"das the": 0.5, "das house": 0.25, "buch book": 0.5, "ein a": 0.5, "haus house": 0.5},
    2: {"das the": 0.6364, "das house": 0.1818, "ein book": 0.4286, "haus house": 0.5714},
    3: {"das the": 0.7479, "das house": 0.1313, "das book": 0.1208, "ein a": 0.6534},
}

# `fast_align -d -v` (systran-align 3.5.0, tension fixed at 4) on the 120 sentences of the sample:
# "log_e likelihood" of iterations 2 to 5. Its first one starts from another constant.
FAST_ALIGN = {
    ("en", "sw", 0.01): (-6051.09, -2872.43, -2580.11, -2514.84),
    ("sw", "en", 0.01): (-6713.65, -3725.20, -3332.89, -3226.19),
    ("en", "sw", 0.0): (-2684.74, -2389.48, -2260.63, -2202.21),
    ("sw", "en", 0.0): (-3317.07, -2968.85, -2813.35, -2740.79),
}

SENTENCE = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=5)
TEXT = st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=12)
PLAIN = Settings(model1_iterations=5, model2_iterations=0, p0=0.0, same_spelling=1.0, alpha=0.0)


def text_of(pairs: list[tuple[str, str]]) -> Bitext:
    return encode([(source.split(), target.split()) for source, target in pairs])


def table(bitext: Bitext, model: Model) -> dict[str, float]:
    source, target = bitext.source.words, bitext.target.words
    types = zip(model.type_source, model.type_target, model.table, strict=True)
    return {f"{source[s]} {target[t]}": float(p) for s, t, p in types}


@pytest.mark.parametrize("iterations", KOEHN)
def test_model_1_as_worked_by_hand(iterations: int) -> None:
    bitext = text_of(HOUSE)
    model = train(bitext, Settings(iterations, 0, p0=0.0, alpha=0.0))
    found = table(bitext, model)
    for pair, probability in KOEHN[iterations].items():
        assert found[pair] == pytest.approx(probability, abs=5e-5), pair


def test_likelihood_as_worked_by_hand() -> None:
    """Uniform: every word 2 * 1/4 * 1/2. Then (1 * 3/4)/4, (3/4 * 3/4)/4 and (3/4 * 1)/4."""
    model = train(text_of(HOUSE), Settings(2, 0, p0=0.0, alpha=0.0))
    assert np.exp(model.log_likelihoods) == pytest.approx(
        [1 / 4**6, (3 / 16) * (9 / 64) * (3 / 16)]
    )


@pytest.mark.parametrize(("source", "target", "alpha"), FAST_ALIGN)
def test_model_2_as_fast_align_computes_it(source: str, target: str, alpha: float) -> None:
    corpus = load_parallel("sample", resolve("en"), resolve("sw"))
    bitext = encode(usable(corpus.pairs, Counter()))
    if source == "sw":
        bitext = bitext.reversed()
    fixed = Settings(0, 5, fit_tension=False, same_spelling=1.0, alpha=alpha)
    found = train(bitext, fixed).log_likelihoods[1:]
    assert found == pytest.approx(FAST_ALIGN[source, target, alpha], rel=5e-6)


@given(TEXT, st.sampled_from([0.0, 0.08, 0.5]), st.sampled_from([0, 4]))
@settings(max_examples=60, deadline=None)
def test_likelihood_never_falls(
    pairs: list[tuple[list[str], list[str]]], p0: float, model2: int
) -> None:
    """Plain EM climbs; with the positions of Model 2 held fixed too."""
    plain = replace(PLAIN, p0=p0, fit_tension=False, model1_iterations=4 - model2)
    climb = train(encode(pairs), replace(plain, model2_iterations=model2)).log_likelihoods
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(climb))


@given(TEXT)
@settings(max_examples=40, deadline=None)
def test_probabilities_sum_to_one(pairs: list[tuple[list[str], list[str]]]) -> None:
    bitext = encode(pairs)
    model = train(bitext, PLAIN)
    sums = np.bincount(model.type_source, model.table)
    assert sums == pytest.approx(np.ones(len(bitext.source.words)))


@given(TEXT)
@settings(max_examples=40, deadline=None)
def test_intersection_is_the_same_from_either_side(
    pairs: list[tuple[list[str], list[str]]],
) -> None:
    """Turning the text round turns the links round, and no word has two."""
    bitext = encode(pairs)
    turned = encode([(target, source) for source, target in pairs])
    source, target = intersection(align(bitext), align(bitext.reversed()))
    right, left = intersection(align(turned), align(turned.reversed()))
    links = list(zip(source.tolist(), target.tolist(), strict=True))
    assert sorted(links) == sorted(zip(left.tolist(), right.tolist(), strict=True))
    assert len(set(source.tolist())) == len(set(target.tolist())) == len(links)


def test_links_stay_within_their_sentence() -> None:
    bitext = text_of([("a b", "x"), ("c", "y z"), ("a", "x")])
    sentence = np.repeat(np.arange(3), np.diff(bitext.source.start))
    of_target = np.repeat(np.arange(3), np.diff(bitext.target.start))
    found = align(bitext, Settings(p0=0.0))
    assert (sentence[found] == of_target).all()


def test_names_are_not_linked_crosswise() -> None:
    """Two words that only ever occur together: nothing but their spelling tells them apart."""
    bitext = text_of([("leone sierra", "sierra leone")] * 3)
    found = align(bitext).tolist()
    assert found[:2] == [1, 0]


def test_block_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    bitext = text_of(HOUSE * 3)
    whole, links = train(bitext), align(bitext).tolist()
    monkeypatch.setattr(alignment, "_CELLS_AT_ONCE", 3)
    assert align(bitext).tolist() == links
    assert train(bitext).table == pytest.approx(whole.table)
    assert train(bitext).tension == pytest.approx(whole.tension)


def test_a_row_of_more_cells_than_a_block_is_a_block_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alignment, "_CELLS_AT_ONCE", 3)
    blocks = alignment._rows_at_once(np.array([0, 5, 6, 8, 12, 13]))
    assert list(islice(blocks, 9)) == [(0, 1), (1, 3), (3, 4), (4, 5)]


def test_tension_rises_on_parallel_word_order() -> None:
    """Sentences of six words, each its own translation in place: the diagonal is all there is."""
    words = [f"w{number}" for number in range(30)]
    rng = np.random.default_rng(1)
    pairs = [tuple(rng.permutation(words)[:6].tolist()) for _ in range(60)]
    bitext = encode([(source, [f"t{word}" for word in source]) for source in pairs])
    assert train(bitext).tension > 8


def test_tension_is_fitted_to_where_the_likelihood_is_greatest() -> None:
    """Words of which every other one has changed places with its neighbour."""
    words = [f"w{number}" for number in range(30)]
    rng = np.random.default_rng(1)
    pairs = []
    for _ in range(200):
        source = rng.permutation(words)[:6].tolist()
        target = [f"t{word}" for word in source]
        for place in range(5):
            if rng.random() < 0.5:
                target[place : place + 2] = target[place + 1], target[place]
        pairs.append((source, target))
    plain = Settings(2, 12, alpha=0.0, p0=0.0)
    fitted = train(encode(pairs), plain)
    fixed = {
        tension: train(encode(pairs), replace(plain, tension=tension, fit_tension=False))
        for tension in (3.0, 4.0, 5.0, 6.0)
    }
    assert 4 < fitted.tension < 5
    likelihood = fitted.log_likelihoods[-1]
    assert all(likelihood > model.log_likelihoods[-1] for model in fixed.values())
    assert {tension: model.tension for tension, model in fixed.items()} == {n: n for n in fixed}


def test_digamma() -> None:
    """Abramowitz and Stegun, 6.3.2 and 6.3.3: at 1, at 1/2; and the recurrence far below 1."""
    euler = 0.5772156649015329
    found = digamma(np.array([1.0, 0.5, 0.01]))
    below = digamma(np.array([1.01]))[0] - 100
    assert found == pytest.approx([-euler, -euler - 2 * np.log(2), below], abs=1e-9)


@pytest.mark.parametrize(("words", "reason"), [(100, None), (101, alignment.TOO_LONG)])
def test_a_paragraph_is_left_out_and_counted(words: int, reason: str | None) -> None:
    dropped: Counter[str] = Counter()
    for sides in (("dog " * words, "mbwa"), ("dog", "mbwa " * words)):
        alignment.usable([Pair("1", *sides)], dropped)
    assert dropped == ({reason: 2} if reason else {})
