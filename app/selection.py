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
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars

LONGEST_TEXT = 200
NO_FILTER = ": no such filter"

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
    "box": "box",
    "focus": "focus",
}


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


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown. Within a field any value will do; all fields must hold.

    Attributes:
        has, missing: kinds of resource that a language must have, must lack.
        box: a part of the map.
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
    box: Box | None = None
    focus: str = ""

    def arguments(self) -> dict[str, Any]:
        """The arguments of `data.inventory.select`, but for the box."""
        names = [field.name for field in fields(self) if field.name not in ("box", "focus")]
        return {name: getattr(self, name) for name in names}

    def to_address(self) -> dict[str, list[str]]:
        """The filters that are set, as the query part of an address."""
        values = {name: getattr(self, field) for field, name in ADDRESS.items()}
        return {
            name: [str(v) for v in value]
            if isinstance(value, tuple) and not isinstance(value, Box)
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


def shown(table: polars.DataFrame, filters: Filters) -> polars.DataFrame:
    """The rows of an inventory's table that the filters leave, in its order."""
    from data.inventory import select

    return within(select(table, **filters.arguments()), filters.box)


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
            if value and value not in readable.get(name, ()) and name not in ("q", "box"):
                yield f"{name}: “{value}” cannot be read"
    if any(address.get("box", ())) and "box" not in readable:
        yield "box: expected west,south,east,north in degrees, such as 20,-10,35,5"
    yield from (name + NO_FILTER for name in address if name not in ADDRESS.values())


def _read(field: str, values: tuple[str, ...]) -> Any:
    """A field's value from its texts; the empty value where they make no sense."""
    if field == "box":
        return Box.parse(values[0])
    if field == "resource_class":
        return tuple(int(value) for value in values if value in "012345" and len(value) == 1)
    if field in ("text", "focus"):
        return values[0][:LONGEST_TEXT]
    return values
