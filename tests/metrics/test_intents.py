"""Intents and slots: the cases of MASSIVE's own tests, a hand-worked file, intervals."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from data.labels.slots import official_labels, parse
from metrics.intents import (
    Parse,
    auroc,
    calibration_error,
    character_rows,
    character_spans,
    fitted,
    official,
    official_rows,
    official_tags,
    plain_labels,
    repaired,
    repaired_rows,
    slot_score,
)
from metrics.score import higher_is_better

GOLDEN = Path(__file__).parent.parent / "golden" / "massive.json"


def tags(labels: str) -> tuple[str, ...]:
    """BIO tags of labels a letter each, `-` outside, every token a slot of its own."""
    return tuple("O" if one == "-" else f"B-{one}" for one in labels)


# Predicted and gold labels with the official script's micro F1: what its authors test it with
# (alexa/massive, test/test_eval_metrics.py), in our spelling.
CASES = [
    (["XY"], ["XY"], 100.0),
    (["XXZ"], ["XXY"], 50.0),
    (["XXY-"], ["XXY-Y"], 80.0),
    (["XXZZ"], ["XXY"], 50.0),
    (["XX-XXYZ"], ["XX-XXZY"], 50.0),
    (["XXXYY"], ["XX-YY"], 50.0),
    (["X--YY"], ["XX-YY"], 50.0),
    (["-", "X"], ["Y", "X"], 200 / 3),
]


@pytest.mark.parametrize(("predicted", "gold", "f1"), CASES)
def test_slot_f1_of_the_official_cases(predicted: list[str], gold: list[str], f1: float) -> None:
    sides = [[Parse("A", tags(one)) for one in side] for side in (gold, predicted)]
    assert official(*sides)[1].value == pytest.approx(f1)


def test_intents_and_exact_match_of_the_official_case() -> None:
    gold = [Parse(*one) for one in zip("ABDE", map(tags, ("XX", "XXY", "X", "XZ")), strict=True)]
    guess = [Parse(*one) for one in zip("ABCE", map(tags, ("XY", "XXY", "X", "XY")), strict=True)]
    intent, _, exact = official(gold, guess)
    assert (intent.value, exact.value) == (75.0, 25.0)
    # sqrt(p (1 - p) / n), times z
    assert intent.high - intent.value == pytest.approx(100 * 1.959964 * (0.75 * 0.25 / 4) ** 0.5)


def test_the_error_bar_of_slots_divides_by_tokens() -> None:
    gold = [Parse("A", tags("XXY-"))] * 10
    guess = [Parse("A", tags("XXZ-"))] * 10
    slots = official(gold, guess)[1]
    assert slots.interval.endswith("over 40")
    assert repaired(gold, guess)[1].interval.startswith("95% bootstrap of 10 utterances")


def test_the_hand_worked_file() -> None:
    """Six utterances; what each counts is worked out in the file, by hand."""
    told = json.loads(GOLDEN.read_text("utf-8"))
    gold, guess, labels = [], [], []
    for one in told["utterances"]:
        by_character = one["locale"] in ("ja-JP", "zh-CN", "zh-TW")
        annotated = parse(one["annot_utt"], by_character=by_character)
        gold.append(Parse(one["intent"], annotated.slots))
        guess.append(Parse(one["pred_intent"], tuple(one["pred_slots"])))
        labels.append(official_labels(one["annot_utt"], by_character=by_character))
        assert list(labels[-1]) == one["official_labels"], one["why"]
    _, slots, exact, tokens = official_rows(gold, guess, labels)
    assert [list(row) for row in slots] == [one["official_slots"] for one in told["utterances"]]
    assert [row[0] for row in exact] == [one["official_exact"] for one in told["utterances"]]
    assert tokens == told["tokens"]
    found = official(gold, guess, labels)
    assert [round(score.value, 4) for score in found] == told["official"]
    whole = [
        Parse(one.intent, tuple(fitted(one.slots, len(right.slots), "O")))
        for one, right in zip(guess, gold, strict=True)
    ]
    _, slots, exact = repaired_rows(gold, whole)
    assert [list(row) for row in slots] == [one["repaired_slots"] for one in told["utterances"]]
    assert [round(score.value, 4) for score in repaired(gold, whole)] == told["repaired"]


def test_labels_without_b_and_i() -> None:
    assert plain_labels(("B-a", "B-a", "I-a", "O")) == ["a", "a", "a", "Other"]
    assert official_tags(["a", "a", "Other", "a", "b"]) == ["B-a", "I-a", "O", "B-a", "B-b"]


def test_spans_of_characters_do_not_hang_on_tokens() -> None:
    gold = character_spans(("再", "生", "する", "jazz"), ("O", "O", "O", "B-genre"))
    guess = character_spans(("再生する", "ja", "zz"), ("O", "B-genre", "I-genre"))
    score = slot_score(character_rows([gold], [guess]))
    assert score.value == 100.0
    with pytest.raises(ValueError, match="expected a tag for each of 1 tokens, found 2"):
        character_spans(("a",), ("O", "O"))


def test_parses_that_do_not_line_up() -> None:
    one, other = [Parse("a", ("O",))], [Parse("a", ("O", "O"))]
    with pytest.raises(ValueError, match="utterance 0: expected 1 tags as in gold, found 2"):
        repaired(one, other)
    with pytest.raises(ValueError, match="found 1 and 2"):
        official(one, one * 2)
    with pytest.raises(ValueError, match="found 0 and 0"):
        repaired([], [])


def test_auroc_is_the_share_of_pairs() -> None:
    draw = random.Random(3)
    inside = [draw.randrange(6) for _ in range(40)]
    outside = [draw.randrange(3, 9) for _ in range(25)]
    pairs = [(a, b) for a in inside for b in outside]
    by_hand = sum((a < b) + (a == b) / 2 for a, b in pairs) / len(pairs)
    score = auroc(inside, outside)
    assert score.value == pytest.approx(100 * by_hand)
    assert score.low < score.value < score.high
    assert score.higher_is_better
    with pytest.raises(ValueError, match="finite scores of texts in and out of scope"):
        auroc([1.0], [])


def test_calibration_of_a_model_that_knows_itself() -> None:
    draw = np.random.default_rng(1)
    sure = draw.uniform(0.5, 1, 4000)
    honest = draw.uniform(size=4000) < sure
    assert calibration_error(sure.tolist(), honest.tolist()).value < 4
    always = calibration_error([1.0] * 10, [True] * 7 + [False] * 3)
    assert always.value == pytest.approx(30)
    assert higher_is_better(always.name) is False
    with pytest.raises(ValueError, match=r"from 0 to 1, found 1\.5"):
        calibration_error([1.5], [True])


def test_groups_widen_the_interval() -> None:
    """The same utterance in five languages says less than five utterances."""
    draw = random.Random(1)
    hits = [draw.random() < 0.6 for _ in range(60)]
    gold = [Parse("a", ("B-x",))] * 300
    guess = [Parse("a" if hit else "b", ("B-x" if hit else "O",)) for hit in hits for _ in range(5)]
    ids = [number for number in range(60) for _ in range(5)]
    alone, together = repaired(gold, guess), repaired(gold, guess, groups=ids, unit="ids")
    for one, other in zip(alone, together, strict=True):
        assert one.value == other.value
        assert other.high - other.low > 1.5 * (one.high - one.low)
        assert "60 ids" in other.interval
