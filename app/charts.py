"""Counts as bars, gaps as a heat map: every mark carries its number, so that colour only helps.

Both take what `data.inventory` counted, and tell which mark was clicked under the name CLICKED.
Marks are buttons, which the keyboard reaches, drawn by bars.js and heat.js.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.texts import KIND_NAMES, number

if TYPE_CHECKING:
    import polars

CLICKED = "clicked"
BARS = 12
NAME, HTML = "kilolingua_bars", '<div class="kl-bars"></div>'
LONGEST = 60.0  # percent of the room; right of the longest bar its numbers find theirs


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
def _script(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def draw_bars(
    groups: Sequence[Mapping[str, Any]], key: str, on_clicked: Callable[[], None]
) -> None:
    """Put bars on the page, side by side.

    Args:
        groups: what `bars` gave.
        on_clicked: called after a click; `st.session_state[key]` then holds the field and the
            value of the bar under CLICKED.
    """
    mount = st.components.v2.component(NAME, html=HTML, js=_script("bars.js"), isolate_styles=False)
    mount(key=key, data=list(groups), on_clicked_change=on_clicked)


def heat(
    counted: polars.DataFrame,
    kinds: Sequence[str],
    caption: str,
    chosen: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    """Groups by kinds of resource: how many languages of each group have it, for `draw_heat`.

    Args:
        counted: value, languages and one column a kind; as `data.inventory.gaps` gives them.
        caption: what the map shows, for those who cannot see it.
        chosen: the group and the kind that are shown below the map.
    """
    rows = [
        {
            "value": row["value"],
            "label": row["value"],
            "languages": row["languages"],
            "having": [row[kind] for kind in kinds],
        }
        for row in counted.iter_rows(named=True)
    ]
    names = [{"kind": kind, "name": KIND_NAMES[kind]} for kind in kinds]
    return {"caption": caption, "kinds": names, "rows": rows, "chosen": list(chosen)}


def draw_heat(drawn: Mapping[str, Any], key: str, on_clicked: Callable[[], None]) -> None:
    """Put a heat map on the page.

    Args:
        drawn: what `heat` gave.
        on_clicked: called after a click; `st.session_state[key]` then holds the group and the
            kind of the cell under CLICKED.
    """
    mount = st.components.v2.component(
        "kilolingua_heat",
        html='<div class="kl-heat"></div>',
        js=_script("heat.js"),
        isolate_styles=False,
    )
    mount(key=key, data=dict(drawn), on_clicked_change=on_clicked)
