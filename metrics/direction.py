"""Whether higher is better, for every metric of the project and for those that others publish.

The one place that says so: tables, verdicts, wins and losses, orders of segments ask here. A name
that is not known has no direction, and then nobody is told to be better.

>>> higher_is_better("chrF++"), higher_is_better("TER"), higher_is_better("MetricX-24-XL")
(True, False, False)
>>> higher_is_better("wmt22-comet-da"), higher_is_better("our fluency")
(True, None)
"""

from __future__ import annotations

import re

HIGHER = frozenset(
    {
        *("bleu", "spbleu", "sacrebleu", "chrf", "meteor", "nist", "rouge", "rougel", "rougelsum"),
        *("comet", "xcomet", "cometkiwi", "africomet", "cometinho", "unite", "prism"),
        *("bleurt", "bertscore", "bartscore", "yisi", "blaser", "gleu"),
        *("accuracy", "acc", "match", "precision", "recall", "f1", "mcc", "las", "uas"),
        *("language",),  # the share of outputs in the language that was asked for
    }
)
LOWER = frozenset(
    {
        *("ter", "hter", "wer", "cer", "mer", "error", "errors", "distance", "levenshtein"),
        *("metricx", "perplexity", "ppl", "bits", "bpb", "bpc", "loss", "entropy", "nll"),
        *("mae", "mse", "rmse", "copy", "empty"),  # copied and empty outputs
    }
)
# Scores that some tools print as penalties and others as their negatives; signs turned around;
# differences, ranks and prices of a metric, which are none of it.
UNCLEAR = frozenset(
    {
        *("mqm", "neg", "negative", "negated", "inverse", "inverted", "minus", "reversed"),
        *("no", "not", "non", "complement", "lower", "higher"),
        *("drop", "delta", "diff", "difference", "gap", "change", "reduction", "reduced", "cut"),
        *("decrease", "increase", "improvement", "gain", "cost", "penalty", "regret", "rank"),
        *("ranking", "variance", "std", "stdev", "deviation"),
    }
)
WITHOUT = frozenset({"free", "without"})  # errors; COMET without a reference is a COMET

_SUBTRACTION = re.compile(r"\s*(?:[0-9.,]+\s*%?\s*)?[-\u2010-\u2015\u2212]")  # 100 - TER
_WORD = re.compile(r"[^\W\d_]+[0-9]*")


def higher_is_better(name: str) -> bool | None:
    """True where a higher score of this metric is better, False where a lower one is, else None.

    A name is known by its words, whatever the version or size beside them: "COMET-22", "BLEU 4".

    >>> [higher_is_better(n) for n in ("BERTScore_F1", "word error rate", "1-TER", "GEMBA-MQM")]
    [True, False, None, None]
    >>> [higher_is_better(n) for n in ("100-TER", "BLEU drop", "error-free", "COMET w/o ref.")]
    [None, None, None, True]
    """
    words = {_family(word) for word in _WORD.findall(name.lower())}
    if words & UNCLEAR or _SUBTRACTION.match(name):
        return None
    higher, lower = bool(words & HIGHER), bool(words & LOWER)
    if lower and words & WITHOUT:
        return None
    return higher if higher != lower else None


def _family(word: str) -> str:
    """A word without the number of its version: comet22, chrf2; f1 is a name itself."""
    return word if word in HIGHER else word.rstrip("0123456789")
