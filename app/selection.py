"""One selection for map, charts, table and export: the filters, and the address that holds them.

>>> filters = Filters(genus=("Bantoid",), missing=("lexicon",), text="ngo")
>>> filters.to_address()
{'q': ['ngo'], 'genus': ['Bantoid'], 'lacks': ['lexicon']}
>>> Filters.from_address({"genus": ["Bantoid"], "lacks": ["lexicon"], "q": ["ngo"]}) == filters
True

An address can come from anywhere: what cannot be read is left out, and `problems` says so.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars

LONGEST_TEXT = 200
NO_FILTER = ": no such filter"
MOST_CORNERS = 60  # of a line that is drawn round languages

# Field of Filters -> its name in the address, in the order in which they are written.
ADDRESS = {
    "text": "q",
    "family": "family",
    "genus": "genus",
    "macroarea": "area",
    "country": "country",
    "script": "script",
    "endangerment": "status",
    "resource_class": "class",
    "has": "has",
    "missing": "lacks",
    "category": "category",
    "wals": "wals",
    "box": "box",
    "line": "line",
    "focus": "focus",
}
VIEW = ("sort", "page", "colour")  # of an address: how a selection is shown
SELECTS = tuple(field for field in ADDRESS if field not in ("wals", "box", "line", "focus"))


class Box(NamedTuple):
    """A part of the map in degrees; west > east is a box across the 180th meridian."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        return ",".join(f"{edge:g}" for edge in self)

    @classmethod
    def parse(cls, text: str) -> Box | None:
        """Read `west,south,east,north`; None for what is no such box.

        >>> Box.parse("20,-10,35.5,5")
        Box(west=20.0, south=-10.0, east=35.5, north=5.0)
        >>> Box.parse("20,50,35,5"), Box.parse("here")
        (None, None)
        """
        try:
            edges = [round(float(part), 2) for part in text.split(",")]
        except ValueError:
            return None
        if len(edges) != 4 or not all(map(math.isfinite, edges)):
            return None
        box = cls(*edges)
        inside = all(abs(lon) <= 180 for lon in (box.west, box.east))
        return box if inside and -90 <= box.south <= box.north <= 90 else None


