"""What becomes an entry, on both sides of each threshold; candidates are made by hand."""

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


def fate(
    english: str, target: str, count: int = 9, score: float = 0.9, **thresholds: float
) -> str | None:
    """Why this candidate alone is left out; None if it becomes an entry."""
    dropped: Counter[str] = Counter()
    candidate = Candidate(english, target, count, score, score)
    common = frozenset({"ya"})
    entries = selected([candidate], common, Thresholds(**thresholds), dropped)
    [*reasons] = +dropped
    assert len(entries) + len(reasons) == 1
    return reasons[0] if reasons else None


@pytest.mark.parametrize(
    ("english", "reason"),
    [
        ("the cow", FUNCTION_PHRASE),  # at the start only
        ("cow the", FUNCTION_PHRASE),  # at the end only
        ("the of", FUNCTION_PHRASE),
        ("brown cow", None),
        ("the", None),  # one word is no phrase, however frequent
    ],
)
def test_a_function_word_at_either_end_of_an_english_phrase(english: str, reason: str) -> None:
    assert fate(english, "ng'ombe") == reason


@pytest.mark.parametrize(
    ("target", "reason"),
    [("haki ya", FUNCTION_PHRASE), ("ya haki", None), ("ya", None), ("haki ya binadamu", None)],
)
def test_a_common_word_ends_no_phrase_of_the_target(target: str, reason: str) -> None:
    assert fate("right", target) == reason


@pytest.mark.parametrize(
    ("english", "target", "count", "score", "reason"),
    [
        ("cow", "ng'ombe", 2, 0.1, None),  # both just enough for a word
        ("cow", "ng'ombe", 1, 0.1, LOW_SCORE),
        ("cow", "ng'ombe", 2, 0.09, LOW_SCORE),
        ("of", "ng'ombe", 2, 0.2, None),  # a function word needs twice the score
        ("of", "ng'ombe", 2, 0.19, LOW_SCORE),
        ("mouse", "funga mdomo", 3, 0.1, None),  # a phrase of the target: three links
        ("mouse", "funga mdomo", 2, 0.1, LOW_SCORE),
        ("human rights", "haki", 3, 0.3, None),  # a phrase of English: three links and 0.3
        ("human rights", "haki", 2, 0.3, LOW_SCORE),
        ("human rights", "haki", 3, 0.29, LOW_SCORE),
    ],
)
def test_counts_and_scores_that_just_suffice(
    english: str, target: str, count: int, score: float, reason: str | None
) -> None:
    assert fate(english, target, count, score) == reason


def test_thresholds_of_phrases_are_never_below_those_of_words() -> None:
    assert fate("human rights", "haki", 4, min_count=5, min_phrase_count=3) == LOW_SCORE
    assert fate("human rights", "haki", 5, min_count=5, min_phrase_count=3) is None
    assert fate("human rights", "haki", score=0.5, min_score=0.6) == LOW_SCORE
    assert fate("human rights", "haki", score=0.6, min_score=0.6) is None


def test_entries_come_best_first_then_by_count_and_spelling() -> None:
    rows = [("b", "x", 9, 0.5), ("a", "x", 9, 0.5), ("c", "x", 10, 0.5), ("d", "x", 2, 0.6)]
    candidates = [Candidate(e, t, count, s, s) for e, t, count, s in rows]
    entries = selected(candidates, frozenset(), Thresholds(), Counter())
    assert [entry.english for entry in entries] == ["d", "c", "a", "b"]


def two(longer: float, shorter: float) -> tuple[list[str], dict[str, int]]:
    dropped: Counter[str] = Counter()
    candidates = [
        Candidate("because", target, 9, score, score)
        for target, score in (("kwa sababu", longer), ("sababu", shorter))
    ]
    entries = selected(candidates, frozenset(), Thresholds(), dropped)
    return [entry.target for entry in entries], dict(+dropped)


def test_the_longer_of_two_nested_ones_wins_from_four_fifths_of_the_score() -> None:
    assert two(0.4, 0.5) == (["kwa sababu"], {NESTED: 1})
    assert two(0.39, 0.5) == (["sababu"], {NESTED: 1})


def test_part_of_a_word_is_no_nesting() -> None:
    candidates = [Candidate("cow", one, 9, 0.9, 0.9) for one in ("ng'ombe", "ng'ombe-dume", "ombe")]
    dropped: Counter[str] = Counter()
    assert len(selected(candidates, frozenset(), Thresholds(), dropped)) == 3
    assert not +dropped


def test_a_name_is_counted_once_and_kept_on_request() -> None:
    assert fate("kenya", "kenya") == NAME
    assert fate("kenya", "kenya", keep_names=True) is None


def test_two_halves_make_a_score() -> None:
    """Dice: 2 * 0.5 * 0.25 / 0.75 = 1/3."""
    assert Candidate("a", "b", 1, 0.5, 0.25).score == pytest.approx(1 / 3)


def test_thirty_common_words_at_most_and_one_in_a_hundred() -> None:
    def common(vocabulary: int) -> int:
        words = [f"w{number}" for number in range(vocabulary)]
        return len(common_words(encode([(words, ["x"])]).source))

    assert [common(99), common(100), common(2_999), common(9_000)] == [0, 1, 29, 30]


def test_a_phrase_has_three_words_at_most() -> None:
    """One source word that three and that four target words come from."""
    for number, expected in ((3, 1), (4, 0)):
        target = [f"t{n}" for n in range(number)]
        bitext = encode([(["because"], target)])
        forward, backward = np.zeros(number, int), np.array([0])
        found = scored(bitext, forward, backward, 1)
        assert sum(one.target == " ".join(target) for one in found) == expected
