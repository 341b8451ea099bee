"""Maps of the atlas: a drawing on each page, which needs no script, and one map to move and zoom.

The drawing is SVG in the page over `assets/land.svg`, which all pages share. The map to move is the
app's (app/map.js), with a file of data for each thing that its colours can say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import map as world
from app.colouring import FAMILY, Colouring, by_column, by_family, by_kind, offered
from app.texts import Address, escape
from data.errors import UnavailableError
from data.inventory import KINDS
from data.inventory.schema import counted
from runfolder.base_map import UNIT, outlines

if TYPE_CHECKING:
    from data.inventory import Inventory

APP = Path(__file__).parents[1]
BOUNDS = (
    -18000,
    -11000,
    36000,
    19000,
)  # of land.svg, in hundredths of a degree: x, y, width, height
AROUND = 45.0  # degrees that a language's map shows at least
COLUMNS = ("macroarea", "class", "endangerment")
MANY = 300  # marks, past which they are small
GRIDS, MOST_DOTS = (1, 10, 25, 50, 100, 200, 400), 32_000  # hundredths of a degree; bytes of a path
SOURCES = "Places: Glottolog; outlines: Natural Earth"


class Places:
    """Where every language of an inventory is drawn."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    @cached_property
    def _at(self) -> Mapping[str, tuple[float, float]]:
        frame = world.points(self._inventory.table).select("glottocode", "x", "y")
        return {code: (x, y) for code, x, y in frame.iter_rows()}

    @cached_property
    def has_land(self) -> bool:
        """Whether the outlines of the land can be had."""
        try:
            return bool(outlines())
        except UnavailableError:
            return False

    def drawing(
        self,
        codes: Iterable[str],
        alt: str,
        *,
        root: str,
        here: str = "",
        least: float = world.SMALLEST_SPAN,
        links: tuple[Address, Mapping[str, str]] | None = None,
    ) -> str:
        """A map of some languages as HTML; "" where none of them has a place.

        Args:
            alt: what it shows, in words.
            root: from the page to the folder of the site.
            here: the language that stands out.
            least: degrees that it shows at least.
            links: the addresses of pages, and the names to show while a pointer rests on a mark;
                without them all marks are one shape, which a page of 1,400 languages needs.
        """
        known = {code: self._at[code] for code in dict.fromkeys(codes) if code in self._at}
        if not known:
            return ""
        seen = _seen(list(known.values()), least)
        marks = _marks({c: at for c, at in known.items() if c != here}, links)
        if here in known:
            x, y = _units(known[here])
            marks += f"<path class=here d=M{x},{y}h0 />"
        land = ""
        if self.has_land:
            x, y, width, height = BOUNDS
            land = f"<image href={root}assets/land.svg x={x} y={y} width={width} height={height} />"
        shown = f'viewBox="{seen}" role=img aria-label="{escape(alt)}"'
        return f"<svg class=map {shown}>{land}{marks}</svg>"


def _units(at: tuple[float, float]) -> tuple[int, int]:
    return round(at[0] * UNIT), -round(at[1] * UNIT)


def _seen(places: Sequence[tuple[float, float]], least: float) -> str:
    """The part of the map that shows some places: as the app's map has it, two by one."""
    import polars as pl

    placed = pl.DataFrame(places, schema={"x": pl.Float64, "y": pl.Float64}, orient="row")
    west, east, middle = world.view(None, placed, least)
    width = (east - west) * UNIT
    height = width / world.ASPECT
    left, top = west * UNIT, -middle * UNIT - height / 2
    return " ".join(str(round(one)) for one in (left, top, width, height))


def _marks(
    places: Mapping[str, tuple[float, float]], links: tuple[Address, Mapping[str, str]] | None
) -> str:
    if not places:
        return ""
    if links is None:
        many = " many" if len(places) > MANY else ""
        return f'<path class="near{many}" d="{_dots(list(places.values()))}" />'
    address, names = links
    found = []
    for code, at in places.items():
        x, y = _units(at)
        mark = f"<path d=M{x},{y}h0><title>{escape(names[code])}</title></path>"
        to = address(code)
        found.append(f'<a href="{escape(to)}">{mark}</a>' if to else mark)
    return f"<g class=near>{''.join(found)}</g>"


def _dots(places: Sequence[tuple[float, float]]) -> str:
    """Many places as one path, each a step from the one before.

    Those of a page with thousands of languages are put on a grid, as fine as MOST_DOTS allows, of
    which each point is drawn once: on a map of the world ten units are a fifth of a pixel.
    """
    for grid in GRIDS:
        points = sorted({(x // grid * grid, y // grid * grid) for x, y in map(_units, places)})
        steps = [(x - px, y - py) for (px, py), (x, y) in pairwise([(0, 0), *points])]
        dots = "".join(f"m{x},{y}h0" for x, y in steps)
        if len(dots) <= MOST_DOTS:
            break
    return dots


def land() -> str:
    """The land and its borders as a file of their own, light or dark as the page is."""
    ground, borders = outlines()
    x, y, width, height = BOUNDS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x} {y} {width} {height}">'
        "<style>.l{fill:#fbfaf6;stroke:#9aa5ad}.b{fill:none;stroke:#b3bcc2}path{stroke-width:1px;"
        "vector-effect:non-scaling-stroke}@media(prefers-color-scheme:dark){.l{fill:#2c333a;"
        "stroke:#67727b}.b{stroke:#59636c}}</style>"
        f'<path class="l" d="{ground}"/><path class="b" d="{borders}"/></svg>\n'
    )


def colourings(inventory: Inventory) -> dict[str, Colouring]:
    """What the colours of the map to move can say, by the name in its address."""
    selected = counted(inventory.table)
    found = {FAMILY: by_family(selected, inventory.table)}
    found |= {name: by_column(name, selected) for name in COLUMNS}
    return found | {kind: by_kind(kind, selected) for kind in KINDS}


def map_files(inventory: Inventory, coloured: Mapping[str, Colouring]) -> dict[str, str]:
    """The files of the map to move, by path: the app's script, and the data of each colouring.

    A page that is read from a disk may load no module and fetch no file, so that the script is made
    a plain one, and data are scripts that hand over a text.
    """
    script = (APP / "map.js").read_text("utf-8")
    plain = script.replace("export default function (", "atlas.drawMap = function (", 1)
    files = {"assets/map.js": plain}
    selected, land_there = counted(inventory.table), Places(inventory).has_land
    for name, colouring in coloured.items():
        drawn = world.content(
            selected,
            inventory.table,
            f"Map of the world's languages by {offered()[name].lower()}",
            land=land_there,
            colouring=colouring,
            sources=SOURCES,
        ).decode()
        files[f"assets/map-{name}.js"] = f"atlas.map({json.dumps(name)},{as_script(drawn)});\n"
    return files


def as_script(text: str) -> str:
    """A text as a literal of a script that nothing in it can end."""
    return json.dumps(text, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def map_section(coloured: Mapping[str, Any]) -> str:
    """The map to move as HTML: what its colours say is chosen above it."""
    options = "".join(f"<option value={name}>{escape(offered()[name])}" for name in coloured)
    return (
        "<p><label>Colours say <select id=colours>"
        f"{options}</select></label> <span class=note>Drag moves the map, the buttons zoom; a "
        "click opens a language.</span></p>"
        f"{world.HTML}<noscript><p>This map needs scripts; the maps on the other pages do not."
        "</noscript><script src=assets/map.js defer></script>"
    )
