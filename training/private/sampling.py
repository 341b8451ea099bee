"""Who is in an update: each unit by itself with the same probability, as the accounting says.

Batches of a fixed size, or an epoch in shuffled order, give less privacy than the accountants count
(Lebensold et al. 2024, https://arxiv.org/abs/2411.04205). So an update has as many units as chance
says, sometimes none; its sum is divided by the number that is expected, since the true one is a
secret. What is drawn is cut into as many batches as memory takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.private.clipping import UNIT
from training.private.noise import Chance

PARTS = "parts"
Samples = Sequence[Sequence[int]]  # of each unit the numbers of its samples
Make = Callable[[int, Samples], Iterator[dict[str, Tensor]]]


class PoissonBatches:
    """An endless stream of updates {"parts": batches}; its place is the number of the update.

    Args:
        units: the samples of each unit, by number.
        rate: the probability that a unit is drawn.
        most: samples of a unit an update; which ones is drawn.
        make: batches of an update's number and its units' samples; `cut` helps.
    """

    def __init__(
        self, units: Samples, rate: float, chance: Chance, make: Make, *, most: int
    ) -> None:
        self._units, self._rate, self._most = units, rate, most
        self._chance, self._make = chance, make
        self._done = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go on from the place."""
        while True:
            self._done += 1
            yield {PARTS: list(self._make(self._done, self.drawn(self._done)))}

    def drawn(self, step: int) -> list[Sequence[int]]:
        """The samples of the units of an update, the first is 1."""
        chosen = np.flatnonzero(self._chance.uniform(str(step), len(self._units)) < self._rate)
        return [self._some(self._units[int(number)], step, int(number)) for number in chosen]

    def _some(self, samples: Sequence[int], step: int, unit: int) -> Sequence[int]:
        """At most so many samples of a unit."""
        if len(samples) <= self._most:
            return samples
        lots = self._chance.uniform(f"{step}/{unit}", len(samples))
        first = sorted(int(place) for place in np.argsort(lots)[: self._most])
        return [samples[place] for place in first]

    def state_dict(self) -> dict[str, Any]:
        """The updates that were drawn."""
        return {"updates": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on after so many."""
        self._done = int(state["updates"])


def cut(
    units: Samples, length: Callable[[int], int], tokens: int
) -> Iterator[tuple[list[int], Tensor]]:
    """Samples in batches of at most `tokens` with padding, units whole, like lengths together.

    Args:
        length: of a sample.

    Yields:
        The samples of a batch, and (B,) the number of each one's unit in the batch.

    >>> lengths = [3, 9, 4, 3]
    >>> [(s, u.tolist()) for s, u in cut([[0], [1], [2, 3]], lengths.__getitem__, 12)]
    [([0, 2, 3], [0, 1, 1]), ([1], [0])]
    """
    group: list[Sequence[int]] = []
    there = [samples for samples in units if samples]
    for unit in sorted(there, key=lambda samples: max(map(length, samples))):
        size = max(map(length, unit))
        if group and size * (sum(map(len, group)) + len(unit)) > tokens:
            yield _flat(group)
            group = []
        group.append(unit)
    if group:
        yield _flat(group)


def _flat(group: Samples) -> tuple[list[int], Tensor]:
    samples = [sample for unit in group for sample in unit]
    return samples, torch.tensor([n for n, unit in enumerate(group) for _ in unit])


__all__ = ["PARTS", "UNIT", "PoissonBatches", "cut"]
