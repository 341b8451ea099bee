"""Counts as bars, gaps as a heat map: every mark carries its number, so that colour only helps.

Both take what `data.inventory` counted, give a Vega-Lite chart, and tell which mark was clicked
under the name CLICKED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.texts import FONTS, KIND_NAMES

if TYPE_CHECKING:
    import polars

Spec = dict[str, Any]  # https://vega.github.io/vega-lite/docs/spec.html

CLICKED = "clicked"
BARS = 12
ROW = 24  # pixels
INK, FAINT, BAR, SCALE = "#1d252c", "#68727a", "#7fb7b2", ("#f3f7f7", "#0b6e69")
ROOM = 1.75  # the longest bar and, right of it, its numbers
DARK = 0.4  # a share from which the cell is so dark that its number is written in white


def bars(counted: polars.DataFrame, names: dict[str, str] | None = None) -> Spec:
    """The largest groups by number of languages, MASSIVE's number beside each.

    Args:
        counted: value, languages, massive, speakers; as `data.inventory.counts` gives them.
        names: how to write a value, where it is a code.
    """
    import polars as pl

    top = counted.head(BARS).with_columns(
        pl.col("value").replace(names or {}).alias("label"),
        pl.format("{}  ({})", "languages", "massive").alias("figures"),
    )
    most = max(1, *top["languages"]) if top.height else 1
    label = {"field": "label", "type": "nominal", "title": None}
    groups = {**label, "sort": top["label"].to_list(), "axis": {"labelLimit": 190, "ticks": False}}
    length = {"field": "languages", "type": "quantitative", "axis": None}
    drawn = {
        "params": [_click("value")],
        "mark": {"type": "bar", "color": BAR, "cursor": "pointer"},
        "encoding": {
            "tooltip": [
                {"field": "label", "title": "group"},
                {"field": "languages"},
                {"field": "massive", "title": "in MASSIVE 1.0"},
                {"field": "speakers", "title": "speakers, where known", "format": ","},
            ]
        },
    }
    written = {
        "mark": {"type": "text", "align": "left", "dx": 5, "color": INK},
        "encoding": {"text": {"field": "figures"}},
    }
    return {
        **_frame(top),
        "encoding": {"y": groups, "x": {**length, "scale": {"domain": [0, ROOM * most]}}},
        "layer": [drawn, written],
    }


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
