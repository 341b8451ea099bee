"""From a score to a confidence: how often such answers were right.

    >>> scores, right = [0.2, 0.4, 0.6, 0.8] * 50, [False, False, True, True] * 50
    >>> curve = Curve.fit(scores, right)
    >>> round(curve(0.1), 2), round(curve(0.9), 2)
    (0.0, 1.0)

The map is isotonic: a higher score never gives a lower confidence (pool adjacent violators, Ayer et
al. 1955; for probabilities Zadrozny and Elkan 2002). It is learned on items from which the scores
were not learned. Neighbouring scores are pooled until every step has LEAST items, and each step
counts half an item right and half a one wrong, so that no confidence is 0 or 1 by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from data.bounded import read_json
from data.errors import InputError

LEAST = 20  # items in a step
BINS = 10


class Step(NamedTuple):
    """Neighbouring scores with one confidence; score: their mean; items: how many."""

    score: float
    confidence: float
    items: int


class Curve(NamedTuple):
    """A map from scores to confidences: steps in ascending order, straight lines between them."""

    steps: tuple[Step, ...]

    @classmethod
    def fit(cls, scores: Sequence[float], right: Sequence[bool]) -> Curve:
        """Learn the map from scores and whether each answer was right; of nothing, 0.5 for all.

        Raises:
            InputError: not as many of the one as of the other.
        """
        if len(scores) != len(right):
            raise InputError(
                f"calibration: expected as many answers as scores, found {len(right)} for"
                f" {len(scores)}; give one of each an item"
            )
        pairs = sorted(zip(scores, right, strict=True))
        return cls(tuple(_step(block) for block in _pooled(pairs)))

    def __call__(self, score: float) -> float:
        """The confidence of a score, 0 to 1.

        >>> curve = Curve((Step(0.2, 0.1, 50), Step(0.6, 0.9, 50)))
        >>> [round(curve(score), 3) for score in (0.0, 0.2, 0.4, 0.6, 1.0)]
        [0.1, 0.1, 0.5, 0.9, 0.9]
        """
        if not self.steps:
            return 0.5
        if score <= self.steps[0].score:
            return self.steps[0].confidence
        for left, right in pairwise(self.steps):
            if score <= right.score:
                share = (score - left.score) / (right.score - left.score)
                return left.confidence + share * (right.confidence - left.confidence)
        return self.steps[-1].confidence

    def to_json(self) -> list[list[float]]:
        """Score, confidence and number of items of every step."""
        return [
            [round(step.score, 6), round(step.confidence, 6), step.items] for step in self.steps
        ]

    @classmethod
    def from_json(cls, value: Any) -> Curve:
        """The curve that `to_json` wrote.

        Raises:
            InputError: it is something else.
        """
        try:
            steps = tuple(Step(float(a), float(b), int(n)) for a, b, n in value)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"calibration: expected triples of score, confidence and items, found {value!r};"
                " calibrate again"
            ) from error
        return cls(steps)


def read_learned(path: Path, again: str) -> dict[str, Any]:
    """The JSON object of something that was learned; its format is a text, if it has one.

    Raises:
        InputError: it is no such file; `again` says how to make it anew.
    """
    try:
        about: dict[str, Any] = read_json(path, {"format?": str})
    except InputError as error:
        told = str(error).removesuffix("; correct it")
        raise InputError(f"{told}; {again}") from error
    return about


def expected_calibration_error(
    confidences: Sequence[float], right: Sequence[bool], bins: int = BINS
) -> float:
    """How far confidence is from accuracy, 0-100: the mean over bins of equal width, by items.

    ECE of Naeini et al. 2015 and Guo et al. 2017.

    >>> round(expected_calibration_error([0.9, 0.9, 0.3], [True, False, False]), 1)
    36.7

    Raises:
        InputError: no items.
    """
    if not confidences:
        raise InputError("calibration error: expected items, found none; give some")
    sums = [[0.0, 0] for _ in range(bins)]
    for confidence, correct in zip(confidences, right, strict=True):
        place = min(int(confidence * bins), bins - 1)
        sums[place][0] += confidence
        sums[place][1] += correct
    return 100 * sum(abs(total - hits) for total, hits in sums) / len(confidences)


def _pooled(pairs: Sequence[tuple[float, bool]]) -> list[list[tuple[float, bool]]]:
    """Neighbouring pairs in blocks that are large enough and whose shares ascend."""
    blocks: list[list[tuple[float, bool]]] = []
    current: list[tuple[float, bool]] = []
    for place, pair in enumerate(pairs):
        current.append(pair)
        ends = place + 1 == len(pairs) or pairs[place + 1][0] != pair[0]
        if ends and (len(current) >= LEAST or place + 1 == len(pairs)):
            blocks.append(current)
            current = []
            while len(blocks) > 1 and _out_of_order(blocks[-2], blocks[-1]):
                last = blocks.pop()
                blocks[-1] = blocks[-1] + last
    return blocks


def _out_of_order(left: Sequence[tuple[float, bool]], right: Sequence[tuple[float, bool]]) -> bool:
    return len(right) < LEAST or _share(left) >= _share(right)


def _share(block: Sequence[tuple[float, bool]]) -> float:
    return (sum(correct for _, correct in block) + 0.5) / (len(block) + 1)


def _step(block: Sequence[tuple[float, bool]]) -> Step:
    mean = sum(score for score, _ in block) / len(block)
    return Step(mean, _share(block), len(block))
