"""The world map: one mark a language, its family told by colour and by shape.

A drag moves the map, the wheel with Ctrl (or ⌘) zooms, Shift and a drag draw a box, a click marks a
language. Everything is drawn by the browser from what the page sends: no tiles, no network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.base_map import latitude, northing, outlines
from app.selection import Box
from app.texts import FONTS

if TYPE_CHECKING:
    import polars

Spec = dict[str, Any]  # https://vega.github.io/vega-lite/docs/spec.html

# Colours that people with colour-vision deficiencies tell apart (Okabe and Ito; Tol), each with
# every shape before one repeats: the largest 80 families of the world have a mark of their own.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#aa3377", "#b8860b"),
    *("#56b4e9", "#5b3ea8", "#7a5230", "#e7298a", "#4d4d4d"),
)
SHAPES = (
    *("circle", "triangle-up", "square", "diamond", "cross"),
    *("triangle-down", "triangle-right", "triangle-left"),
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

GROUND: dict[str, Spec] = {
    "land": {"filled": True, "fill": "#fbfaf6", "stroke": "#9aa5ad", "strokeWidth": 0.7},
    "borders": {"stroke": "#c9cfd3", "strokeWidth": 0.6},
}

PICKED, DRAWN = "picked", "drawn"


@dataclass(frozen=True, slots=True)
class Mark:
    """How a family is drawn."""

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
    found += [Mark(OTHER, "#8a8f94", "circle")] if len(families) > SHOWN_FAMILIES else []
    return found


def _by_size(languages: polars.DataFrame) -> list[str]:
    counted = languages["family"].drop_nulls().value_counts()
    return counted.sort(["count", "family"], descending=[True, False])["family"].to_list()


def _look(rank: int) -> tuple[str, str]:
    """Colour and shape of the family of that rank in the world."""
    colour = rank % len(COLOURS)
    return COLOURS[colour], SHAPES[(rank // len(COLOURS) + colour) % len(SHAPES)]


def points(selected: polars.DataFrame, shown: Sequence[Mark]) -> polars.DataFrame:
    """What the browser needs of each language that has coordinates, and nothing else.

    Columns: glottocode; name; told, the name and the family; family, as the legend has it; x, y.
    """
    import polars as pl

    names, label = [mark.family for mark in shown], family_label()
    degrees = pl.col("latitude").radians() * 0.4 + math.pi / 4
    located = pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null()
    return selected.filter(located).select(
        "glottocode",
        "name",
        pl.format("{} ({})", "name", label).alias("told"),
        pl.when(label.is_in(names)).then(label).otherwise(pl.lit(OTHER)).alias("family"),
        pl.col("longitude").cast(pl.Float32).alias("x"),
        (1.25 * degrees.tan().log()).degrees().cast(pl.Float32).alias("y"),
    )


def family_label() -> polars.Expr:
    """The family as the map names it: isolates and languages without a family are no family."""
    import polars as pl

    alone = pl.when("is_isolate").then(pl.lit(ISOLATES)).otherwise(pl.lit(NO_FAMILY))
    return pl.coalesce("family", alone)


def view(
    box: Box | None, placed: polars.DataFrame, least: float = SMALLEST_SPAN
) -> tuple[float, float, float]:
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


def world_map(
    placed: polars.DataFrame,
    shown: Sequence[Mark],
    fitted: tuple[float, float, float],
    focus: str = "",
    land: bool = True,
) -> Spec:
    """The map as a Vega-Lite chart: land and borders, the languages, a ring round the one in focus.

    Args:
        placed: what `points` gave.
        fitted: what `view` gave.
        focus: the glottocode of the language that is marked until another is clicked.
    """
    ground = dict(zip(GROUND, outlines(), strict=True)) if land else {}
    return {
        "height": HEIGHT,
        "datasets": {"languages": placed, **ground},
        "encoding": _axes(fitted),
        "layer": [*map(_lines, ground), _languages(placed, shown, focus), *_ring()],
        "config": {
            "font": FONTS,
            "view": {"stroke": "#c3ccd3", "fill": "#eaf1f5"},
            "legend": {"labelLimit": 220, "symbolSize": 90, "labelFontSize": 13},
        },
    }


def _axes(fitted: tuple[float, float, float]) -> Spec:
    """Both scales; one degree of longitude is as long both ways, however wide the page is."""
    west, east, middle = fitted
    half = f"{(east - west) / 2} * height / width"
    bounds = [{"expr": f"{middle} - {half}"}, {"expr": f"{middle} + {half}"}]
    scale = {"nice": False, "zero": False}
    x = {"field": "x", "type": "quantitative", "axis": None}
    y = {"field": "y", "type": "quantitative", "axis": None}
    return {
        "x": {**x, "scale": {**scale, "domain": [west, east]}},
        "y": {**y, "scale": {**scale, "domain": bounds}},
    }


def _lines(name: str) -> Spec:
    """Land, or the borders on it: one path through its corners, broken where there is none."""
    path = {"type": "line", "clip": True, "tooltip": None, **GROUND[name]}
    return {
        "data": {"name": name},
        "mark": {**path, "invalid": "break-paths-show-path-domains"},
        "encoding": {"order": {"value": None}},
    }


def _languages(placed: polars.DataFrame, shown: Sequence[Mark], focus: str) -> Spec:
    names = [mark.family for mark in shown]
    family = {"field": "family", "type": "nominal", "legend": {"title": "Family"}}
    colour = {"domain": names, "range": [mark.colour for mark in shown]}
    shape = {"domain": names, "range": [mark.shape for mark in shown]}
    size = 22 if placed.height > 3000 else 45 if placed.height > 300 else 90
    return {
        "data": {"name": "languages"},
        "params": [*_gestures(), _pick(focus)],
        "mark": {"type": "point", "filled": True, "size": size, "opacity": 0.85, "clip": True},
        "encoding": {
            "color": {**family, "scale": colour},
            "shape": {**family, "scale": shape},
            "tooltip": {"field": "told"},
        },
    }


def _gestures() -> list[Spec]:
    """Moving, zooming, drawing a box."""
    move = {
        "type": "interval",
        "translate": "[pointerdown[!event.shiftKey], window:pointerup] > window:pointermove!",
        "zoom": "wheel![event.ctrlKey || event.metaKey]",
        "clear": "dblclick",
    }
    draw = {
        "type": "interval",
        "on": "[pointerdown[event.shiftKey], window:pointerup] > window:pointermove!",
        "translate": False,
        "zoom": False,
    }
    return [{"name": "moved", "select": move, "bind": "scales"}, {"name": DRAWN, "select": draw}]


def _pick(focus: str) -> Spec:
    """The language that was clicked; at first the one that the page gives."""
    select = {"type": "point", "fields": ["glottocode"], "on": "click", "toggle": False}
    first = {"value": [{"glottocode": focus}]} if focus else {}
    return {"name": PICKED, "select": select, **first}


def _ring() -> list[Spec]:
    """A ring round the language that was clicked, and its name."""
    letters = {"type": "text", "dy": -20, "fontSize": 15, "fontWeight": "bold", "clip": True}
    ring = {"type": "point", "size": 420, "filled": False, "stroke": "#111111", "strokeWidth": 2.5}
    halo = {**letters, "stroke": "#ffffff", "strokeWidth": 4}
    text: Spec = {"text": {"field": "name"}}
    marks: list[tuple[Spec, Spec]] = [({**ring, "clip": True}, {}), (halo, text)]
    marks.append(({**letters, "fill": "#111111"}, text))
    return [
        {
            "data": {"name": "languages"},
            "transform": [{"filter": {"param": PICKED, "empty": False}}],
            "mark": mark,
            "encoding": encoding,
        }
        for mark, encoding in marks
    ]
