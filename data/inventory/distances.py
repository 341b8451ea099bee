"""How far languages are from one another: steps in Glottolog's tree, kilometres on the globe.

    distances = Distances(load_inventory().table)
    steps, kilometres = distances.of("swah1253")       # to every row of the table

What Glottolog calls a tree is the list of groups above a language. Two languages are as many steps
apart as there are edges up to the nearest group that holds both, and down again: sisters are 2
apart. Languages that share no group have no distance in the tree. Kilometres are those of the great
circle between the two points that Glottolog gives, by the haversine formula, which is exact enough
for near points.

Written with arrays: a page asks for the distances from one language to all, and 8,000 pages do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars

EARTH_RADIUS_KM = 6371.0088  # the mean radius of the International Union of Geodesy
APART = -1  # steps between languages that share no group

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Far:
    """How far one language is from every row of a table, in its order.

    steps: (N,), APART where the two share no group. kilometres: (N,), to a tenth, nan where one of
    the two has no place. order: (N,), the rows from the nearest on: by steps, those that share no
    group last, then by kilometres, those without a place last, then by name.
    """

    steps: Ints
    kilometres: Floats
    order: Ints


class Distances:
    """The place of every row of an inventory's table, in the tree and on the globe."""

    def __init__(self, table: polars.DataFrame) -> None:
        self._rows = {code: row for row, code in enumerate(table["glottocode"])}
        paths = [
            (*(lineage or ()), code)
            for code, lineage in table.select("glottocode", "lineage").iter_rows()
        ]
        self._paths = paths
        self._lengths: Ints = np.array([len(path) for path in paths], dtype=np.int64)
        self._placed, self._below = _laid_out(paths)
        self._latitude, self._longitude = (
            np.radians(np.array(table[name].to_list(), dtype=np.float64))
            for name in ("latitude", "longitude")
        )
        by_name = sorted(range(len(paths)), key=table["name"].to_list().__getitem__)
        self._names: Ints = np.empty(len(paths), dtype=np.int64)
        self._names[by_name] = np.arange(len(paths))
        self._last = "", Far(self._names, np.empty(0), self._names)

    def of(self, glottocode: str) -> Far:
        """How far a language is from every row; from itself 0 steps and 0 kilometres.

        Raises:
            KeyError: the table has no such language.
        """
        last, far = self._last
        if last == glottocode:  # a page asks several times for the same language
            return far
        self._last = glottocode, self._far(self._rows[glottocode])
        return self._last[1]

    def _far(self, row: int) -> Far:
        steps, kilometres = self._steps(row), self._kilometres(row)
        last = np.iinfo(np.int64).max
        keys = (self._names, kilometres, np.where(steps == APART, last, steps))
        return Far(steps, kilometres, np.lexsort(keys))

    def between(self, left: str, right: str) -> tuple[int | None, float | None]:
        """Steps and kilometres between two languages; None where they have none."""
        far, row = self.of(left), self._rows[right]
        return told(far, row)

    def _steps(self, row: int) -> Ints:
        """(N,): the length of both paths less what they have in common, twice."""
        shared = np.zeros(len(self._paths), dtype=np.int64)  # in the order of the tree
        for depth, node in enumerate(self._paths[row], 1):
            start, end = self._below[node]
            shared[start:end] = depth
        common = shared[self._placed]
        return np.where(common > 0, self._lengths + self._lengths[row] - 2 * common, APART)

    def _kilometres(self, row: int) -> Floats:
        north, east = self._latitude[row], self._longitude[row]
        squared = (
            np.sin((self._latitude - north) / 2) ** 2
            + np.cos(self._latitude) * np.cos(north) * np.sin((self._longitude - east) / 2) ** 2
        )
        arc = np.arcsin(np.sqrt(np.clip(squared, 0, 1)))
        rounded: Floats = np.round(2 * EARTH_RADIUS_KM * arc, 1)
        return rounded


def told(far: Far, row: int) -> tuple[int | None, float | None]:
    """The steps and kilometres to a row; None where there are none."""
    steps, kilometres = int(far.steps[row]), float(far.kilometres[row])
    return (None if steps == APART else steps), (None if np.isnan(kilometres) else kilometres)


def _laid_out(paths: Sequence[tuple[str, ...]]) -> tuple[Ints, dict[str, tuple[int, int]]]:
    """Each row's place in the order of the tree, and the places from and to of all below a node.

    >>> placed, below = _laid_out([("a", "b", "x"), ("a", "y"), ("z",), ("a", "b", "w")])
    >>> placed.tolist(), below["a"], below["b"], below["z"]
    ([1, 2, 3, 0], (0, 3), (0, 2), (3, 4))
    """
    order = sorted(range(len(paths)), key=paths.__getitem__)
    placed: Ints = np.empty(len(paths), dtype=np.int64)
    placed[order] = np.arange(len(paths))
    below: dict[str, tuple[int, int]] = {}
    for place, row in enumerate(order):
        for node in paths[row]:
            below[node] = (below.get(node, (place, 0))[0], place + 1)
    return placed, below
