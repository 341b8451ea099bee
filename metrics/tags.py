"""Tags of tokens one by one: for each tag how often it was found, missed and made up.

>>> gold, predicted = [["PRON", "VERB", "NOUN"]], [["PRON", "NOUN", "NOUN"]]
>>> [(row.label, row.precision, row.recall) for row in tag_table(gold, predicted)]
[('NOUN', 50.0, 100.0), ('PRON', 100.0, 100.0), ('VERB', 0.0, 0.0)]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from metrics.ratios import Ratio, percent, ratio_score
from metrics.score import Score

Sentences: TypeAlias = Sequence[Sequence[str]]

# Rows are [correct, predicted, gold]; F1 is the harmonic mean of precision and recall.
F1 = Ratio(lambda totals: percent(2 * totals[0], totals[1] + totals[2]))


@dataclass(frozen=True, slots=True)
class TagRow:
    """One label: how many there are in gold, how many were predicted, how many of these are right.

    Attributes:
        f1: on 0-100, with the interval of a bootstrap of sentences; n is gold's number or 1.
    """

    label: str
    gold: int
    predicted: int
    correct: int
    f1: Score

    @property
    def precision(self) -> float:
        """The share of what was predicted that is right, on 0-100; 0 where nothing was."""
        return 100 * self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of gold that was found, on 0-100; 0 where gold has none."""
        return 100 * self.correct / self.gold if self.gold else 0.0


def tag_table(
    gold: Sentences, predicted: Sentences, *, seed: int = 1, resamples: int = 1000
) -> list[TagRow]:
    """A row for each tag of gold or prediction, sorted by name, tokens counted.

    Raises:
        ValueError: other sentences or lengths than in gold, or no sentence.
    """
    check_sentences(gold, predicted)
    pairs = list(zip(gold, predicted, strict=True))
    labels = sorted({tag for side in (gold, predicted) for tags in side for tag in tags})
    counts = {label: [_counts(label, *pair) for pair in pairs] for label in labels}
    return [tag_row(label, counts[label], "tags", seed, resamples) for label in labels]


def tag_row(
    label: str, counts: Sequence[Sequence[int]], unit: str, seed: int, resamples: int
) -> TagRow:
    """A label's row from [correct, predicted, gold] of every sentence."""
    correct, guessed, there = (sum(column) for column in zip(*counts, strict=True))
    f1 = f1_score(f"F1 {label}", unit, counts, seed, resamples)
    return TagRow(label, there, guessed, correct, f1)


def f1_score(
    name: str, unit: str, counts: Sequence[Sequence[int]], seed: int, resamples: int
) -> Score:
    """F1 of [correct, predicted, gold] a sentence, with sentences resampled.

    n is the number that gold has, or 1 where it has none.
    """
    n = max(1, sum(row[2] for row in counts))
    return ratio_score(
        F1,
        name,
        f"average:micro|unit:{unit}",
        counts,
        groups=range(len(counts)),
        unit="sentences",
        n=n,
        seed=seed,
        resamples=resamples,
    )


def check_sentences(gold: Sentences, predicted: Sentences) -> None:
    """Raise ValueError unless both have the same sentences: as many, each with as many tags."""
    if len(gold) != len(predicted):
        raise ValueError(
            f"gold and predicted: expected the same sentences, found {len(gold)} and "
            f"{len(predicted)}; tag every sentence once"
        )
    for number, (right, guess) in enumerate(zip(gold, predicted, strict=True)):
        if isinstance(right, str) or isinstance(guess, str):
            raise ValueError(f"sentence {number}: expected a list of tags, found one string")
        if len(right) != len(guess):
            raise ValueError(
                f"sentence {number}: expected {len(right)} tags as in gold, found {len(guess)}; "
                "tag every token"
            )


def _counts(label: str, gold: Sequence[str], predicted: Sequence[str]) -> list[int]:
    both = sum(right == guess == label for right, guess in zip(gold, predicted, strict=True))
    return [both, sum(tag == label for tag in predicted), sum(tag == label for tag in gold)]
