"""Precision, recall and F1 of token tags, one by one, and of the spans that BIO tags mark.

>>> gold, predicted = [["PRON", "VERB", "NOUN"]], [["PRON", "NOUN", "NOUN"]]
>>> [(row.label, row.precision, row.recall) for row in tag_table(gold, predicted)]
[('NOUN', 50.0, 100.0), ('PRON', 100.0, 100.0), ('VERB', 0.0, 0.0)]

A name counts where both its ends and its label are right:

>>> gold = [["B-PER", "I-PER", "O", "B-LOC"]]            # Wangari Maathai alizaliwa Nyeri
>>> predicted = [["B-PER", "I-PER", "O", "B-PER"]]
>>> span_f1(gold, predicted).value
50.0

Spans are read as the shared tasks' scorer, conlleval, reads them (Tjong Kim Sang and De Meulder
2003), and as seqeval does by default: an I- that continues no span of its label begins one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

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


OUTSIDE = "O"

SpanRow: TypeAlias = TagRow
"""As a `TagRow`, and what is counted are spans."""


class Span(NamedTuple):
    """A labelled stretch of tokens: `start` is the first, `end` is after the last."""

    start: int
    end: int
    label: str


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of a sentence, from left to right.

    >>> spans(["I-PER", "I-PER", "B-PER", "O", "B-LOC", "I-ORG"])
    [Span(start=0, end=2, label='PER'), Span(start=2, end=3, label='PER'), \
Span(start=4, end=5, label='LOC'), Span(start=5, end=6, label='ORG')]

    Raises:
        ValueError: a tag that is none of O, B-LABEL and I-LABEL.
    """
    found: list[Span] = []
    before = OUTSIDE
    for place, tag in enumerate(tags):
        if tag != OUTSIDE and (tag[:2] not in ("B-", "I-") or len(tag) < 3):
            raise ValueError(f"tag {place}: expected O, B-LABEL or I-LABEL, found {tag!r}")
        if tag != OUTSIDE:
            if tag[0] == "I" and before[2:] == tag[2:]:
                found[-1] = found[-1]._replace(end=place + 1)
            else:
                found.append(Span(place, place + 1, tag[2:]))
        before = tag
    return found


def span_f1(
    gold: Sentences, predicted: Sentences, *, seed: int = 1, resamples: int = 1000
) -> Score:
    """The micro-averaged F1 of spans, on 0-100; sentences are resampled, n counts gold's spans.

    2 correct / (predicted + gold) over the whole test set; 0 where neither has a span.

    Raises:
        ValueError: other sentences or lengths than in gold, no sentence, a tag of another scheme.
    """
    counts = [row for _, row in _sentence_counts(gold, predicted)]
    return f1_score("span F1", "spans", counts, seed, resamples)


def span_table(
    gold: Sentences, predicted: Sentences, *, seed: int = 1, resamples: int = 1000
) -> list[SpanRow]:
    """A row for each label, sorted by name: precision, recall and F1 of its spans."""
    sentences = list(_sentence_counts(gold, predicted))
    labels = sorted({span.label for both, _ in sentences for side in both for span in side})
    rows = []
    for label in labels:
        counts = [_span_counts(*(_labelled(side, label) for side in both)) for both, _ in sentences]
        rows.append(tag_row(label, counts, "spans", seed, resamples))
    return rows


def _sentence_counts(
    gold: Sentences, predicted: Sentences
) -> list[tuple[tuple[set[Span], set[Span]], list[int]]]:
    """For each sentence the spans of both sides, and [correct, predicted, gold]."""
    check_sentences(gold, predicted)
    pairs = zip(gold, predicted, strict=True)
    both = [(set(spans(right)), set(spans(guess))) for right, guess in pairs]
    return [(sides, _span_counts(*sides)) for sides in both]


def _labelled(side: set[Span], label: str) -> set[Span]:
    return {span for span in side if span.label == label}


def _span_counts(right: set[Span], guess: set[Span]) -> list[int]:
    return [len(right & guess), len(guess), len(right)]
