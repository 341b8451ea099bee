"""Entries from links: scores by hand, phrases, and each reason to leave something out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lexaug.induction.alignment import encode
from lexaug.induction.extraction import (
    FUNCTION_PHRASE,
    LOW_SCORE,
    NAME,
    NESTED,
    Candidate,
    Thresholds,
    common_words,
    scored,
    selected,
)

Words = list[tuple[list[str], list[str]]]


def split(*pairs: tuple[str, str]) -> Words:
    return [(source.split(), target.split()) for source, target in pairs]


def links(pairs: Words, *sentences: str) -> tuple[np.ndarray, np.ndarray]:
    """Links given as `0-1 1-0` a sentence, as the two directions of an aligner would have them."""
    forward = np.full(sum(len(target) for _, target in pairs), -1)
    backward = np.full(sum(len(source) for source, _ in pairs), -1)
    left = right = 0
    for (source, target), text in zip(pairs, sentences, strict=True):
        for link in text.split():
            i, j = map(int, link.split("-"))
            forward[right + j] = left + i
            backward[left + i] = right + j
        left, right = left + len(source), right + len(target)
    return forward, backward


def found(pairs: Words, *sentences: str, min_count: int = 1) -> dict[tuple[str, str], Candidate]:
    candidates = scored(encode(pairs), *links(pairs, *sentences), min_count)
    return {(one.english, one.target): one for one in candidates}


def kept(*candidates: Candidate, **thresholds: float) -> tuple[list[str], dict[str, int]]:
    dropped: Counter[str] = Counter()
    entries = selected(candidates, frozenset({"ya"}), Thresholds(**thresholds), dropped)
    return [f"{one.english}={one.target}" for one in entries], dict(+dropped)


def test_scores_by_hand() -> None:
    """ "cow" occurs 3 times and "ng'ombe" twice; they are linked twice: 2/3, 1, Dice 4/5."""
    pairs = split(("my cow", "ng'ombe wangu"), ("cow", "ng'ombe"), ("cow here", "hapa"))
    cow = found(pairs, "0-1 1-0", "0-0", "1-0")["cow", "ng'ombe"]
    assert (cow.count, cow.forward, cow.backward) == (2, pytest.approx(2 / 3), 1.0)
    assert cow.score == pytest.approx(0.8)


def test_one_word_and_the_phrase_that_translates_it() -> None:
    """Both target words come from "because"; only the second one is linked from both sides."""
    pairs = split(("he sleeps because", "analala kwa sababu"))
    candidates = found(pairs, "1-0 2-1 2-2")
    assert ("because", "kwa sababu") in candidates
    assert ("because", "sababu") in candidates
    assert ("because", "analala kwa") not in candidates


def test_words_apart_make_no_phrase() -> None:
    pairs = split(("not good here", "si hapa nzuri"))
    phrases = {target for english, target in found(pairs, "1-0 2-1 1-2") if english == "good"}
    assert phrases == {"nzuri"}


def test_two_words_with_a_linker_between_their_translations() -> None:
    pairs = split(("human rights now", "haki za binadamu sasa"))
    candidates = found(pairs, "0-2 1-0 2-3")
    assert ("human rights", "haki za binadamu") in candidates
    assert ("rights now", "haki za binadamu sasa") not in candidates  # four words


def test_a_word_between_that_belongs_elsewhere_breaks_the_phrase() -> None:
    pairs = split(("human rights now", "haki sasa binadamu"))
    assert ("human rights", "haki sasa binadamu") not in found(pairs, "0-2 1-0 2-1")


def test_phrases_do_not_cross_sentences() -> None:
    pairs = split(("big", "kubwa"), ("cow", "ng'ombe"))
    assert set(found(pairs, "0-0", "0-0")) == {("big", "kubwa"), ("cow", "ng'ombe")}


def test_seen_too_rarely() -> None:
    pairs = split(("cow", "ng'ombe"), ("cow", "ng'ombe"), ("dog", "mbwa"))
    assert set(found(pairs, "0-0", "0-0", "0-0", min_count=2)) == {("cow", "ng'ombe")}


def test_a_low_score_and_a_function_word_that_needs_twice_as_much() -> None:
    weak, words = (Candidate(one, "neno", 5, 0.15, 0.15) for one in ("word", "of"))
    assert kept(weak, words) == (["word=neno"], {LOW_SCORE: 1})


def test_names_go_with_all_that_is_linked_with_them() -> None:
    name, chance = (
        Candidate("kingston", "kingston", 9, 0.9, 0.9),
        Candidate("kingston", "jamaika", 2, 0.2, 0.2),
    )
    half = Candidate("ouattara", "alassane ouattara", 4, 0.9, 0.9)
    assert kept(name, chance, half) == ([], {NAME: 3})
    assert len(kept(name, chance, half, keep_names=True)[0]) == 3


def test_a_title_left_untranslated_does_not_hide_the_translation() -> None:
    title, word = Candidate("wine", "wine", 2, 0.2, 0.3), Candidate("wine", "mvinyo", 8, 0.8, 0.8)
    assert kept(title, word) == (["wine=mvinyo"], {NAME: 1})


@pytest.mark.parametrize(("phrase", "expected"), [(0.5, "kwa sababu"), (0.3, "sababu")])
def test_of_nested_translations_one_stays(phrase: float, expected: str) -> None:
    longer = Candidate("because", "kwa sababu", 9, phrase, phrase)
    shorter = Candidate("because", "sababu", 9, 0.52, 0.52)
    assert kept(longer, shorter) == ([f"because={expected}"], {NESTED: 1})


def test_phrases_with_a_function_word_at_an_end() -> None:
    english = Candidate("the cow", "ng'ombe huyu", 9, 0.9, 0.9)
    target = Candidate("rights", "haki ya", 9, 0.9, 0.9)
    assert kept(english, target) == ([], {FUNCTION_PHRASE: 2})


def test_a_phrase_needs_more_links_than_a_word() -> None:
    word, phrase = (Candidate("mouse", one, 2, 0.5, 0.5) for one in ("panya", "funga mdomo"))
    assert kept(word, phrase) == (["mouse=panya"], {LOW_SCORE: 1})


def test_common_words_are_the_most_frequent() -> None:
    rare = [f"w{number}" for number in range(250)]
    assert common_words(encode([(["ya", *rare, "ya", "na", "na"], ["x"])]).source) == {"ya", "na"}
