"""Span F1 of BIO tags: a name counts where both its ends and its label are right.

>>> gold = [["B-PER", "I-PER", "O", "B-LOC"]]            # Wangari Maathai alizaliwa Nyeri
>>> predicted = [["B-PER", "I-PER", "O", "B-PER"]]
>>> span_f1(gold, predicted).value
50.0

Spans are read as the shared tasks' scorer, conlleval, reads them (Tjong Kim Sang and De Meulder
2003), and as seqeval does by default: an I- that continues no span of its label begins one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from metrics.score import Score
from metrics.tags import Sentences, TagRow, check_sentences, f1_score, tag_row

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
        counts = [_counts(*(_labelled(side, label) for side in both)) for both, _ in sentences]
        rows.append(tag_row(label, counts, "spans", seed, resamples))
    return rows


def _sentence_counts(
    gold: Sentences, predicted: Sentences
) -> list[tuple[tuple[set[Span], set[Span]], list[int]]]:
    """For each sentence the spans of both sides, and [correct, predicted, gold]."""
    check_sentences(gold, predicted)
    pairs = zip(gold, predicted, strict=True)
    both = [(set(spans(right)), set(spans(guess))) for right, guess in pairs]
    return [(sides, _counts(*sides)) for sides in both]


def _labelled(side: set[Span], label: str) -> set[Span]:
    return {span for span in side if span.label == label}


def _counts(right: set[Span], guess: set[Span]) -> list[int]:
    return [len(right & guess), len(guess), len(right)]
