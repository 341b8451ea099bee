"""Learning-rate schedules: what share of the highest rate an update gets, by its number.

Updates count from 1. The rate climbs in even steps during the warm-up, whose last update has it in
full; then, of a run of 10 without warm-up:

>>> [round(factor("linear", step, 10, 0), 2) for step in (1, 6, 10)]
[1.0, 0.5, 0.1]
>>> [round(factor("wsd", step, 10, 0), 2) for step in (1, 8, 9, 10)]
[1.0, 1.0, 1.0, 0.29]
"""

from __future__ import annotations

import math

COOLDOWN = 0.2  # share of a "wsd" run on which the rate falls (Hägele et al. 2024)


def factor(schedule: str, step: int, total: int, warmup: int) -> float:
    """The share of the highest rate, 0 to 1, that update `step` (1 to `total`) gets.

    "constant" stays; "linear" and "cosine" (Loshchilov and Hutter 2017) fall to 0, which the
    update after the last would have; "wsd" stays, and falls as 1 - sqrt over the last fifth
    (Hägele et al. 2024, https://arxiv.org/abs/2405.18392); "inverse_sqrt" falls as 1/sqrt(step)
    (Vaswani et al. 2017).

    >>> [factor("constant", step, 100, 4) for step in (1, 2, 3, 4, 5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    >>> factor("inverse_sqrt", 400, 1000, 100)
    0.5
    """
    if step <= warmup:
        return step / warmup
    done = (step - 1 - warmup) / max(1, total - warmup)
    if schedule == "linear":
        return 1 - done
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "wsd":
        return _cooldown(step, total, warmup)
    if schedule == "inverse_sqrt":
        return math.sqrt(max(1, warmup) / step)
    return 1.0


def _cooldown(step: int, total: int, warmup: int) -> float:
    length = min(round(COOLDOWN * total), total - warmup)
    into = step - 1 - (total - length)
    return 1.0 if into <= 0 else 1 - math.sqrt(into / length)
