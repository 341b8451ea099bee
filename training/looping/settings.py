"""What a run is made of: length, optimiser, schedule, precision; checked when it is made.

>>> Settings(steps=2000, warmup=100).schedule
'cosine'
>>> Settings(steps=2000, optimizer="sgd")
Traceback (most recent call last):
data.errors.InputError: optimizer: expected adamw, muon, found 'sgd'
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from data.cli import did_you_mean
from data.errors import InputError

Clock = Literal["wall", "cpu"]
Schedule = Literal["constant", "linear", "cosine", "wsd", "inverse_sqrt"]
Optimizer = Literal["adamw", "muon"]
Dtype = Literal["auto", "float32", "bfloat16"]
CHOICES = {
    "clock": get_args(Clock),
    "schedule": get_args(Schedule),
    "optimizer": get_args(Optimizer),
    "dtype": get_args(Dtype),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One run of `training.loop.fit`. The same settings, model and batches give the same weights.

    Args:
        steps: updates of the weights; this or `seconds` or both (then whichever ends first).
        seconds: a budget for the whole run, evaluations included. The speed of some trial steps,
            which are undone, settles the number of steps once; given as `steps`, that number
            makes the same weights on any machine. A run that is 1.25 times over is stopped.
        clock: of `seconds`: the wall's, or "cpu", the process's own (for a shared machine).
        stop_at: ends here although the schedule goes on to `steps`: what a stopped run says
            of itself, and a way to train in instalments.
        learning_rate: at its highest.
        schedule: what it does after the warm-up, see `training.looping.schedules`.
        warmup: updates on which the rate climbs: a share of all up to 1, a number above.
        optimizer: "adamw", or "muon" for the matrices inside and AdamW for the rest.
        betas: decay of AdamW's two averages; Muon's momentum is 0.95.
        weight_decay: decoupled; of matrices only, not of norms and biases.
        clip: the longest gradient (2-norm, of the mean loss a token); None: any.
        accumulate: batches an update; the gradient is of the mean over all their tokens.
        average: decay of a moving average of the weights, 0: none. The average is what is
            evaluated, kept and returned. Its first steps weigh less: min(decay, (1+t)/(10+t)).
        dtype: of the multiplications; the weights stay as they are. "auto" is bfloat16 on an
            accelerator that has it and else float32.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        seed: of what the model draws while it trains (dropout).
        evaluate_every, checkpoint_every, log_every: updates between two, 0: never. There is an
            evaluation and a checkpoint at the end in any case.
        patience: stop after so many evaluations in a row without a better one, 0: never.

    Raises:
        InputError: a value that cannot be; the message names the field.
    """

    steps: int | None = None
    seconds: float | None = None
    clock: Clock = "wall"
    stop_at: int | None = None
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    warmup: float = 0.05
    optimizer: Optimizer = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    clip: float | None = 1.0
    accumulate: int = 1
    average: float = 0.0
    dtype: Dtype = "auto"
    device: str = "auto"
    seed: int = 0
    evaluate_every: int = 0
    patience: int = 0
    checkpoint_every: int = 500
    log_every: int = 50

    def __post_init__(self) -> None:
        if self.steps is None and self.seconds is None:
            raise InputError("settings: expected steps or seconds, found neither")
        for name, choices in CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                near = did_you_mean(str(value), choices)
                raise InputError(f"{name}: expected {', '.join(choices)}, found {value!r}{near}")
        for name in ("steps", "stop_at", "accumulate"):
            _check(name, getattr(self, name), "a whole number from 1", whole=True, low=1)
        for name in ("evaluate_every", "patience", "checkpoint_every", "log_every"):
            _check(name, getattr(self, name), "a whole number from 0", whole=True)
        for name in ("seconds", "learning_rate", "clip"):
            _check(name, getattr(self, name), "a number above 0", above=True)
        for name in ("warmup", "weight_decay"):
            _check(name, getattr(self, name), "a number from 0")
        for name, value in (("average", self.average), *(("betas", b) for b in self.betas)):
            if not 0 <= value < 1:
                raise InputError(f"{name}: expected a number from 0 to below 1, found {value!r}")

    def warmup_steps(self, total: int) -> int:
        """Updates on which the rate climbs in a run of this many.

        >>> Settings(steps=1000).warmup_steps(1000), Settings(steps=9, warmup=40).warmup_steps(9)
        (50, 9)
        """
        steps = self.warmup * total if self.warmup <= 1 else self.warmup
        return min(total, round(steps))

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON has them."""
        return {
            field.name: list(value) if isinstance(value, tuple) else value
            for field in fields(self)
            for value in [getattr(self, field.name)]
        }


def check_device(name: str) -> None:
    """Raise `InputError` for what cannot be a device anywhere; whether it is here, torch knows.

    >>> check_device("cuda:1")
    >>> check_device("tensor")
    Traceback (most recent call last):
    data.errors.InputError: --device "tensor": expected auto, cpu, cuda, cuda:1 or mps
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,4})?", name):
        near = did_you_mean(name, ("auto", "cpu", "cuda", "mps"))
        raise InputError(f'--device "{name}": expected auto, cpu, cuda, cuda:1 or mps{near}')


def _check(
    name: str,
    value: float | None,
    expected: str,
    *,
    low: float = 0,
    whole: bool = False,
    above: bool = False,
) -> None:
    if value is None:
        return
    right_kind = isinstance(value, int) if whole else math.isfinite(value)
    if not right_kind or isinstance(value, bool) or value < low or (above and value == low):
        raise InputError(f"{name}: expected {expected}, found {value!r}")
