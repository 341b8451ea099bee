"""Servers: what becomes of the mean of the clients' updates.

    server = make_server("fedopt-adam", rate=0.1)
    weights = server.step(weights, mean, round=1)       # (P,) each, float64

| server | step | clients |
| --- | --- | --- |
| fedavg | weights + rate x mean | McMahan et al. 2017, 1602.05629 |
| fedprox | the same | are held near the weights that they got: mu / 2 |w - w'|², Li et al. 2020, \
1812.06127 |
| fedopt-adam, fedopt-yogi | Adam and Yogi with the mean as the gradient, Reddi et al. 2021, \
2003.00295 | |
| scaffold | weights + rate x mean | correct each gradient by what differs between them and all, \
Karimireddy et al. 2020, 1910.06378 |

Adam's rate is corrected for its first rounds as in Flower's FedAdam, whose numbers these are: with
the powers of round + 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BETAS = (0.9, 0.99)
TAU = 1e-3  # added to the root of the second moment: how adaptive it is


@dataclass
class Server:
    """Keeps the mean's direction as it is: FedAvg.

    Attributes:
        rate: times the step.
        memory: what it remembers between rounds, by name, (P,) each.
        holds: whether clients are held near the weights that they got (FedProx).
        corrects: whether clients correct their gradients (SCAFFOLD).
    """

    rate: float = 1.0
    memory: dict[str, Tensor] = field(default_factory=dict)
    holds: bool = False
    corrects: bool = False

    def step(self, weights: Tensor, mean: Tensor, round: int) -> Tensor:  # noqa: A002, ARG002
        """The weights after a round (from 1)."""
        return weights + self.rate * mean

    def load(self, memory: Mapping[str, Tensor]) -> None:
        """Go on from a memory that was kept."""
        self.memory = dict(memory)


class Adaptive(Server):
    """What Adam and Yogi share: two moments of the mean."""

    def step(self, weights: Tensor, mean: Tensor, round: int) -> Tensor:  # noqa: A002
        """The weights after a round (from 1)."""
        zero = mean.new_zeros(len(mean))
        first = BETAS[0] * self.memory.get("first", zero) + (1 - BETAS[0]) * mean
        second = self._second(self.memory.get("second", zero), mean.square())
        self.memory = {"first": first, "second": second}
        return weights + self._rate(round) * first / (second.sqrt() + TAU)

    def _second(self, before: Tensor, squared: Tensor) -> Tensor:
        raise NotImplementedError

    def _rate(self, round: int) -> float:  # noqa: A002, ARG002
        return self.rate


class Adam(Adaptive):
    """The second moment is a moving average."""

    def _second(self, before: Tensor, squared: Tensor) -> Tensor:
        return BETAS[1] * before + (1 - BETAS[1]) * squared

    def _rate(self, round: int) -> float:  # noqa: A002
        first, second = (1 - beta ** (round + 1) for beta in BETAS)
        return self.rate * math.sqrt(second) / first


class Yogi(Adaptive):
    """The second moment moves by steps that do not grow with its distance."""

    def _second(self, before: Tensor, squared: Tensor) -> Tensor:
        return before - (1 - BETAS[1]) * squared * (before - squared).sign()


SERVERS: dict[str, Callable[[float], Server]] = {
    "fedavg": Server,
    "fedprox": lambda rate: Server(rate, holds=True),
    "fedopt-adam": Adam,
    "fedopt-yogi": Yogi,
    "scaffold": lambda rate: Server(rate, corrects=True),
}


def register(name: str, make: Callable[[float], Server]) -> None:
    """Add a server: `--server NAME` has it from then on.

    Args:
        make: from the rate to a server.
    """
    SERVERS[name] = make


def make_server(name: str, rate: float) -> Server:
    """A server before its first round.

    >>> import torch
    >>> adam = make_server("fedopt-adam", rate=0.1)
    >>> adam.step(torch.zeros(2, dtype=torch.float64), torch.tensor([1.0, -1.0]).double(), 1)
    tensor([ 0.0735, -0.0735], dtype=torch.float64)
    """
    return SERVERS[name](rate)
