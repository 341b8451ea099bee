"""WEAT: words by themselves. Each is read alone; its vector is the mean of its own pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from metrics.score import Score
from trust.fairness.association import (
    Floats,
    associations,
    effect_size,
    interval,
    permutation_test,
)
from trust.fairness.confounds import of_lists
from trust.fairness.figures import INTRINSIC, Figure

if TYPE_CHECKING:
    from trust.fairness.lists import Group, WordTest
    from trust.fairness.subject import Subject

NAME = "effect size"
HOW = "95% noncentral t over target words"


def weat(subject: Subject) -> list[Figure]:
    """The effect of every test."""
    found = []
    for test in subject.tests:
        x, y, a, b = (alone(subject, one) for one in test.groups)
        both = associations(x, a, b), associations(y, a, b)
        found.append(effect_figure(subject, "weat", test, *both))
    return found


def alone(subject: Subject, group: Group) -> NDArray[np.float32]:
    """A vector a word, (words, width)."""
    spans = [(0, len(word)) for word in group.words]
    return subject.encoder.words(group.words, spans, layer=subject.layer)


def effect_figure(
    subject: Subject,
    measure: str,
    test: WordTest,
    x: Floats,
    y: Floats,
    *,
    value: float | None = None,
    shrink: float = 1.0,
    signature: str = "",
    about: str = "",
    beside: dict[str, float | str] | None = None,
) -> Figure:
    """A figure from an association a word.

    Args:
        value: the effect where a word has several associations; shrink is by how much their
            spread brings effects nearer to 0, which interval and null follow.
        signature, about: what else made it, and what else must be known.
    """
    plain = effect_size(x, y)
    shown = plain if value is None else value
    moved = shown - plain * shrink
    low, high = (bound * shrink + moved for bound in interval(x, y))
    tested = permutation_test(x, y, seed=subject.config.seed)
    partitions = f"{'all' if tested.exact else 'drawn'} {tested.partitions:,}"
    encoder = subject.encoder
    told = f"{encoder.signature}|layer:{subject.layer}|lists:{test.name}{signature}"
    score = Score(
        NAME, shown, low, high, f"{told}|ddof:1|partitions:{partitions}", len(x) + len(y), HOW
    )
    null = (tested.null[0] * shrink, tested.null[1] * shrink)
    confounds = of_lists(test, subject.tokenizer, None) if beside is None else beside
    read = "; ".join(filter(None, (_read(test, shown), about)))
    return Figure(
        measure, INTRINSIC, test.title, score, test.language, tested.p, null, confounds, read
    )


def _read(test: WordTest, value: float) -> str:
    """Which way an effect points."""
    near, far = (test.x, test.y) if value > 0 else (test.y, test.x)
    return f"{near.name} nearer to {test.a.name}, {far.name} to {test.b.name}"
