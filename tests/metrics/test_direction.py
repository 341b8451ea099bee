"""Whether higher is better: by name, for our metrics and for those of others."""

from __future__ import annotations

import pytest

from metrics.language_id import language_metric
from metrics.score import Score, higher_is_better
from metrics.translation import metric

HIGHER = (
    *("BLEU", "spBLEU", "sacreBLEU", "BLEU-4", "bleu4", "chrF", "chrF++", "chrF2++", "METEOR"),
    *("COMET", "COMET-22", "comet22", "wmt22-comet-da", "XCOMET-XL", "wmt23-cometkiwi-da-xxl"),
    *("AfriCOMET-QE", "BLEURT-20", "BERTScore", "BERTScore_F1", "ROUGE-L", "rougeLsum"),
    *("exact match", "exact match, macro by part of speech", "accuracy", "macro F1", "span F1"),
)
LOWER = (
    *("TER", "HTER", "WER", "CER", "cer", "MetricX", "MetricX-23-QE", "metricx-24-hybrid-large"),
    *("edit distance", "character error rate", "Levenshtein", "perplexity", "bits per byte", "PPL"),
    *("empty rate", "copy rate", "loss"),
)
UNKNOWN = (
    "MQM",
    "GEMBA-MQM",
    "1-TER",
    "-TER",
    "neg_ter",
    "BLEU error",
    "100-TER",
    "100 - TER",
    "1 − WER",
    "BLEU drop",
    "delta BLEU",
    "COMET rank",
    "TER reduction",
    "error-free",
    "no errors",
    "inverted COMET",
    "fluency",
    "A",
    "",
    "später",
)


def test_known_names() -> None:
    assert [name for name in HIGHER if higher_is_better(name) is not True] == []
    assert [name for name in LOWER if higher_is_better(name) is not False] == []


@pytest.mark.parametrize("name", UNKNOWN)
def test_names_that_say_nothing(name: str) -> None:
    assert higher_is_better(name) is None


@pytest.mark.parametrize("name", ["BLEU", "chrF++", "TER", "copy rate", "empty rate"])
def test_every_metric_says_so(name: str) -> None:
    assert metric(name).higher_is_better is (name in ("BLEU", "chrF++"))
    assert Score(name, 1, 1, 1, "", 1, "").higher_is_better is metric(name).higher_is_better


def test_the_language_rate_says_so() -> None:
    rate = language_metric("sw")
    assert rate is not None
    assert rate.higher_is_better is True
