"""The world map: one mark a language, its family told by colour and by shape.

A drag moves the map, the wheel with Ctrl (or ⌘) zooms, Shift and a drag draw a box, a click marks a
language. map.js draws it in the browser from what `content` gives: no tiles, no network. It draws
8,000 languages in a tenth of the time that Vega-Lite needs to start, compile and run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.selection import Box
from app.texts import escape_markdown
from data.errors import UnavailableError
from runfolder.base_map import UNIT, latitude, northing, outlines

if TYPE_CHECKING:
    import polars

View = tuple[float, float, float]  # west, east: longitudes; middle: a northing

# Colours that people with colour-vision deficiencies tell apart (Okabe and Ito; Tol), each with
# every shape before one repeats: the largest 80 families of the world have a mark of their own.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#aa3377", "#b8860b"),
    *("#56b4e9", "#5b3ea8", "#7a5230", "#e7298a", "#4d4d4d"),
)
# SVG paths within a square from -1 to 1.
SHAPES = (
    "M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z",  # circle
    "M0,-.87L-1,.87H1Z",  # triangles: up
    "M-.89,-.89H.89V.89H-.89Z",  # square
    "M-1,0L0,-1L1,0L0,1Z",  # diamond
    "M-1,-.4H-.4V-1H.4V-.4H1V.4H.4V1H-.4V.4H-1Z",  # cross
    "M0,.87L-1,-.87H1Z",  # down
    "M.87,0L-.87,-1V1Z",  # right
    "M-.87,0L.87,-1V1Z",  # left
)
SALTIRE = "M-1,-0.6L-0.6,-1L0,-0.4L0.6,-1L1,-0.6L0.4,0L1,0.6L0.6,1L0,0.4L-0.6,1L-1,0.6L-0.4,0Z"
RHOMB = "M-1,0L0,-0.5L1,0L0,0.5Z"
SHOWN_FAMILIES = 11  # with a line of their own in the legend
OTHER, ISOLATES, NO_FAMILY = "other families", "isolates", "no family"

HEIGHT = 440
ASPECT = 2.0  # width to height for which a view is fitted; the browser keeps the map's proportions
WORLD = (-180.0, -58.0, 180.0, 80.0)  # west, south, east, north
AROUND = 1.2  # the view to what it shows: names need room at the edge
SMALLEST_SPAN = 14.0  # degrees: closer than this the outlines say nothing

NAME = "kilolingua_map"
HTML = f"""<div class="kl-map" style="height: {HEIGHT}px">
  <div class="kl-ground">
    <canvas tabindex="0" role="img"></canvas>
    <div class="kl-tip" hidden></div>
  </div>
  <div class="kl-legend"><strong>Family</strong><ul></ul></div>
</div>"""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a family is drawn: its colour, and its shape as an SVG path."""

    family: str
    colour: str
    shape: str


def marks(selected: polars.DataFrame, everything: polars.DataFrame) -> list[Mark]:
    """The marks of the legend: the largest families of a selection, isolates, all others.

    Args:
        everything: all languages; they settle the mark, so that a family keeps its own whatever
            is selected.
    """
    rank = {family: place for place, family in enumerate(_by_size(everything))}
    families = _by_size(selected)
    found = [Mark(family, *_look(rank.get(family, 0))) for family in families[:SHOWN_FAMILIES]]
    without = set(selected.filter(selected["family"].is_null())["is_isolate"])
    found += [Mark(ISOLATES, "#000000", SALTIRE)] if True in without else []
    found += [Mark(NO_FAMILY, "#555555", RHOMB)] if False in without else []
    found += [Mark(OTHER, "#8a8f94", SHAPES[0])] if len(families) > SHOWN_FAMILIES else []
    return found


def _by_size(languages: polars.DataFrame) -> list[str]:
    counted = languages["family"].drop_nulls().value_counts()
    return counted.sort(["count", "family"], descending=[True, False])["family"].to_list()


