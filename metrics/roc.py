"""How well a score parts two groups: the curve, the area under it, hits at few false alarms.

The question of a membership attack (and of any detector): members should have high scores, others
low ones. The area under the curve (AUC) is an average over all thresholds, and an attack that is
sure of a few people and blind for all others hardly shows in it; so the share of members found at
a false positive rate of 1 % or 0.1 % stands beside it (Carlini et al. 2022,
https://arxiv.org/abs/2112.03570).

>>> print(auc_score([3, 2, 5, 4], [1, 2, 0, 3], "attack:toy"))
AUC 87.5 [63.0, 100.0]
>>> rate_at([3, 2, 5, 4], [1, 2, 0, 3], 0.25)      # one of four others may be taken for a member
0.75
>>> rate_at([3, 2, 5, 4], [1, 2, 0, 3], 0.01)
Traceback (most recent call last):
...
ValueError: a false positive rate of 1 % needs 100 others or more, found 4; give more others
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from metrics.ratios import Z, wilson_interval
from metrics.score import Score
from metrics.significance import percentile_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values: TypeAlias = Sequence[float] | NDArray[np.float64]

RESAMPLES = 1000


def auc(members: Values, others: Values) -> float:
    """The chance that a member's score is above another's, 0 to 1; of equals half.

    >>> auc([1, 2], [1, 0])
    0.875
    """
    import numpy as np

    return float(np.mean(_wins(members, others)))


def _wins(members: Values, others: Values) -> NDArray[np.float64]:
    """For each member the share of others below it, equals counting half."""
    import numpy as np

    mine, theirs = _checked(members, "members"), np.sort(_checked(others, "others"))
    below = np.searchsorted(theirs, mine, "left") + np.searchsorted(theirs, mine, "right")
    shares: NDArray[np.float64] = below / (2 * len(theirs))
    return shares


def auc_score(members: Values, others: Values, signature: str, name: str = "AUC") -> Score:
    """The area under the curve on 0-100 with DeLong's interval (DeLong et al. 1988).

    50 is chance. Where the two groups are parted without a fault the variance is 0, and Wilson's
    interval over the smaller group takes its place.

    Raises:
        ValueError: an empty group, or a score that is no number.
    """
    import numpy as np

    of_members, of_others = _wins(members, others), 1 - _wins(others, members)
    value = float(of_members.mean())
    parts = [np.var(p, ddof=1) / len(p) if len(p) > 1 else 0.25 for p in (of_members, of_others)]
    half = Z * math.sqrt(float(sum(parts)))
    n = len(of_members) + len(of_others)
    if value in (0.0, 1.0):
        fewest = min(len(of_members), len(of_others))
        low, high = wilson_interval(int(value) * fewest, fewest)
        how = f"95% Wilson, {fewest} pairs taken as independent"
    else:
        low, high = (100 * min(max(bound, 0.0), 1.0) for bound in (value - half, value + half))
        how = "95% DeLong"
    return Score(name, 100 * value, low, high, signature, n, how)


def curve(members: Values, others: Values) -> list[tuple[float, float]]:
    """Points (false positive rate, true positive rate) from (0, 0) to (1, 1), by threshold.

    >>> curve([2, 1], [1, 0])
    [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]
    """
    import numpy as np

    mine, theirs = _checked(members, "members"), _checked(others, "others")
    thresholds = np.unique(np.concatenate([mine, theirs]))[::-1]
    false = 1 - np.searchsorted(np.sort(theirs), thresholds, "left") / len(theirs)
    true = 1 - np.searchsorted(np.sort(mine), thresholds, "left") / len(mine)
    return [(0.0, 0.0), *zip(false.tolist(), true.tolist(), strict=True)]


def rate_at(members: Values, others: Values, most: float) -> float:
    """The largest share of members found while at most `most` of the others are taken for members.

    Raises:
        ValueError: so few others that the smallest rate above 0 that they can show is larger.
    """
    import numpy as np

    mine, theirs = _checked(members, "members"), np.sort(_checked(others, "others"))[::-1]
    _check_number(len(theirs), most)
    return float(_hits(mine, theirs, most).mean())


def rate_score(
    members: Values, others: Values, most: float, signature: str, seed: int = 1
) -> Score:
    """`rate_at` on 0-100; members and others are drawn anew for the interval, each by itself.

    Where no member is found, or every one, Wilson's interval takes its place.

    Raises:
        ValueError: as `rate_at`.
    """
    import numpy as np

    mine, theirs = _checked(members, "members"), np.sort(_checked(others, "others"))[::-1]
    _check_number(len(theirs), most)
    found = _hits(mine, theirs, most)
    name = f"TPR at FPR {100 * most:g} %"
    value = 100 * float(found.mean())
    if value in (0.0, 100.0):
        low, high = wilson_interval(int(found.sum()), len(found))
        how = f"95% Wilson, {len(found)} members taken as independent"
    else:
        draws = np.random.default_rng(seed)
        drawn = [
            100 * _hits(draws.choice(mine, len(mine)), redrawn, most).mean()
            for _ in range(RESAMPLES)
            for redrawn in [np.sort(draws.choice(theirs, len(theirs)))[::-1]]
        ]
        low, high = percentile_interval(drawn)
        how = f"95% bootstrap of members and others, {RESAMPLES} resamples, seed {seed}"
    return Score(name, value, low, high, signature, len(found) + len(theirs), how)


def _hits(mine: NDArray[np.float64], theirs: NDArray[np.float64], most: float) -> NDArray[np.bool_]:
    """Which members are above the threshold; `theirs` falls, and the threshold is one of them."""
    place = math.floor(most * len(theirs) + 1e-9)  # so many others may be above
    found: NDArray[np.bool_] = mine > theirs[place] if place < len(theirs) else mine >= -math.inf
    return found


def _check_number(others: int, most: float) -> None:
    if not 0 < most <= 1:
        raise ValueError(f"false positive rate: expected above 0 and up to 1, found {most}")
    if most * others < 1 - 1e-9:
        raise ValueError(
            f"a false positive rate of {100 * most:g} % needs {math.ceil(1 / most - 1e-9):,} others"
            f" or more, found {others:,}; give more others"
        )


def _checked(scores: Values, what: str) -> NDArray[np.float64]:
    import numpy as np

    values: NDArray[np.float64] = np.asarray(scores, np.float64)
    if not len(values):
        raise ValueError(f"{what}: expected scores, found none; name more")
    if np.isnan(values).any():
        raise ValueError(f"{what}: a score is no number (NaN); look at the model that made it")
    return values
