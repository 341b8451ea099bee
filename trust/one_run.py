"""A lower bound of epsilon from one training run (Steinke, Nasr and Jagielski 2023).

https://arxiv.org/abs/2305.08846: of many examples each was put into the training data or left out
by a coin of its own. An attack guesses the coins of those that it is surest of, on both sides. A
training that is (epsilon, delta)-private allows only so many right guesses; more of them prove,
with a confidence of 95 %, that epsilon is larger.

>>> round(epsilon_bound(examples=10, guesses=10, right=10), 3)     # p^10 = 0.05, epsilon = logit p
1.052
>>> [round(epsilon_bound(100, 100, right), 3) for right in (100, 70, 55)]
[3.493, 0.472, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trust.observed import Floats

CONFIDENCE = 0.95
SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)  # of the examples, guessed in turn
MOST = 60.0  # an epsilon beyond which nothing is to be told
STEPS = 50  # halvings


@dataclass(frozen=True, slots=True)
class Bound:
    """What one run proves.

    Attributes:
        epsilon: at least so large, with `CONFIDENCE`.
        guesses, right: of the number of guesses that proves most.
        examples: coins.
    """

    epsilon: float
    delta: float
    examples: int
    guesses: int
    right: int


def bound(scores: Floats, included: Sequence[bool], delta: float = 0.0) -> Bound:
    """The largest bound over the shares in SHARES; the trials are paid for (Bonferroni).

    Args:
        scores: (N,), higher for what was put in; they may hang on everything but the coins.
        included: how the coins fell.

    Raises:
        ValueError: not one coin for each score, or fewer than two.

    >>> found = bound(np.arange(64.0), [False] * 32 + [True] * 32)
    >>> (found.guesses, found.right, round(found.epsilon, 2))
    (64, 64, 2.6)
    """
    if len(scores) != len(included) or len(scores) < 2:
        raise ValueError(
            f"expected two examples or more and a coin each, found {len(scores)} and"
            f" {len(included)}"
        )
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    coins = np.asarray(included, bool)[order]
    sides = sorted({max(1, round(len(coins) * share / 2)) for share in SHARES}, reverse=True)
    found = []
    for side in sides:
        right = int(coins[:side].sum() + (~coins[len(coins) - side :]).sum())
        chance = (1 - CONFIDENCE) / len(sides)
        epsilon = epsilon_bound(len(coins), 2 * side, right, delta, chance)
        found.append(Bound(epsilon, delta, len(coins), 2 * side, right))
    return max(found, key=lambda one: one.epsilon)


def epsilon_bound(
    examples: int, guesses: int, right: int, delta: float = 0.0, chance: float = 1 - CONFIDENCE
) -> float:
    """The largest epsilon under which so many right guesses have at most this `chance`.

    Raises:
        ValueError: numbers that cannot be.
    """
    if not 0 <= right <= guesses <= examples:
        raise ValueError(
            f"expected 0 <= right <= guesses <= examples, found {right}, {guesses}, {examples}"
        )
    low, high = 0.0, MOST
    if chance_of(examples, guesses, right, 0.0, delta) > chance:
        return 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if chance_of(examples, guesses, right, middle, delta) <= chance:
            low = middle
        else:
            high = middle
    return low


def chance_of(examples: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """At most how likely so many right guesses are under (epsilon, delta), 0 to 1.

    The paper's appendix D: the tail of a binomial whose chance is e^epsilon / (1 + e^epsilon), plus
    what delta allows on top.
    """
    share = 1 / (1 + math.exp(-epsilon))
    masses = _binomial(guesses, share)
    tail = float(masses[right:].sum())
    if delta == 0 or right == 0:
        return min(1.0, tail)
    below = np.cumsum(masses[:right][::-1])  # of right - 1, right - 2 ... right guesses
    most = float((below / np.arange(1, right + 1)).max())
    return min(1.0, tail + most * delta * 2 * examples)


def _binomial(number: int, share: float) -> Floats:
    """Chances of 0 to `number` hits, (number + 1,)."""
    hits = np.arange(number + 1)
    logs = [math.lgamma(k + 1) for k in range(number + 1)]
    of = np.array(logs)
    if share >= 1.0:
        certain: Floats = (hits == number).astype(np.float64)
        return certain
    found: Floats = np.exp(
        of[-1] - of - of[::-1] + hits * math.log(share) + (number - hits) * math.log1p(-share)
    )
    return found
