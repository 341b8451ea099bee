"""Losses of the steps since the last line of the log, fetched from the device in one go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from data.errors import UnavailableError

Entry = tuple[float, float, float]  # loss summed over tokens, tokens, norm of the gradient


@dataclass(frozen=True, slots=True)
class Summary:
    """Some steps together: mean loss a token (nats), tokens, the last gradient's norm."""

    loss: float
    tokens: int
    gradient_norm: float | None


class Ledger:
    """What each step gave. A device that computes on its own is asked only when there is need.

    >>> ledger = Ledger([], clipped=True)
    >>> ledger.add(1, torch.tensor([8.0, 4.0, 0.5]))
    >>> ledger.add(2, torch.tensor([4.0, 2.0, 0.25]))
    >>> ledger.collect()
    6
    >>> ledger.summary()
    Summary(loss=2.0, tokens=6, gradient_norm=0.25)
    """

    def __init__(self, entries: Sequence[Entry], *, clipped: bool) -> None:
        self.entries = list(entries)
        self._clipped = clipped
        self._waiting: list[tuple[int, Tensor]] = []

    def add(self, step: int, values: Tensor) -> None:
        """Note a step's (loss sum, tokens, gradient norm), a tensor (3,)."""
        self._waiting.append((step, values))

    def collect(self) -> int:
        """Fetch what waits; the number of tokens in it.

        Raises:
            UnavailableError: a loss or a gradient is not a finite number; the first such step.
        """
        if not self._waiting:
            return 0
        values = torch.stack([values for _, values in self._waiting])
        rows: list[list[float]] = values.tolist()
        for (step, _), row in zip(self._waiting, rows, strict=True):
            _check(step, row)
        self.entries += [(row[0], row[1], row[2]) for row in rows]
        self._waiting = []
        return round(sum(row[1] for row in rows))

    def summary(self) -> Summary | None:
        """The collected steps together, which are then forgotten; None where there are none."""
        if not self.entries:
            return None
        entries, self.entries = self.entries, []
        tokens = sum(entry[1] for entry in entries)
        loss = sum(entry[0] for entry in entries) / max(1.0, tokens)
        return Summary(loss, round(tokens), entries[-1][2] if self._clipped else None)


def _check(step: int, row: list[float]) -> None:
    if all(math.isfinite(value) for value in row):
        return
    name, value = ("the loss", row[0]) if not math.isfinite(row[0]) else ("the gradient", row[2])
    raise UnavailableError(
        f"step {step}: {name} is {value}, not a finite number; the last checkpoint stands. "
        "Try a lower learning rate, a longer warm-up, a smaller clip, or dtype float32, and look "
        "at the batch of that step"
    )
