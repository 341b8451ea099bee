"""Ratios of sums with honest intervals: hits over items, edits over characters, F1 of counts.

Test items are seldom independent: an inflection test set asks for twenty forms of each of fifty
lemmas, a tagger's tokens stand in sentences. So an interval is made by drawing *groups* (lemmas,
sentences) with replacement, each with all its items (the cluster bootstrap; Davison and Hinkley
1997, section 3.8). Drawing items one by one would make it too narrow.

Where that cannot work, which is with no groups, fewer than 10, or when every item is a hit or none
is, a share takes Wilson's interval (1927), which has a width even at 0 and 100. `Score.interval`
says which one it was.

>>> rows = [[1, 1]] * 8 + [[0, 1]] * 2
>>> score = ratio_score(SHARE, "accuracy", "match:exact", rows, groups="aabbccddee")
>>> print(score, score.interval)
accuracy 80.0 [49.0, 94.3] 95% Wilson, 10 items taken as independent
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from metrics.score import Score
from metrics.significance import (
    Columns,
    Row,
    checked_rows,
    percentile_interval,
    resampled_scores,
    summed,
)

MIN_GROUPS = 10  # fewer say too little about groups that were not drawn
Z = 1.959963984540054  # of the normal distribution: 2.5 % lie above


@dataclass(frozen=True, slots=True)
class Ratio:
    """How summed rows become a figure, many at once: shape (width, m) to (m,).

    share: whether a row is [hits, items], so that Wilson's interval applies.
    """

    of_columns: Callable[[Columns], Columns]
    share: bool = False

    def of_sums(self, totals: Row) -> float:
        """The figure of one summed row."""
        import numpy as np

        return float(self.of_columns(np.asarray(totals, np.float64)[:, None])[0])


def percent(part: Columns, whole: Columns) -> Columns:
    """100 part / whole, elementwise; 0 where the whole is 0."""
    import numpy as np

    divided: Columns = np.divide(100 * part, whole, out=np.zeros_like(part), where=whole != 0)
    return divided


SHARE = Ratio(lambda totals: percent(totals[0], totals[1]), share=True)
MEAN = Ratio(lambda totals: percent(totals[0], totals[1]) / 100)


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, on 0-100 (Wilson 1927, without continuity correction).

    Newcombe (1998, table I) has 81 of 263 as 0.2553 to 0.3662, and 0 of 20 as 0 to 0.1611:

    >>> [round(bound, 2) for bound in (*wilson_interval(81, 263), *wilson_interval(0, 20))]
    [25.53, 36.62, 0.0, 16.11]

    Raises:
        ValueError: n < 1, or not 0 <= hits <= n.
    """
    if n < 1 or not 0 <= hits <= n:
        raise ValueError(f"wilson: expected 0 <= hits <= n and n >= 1, found {hits} of {n}")
    centre = hits + Z * Z / 2
    half = Z * math.sqrt(hits * (n - hits) / n + Z * Z / 4)
    low, high = (100 * (centre + side * half) / (n + Z * Z) for side in (-1, 1))
    return (0.0 if hits == 0 else low), (100.0 if hits == n else high)


def by_group(rows: Sequence[Row], groups: Sequence[Hashable]) -> list[list[int | float]]:
    """The rows of each group summed, in the order in which the groups first occur.

    >>> by_group([[1, 1], [0, 1], [1, 1]], ["soma", "pika", "soma"])
    [[2, 2], [0, 1]]

    Raises:
        ValueError: not one group for each row.
    """
    if len(rows) != len(groups):
        raise ValueError(
            f"groups: expected one for each of {len(rows)} items, found {len(groups)}; "
            "name the group of every item"
        )
    members: dict[Hashable, list[Row]] = {}
    for row, group in zip(rows, groups, strict=True):
        members.setdefault(group, []).append(row)
    return [summed(mine) for mine in members.values()]


def ratio_score(
    ratio: Ratio,
    name: str,
    signature: str,
    rows: Sequence[Row],
    *,
    groups: Sequence[Hashable] | None = None,
    unit: str = "groups",
    n: int | None = None,
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """The figure with its 95 % interval; see the module for how that is made.

    Args:
        rows: the statistics of each item.
        groups: which items belong together; None where each stands alone.
        unit: what a group is, for `Score.interval`: lemmas, sentences.
        n: what `Score.n` says, where a row is not one item (a sentence's tokens).

    Raises:
        ValueError: no rows, rows of different widths, groups that do not line up with them.
    """
    totals = summed(checked_rows(rows))
    drawn = list(rows) if groups is None else by_group(rows, groups)
    items = n or len(rows)
    if ratio.share and (len(drawn) < MIN_GROUPS or totals[0] in (0, totals[1]) or groups is None):
        low, high = wilson_interval(int(totals[0]), int(totals[1]))
        how = f"95% Wilson, {int(totals[1])} items taken as independent"
    else:
        low, high = percentile_interval(
            resampled_scores(ratio.of_columns, drawn, resamples=resamples, seed=seed)
        )
        of = f" of {len(drawn)} {unit}" if groups is not None else ""
        how = f"95% bootstrap{of}, {resamples} resamples, seed {seed}"
    return Score(name, ratio.of_sums(totals), low, high, signature, items, how)
