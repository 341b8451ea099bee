"""Who is asked in a round, and what a client's answer weighs for it.

    chosen = select("activity", Asking(sizes, losses, number=10, seed=1, round=7))

| selection | a client's chance | after |
| --- | --- | --- |
| uniform | the same for all | McMahan et al. 2017 |
| activity | in proportion to its examples of the time, n | Dupuy et al. 2022, 2202.01273 |
| activity-power:P | to n to the power of P; 0 is uniform, 1 activity | |
| loss | of twice as many as are asked, drawn by n, those whose last loss was highest | Cho et al. \
2022, 2010.01243 (its cheap variant) |

Clients without an example are never asked. Whoever asks by activity and weighs answers by samples
counts a busy client twice: its chance grows with n, and then its weight does. `weight` undoes that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from data.errors import InputError
from data.randomness import stream
from trust.federation.names import CORRECTED, EQUAL, named_with

UNIFORM, ACTIVITY, POWER, LOSS = "uniform", "activity", "activity-power", "loss"
CANDIDATES = 2  # times as many as are asked: d = 2 m in the paper's experiments


@dataclass(frozen=True)
class Asking:
    """A round in which clients are to be chosen.

    Attributes:
        sizes: examples of each client that are there now.
        number: how many are asked, at most.
        losses: what clients said last, a mean in nats; who never answered comes first.
    """

    sizes: Sequence[int]
    number: int
    seed: int
    round: int
    losses: Mapping[int, float] = field(default_factory=dict)


def uniform(asking: Asking, power: float) -> list[int]:  # noqa: ARG001
    """All alike."""
    return _weighted(asking, 0.0, asking.number)


def by_activity(asking: Asking, power: float) -> list[int]:
    """By the number of examples, to a power."""
    return _weighted(asking, power, asking.number)


def by_loss(asking: Asking, power: float) -> list[int]:  # noqa: ARG001
    """Those with the highest loss among candidates; candidates are drawn by activity."""
    candidates = _weighted(asking, 1.0, CANDIDATES * asking.number)
    ranked = sorted(candidates, key=lambda one: -asking.losses.get(one, math.inf))
    return ranked[: asking.number]


def _weighted(asking: Asking, power: float, number: int) -> list[int]:
    """Without replacement, each draw in proportion to n ** power (Efraimidis and Spirakis 2006)."""
    rng = stream(asking.seed, "select", str(asking.round))
    keys = []
    for client, size in enumerate(asking.sizes):
        waiting = -math.log(1 - rng.random())  # exponential; drawn for empty clients as well
        if size:
            keys.append((waiting / size**power, client))
    return [client for _, client in sorted(keys)[:number]]


Selection = Callable[[Asking, float], list[int]]
SELECTIONS: dict[str, Selection] = {
    UNIFORM: uniform,
    ACTIVITY: by_activity,
    POWER: by_activity,
    LOSS: by_loss,
}


def register(name: str, choose: Selection) -> None:
    """Add a selection: `--select NAME` has it from then on; its power is 0 for the weights."""
    SELECTIONS[name] = choose


def parse_selection(text: str) -> tuple[str, float]:
    """Its name, and the power of n by which it chooses.

    Raises:
        InputError: no such selection, a power that it does not take, or a wrong one.

    >>> parse_selection("activity"), parse_selection("activity-power:0.5")
    (('activity', 1.0), ('activity-power', 0.5))
    >>> parse_selection("activty")
    Traceback (most recent call last):
    data.errors.InputError: --select "activty": expected one of uniform, activity, activity-power, \
loss (did you mean activity?)
    """
    name, argument = named_with(text, tuple(SELECTIONS), "--select")
    if bool(argument) != (name == POWER):
        usual = f"{POWER}:0.5" if name == POWER else name
        raise InputError(f"--select {text}: write it as {usual}")
    if name != POWER:
        return name, 1.0 if name == ACTIVITY else 0.0
    try:
        power = float(argument)
    except ValueError:
        power = math.nan
    if not 0 <= power <= 4:
        raise InputError(f"--select {text}: expected a power of 0 (uniform) to 4; 1 is activity")
    return name, power


def select(text: str, asking: Asking) -> list[int]:
    """The clients of a round, in drawn order; the same seed and round, the same clients.

    >>> sizes = [1, 1, 0, 98]
    >>> [select("activity", Asking(sizes, 1, 1, n))[0] for n in range(8)]
    [3, 3, 3, 3, 3, 3, 3, 3]
    >>> sorted(select("uniform", Asking(sizes, 3, 1, 0)))
    [0, 1, 3]
    """
    name, power = parse_selection(text)
    return SELECTIONS[name](asking, power)


def poisson(rate: float, chances: Sequence[float]) -> list[int]:
    """Each client by itself with this probability: what the accountants of privacy count on.

    >>> poisson(0.5, [0.2, 0.7, 0.4])
    [0, 2]
    """
    return [client for client, chance in enumerate(chances) if chance < rate]


def weight(how: str, selection: str, size: int) -> float:
    """What a client's update weighs.

    Args:
        how: "equal"; "samples", n; "corrected", n ** (1 - P): n for clients drawn alike, 1 where
            they are drawn by activity.

    >>> weight("corrected", "uniform", 9), weight("corrected", "activity", 9)
    (9.0, 1.0)
    >>> weight("corrected", "activity-power:0.5", 9), weight("samples", "activity", 9)
    (3.0, 9.0)
    """
    if how == EQUAL:
        return 1.0
    power = parse_selection(selection)[1] if how == CORRECTED else 0.0
    return float(size ** (1 - power))
