"""Forms that two sides agree on: networks that write from the beginning, and from the end.

A network is surest of what it writes first, and an error there is never taken back. So each side
proposes forms, and both score all of them: the reranking of Liu et al. 2016 (Agreement on
target-bidirectional neural machine translation). It pays where examples are few and costs some ten
times the decoding, so `morph.recipe` leaves it to those cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from morph.hypothesis import Hypothesis

BEAM = 6  # at least: forms that each side proposes


class Side(Protocol):
    """A `morph.transducer.Transducer` of one direction."""

    def predict(
        self,
        items: Sequence[tuple[str, str]],
        *,
        beam: int,
        n_best: int,
        batch_size: int,
        language: str | None,
    ) -> list[list[Hypothesis]]:
        """The likeliest forms, the best first."""

    def score(
        self, items: Sequence[tuple[str, str, str]], *, batch_size: int, language: str | None
    ) -> list[float]:
        """The log probability of given forms."""


def agreed(
    sides: Sequence[Side],
    items: Sequence[tuple[str, str]],
    beam: int,
    n_best: int,
    batch_size: int,
    language: str | None,
) -> list[list[Hypothesis]]:
    """What any side proposes, in the order of the mean of all sides' scores.

    Args: as `Transducer.predict` has them.

    Returns:
        At most `n_best` forms an item; the score is the mean log probability (nats).
    """
    width = max(beam, BEAM)
    lists = [
        side.predict(items, beam=width, n_best=width, batch_size=batch_size, language=language)
        for side in sides
    ]
    proposed = [
        list(dict.fromkeys(one.form for some in found for one in some))
        for found in zip(*lists, strict=True)
    ]
    asked = [(*item, form) for item, forms in zip(items, proposed, strict=True) for form in forms]
    scores = iter(mean_score(sides, asked, batch_size, language))
    ranked = (
        sorted((Hypothesis(form, next(scores)) for form in forms), key=lambda one: -one.score)
        for forms in proposed
    )
    return [forms[:n_best] for forms in ranked]


def mean_score(
    sides: Sequence[Side],
    items: Sequence[tuple[str, str, str]],
    batch_size: int,
    language: str | None,
) -> list[float]:
    """The mean of the sides' log probabilities of given forms, a number an item."""
    found = [side.score(items, batch_size=batch_size, language=language) for side in sides]
    return [sum(some) / len(sides) for some in zip(*found, strict=True)]
