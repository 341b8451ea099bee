"""Accuracy, exact match and edit distance: worked by hand, and intervals that know of groups."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.labels import (
    accuracy,
    character_error_rate,
    edit_distance,
    exact_match,
    levenshtein,
    token_accuracy,
)
from metrics.ratios import wilson_interval

WORDS = st.text("aié\u0301ش", max_size=6)


@cache
def by_definition(one: str, other: str) -> int:
    """Levenshtein's distance as it is defined, without a table."""
    if not one or not other:
        return len(one) + len(other)
    return min(
        by_definition(one[1:], other) + 1,
        by_definition(one, other[1:]) + 1,
        by_definition(one[1:], other[1:]) + (one[0] != other[0]),
    )


@given(WORDS, WORDS)
def test_levenshtein_is_the_defined_distance(one: str, other: str) -> None:
    assert levenshtein(one, other) == by_definition(one, other)


def test_edit_distance_and_error_rate_by_hand() -> None:
    # sitting/kitten: 3 edits of 7 characters; cat/cat: 0 of 3.
    gold, predicted = ["sitting", "cat"], ["kitten", "cat"]
    assert edit_distance(gold, predicted).value == 1.5
    assert character_error_rate(gold, predicted).value == pytest.approx(30.0)
    assert exact_match(gold, predicted).value == 50.0


def test_wilson_intervals_of_newcombe() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    published = {(81, 263): (25.53, 36.62), (15, 148): (6.24, 16.05), (1, 29): (0.61, 17.18)}
    for (hits, n), bounds in published.items():
        assert wilson_interval(hits, n) == pytest.approx(bounds, abs=0.005)


def test_an_interval_is_as_wide_as_its_groups_are_few() -> None:
    # 20 lemmas with 50 forms each, 10 wholly right: the standard error is sqrt(1/4/20) = 11.2
    # points, so the interval is about [28, 72]; 1,000 independent items would have [46.9, 53.1].
    lemmas = [number // 50 for number in range(1000)]
    predicted = [lemma < 10 for lemma in lemmas]
    found = accuracy([True] * 1000, predicted, groups=lemmas, unit="lemmas")
    assert (found.value, found.n) == (50.0, 1000)
    assert found.interval == "95% bootstrap of 20 lemmas, 1000 resamples, seed 1"
    assert found.low == pytest.approx(28, abs=5)
    assert found.high == pytest.approx(72, abs=5)
    assert accuracy([True] * 1000, predicted).low == pytest.approx(46.9, abs=0.05)


def test_few_groups_and_perfect_scores_keep_a_width() -> None:
    few = accuracy(["a"] * 9, ["a"] * 8 + ["b"], groups=range(9))
    perfect = accuracy(["a"] * 50, ["a"] * 50, groups=range(50))
    assert few.interval == "95% Wilson, 9 items taken as independent"
    assert perfect.high == 100.0
    assert perfect.low == pytest.approx(92.87, abs=0.01)


def test_token_accuracy_counts_tokens() -> None:
    found = token_accuracy([["A", "B"], ["A"]], [["A", "A"], ["A"]])
    assert (found.n, found.value) == (3, pytest.approx(200 / 3))


def test_what_does_not_line_up_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected as many of both, found 2 and 1"):
        exact_match(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="sentence 0: expected 2 tags as in gold, found 1"):
        token_accuracy([["A", "B"]], [["A"]])
    with pytest.raises(ValueError, match="groups: expected one for each of 2 items, found 1"):
        accuracy(["a", "b"], ["a", "b"], groups=["x"])
    with pytest.raises(ValueError, match="expected at least 1 segment, found 0"):
        exact_match([], [])
