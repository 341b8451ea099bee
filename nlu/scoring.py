"""Scores of a system on a test set, official and repaired; means over sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metrics.intents import (
    EXACT,
    INTENT,
    SLOTS,
    Parses,
    auroc,
    calibration_error,
    official,
    repaired,
    repaired_rows,
    slot_score,
)
from metrics.ratios import MEAN, SHARE, ratio_score
from metrics.score import Score
from metrics.significance import Row
from nlu.sets import UtteranceSet

MODEL = "model"
OUT_OF_SCOPE = ("oos", "out_of_scope")
NAMES = (INTENT, SLOTS, EXACT)


def scored(
    test: UtteranceSet,
    system: str,
    parses: Parses,
    told: Mapping[str, Any],
    confidences: Sequence[float] | None = None,
) -> dict[str, Any]:
    """What scores.json says of a system on a test set.

    Args:
        told: goes into the signatures.
        confidences: of the intents; for calibration, and out of scope where the set has such.
    """
    gold = test.parses
    context = {"test": test.name, "sha256": test.sha256[:16], **told}
    scores = [one.with_context(**context) for one in repaired(gold, parses)]
    by_script = [one.with_context(**context) for one in official(gold, parses, test.labels)]
    more = list(_confident(test, parses, confidences)) if confidences is not None else []
    return {
        "test": test.name,
        "language": test.code,
        "system": system,
        "utterances": len(gold),
        "scores": [one.to_dict() for one in scores],
        "official": [one.to_dict() for one in by_script],
        "confidence": [one.with_context(**context).to_dict() for one in more],
    }


def _confident(test: UtteranceSet, parses: Parses, confidences: Sequence[float]) -> list[Score]:
    known = [one.intent not in OUT_OF_SCOPE for one in test.utterances]
    pairs = zip(test.utterances, parses, strict=True)
    right = [one.intent == guess.intent for one, guess in pairs]
    inside = [n for n, is_known in enumerate(known) if is_known]
    found = (
        [calibration_error([confidences[n] for n in inside], [right[n] for n in inside])]
        if inside
        else []
    )
    if inside and len(inside) < len(known):
        doubts = [1 - confidence for confidence in confidences]
        outside = [doubt for doubt, is_known in zip(doubts, known, strict=True) if not is_known]
        found.append(auroc([doubts[n] for n in inside], outside))
    return found


def averages(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mean of each system's figures over test sets, each counting once; sets are resampled."""
    found = []
    for system in dict.fromkeys(one["system"] for one in results):
        mine = [one["scores"] for one in results if one["system"] == system]
        if len(mine) > 1:
            for scores in zip(*mine, strict=True):
                name = f"{scores[0]['name']}, mean of {len(mine)} sets"
                rows = [[score["value"], 1] for score in scores]
                mean = ratio_score(MEAN, name, "mean:sets", rows, n=len(rows))
                found.append({"system": system, "score": mean.to_dict()})
    return found


def pooled(tests: Sequence[UtteranceSet], parses: Sequence[Parses]) -> list[Score]:
    """Intent accuracy, slot F1 and exact match over several sets; parallel ids belong together."""
    intents: list[Row] = []
    slots: list[Row] = []
    exact: list[Row] = []
    ids: list[str] = []
    for test, of_test in zip(tests, parses, strict=True):
        rows = repaired_rows(test.parses, of_test)
        for all_rows, of_one in zip((intents, slots, exact), rows, strict=True):
            all_rows += of_one
        ids += [one.id for one in test.utterances]
    plan: dict[str, Any] = {"groups": ids, "unit": "parallel ids"}
    return [
        ratio_score(SHARE, INTENT, "match:exact", intents, **plan),
        slot_score(slots, **plan),
        ratio_score(SHARE, EXACT, "match:intent-and-spans", exact, **plan),
    ]
