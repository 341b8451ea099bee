"""Scores of a classifier on a test set, beside baselines that cost nothing, and averages over sets.

The baselines are learned from the same training texts: the most frequent label, and a logistic
regression on the tf-idf of hashed character n-grams, which knows nothing of other languages but the
words, names and digits that they share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from data.labelled import LabelledText
from metrics.labels import accuracy, macro_f1
from metrics.ratios import MEAN, ratio_score
from training.classification.logistic import DIMENSIONS, NGrams, chosen_penalty, fitted

MODEL, MAJORITY, CHARACTERS = "model", "most frequent label", "character n-grams"
SYSTEMS = (MODEL, CHARACTERS, MAJORITY)


@dataclass(frozen=True)
class Baselines:
    """What can be said of a text without a model.

    Attributes:
        training: texts to learn from; dev: those that choose the penalty, or none.
    """

    training: Sequence[LabelledText]
    dev: Sequence[LabelledText]

    @cached_property
    def majority(self) -> str:
        """The most frequent label, of equals the first in the alphabet."""
        counts = Counter(one.label for one in self.training)
        return min(counts, key=lambda label: (-counts[label], label))

    def by_characters(self, texts: Sequence[str]) -> list[str]:
        """The labels of the regression on n-grams."""
        best = self._ngrams.scores(texts)(self._head).argmax(dim=1).tolist()
        return [self._labels[number] for number in best]

    @cached_property
    def _labels(self) -> list[str]:
        return sorted({one.label for one in self.training})

    @cached_property
    def _ngrams(self) -> NGrams:
        return NGrams.of([one.text for one in self.training])

    @cached_property
    def _head(self) -> Any:
        return best_head(self._ngrams.scores, DIMENSIONS + 1, self._labels, self.training, self.dev)


def best_head(
    scores: Callable[[Sequence[str]], Callable[[Any], Any]],
    features: int,
    labels: Sequence[str],
    training: Sequence[LabelledText],
    dev: Sequence[LabelledText],
    history: list[float] | None = None,
) -> Any:
    """The weights (features, labels) of a logistic regression; dev, if any, chooses its penalty.

    Args:
        scores: from texts to what makes scores of them out of weights.
    """
    number = {label: n for n, label in enumerate(labels)}
    gold = [number[one.label] for one in training]
    of_training = scores([one.text for one in training])

    def head(penalty: float, history: list[float] | None = None) -> Any:
        return fitted(of_training, features, gold, len(labels), penalty, history)

    def on_dev(penalty: float) -> float:
        best = of_dev(head(penalty)).argmax(dim=1).tolist()
        right = [labels[n] == one.label for n, one in zip(best, dev, strict=True)]
        return float(100 * sum(right) / len(right))

    of_dev = scores([one.text for one in dev]) if dev else of_training
    return head(chosen_penalty(on_dev if dev else None), history)


def scored(
    name: str, system: str, gold: Sequence[str], predicted: Sequence[str], told: Mapping[str, Any]
) -> dict[str, Any]:
    """What scores.json says of a system on a test set.

    Args:
        told: goes into the signatures.
    """
    scores = [accuracy(gold, predicted), macro_f1(gold, predicted)]
    return {
        "test": name,
        "system": system,
        "texts": len(gold),
        "scores": [score.with_context(**told).to_dict() for score in scores],
    }


def averages(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mean of each system's figures over test sets, each counting once; sets are resampled."""
    found = []
    for system in dict.fromkeys(one["system"] for one in results):
        mine = [one["scores"] for one in results if one["system"] == system]
        for scores in zip(*mine, strict=True):
            name = scores[0]["name"]
            rows = [[score["value"], 1] for score in scores]
            mean = ratio_score(
                MEAN, f"{name}, mean of {len(rows)} sets", "mean:sets", rows, n=len(rows)
            )
            found.append({"system": system, "score": mean.to_dict()})
    return found
