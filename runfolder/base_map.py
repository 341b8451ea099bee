"""The land and its borders, from an installed package: no tiles, no network.

The outlines are Natural Earth's at 1:110 million (public domain), as the package `bqplot`
(Apache-2.0) carries them: `map_data/WorldMap.json`, TopoJSON. Only that file is read; the package,
which is for notebooks, is not imported.

Places are put on a Miller cylindrical projection (O. M. Miller, 1942): east-west positions are the
longitude, so that a box drawn on the map is a box in degrees.

>>> round(northing(0.0), 3), round(northing(60.0), 1), round(latitude(northing(-41.3)), 3)
(-0.0, 68.6, -41.3)
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from data.bounded import read_json
from data.errors import UnavailableError

PACKAGE, OUTLINES = "bqplot", "map_data/WorldMap.json"
SOUTHERNMOST = -60.0  # Antarctica is left out: no language has its home there
UNIT = 100  # places are whole hundredths of a degree: a pixel is coarser than that on any screen

Ring = list[tuple[float, float]]


def northing(lat: float) -> float:
    """How far north a latitude stands on the map, in units of a degree of longitude."""
    return math.degrees(1.25 * math.log(math.tan(math.pi / 4 + 0.4 * math.radians(lat))))


def latitude(y: float) -> float:
    """The latitude of a place on the map: `northing` the other way round."""
    return math.degrees(2.5 * (math.atan(math.exp(0.8 * math.radians(y))) - math.pi / 4))


def place(lon: float, lat: float) -> tuple[int, int]:
    """Where a place stands on the map, in hundredths of a degree: to the east, and downwards.

    >>> place(39.2, -6.8)
    (3920, 681)
    """
    return round(lon * UNIT), -round(northing(lat) * UNIT)


@cache
def outlines() -> tuple[str, str]:
    """The land, and the borders on it, each as one SVG path in the units of `place`.

    Raises:
        UnavailableError: the package is not installed, or holds another file than expected.
    """
    path = _path()
    try:
        topology = read_json(path, {"transform": dict, "arcs": list, "objects": dict})
        arcs = _arcs(topology)
        land = list(_rings(topology["objects"]["land"]["arcs"], arcs))
        borders = _borders(topology["objects"]["subunits"]["geometries"], arcs)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise UnavailableError(
            f"{path}: expected Natural Earth's outlines as TopoJSON, found {error!r}; "
            'run pip install --force-reinstall --no-deps "bqplot>=0.12,<0.14"'
        ) from error
    inhabited = (ring for ring in land if max(lat for _, lat in ring) > SOUTHERNMOST)
    return "".join(map(_drawn, inhabited)), "".join(map(_drawn, borders))


def _drawn(line: Ring) -> str:
    """A line as an SVG path: its first corner, and the steps from corner to corner.

    >>> _drawn([(0.0, 0.0), (1.0, 0.0), (1.0, -1.0)])
    'M0 0l100 0 0 100'
    """
    corners = [place(lon, max(lat, SOUTHERNMOST)) for lon, lat in line]
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(corners)]
    start = "M{} {}l".format(*corners[0])
    return start + " ".join(f"{dx} {dy}" for dx, dy in steps if dx or dy)


def _path() -> Path:
    """Where the package's file lies; the package itself, a notebook widget, is not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise UnavailableError(
            f"the map has no land: the package {PACKAGE}, which carries the outlines, is not "
            'installed; pip install -e ".[app]"'
        )
    return Path(folders[0]) / OUTLINES


def _arcs(topology: dict[str, Any]) -> list[Ring]:
    """The arcs in degrees: TopoJSON stores steps from corner to corner, in whole numbers."""
    transform = topology["transform"]
    (width, height), (west, south) = transform["scale"], transform["translate"]
    arcs = []
    for steps in topology["arcs"]:
        x = y = 0
        arc: Ring = []
        for dx, dy in steps:
            x, y = x + dx, y + dy
            arc.append((x * width + west, y * height + south))
        arcs.append(arc)
    return arcs


def _rings(polygons: Sequence[Sequence[Sequence[int]]], arcs: Sequence[Ring]) -> Iterator[Ring]:
    """Each ring with its arcs joined; a negative number is an arc walked backwards."""
    for polygon in polygons:
        for ring in polygon:
            joined: Ring = []
            for index in ring:
                arc = arcs[index] if index >= 0 else arcs[~index][::-1]
                joined += arc[1:] if joined else arc
            yield joined


def _borders(countries: Sequence[dict[str, Any]], arcs: Sequence[Ring]) -> list[Ring]:
    """The arcs that two countries share: borders on land, without the coast."""
    uses: dict[int, int] = {}
    for country in countries:
        polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        for index in (index for polygon in polygons for ring in polygon for index in ring):
            uses[index if index >= 0 else ~index] = uses.get(index if index >= 0 else ~index, 0) + 1
    return [arcs[index] for index, count in sorted(uses.items()) if count > 1]
