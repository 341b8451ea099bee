"""Nearest neighbours across two languages' sentences, by every measure that the field compares.

    retrieved = retrieve(swahili, english, "centred+csls")    # (n, width) each, pairs
    retrieved.forward, retrieved.backward  # for each row the nearest one
    retrieve_all(swahili, english, ("cosine", "csls"))        # several measures, cosines taken once

A measure is a way to move the vectors, and a way to adjust their cosines:

    cosine          as they are
    shift           the source moved by the mean difference of the pairs (Pires et al. 2019)
    centred         each language less its own mean
    csls            cosines less those of the neighbourhood (Conneau et al. 2018), k 10
    margin          cosines over those of the neighbourhood (Artetxe and Schwenk 2019), k 10

Means are taken over `fit`, all rows by default: then they have seen the test sentences, and the
shift even which of them belong together. With other rows they have not.

Cosines are taken tile by tile, so that a million sentences beside a million need no more memory
than their vectors and some hundred megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.cli import did_you_mean
from data.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Rows = NDArray[np.int64]

MOVES = ("cosine", "shift", "centred")
ADJUSTMENTS = ("csls", "margin")
MEASURES = (*MOVES, *(f"{move}+{how}" for move in MOVES for how in ADJUSTMENTS))
SHORT = {how: f"cosine+{how}" for how in ADJUSTMENTS}
NEIGHBOURS = 10  # of a neighbourhood, as both papers have it
CELLS = 1 << 24  # cosines of a tile: 64 MB, and two or three copies while they are ranked


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The nearest rows: of the target for each of the source, and the other way round."""

    forward: Rows
    backward: Rows

    @property
    def right(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each row and direction whether the nearest is its translation."""
        return (
            self.forward == np.arange(len(self.forward)),
            self.backward == np.arange(len(self.backward)),
        )

    @property
    def counts(self) -> list[int]:
        """How many are right, by direction."""
        return [int(side.sum()) for side in self.right]


def retrieve(
    source: Vectors,
    target: Vectors,
    measure: str = "cosine",
    *,
    fit: Rows | None = None,
    rows: Rows | None = None,
    neighbours: int = NEIGHBOURS,
    cells: int = CELLS,
) -> Retrieved:
    """Find each row's nearest in the other language, by one measure; see `retrieve_all`."""
    asked = {"fit": fit, "rows": rows}
    return retrieve_all(source, target, (measure,), **asked, neighbours=neighbours, cells=cells)[
        measure
    ]


def retrieve_all(
    source: Vectors,
    target: Vectors,
    measures: Sequence[str],
    *,
    fit: Rows | None = None,
    rows: Rows | None = None,
    neighbours: int = NEIGHBOURS,
    cells: int = CELLS,
) -> dict[str, Retrieved]:
    """Find each row's nearest in the other language, in float32 and in tiles that fit memory.

    Args:
        source, target: shapes (n, width) and (m, width); for the shift n is m.
        measures: of `MEASURES`; "csls" and "margin" are short for "cosine+...".
        fit: rows that the means are taken over; all by default.
        rows: those of both sides that are looked for and among; all by default. The nearest are
            then positions among them.
        cells: cosines that are held at once.

    Raises:
        InputError: a measure that does not exist, sides that do not fit together, no rows.
    """
    if (
        source.ndim != 2
        or source.shape[1:] != target.shape[1:]
        or not (len(source) and len(target))
    ):
        raise InputError(
            f"expected two sides of vectors of one width, found {source.shape} and {target.shape}"
        )
    asked: dict[str, dict[str, str]] = {}  # by move: adjustment -> the measure's name
    for measure in measures:
        move, adjust = check_measure(measure)
        asked.setdefault(move, {})[adjust] = measure
    if "shift" in asked and len(source) != len(target):
        raise InputError(
            f"shift: expected pairs, found {len(source):,} and {len(target):,} sentences; take"
            " centred, which needs none"
        )
    found: dict[str, Retrieved] = {}
    for move, adjustments in asked.items():
        left, right = moved(source, target, move, fit)
        if rows is not None:
            left, right = left[rows], right[rows]
        nearest = _nearest(left, right, tuple(adjustments), neighbours, cells)
        found |= dict(zip(adjustments.values(), nearest, strict=True))
    return {measure: found[measure] for measure in measures}


def moved(
    source: Vectors, target: Vectors, move: str, fit: Rows | None = None
) -> tuple[Vectors, Vectors]:
    """Both sides as the measure wants them, of length 1."""
    left, right = source.astype(np.float32), target.astype(np.float32)
    means = [side[slice(None) if fit is None else fit].mean(axis=0) for side in (left, right)]
    if move == "shift":
        left = left + (means[1] - means[0])
    elif move == "centred":
        left, right = left - means[0], right - means[1]
    return unit(left), unit(right)


def unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1; one of length 0 stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def halves(number: int, seed: int) -> tuple[Rows, Rows]:
    """Two halves of the rows, drawn by seed: means of the one, scores of the other."""
    order = np.random.default_rng(seed).permutation(number)
    return np.sort(order[: number // 2]), np.sort(order[number // 2 :])


def check_measure(measure: str) -> tuple[str, str]:
    """(move, adjustment or "") of a measure.

    Raises:
        InputError: one that does not exist.
    """
    name = SHORT.get(measure, measure)
    if name not in MEASURES:
        known = (*MEASURES, *SHORT)
        near = did_you_mean(measure, known)
        raise InputError(f'--measures "{measure}": expected some of {", ".join(known)}{near}')
    move, _, adjust = name.partition("+")
    return move, adjust


Tile = tuple[slice, slice, "Vectors"]  # rows, columns, their cosines


class _Tiles:
    """The table of cosines in parts of at most `cells`; a table of one part is taken but once."""

    def __init__(self, left: Vectors, right: Vectors, cells: int) -> None:
        self._left, self._right = left, right
        self._side = max(1, math.isqrt(cells))
        whole = len(left) * len(right) <= cells
        self._kept = [(slice(0, len(left)), slice(0, len(right)), left @ right.T)] if whole else []

    def __iter__(self) -> Iterator[Tile]:
        yield from self._kept or self._taken()

    def _taken(self) -> Iterator[Tile]:
        for top in range(0, len(self._left), self._side):
            rows = slice(top, min(top + self._side, len(self._left)))
            for start in range(0, len(self._right), self._side):
                columns = slice(start, min(start + self._side, len(self._right)))
                yield rows, columns, self._left[rows] @ self._right[columns].T


class _Best:
    """For each row of one side the best of the other in the tiles so far; the first of equals."""

    def __init__(self, number: int) -> None:
        self.nearest = np.zeros(number, np.int64)
        self._scores = np.full(number, -np.inf, np.float32)

    def see(self, rows: slice, others: slice, scores: Vectors) -> None:
        """Scores of shape (rows, others)."""
        nearest = scores.argmax(axis=1)
        here = scores[np.arange(len(scores)), nearest]
        better = here > self._scores[rows]
        self._scores[rows][better] = here[better]
        self.nearest[rows][better] = nearest[better] + others.start


def _nearest(
    left: Vectors, right: Vectors, adjustments: Sequence[str], neighbours: int, cells: int
) -> list[Retrieved]:
    """Both directions under each adjustment: one pass, after one for the neighbourhoods."""
    tiles = _Tiles(left, right, cells)
    k = min(neighbours, len(left), len(right))
    around = _neighbourhoods(tiles, len(left), len(right), k) if any(adjustments) else None
    best = [(_Best(len(left)), _Best(len(right))) for _ in adjustments]
    for rows, columns, cosines in tiles:
        for adjust, (forward, backward) in zip(adjustments, best, strict=True):
            scores = cosines
            if adjust and around is not None:
                mean: Vectors = (around[0][rows, None] + around[1][None, columns]) / np.float32(2)
                scores = cosines / mean if adjust == "margin" else cosines - mean
            forward.see(rows, columns, scores)
            backward.see(columns, rows, scores.T)
    return [Retrieved(forward.nearest, backward.nearest) for forward, backward in best]


def _neighbourhoods(
    tiles: Iterable[Tile], rows: int, columns: int, k: int
) -> tuple[Vectors, Vectors]:
    """The mean cosine of each row, and of each column, with its k nearest."""
    mine = np.full((rows, k), -np.inf, np.float32)
    theirs = np.full((columns, k), -np.inf, np.float32)
    for here, there, cosines in tiles:
        mine[here] = _largest(mine[here], cosines, k)
        theirs[there] = _largest(theirs[there], np.ascontiguousarray(cosines.T), k)
    # In order, so that the sum does not depend on how the table was parted.
    return np.sort(mine, axis=1).mean(axis=1), np.sort(theirs, axis=1).mean(axis=1)


def _largest(so_far: Vectors, cosines: Vectors, k: int) -> Vectors:
    """The k largest of each row, of those so far and of a tile's."""
    if cosines.shape[1] > k:
        cosines = np.partition(cosines, -k, axis=1)[:, -k:]
    both = np.concatenate((so_far, cosines), axis=1)
    largest: Vectors = np.partition(both, -k, axis=1)[:, -k:]
    return largest