def _look(rank: int) -> tuple[str, str]:
    """Colour and shape of the family of that rank in the world."""
    colour = rank % len(COLOURS)
    return COLOURS[colour], SHAPES[(rank // len(COLOURS) + colour) % len(SHAPES)]


def points(selected: polars.DataFrame) -> polars.DataFrame:
    """What the browser needs of each language that has coordinates, and nothing else.

    Columns: glottocode; name; family, as the map names it; x and y on the map, in degrees.
    """
    import polars as pl

    degrees = pl.col("latitude").radians() * 0.4 + math.pi / 4
    located = pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null()
    return selected.filter(located).select(
        "glottocode",
        "name",
        family_label().alias("family"),
        pl.col("longitude").alias("x"),
        (1.25 * degrees.tan().log()).degrees().alias("y"),
    )


def family_label() -> polars.Expr:
    """The family as the map names it: isolates and languages without a family are no family."""
    import polars as pl

    alone = pl.when("is_isolate").then(pl.lit(ISOLATES)).otherwise(pl.lit(NO_FAMILY))
    return pl.coalesce("family", alone)


def view(box: Box | None, placed: polars.DataFrame, least: float = SMALLEST_SPAN) -> View:
    """(west, east, middle) of the map that shows a box, or the selected languages.

    West and east are degrees of longitude, at least `least` apart; the middle is on the map's
    own scale.
    """
    west, south, east, north = WORLD[0], northing(WORLD[1]), WORLD[2], northing(WORLD[3])
    if box and box.west <= box.east:
        west, south, east, north = box.west, northing(box.south), box.east, northing(box.north)
    elif placed.height:
        west, east = _range(placed["x"])
        south, north = _range(placed["y"])
    span = max(AROUND * (east - west), AROUND * ASPECT * (north - south), least)
    if span >= 300:
        return -180.0, 180.0, (northing(WORLD[1]) + northing(WORLD[3])) / 2
    centre = (west + east) / 2
    return centre - span / 2, centre + span / 2, (south + north) / 2


def _range(values: polars.Series) -> tuple[float, float]:
    low, high = values.min(), values.max()
    return float(low), float(high)  # type: ignore[arg-type]


def drawn_box(x: Sequence[float], y: Sequence[float]) -> Box:
    """The box in degrees that was drawn on the map."""
    west, east = (round(min(180.0, max(-180.0, edge)), 2) for edge in sorted(x))
    south, north = (round(min(90.0, max(-90.0, latitude(edge))), 2) for edge in sorted(y))
    return Box(west, south, east, north)


def content(
    selected: polars.DataFrame,
    everything: polars.DataFrame,
    alt: str,
    *,
    box: Box | None = None,
    focus: str = "",
    land: bool = True,
    least: float = SMALLEST_SPAN,
) -> bytes:
    """What map.js draws: land and borders, the languages, a ring round the one in focus. JSON.

    Places are whole hundredths of a degree, y downwards; `of` is the number of a language's family
    in `families`, which holds the family's name and the number of its mark.

    Args:
        alt: what the map shows, in words.
        box, least: as for `view`.
        focus: the glottocode of the language that is marked until another is clicked.
    """
    placed, shown = points(selected), marks(selected, everything)
    ground, borders = outlines() if land else ("", "")
    drawn = {
        "land": ground,
        "borders": borders,
        "view": view(box, placed, least),
        "marks": [astuple(mark) for mark in shown],
        **_columns(placed, [mark.family for mark in shown]),
        "radius": 2.4 if placed.height > 3000 else 3.4 if placed.height > 300 else 4.7,
        "focus": focus,
        "alt": alt,
    }
    return json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode()


def _columns(placed: polars.DataFrame, legend: Sequence[str]) -> dict[str, list[Any]]:
    """The languages, a list a column; the families, each with its place in the legend."""
    import polars as pl

    families = placed["family"].unique(maintain_order=True).to_list()
    number = {family: place for place, family in enumerate(families)}
    return {
        "families": [[name, legend.index(name if name in legend else OTHER)] for name in families],
        "codes": placed["glottocode"].to_list(),
        "names": placed["name"].to_list(),
        "of": placed["family"].replace_strict(number, return_dtype=pl.Int32).to_list(),
        "x": (placed["x"] * UNIT).round().cast(pl.Int32).to_list(),
        "y": (placed["y"] * -UNIT).round().cast(pl.Int32).to_list(),
    }


def has_land() -> bool:
    """Whether the outlines can be had; where not, the page says why."""
    try:
        return bool(outlines())
    except UnavailableError as error:
        st.warning(escape_markdown(str(error)))
        return False


@cache
def _script() -> str:
    return Path(__file__).with_name("map.js").read_text("utf-8")


def draw(
    drawn: bytes,
    key: str | None = None,
    on_picked: Callable[[], None] | None = None,
    on_drawn: Callable[[], None] | None = None,
) -> None:
    """Put the map on the page.

    Args:
        drawn: what `content` gave.
        on_picked, on_drawn: called when a language was clicked, when a box was drawn;
            `st.session_state[key]` then holds a glottocode as "picked", and as "drawn" what
            `drawn_box` takes.
    """
    mount = st.components.v2.component(NAME, html=HTML, js=_script(), isolate_styles=False)
    mount(key=key, data=drawn, on_picked_change=on_picked, on_drawn_change=on_drawn)