class Line(tuple[tuple[float, float], ...]):
    """A closed line round a part of the map: its corners, longitude and latitude in degrees."""

    __slots__ = ()

    def __str__(self) -> str:
        return ";".join(f"{longitude:g},{latitude:g}" for longitude, latitude in self)

    @classmethod
    def parse(cls, text: str) -> Line | None:
        """Read `longitude,latitude;...`; None for what is no line round anything.

        >>> str(Line.parse("20,-10;35,5;20,5"))
        '20,-10;35,5;20,5'
        >>> Line.parse("20,-10;35,5"), Line.parse("here"), Line.parse("20,95;1,1;2,2")
        (None, None, None)
        """
        try:
            corners = [tuple(map(float, corner.split(","))) for corner in text.split(";")]
        except ValueError:
            return None
        if not 3 <= len(corners) <= MOST_CORNERS:
            return None
        inside = all(
            len(corner) == 2 and abs(corner[0]) <= 180 and abs(corner[1]) <= 90
            for corner in corners
        )
        return (
            cls((round(corner[0], 1), round(corner[1], 1)) for corner in corners)
            if inside
            else None
        )


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown. Within a field any value will do; all fields must hold.

    Attributes:
        has, missing: kinds of resource that a language must have, must lack.
        wals: keys of WALS's values (81A-1); of one feature any will do, of several all must hold.
        box, line: a part of the map.
        focus: the glottocode of the language that was clicked; it is marked, and filters nothing.
    """

    text: str = ""
    family: tuple[str, ...] = ()
    genus: tuple[str, ...] = ()
    macroarea: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    script: tuple[str, ...] = ()
    endangerment: tuple[str, ...] = ()
    resource_class: tuple[int, ...] = ()
    has: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    wals: tuple[str, ...] = ()
    box: Box | None = None
    line: Line | None = None
    focus: str = ""

    def arguments(self) -> dict[str, Any]:
        """The arguments of `data.inventory.select`: all but WALS's values and the map's part."""
        return {name: getattr(self, name) for name in SELECTS}

    def to_address(self) -> dict[str, list[str]]:
        """The filters that are set, as the query part of an address."""
        values = {name: getattr(self, field) for field, name in ADDRESS.items()}
        return {
            name: [str(v) for v in value]
            if isinstance(value, tuple) and not isinstance(value, Box | Line)
            else [str(value)]
            for name, value in values.items()
            if value not in ("", (), None)
        }

    @classmethod
    def from_address(cls, address: Mapping[str, Sequence[str]]) -> Filters:
        """The filters that an address holds, unknown names and unreadable values left out.

        >>> Filters.from_address({"class": ["0", "nine"], "box": ["here"], "x": ["1"]}) == Filters(
        ...     resource_class=(0,)
        ... )
        True
        """
        found: dict[str, Any] = {}
        for field, name in ADDRESS.items():
            values = tuple(dict.fromkeys(value for value in address.get(name, ()) if value))
            if values:
                found[field] = _read(field, values)
        return cls(**found)

    def offered(self, options: Mapping[str, Collection[Any]]) -> tuple[Filters, list[str]]:
        """The filters that the table can answer, and a line for each value that it cannot.

        Args:
            options: the values that the table knows, by field.
        """
        kept: dict[str, Any] = {}
        problems = []
        for field, known in options.items():
            asked = getattr(self, field)
            kept[field] = tuple(value for value in asked if value in known)
            strange = [str(value) for value in asked if value not in known]
            problems += [f"{ADDRESS[field]}: no language has “{value}”" for value in strange]
        return replace(self, **kept), problems


def shown(
    table: polars.DataFrame, filters: Filters, matching: Collection[str] | None = None
) -> polars.DataFrame:
    """The rows of an inventory's table that the filters leave, in its order.

    Args:
        matching: the glottocodes that WALS's values leave, where some are asked for.
    """
    import polars as pl

    from data.inventory import select

    found = select(table, **filters.arguments())
    if matching is not None:
        found = found.filter(pl.col("glottocode").is_in(list(matching)))
    return inside(within(found, filters.box), filters.line)


def inside(table: polars.DataFrame, line: Line | None) -> polars.DataFrame:
    """The rows whose coordinates lie inside a line, by the rule of even and odd crossings."""
    import polars as pl

    if line is None:
        return table
    x, y = pl.col("longitude"), pl.col("latitude")
    crossed = pl.lit(False)
    for (x1, y1), (x2, y2) in zip(line, line[1:] + line[:1], strict=True):
        if y1 != y2:
            right = x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
            crossed = crossed ^ (((y1 > y) != (y2 > y)) & right)
    return table.filter(crossed.fill_null(False))


def within(table: polars.DataFrame, box: Box | None) -> polars.DataFrame:
    """The rows whose coordinates lie in a box; those without coordinates lie in none."""
    import polars as pl

    if box is None:
        return table
    lon = pl.col("longitude")
    across = (lon >= box.west) | (lon <= box.east)
    between = across if box.west > box.east else lon.is_between(box.west, box.east)
    return table.filter(between, pl.col("latitude").is_between(box.south, box.north))


def problems(address: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What an address holds that no filter can be made of, a line each.

    >>> list(problems({"genus": ["Bantoid"], "genre": ["x"], "class": ["nine"]}))
    ['class: “nine” cannot be read', 'genre: no such filter']
    """
    readable = Filters.from_address(address).to_address()
    for name in ADDRESS.values():
        for value in address.get(name, ()):
            if value and value not in readable.get(name, ()) and name not in ("q", "box", "line"):
                yield f"{name}: “{value}” cannot be read"
    if any(address.get("box", ())) and "box" not in readable:
        yield "box: expected west,south,east,north in degrees, such as 20,-10,35,5"
    if any(address.get("line", ())) and "line" not in readable:
        yield "line: expected longitude,latitude;... of three corners or more"
    known = (*ADDRESS.values(), *VIEW)
    yield from (name + NO_FILTER for name in address if name not in known)


def _read(field: str, values: tuple[str, ...]) -> Any:
    """A field's value from its texts; the empty value where they make no sense."""
    if field in ("box", "line"):
        return (Box if field == "box" else Line).parse(values[0])
    if field == "resource_class":
        return tuple(int(value) for value in values if value in "012345" and len(value) == 1)
    if field in ("text", "focus"):
        return values[0][:LONGEST_TEXT]
    return values
