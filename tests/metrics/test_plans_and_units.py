"""What a score says of itself: its name, how its interval was made, and in which direction it goes.

The plan that the documents promise, 1,000 resamples of seed 1, is what one gets without asking.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metrics.external import Mean, read_scores
from metrics.labels import (
    accuracy,
    character_error_rate,
    edit_distance,
    exact_match,
    span_f1,
    span_table,
    tag_table,
    token_accuracy,
)
from metrics.paired import bootstrap_sums, difference_interval, swapped_sums
from metrics.score import Score

# Twelve words or sentences, half of them right: enough groups for a bootstrap.
GOLD, PREDICTED = ["soma", "pika"] * 6, ["soma", "pata"] * 6
TAGS, GUESSED = [["B-PER", "O"], ["B-LOC"]] * 6, [["B-PER", "O"], ["O"]] * 6
PLAN = "95% bootstrap of 12 {}, 1000 resamples, seed 1"


@pytest.mark.parametrize(
    ("score", "name", "value", "unit"),
    [
        (lambda: accuracy(GOLD, PREDICTED, groups=range(12)), "accuracy", 50.0, "groups"),
        (lambda: exact_match(GOLD, PREDICTED, groups=range(12)), "exact match", 50.0, "groups"),
        # pika to pata: two letters of four, in every other word.
        (lambda: edit_distance(GOLD, PREDICTED, groups=range(12)), "edit distance", 1.0, "groups"),
        (
            lambda: character_error_rate(GOLD, PREDICTED, groups=range(12)),
            "character error rate",
            25.0,
            "groups",
        ),
        # 12 of 18 tokens; 6 of the 12 spans, none too many: P 100, R 50.
        (lambda: token_accuracy(TAGS, GUESSED), "token accuracy", 200 / 3, "sentences"),
        (lambda: span_f1(TAGS, GUESSED), "span F1", 200 / 3, "sentences"),
        (lambda: span_table(TAGS, GUESSED)[1].f1, "F1 PER", 100.0, "sentences"),
        (lambda: tag_table(TAGS, GUESSED)[2].f1, "F1 O", 200 * 6 / 18, "sentences"),
    ],
)
def test_name_value_and_plan(score, name: str, value: float, unit: str) -> None:
    found: Score = score()
    assert (found.name, found.value) == (name, pytest.approx(value))
    assert found.interval == PLAN.format(unit)


def test_signatures_say_what_was_counted() -> None:
    assert exact_match(GOLD, PREDICTED).signature == "match:exact"
    assert edit_distance(GOLD, PREDICTED).signature == "edits:levenshtein|unit:codepoint"
    assert character_error_rate(GOLD, PREDICTED).signature == (
        "edits:levenshtein|unit:codepoint|per:gold-characters"
    )
    assert span_f1(TAGS, GUESSED).signature == "average:micro|unit:spans"
    assert span_table(TAGS, GUESSED)[0].f1.signature == "average:micro|unit:spans"
    assert tag_table(TAGS, GUESSED)[0].f1.signature == "average:micro|unit:tags"


def test_seed_and_number_of_resamples_are_those_asked_for() -> None:
    plan = {"seed": 7, "resamples": 50}
    for found in (
        exact_match(GOLD, PREDICTED, groups=range(12), **plan),
        edit_distance(GOLD, PREDICTED, groups=range(12), **plan),
        character_error_rate(GOLD, PREDICTED, groups=range(12), **plan),
        token_accuracy(TAGS, GUESSED, **plan),
        span_f1(TAGS, GUESSED, **plan),
        span_table(TAGS, GUESSED, **plan)[0].f1,
        tag_table(TAGS, GUESSED, **plan)[0].f1,
    ):
        assert found.interval.endswith(", 50 resamples, seed 7"), found.name


def test_a_better_system_has_a_positive_difference() -> None:
    """System less baseline: 30 of 40 right against 10 of 40 is +50, however it was drawn."""

    def rate(totals):
        return 100 * totals[0] / totals[1]

    worse, better = ([[int(n < right), 1] for n in range(40)] for right in (10, 30))
    drawn = bootstrap_sums(worse, better, seed=1).differences(rate)
    swapped = swapped_sums(worse, better, seed=1).differences(rate)
    assert (drawn[0], swapped[0]) == (50.0, 50.0)
    assert (len(drawn), len(swapped)) == (1 + 1000, 1 + 10_000)
    low, high = difference_interval(drawn)
    # Of 40 segments 20 differ, all in one direction: sd of the difference is 100/sqrt(160) = 7.9.
    assert (low, high) == (pytest.approx(50 - 15.5, abs=3), pytest.approx(50 + 15.5, abs=3))
    # Trials swap each of the 20 with a coin: mean 0, sd 100/40 * sqrt(20) = 11.2.
    assert swapped[1:].mean() == pytest.approx(0, abs=0.5)
    assert swapped[1:].std() == pytest.approx(11.18, abs=0.3)


def test_scores_from_outside_are_averaged_over_segments(tmp_path: Path) -> None:
    comet = Mean("COMET")
    totals = np.array([[3.0, 1.0], [4.0, 2.0]])  # 3 of 4 segments, 1 of 2
    assert comet.aggregate_columns(totals).tolist() == [0.75, 0.5]
    assert comet.aggregate_segment([0.5, 1]) == 0.5
    assert (comet.width, comet.signature) == (2, "mean:segments|source:file")
    path = tmp_path / "scores.txt"
    path.write_text("\ufeff0.5\n-1\n", "utf-8")
    assert read_scores(path) == [[0.5, 1], [-1.0, 1]]
    path.write_text("0.5\nnan\n", "utf-8")
    with pytest.raises(ValueError, match=r"scores.txt:2: expected a number, found 'nan'"):
        read_scores(path)
