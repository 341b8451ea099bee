"""Scores of a tagger on a test set, beside the baseline that costs nothing, and a row a label.

The baseline gives every word the label that it has most often in the training data, whatever its
case, and the most frequent label of all to a word that is not there.

>>> most_frequent = Frequencies.of([(("Mbwa", "mbwa", "lala"), ("NOUN", "NOUN", "VERB"))])
>>> most_frequent.tag([("MBWA", "lala", "paka")])
[['NOUN', 'VERB', 'NOUN']]
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.labels.schemes import BIO
from metrics.labels import span_f1, span_table, tag_table, token_accuracy
from metrics.score import Score
from metrics.tags import TagRow, spans

Sentences = Sequence[Sequence[str]]
MODEL, BASELINE = "model", "most frequent label of each word"


@dataclass(frozen=True)
class Frequencies:
    """The most frequent label of every word of a text, and of all its words."""

    by_word: Mapping[str, str]
    overall: str

    @classmethod
    def of(cls, sentences: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Frequencies:
        """Count words and labels; among equals the first in the alphabet is taken."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        overall = Counter[str]()
        for words, tags in sentences:
            for word, tag in zip(words, tags, strict=True):
                counts[word.casefold()][tag] += 1
                overall[tag] += 1
        return cls({word: _most(found) for word, found in counts.items()}, _most(overall))

    def tag(self, sentences: Sentences) -> list[list[str]]:
        """A label for every word."""
        return [
            [self.by_word.get(word.casefold(), self.overall) for word in words]
            for words in sentences
        ]


def main_score(gold: Sentences, predicted: Sentences, scheme: str) -> Score:
    """Token accuracy, or span F1 for BIO labels; on 0-100, sentences resampled."""
    return span_f1(gold, predicted) if scheme == BIO else token_accuracy(gold, predicted)


def plain_value(gold: Sentences, predicted: Sentences, scheme: str) -> float:
    """The same figure without its interval, for an evaluation between two updates.

    >>> plain_value([["NOUN", "VERB"]], [["NOUN", "ADJ"]], "pos")
    50.0
    """
    if scheme == BIO:
        both = [(set(spans(a)), set(spans(b))) for a, b in zip(gold, predicted, strict=True)]
        shared, sizes = (sum(len(a & b) for a, b in both), sum(len(a) + len(b) for a, b in both))
        return 200 * shared / max(1, sizes)
    pairs = [pair for two in zip(gold, predicted, strict=True) for pair in zip(*two, strict=True)]
    return 100 * sum(right == guess for right, guess in pairs) / max(1, len(pairs))


def scored(
    name: str,
    system: str,
    gold: Sentences,
    predicted: Sentences,
    scheme: str,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """What scores.json says of a system on a test set.

    Args:
        told: goes into the signature.
    """
    table = span_table if scheme == BIO else tag_table
    score = main_score(gold, predicted, scheme).with_context(**told)
    rows = table(gold, predicted)
    return {
        "test": name,
        "system": system,
        "sentences": len(gold),
        "score": score.to_dict(),
        "labels": [_row(row) for row in rows],
    }


def _row(row: TagRow) -> dict[str, Any]:
    return {
        "label": row.label,
        "gold": row.gold,
        "predicted": row.predicted,
        "correct": row.correct,
        "precision": round(row.precision, 2),
        "recall": round(row.recall, 2),
        "f1": row.f1.to_dict(),
    }


def _most(counts: Counter[str]) -> str:
    return min(counts, key=lambda tag: (-counts[tag], tag))
