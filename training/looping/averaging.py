"""A moving average of the weights: smoother than the last ones, and free at inference.

Polyak and Juditsky 1992; exponential as in Tarvainen and Valpola 2017. The first steps count for
less than the decay says, so that the random initial weights are soon forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from training.looping.tensors import split_like


class Average:
    """The average of some weights, updated after each step.

    >>> weight = nn.Parameter(torch.tensor([0.0]))
    >>> average = Average({"w": weight}, decay=0.5)
    >>> _ = weight.data.fill_(1.0)
    >>> average.update(step=100)
    >>> average.tensors()["w"]
    tensor([0.5000])
    """

    def __init__(self, weights: Mapping[str, nn.Parameter], decay: float) -> None:
        self._decay = decay
        self._names = list(weights)
        self._weights = [weight.detach() for weight in weights.values()]
        self._means = [weight.clone() for weight in self._weights]

    def update(self, step: int) -> None:
        """Move towards the weights after update `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._means, self._weights, 1 - decay)

    def tensors(self) -> dict[str, Tensor]:
        """The averages by name; not copies."""
        return dict(zip(self._names, self._means, strict=True))

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from stored averages."""
        for name, mean in self.tensors().items():
            mean.copy_(split_like(mean, tensors[name]))

    def put_in(self) -> None:
        """Make the averages the model's weights for good."""
        _copy(self._means, self._weights)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averages inside the block, and its own weights again after it."""
        own = [weight.clone() for weight in self._weights]
        self.put_in()
        try:
            yield
        finally:
            _copy(own, self._weights)


def _copy(sources: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
    # One by one: split tensors (FSDP) know no copy of many.
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)
