"""What `fit` tells while it works, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Reason = Literal["steps", "patience", "stop_at", "budget"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, at each line of its log.

    Attributes:
        step, total: updates done, of how many.
        tokens: scored tokens so far.
        loss: mean over the tokens since the last line, in nats; None at an evaluation's line.
        tokens_per_second: since the last line; None at an evaluation's line.
        eta: seconds to the end, at the mean speed so far.
        metrics: of an evaluation, at its lines.
    """

    step: int
    total: int
    tokens: int
    loss: float | None
    learning_rate: float
    tokens_per_second: float | None
    eta: float
    metrics: Mapping[str, float] | None = None

    def __str__(self) -> str:
        """One line.

        >>> print(Progress(50, 200, 90000, 2.5, 1e-3, 31250.0, 9.4, {"accuracy": 61.2}))
        step 50 of 200, loss 2.500, 31,250 tokens/s, 9 s left, accuracy 61.200
        """
        parts = [f"step {self.step:,} of {self.total:,}"]
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3f}")
        if self.tokens_per_second is not None:
            parts.append(f"{self.tokens_per_second:,.0f} tokens/s")
        parts.append(f"{self.eta:,.0f} s left")
        parts += [f"{name} {value:.3f}" for name, value in (self.metrics or {}).items()]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A run that has ended. The model holds its weights.

    Attributes:
        steps: updates done.
        total: updates of the schedule; as `Settings(steps=total)`, with `stop_at=steps` where
            the two differ, they make the same weights.
        reason: why it ended: all steps, no better evaluation, `stop_at`, 1.25 times its budget.
        seconds: on the clock of the settings, over all calls that worked on it.
        tokens: scored tokens.
        best_step: the evaluation whose weights the model holds; None without `best`.
        metrics: of that evaluation, or of the last.
        history: the lines of metrics.jsonl.
    """

    steps: int
    total: int
    reason: Reason
    seconds: float
    tokens: int
    best_step: int | None
    metrics: Mapping[str, float]
    history: Sequence[Mapping[str, Any]] = field(repr=False)


@dataclass(slots=True)
class Place:
    """How far a run is: what a checkpoint stores beside tensors, randomness and data."""

    step: int = 0
    total: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best_metrics: dict[str, float] = field(default_factory=dict)
    last_metrics: dict[str, float] = field(default_factory=dict)
    evaluated_step: int | None = None
    stale: int = 0  # evaluations since the best
    pending: list[tuple[float, float, float]] = field(default_factory=list)  # not yet logged
    reason: Reason | None = None
