"""Nearest neighbours across two languages' sentences, by every measure that the field compares.

    retrieved = retrieve(swahili, english, "centred+csls")    # (n, width) each, pairs
    retrieved.forward, retrieved.backward  # for each row the nearest one

A measure is a way to move the vectors, and a way to adjust their cosines:

    cosine          as they are
    shift           the source moved by the mean difference of the pairs (Pires et al. 2019)
    centred         each language less its own mean
    csls            cosines less those of the neighbourhood (Conneau et al. 2018), k 10
    margin          cosines over those of the neighbourhood (Artetxe and Schwenk 2019), k 10

Means are taken over `fit`, all rows by default: then they have seen the test sentences, and the
shift even which of them belong together. With other rows they have not.
"""

from __future__ import annotations

from collections.abc import Sequence
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
CELLS = 1 << 26  # cosines that are held at once: 256 MB


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
    """Find each row's nearest in the other language, in float32 and in blocks that fit memory.

    Args:
        source, target: shapes (n, width) and (m, width); for the shift n is m.
        measure: one of `MEASURES`; "csls" and "margin" are short for "cosine+...".
        fit: rows that the means are taken over; all by default.
        rows: those of both sides that are looked for and among; all by default. The nearest are
            then positions among them.
        cells: cosines that are held at once.

    Raises:
        InputError: a measure that does not exist, sides that do not fit together, no rows.
    """
    move, adjust = check_measure(measure)
    if (
        source.ndim != 2
        or source.shape[1:] != target.shape[1:]
        or not (len(source) and len(target))
    ):
        raise InputError(
            f"expected two sides of vectors of one width, found {source.shape} and {target.shape}"
        )
    if move == "shift" and len(source) != len(target):
        raise InputError(
            f"shift: expected pairs, found {len(source):,} and {len(target):,} sentences; take"
            " centred, which needs none"
        )
    left, right = moved(source, target, move, fit)
    if rows is not None:
        left, right = left[rows], right[rows]
    return _nearest(left, right, adjust, min(neighbours, len(left), len(right)), cells)


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
        raise InputError(
            f'measure "{measure}": expected one of {", ".join(known)}{did_you_mean(measure, known)}'
        )
    move, _, adjust = name.partition("+")
    return move, adjust


def _nearest(left: Vectors, right: Vectors, adjust: str, k: int, cells: int) -> Retrieved:
    """Both directions in one pass over the blocks, after one for the neighbourhoods."""
    rows = max(1, cells // len(right))
    blocks = [slice(start, start + rows) for start in range(0, len(left), rows)]
    around = _neighbourhoods(left, right, k, blocks) if adjust else None
    forward = np.empty(len(left), np.int64)
    backward = np.zeros(len(right), np.int64)
    best = np.full(len(right), -np.inf, np.float32)
    for block in blocks:
        scores = left[block] @ right.T
        if around is not None:
            mean = (around[0][block, None] + around[1][None, :]) / 2
            scores = scores / mean if adjust == "margin" else scores - mean
        forward[block] = scores.argmax(axis=1)
        nearest = scores.argmax(axis=0)
        here = scores[nearest, np.arange(len(right))]
        better = here > best
        best[better], backward[better] = here[better], nearest[better] + block.start
    return Retrieved(forward, backward)


def _neighbourhoods(
    left: Vectors, right: Vectors, k: int, blocks: Sequence[slice]
) -> tuple[Vectors, Vectors]:
    """The mean cosine of each row with its k nearest of the other side."""
    mine = np.empty(len(left), np.float32)
    theirs = np.full((k, len(right)), -np.inf, np.float32)
    for block in blocks:
        cosines = left[block] @ right.T
        mine[block] = np.partition(cosines, -k, axis=1)[:, -k:].mean(axis=1)
        largest = np.partition(cosines, -k, axis=0)[-k:] if len(cosines) > k else cosines
        theirs = np.partition(np.concatenate((theirs, largest)), -k, axis=0)[-k:]
    return mine, theirs.mean(axis=0)
