"""The world map: one mark a language; what its colour and shape say stands in app/colouring.py.

A drag moves the map, the wheel with Ctrl (or ⌘) zooms, Shift and a drag draw a box, a lasso a line
round some languages; a click marks one. map.js draws it in the browser from what `content` gives:
no tiles, no network. It draws 8,000 languages in a tenth of the time that Vega-Lite needs to start,
compile and run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.colouring import Colouring, by_family, family_label
from app.selection import Box, Line
from app.texts import escape_markdown
from data.errors import UnavailableError
from runfolder.base_map import UNIT, latitude, northing, outlines

if TYPE_CHECKING:
    import polars

View = tuple[float, float, float]  # west, east: longitudes; middle: a northing

HEIGHT = 440
ASPECT = 2.0  # width to height for which a view is fitted; the browser keeps the map's proportions
WORLD = (-180.0, -58.0, 180.0, 80.0)  # west, south, east, north
AROUND = 1.2  # the view to what it shows: names need room at the edge
SMALLEST_SPAN = 14.0  # degrees: closer than this the outlines say nothing

NAME = "kilolingua_map"
HTML = f"""<div class="kl-map" style="height: {HEIGHT}px">
  <div class="kl-ground">
    <canvas tabindex="0" role="img" aria-label="Map"></canvas>
    <div class="kl-tools" role="toolbar" aria-label="Map"></div>
    <div class="kl-tip" hidden></div>
  </div>
  <div class="kl-legend"><strong></strong><ul></ul></div>
</div>"""


def points(selected: polars.DataFrame, labels: Sequence[str] = ()) -> polars.DataFrame:
    """What the browser needs of each language that has coordinates, and nothing else.

    Columns: glottocode; name; label; x and y on the map, in degrees.

    Args:
        labels: what each row's mark says; by default its family.
    """
    import polars as pl

    degrees = pl.col("latitude").radians() * 0.4 + math.pi / 4
    located = pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null()
    label = pl.Series("label", labels, dtype=pl.String) if labels else family_label()
    return (
        selected.with_columns(label.alias("label"))
        .filter(located)
        .select(
            "glottocode",
            "name",
            "label",
            pl.col("longitude").alias("x"),
            (1.25 * degrees.tan().log()).degrees().alias("y"),
        )
    )


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


def _tall(box: Box | None, placed: polars.DataFrame) -> float:
    """How much of the map must be seen from south to north, in degrees of the map's own scale."""
    if box and box.west <= box.east:
        return AROUND * (northing(box.north) - northing(box.south))
    if placed.height:
        south, north = _range(placed["y"])
        return min(AROUND * (north - south), northing(WORLD[3]) - northing(WORLD[1]))
    return 0.0


def _range(values: polars.Series) -> tuple[float, float]:
    low, high = values.min(), values.max()
    return float(low), float(high)  # type: ignore[arg-type]


def drawn_box(x: Sequence[float], y: Sequence[float]) -> Box:
    """The box in degrees that was drawn on the map."""
    west, east = (round(min(180.0, max(-180.0, edge)), 2) for edge in sorted(x))
    south, north = (round(min(90.0, max(-90.0, latitude(edge))), 2) for edge in sorted(y))
    return Box(west, south, east, north)


def drawn_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """The line in degrees that was drawn round some languages."""
    return Line(
        (round(min(180.0, max(-180.0, lon)), 1), round(latitude(lat), 1))
        for lon, lat in zip(x, y, strict=True)
    )


def content(
    selected: polars.DataFrame,
    everything: polars.DataFrame,
    alt: str,
    *,
    box: Box | None = None,
    focus: str = "",
    land: bool = True,
    least: float = SMALLEST_SPAN,
    colouring: Colouring | None = None,
    sources: str = "",
) -> bytes:
    """What map.js draws: land and borders, the languages, a ring round the one in focus. JSON.

    Places are whole hundredths of a degree, y downwards; `of` is the number of a language's label
    in `labels`, which holds the label and the number of its mark.

    Args:
        alt: what the map shows, in words.
        box, least: as for `view`.
        focus: the glottocode of the language that is marked until another is clicked.
        colouring: what the colours say; by default the family.
        sources: the line below a figure that is saved.
    """
    colouring = colouring or by_family(selected, everything)
    placed = points(selected, colouring.labels)
    ground, borders = outlines() if land else ("", "")
    drawn = {
        "land": ground,
        "borders": borders,
        "view": view(box, placed, least),
        "tall": _tall(box, placed),
        "title": colouring.title,
        "sources": sources,
        "marks": [astuple(mark) for mark in colouring.marks],
        **_columns(placed, [mark.label for mark in colouring.marks]),
        "radius": 2.4 if placed.height > 3000 else 3.4 if placed.height > 300 else 4.7,
        "focus": focus,
        "alt": alt,
    }
    return json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode()


def _columns(placed: polars.DataFrame, legend: Sequence[str]) -> dict[str, list[Any]]:
    """The languages, a list a column; the labels, each with its place in the legend.

    What has no line of its own in the legend has the last one, and is drawn first, below the rest.
    """
    import polars as pl

    labels = placed["label"].unique(maintain_order=True).to_list()
    number = {label: place for place, label in enumerate(labels)}
    mark = {label: at for at, label in enumerate(legend)}
    rest = len(legend) - 1
    of = placed["label"].replace_strict(number, return_dtype=pl.Int32)
    behind = placed["label"].is_in([label for label in labels if mark.get(label, rest) == rest])
    order = pl.DataFrame({"behind": ~behind, "at": range(placed.height)}).sort("behind", "at")["at"]
    placed, of = placed[order], of[order]
    return {
        "labels": [[label, mark.get(label, rest)] for label in labels],
        "codes": placed["glottocode"].to_list(),
        "names": placed["name"].to_list(),
        "of": of.to_list(),
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
    on_lassoed: Callable[[], None] | None = None,
) -> None:
    """Put the map on the page.

    Args:
        drawn: what `content` gave.
        on_picked, on_drawn, on_lassoed: called when a language was clicked, when a box or a lasso
            was drawn; `st.session_state[key]` then holds a glottocode as "picked", as "drawn" what
            `drawn_box` takes and as "lassoed" what `drawn_line` takes.
    """
    mount = st.components.v2.component(NAME, html=HTML, js=_script(), isolate_styles=False)
    mount(
        key=key,
        data=drawn,
        on_picked_change=on_picked,
        on_drawn_change=on_drawn,
        on_lassoed_change=on_lassoed,
    )
