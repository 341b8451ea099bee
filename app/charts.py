"""Counts as bars, gaps as a heat map: every mark carries its number, so that colour only helps.

Both take what `data.inventory` counted, and tell which mark was clicked under the name CLICKED.
The heat map is a Vega-Lite chart; the bars are buttons, which the keyboard reaches, drawn by
bars.js.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.texts import FONTS, KIND_NAMES, number

if TYPE_CHECKING:
    import polars

Spec = dict[str, Any]  # https://vega.github.io/vega-lite/docs/spec.html

CLICKED = "clicked"
BARS = 12
NAME, HTML = "kilolingua_bars", '<div class="kl-bars"></div>'
LONGEST = 60.0  # percent of the room; right of the longest bar its numbers find theirs
ROW = 24  # pixels
INK, FAINT, SCALE = "#1d252c", "#68727a", ("#f3f7f7", "#0b6e69")
DARK = 0.4  # a share from which the cell is so dark that its number is written in white


def bars(
    field: str,
    heading: str,
    counted: polars.DataFrame,
    chosen: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The largest groups by number of languages, MASSIVE's number beside each, for `draw_bars`.

    Args:
        field: what the groups are; a click tells it, and the value.
        counted: value, languages, massive, speakers; as `data.inventory.counts` gives them.
        chosen: the values that are filtered by.
        names: how to write a value, where it is a code.
    """
    top = counted.head(BARS)
    most = max(1, *top["languages"]) if top.height else 1
    rows = [
        {
            "value": row["value"],
            "label": (names or {}).get(row["value"], row["value"]),
            "share": round(LONGEST * row["languages"] / most, 2),
            "figures": f"{row['languages']} ({row['massive']})",
            "told": _told(row),
            "chosen": row["value"] in chosen,
        }
        for row in top.iter_rows(named=True)
    ]
    return {"field": field, "heading": heading, "rows": rows}


def _told(row: Mapping[str, Any]) -> str:
    """A group in words, which are shown while the pointer rests on it."""
    return (
        f"{row['value']}: languages {number(row['languages'])}, in MASSIVE 1.0 "
        f"{number(row['massive'])}, speakers, where known, {number(row['speakers'])}"
    )


@cache
def _script() -> str:
    return Path(__file__).with_name("bars.js").read_text("utf-8")


def draw_bars(
    groups: Sequence[Mapping[str, Any]], key: str, on_clicked: Callable[[], None]
) -> None:
    """Put bars on the page, side by side.

    Args:
        groups: what `bars` gave.
        on_clicked: called after a click; `st.session_state[key]` then holds the field and the
            value of the bar under CLICKED.
    """
    mount = st.components.v2.component(NAME, html=HTML, js=_script(), isolate_styles=False)
    mount(key=key, data=list(groups), on_clicked_change=on_clicked)


def heat_map(counted: polars.DataFrame, kinds: tuple[str, ...]) -> Spec:
    """Groups by kinds of resource: how many languages of the group have it, and the share.

    Args:
        counted: value, languages and one column a kind; as `data.inventory.gaps` gives them.
    """
    import polars as pl

    cells = (
        counted.select("value", "languages", *kinds)
        .unpivot(kinds, index=["value", "languages"], variable_name="kind", value_name="having")
        .with_columns(
            (pl.col("having") / pl.col("languages")).alias("share"),
            pl.col("kind").replace(dict(KIND_NAMES)).alias("resource"),
            pl.format("{} of {}", "having", "languages").alias("figures"),
        )
    )
    plain = {"title": None, "type": "nominal"}
    bare = {"ticks": False, "domain": False}
    groups = {"field": "value", "sort": counted["value"].to_list(), **plain}
    resources = {"field": "resource", "sort": [KIND_NAMES[kind] for kind in kinds], **plain}
    return {
        **_frame(cells),
        "encoding": {
            "y": {**groups, "axis": {"orient": "left", "labelLimit": 230, **bare}},
            "x": {**resources, "axis": {"orient": "top", "labelAngle": 0, **bare}},
            "tooltip": [
                {"field": "value", "title": "group"},
                {"field": "resource"},
                {"field": "having", "title": "languages that have it"},
                {"field": "languages", "title": "languages of the group"},
            ],
        },
        "layer": [_squares(), _numbers()],
    }


def _squares() -> Spec:
    """The cells; the square root tells small shares apart, which most are."""
    share = {
        "field": "share",
        "type": "quantitative",
        "scale": {"type": "sqrt", "domain": [0, 1], "range": list(SCALE)},
        "legend": {"title": "share that has it", "format": ".0%"},
    }
    return {
        "params": [_click("value", "kind")],
        "mark": {"type": "rect", "stroke": "#ffffff", "strokeWidth": 2, "cursor": "pointer"},
        "encoding": {"color": share},
    }


def _numbers() -> Spec:
    ink = [
        {"test": f"datum.share >= {DARK}", "value": "#ffffff"},
        {"test": "datum.having == 0", "value": FAINT},
    ]
    return {
        "mark": {"type": "text", "fontSize": 12},
        "encoding": {"text": {"field": "figures"}, "color": {"condition": ink, "value": INK}},
    }


def _click(*fields: str) -> Spec:
    select = {"type": "point", "fields": list(fields), "on": "click", "toggle": False}
    return {"name": CLICKED, "select": select}


def _frame(rows: polars.DataFrame) -> Spec:
    """What both charts share: the data, a row's height, fonts."""
    return {
        "data": {"name": "rows"},
        "datasets": {"rows": rows},
        "height": {"step": ROW},
        "config": {
            "font": FONTS,
            "view": {"stroke": None},
            "axis": {"labelFontSize": 13, "labelColor": INK},
        },
    }
