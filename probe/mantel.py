"""Do two tables of similarities between languages agree? Tests that know pairs are not independent.

    fitted = fit(pairs, values, {"genealogy": trees, "geography": places}, seed=1)
    fitted.rows[0].r, fitted.rows[0].p, fitted.rows[0].weight

Each language is in many pairs, so that an ordinary test of a correlation is far too sure. Here the
languages are permuted, with all their pairs (Mantel 1967), and the weights of a regression on all
predictors at once are tested in the same way, by their t (Legendre et al. 1994; Krackhardt 1988).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InputError
from metrics.significance import bootstrap_counts, percentile_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Table = NDArray[np.float64]

PERMUTATIONS = 999
RESAMPLES = 1000
FEWEST = 6  # languages: fewer have fewer than 720 orders


@dataclass(frozen=True, slots=True)
class Row:
    """How one predictor goes with the outcome.

    Attributes:
        r: Pearson's correlation over the pairs; low, high: its interval, languages drawn with
            replacement; p: the share of permutations with an r as large in size.
        weight: standardised, beside all other predictors; p_weight: of its t, likewise.
    """

    predictor: str
    r: float
    low: float
    high: float
    p: float
    weight: float
    p_weight: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A row a predictor, and the share of the outcome's variance that all explain, 0-1."""

    rows: tuple[Row, ...]
    explained: float
    pairs: int
    languages: int


def fit(
    pairs: NDArray[np.int64],
    values: Table,
    predictors: Mapping[str, Table],
    *,
    seed: int = 1,
    permutations: int = PERMUTATIONS,
) -> Fitted:
    """Correlations and a regression of an outcome on similarities of languages.

    Where all pairs have one source (transfer from English), the other languages are permuted and
    it stays.

    Args:
        pairs: (n, 2), the numbers of a source and a target, which differ.
        values: (n,), the outcome.
        predictors: by name tables (languages, languages), without gaps at the pairs.

    Raises:
        InputError: fewer than 6 languages, values or a predictor that are all the same.
    """
    involved = np.unique(pairs)
    if len(involved) < FEWEST:
        raise InputError(
            f"fit: expected {FEWEST} languages or more, found {len(involved)}, whose orders are too"
            " few to test anything; ask for more languages"
        )
    columns = _columns(predictors, pairs)
    for name, column in zip(("the outcome", *predictors), (values, *columns.T), strict=True):
        if not np.isfinite(column).all() or np.ptp(column) == 0:
            raise InputError(
                f"fit: expected {name} to differ between pairs, found"
                f" {'gaps' if not np.isfinite(column).all() else 'one value'}; ask for other"
                " languages"
            )
    r, weights, t, explained = _statistics(columns, values)
    more_r, more_t = np.ones_like(r), np.ones_like(t)
    for order in _orders(pairs, involved, seed, permutations):
        moved = _columns(predictors, order[pairs])
        if (np.ptp(moved, axis=0) == 0).any():  # says nothing: counts as no smaller
            more_r, more_t = more_r + 1, more_t + 1
            continue
        other_r, _, other_t, _ = _statistics(moved, values)
        more_r += np.abs(other_r) >= np.abs(r) - 1e-12
        more_t += np.abs(other_t) >= np.abs(t) - 1e-9
    bounds = _intervals(pairs, involved, columns, values, seed)
    rows = tuple(
        Row(name, float(r[at]), *bounds[at], p, float(weights[at]), p_weight)
        for at, (name, p, p_weight) in enumerate(
            zip(
                predictors,
                (more_r / (permutations + 1)).tolist(),
                (more_t / (permutations + 1)).tolist(),
                strict=True,
            )
        )
    )
    return Fitted(rows, explained, len(pairs), len(involved))


def _columns(predictors: Mapping[str, Table], pairs: NDArray[np.int64]) -> Table:
    """The predictors at the pairs: (n, predictors)."""
    return np.stack([table[pairs[:, 0], pairs[:, 1]] for table in predictors.values()], axis=1)


def _statistics(columns: Table, values: Table) -> tuple[Table, Table, Table, float]:
    """(correlations, standardised weights, their t, share of variance explained)."""
    wide = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    tall = (values - values.mean()) / values.std()
    count, width = wide.shape
    r = wide.T @ tall / count
    inverse = np.linalg.pinv(wide.T @ wide / count)
    weights = inverse @ r
    explained = float(np.clip(weights @ r, 0, 1))
    spread = np.sqrt(np.maximum(np.diag(inverse), 0) * (1 - explained) / max(count - width - 1, 1))
    return r, weights, weights / np.maximum(spread, 1e-12), explained


def _one_source(pairs: NDArray[np.int64]) -> int | None:
    """The language that is the source, or the target, of all pairs; None where there is none."""
    for column in (0, 1):
        if len(np.unique(pairs[:, column])) == 1:
            return int(pairs[0, column])
    return None


def _orders(
    pairs: NDArray[np.int64], involved: NDArray[np.int64], seed: int, permutations: int
) -> NDArray[np.int64]:
    """For each permutation which language stands in for which: (permutations, languages)."""
    draws = np.random.default_rng(seed)
    fixed = _one_source(pairs)
    moving = involved[involved != fixed] if fixed is not None else involved
    orders = np.tile(np.arange(int(involved.max()) + 1), (permutations, 1))
    for order in orders:
        order[moving] = draws.permutation(moving)
    return orders


def _intervals(
    pairs: NDArray[np.int64],
    involved: NDArray[np.int64],
    columns: Table,
    values: Table,
    seed: int,
) -> list[tuple[float, float]]:
    """Percentile intervals of the correlations, languages drawn with replacement."""
    fixed = _one_source(pairs)
    place = np.searchsorted(involved, pairs)
    wide = np.column_stack((columns, values))
    found = []
    for block in bootstrap_counts(len(involved), resamples=RESAMPLES, seed=seed):
        for counts in block:
            if fixed is not None:
                counts[involved == fixed] = 1
            weight = counts[place[:, 0]] * counts[place[:, 1]]
            if not weight.sum():
                continue
            mean = weight @ wide / weight.sum()
            moved = wide - mean
            spread = (moved * weight[:, None]).T @ moved
            scale = np.sqrt(np.diag(spread))
            found.append(spread[:-1, -1] / np.maximum(scale[:-1] * scale[-1], 1e-12))
    return [percentile_interval(side) for side in np.array(found).T]
