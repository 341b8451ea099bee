"""What a model says of candidates: how surprised it is by each, and how unsure beforehand.

>>> seen = Seen.of([0.1, 2.3, 0.6], [0.5, 1.5, 1.0])         # nats of three words, and entropies
>>> seen.loss, seen.entropy, seen.lowest                     # the 20 % least likely: one word
(1.0, 1.0, 2.3)
>>> [round(float(confidence(loss)), 2) for loss in (0.01, 0.693, 4.6)]
[4.6, 0.0, -4.59]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = 4096  # pieces that a model sees at once
LOWEST = 0.2  # of the parts, those that Min-K% looks at (Shi et al. 2024 found 20 % to do best)
SMALLEST = 1e-7  # nats; at less a model is as good as certain, and logarithms end
Floats = NDArray[np.float64]
COLUMNS = ("loss", "entropy", "lowest")
SHAPE = {"model": str, "sha256": str, **{column: [float] for column in COLUMNS}}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model says of one candidate, in nats.

    Attributes:
        loss: what training makes smaller: of a text the mean over its pieces.
        entropy: of what the model expected, the mean over the same places.
        lowest: the mean loss of the 20 % of places that surprise it most.
    """

    loss: float
    entropy: float
    lowest: float

    @classmethod
    def of(cls, losses: Sequence[float], entropies: Sequence[float]) -> Seen:
        """Of the places of one candidate."""
        number = max(1, round(LOWEST * len(losses)))
        worst = sorted(losses, reverse=True)[:number]
        return cls(_mean(losses), _mean(entropies), _mean(worst))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


@dataclass(frozen=True)
class Observed:
    """What a model says of all candidates, (N,) each; see `Seen`."""

    loss: Floats
    entropy: Floats
    lowest: Floats

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> Observed:
        """Of candidates in their order."""
        return cls(*(np.array([getattr(one, name) for one in seen]) for name in COLUMNS))

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Observed:
        """What `to_record` wrote."""
        return cls(*(np.array(record[name], np.float64) for name in COLUMNS))

    def to_record(self, model: str, sha256: str) -> dict[str, Any]:
        """As observations.jsonl has it.

        Args:
            model: whose observations these are.
            sha256: of what was observed.
        """
        told = {name: getattr(self, name).tolist() for name in COLUMNS}
        return {"model": model, "sha256": sha256, **told}


def confidence(loss: Floats | float) -> Any:
    """The logit of the probability exp(-loss): what LiRA takes to be normal over models.

    log(p / (1 - p)), computed from the loss so that a p near 1 keeps its digits.
    """
    nats = np.maximum(loss, SMALLEST)
    return -nats - np.log(-np.expm1(-nats))


def of_places(scores: Tensor, gold: Tensor) -> list[tuple[list[float], list[float]]]:
    """Cross entropy and entropy in nats, a pair of lists a row, at the places that have a label.

    Args:
        scores: (B, T, L); gold: (B, T) labels, -100 where there is none.

    >>> import torch
    >>> [(lost, unsure)] = of_places(torch.zeros(1, 2, 4), torch.tensor([[2, -100]]))
    >>> round(lost[0], 3), round(unsure[0], 3), len(lost)        # log 4: nothing is known
    (1.386, 1.386, 1)
    """
    there = gold >= 0
    logs = scores[there].double().log_softmax(dim=-1)
    lost = -logs.gather(1, gold[there][:, None])[:, 0]
    unsure = -(logs.exp() * logs).sum(dim=-1)
    found, at, lists = [], 0, (lost.tolist(), unsure.tolist())
    for number in there.sum(dim=1).tolist():
        found.append((lists[0][at : at + number], lists[1][at : at + number]))
        at += number
    return found
