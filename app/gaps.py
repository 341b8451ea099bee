"""Gaps: groups of languages by kinds of resource, and which languages would fill most of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import charts, table, texts
from app.page import opened, say_what_is_missing
from data.inventory import (
    KINDS,
    Inventory,
    gaps,
    most_genera,
    most_speakers_without,
    select,
)

if TYPE_CHECKING:
    import polars

GROUPINGS = {"family": "family", "genus": "genus", "script": "script"}
SHOWN = (25, 50, 100, 1000)
GROUP, KIND = "gaps-group", "gaps-kind"
TOP = 10


def show() -> None:
    """Draw the page."""
    inventory = opened()
    say_what_is_missing(inventory)
    st.html('<h1 class="kl-title">Gaps: who has what, and who has nothing</h1>')
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox("Groups by", list(GROUPINGS), key="gaps-by", width=180)
        most = st.selectbox("How many, largest first", SHOWN, width=180, key="gaps-most")
    counted = gaps(inventory.table, by)
    _heat_map(counted.head(most), by)
    _group(inventory, counted, by)
    _most(inventory)


def _heat_map(counted: polars.DataFrame, by: str) -> None:
    key = f"heat-{by}-{counted.height}"
    st.vega_lite_chart(
        spec=charts.heat_map(counted, KINDS),
        key=key,
        on_select=partial(_clicked, key),
        selection_mode=charts.CLICKED,
        theme=None,
        alt=f"Heat map: how many languages of each {by} have each kind of resource",
    )
    st.caption(
        "A cell says how many of the group's languages have the resource; its colour is their "
        "share. Click a cell to see which, or choose a group and a resource below."
    )


def _clicked(key: str) -> None:
    cells: list[dict[str, Any]] = st.session_state[key].get("selection", {}).get(charts.CLICKED, [])
    if cells and {"value", "kind"} <= set(cells[0]):
        st.session_state[GROUP], st.session_state[KIND] = cells[0]["value"], cells[0]["kind"]


def _group(inventory: Inventory, counted: polars.DataFrame, by: str) -> None:
    """The languages of a group that have a resource, and those that lack it."""
    groups = counted["value"].to_list()
    if st.session_state.get(GROUP) not in groups:
        st.session_state[GROUP] = groups[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.selectbox("Group", groups, key=GROUP, width=320)
        kind = st.selectbox(
            "Resource", KINDS, format_func=texts.KIND_NAMES.__getitem__, key=KIND, width=220
        )
    of_group: dict[str, Any] = {by: (group,), "category": languages_only(inventory)}
    having = select(inventory.table, **of_group, has=(kind,))
    lacking = select(inventory.table, **of_group, missing=(kind,))
    for place, heading, rows in zip(
        st.columns(2), ("Have it", "Lack it"), (having, lacking), strict=True
    ):
        with place:
            st.markdown(f"**{heading}: {texts.quantity(rows.height, 'language')}**")
            _list(_by_speakers(rows), height=300)


def languages_only(inventory: Inventory) -> list[str]:
    """All categories but bookkeeping entries, which are no languages and stand in no count."""
    found = inventory.table["category"].unique().drop_nulls().sort().to_list()
    return [category for category in found if category != "bookkeeping"]


def _by_speakers(rows: polars.DataFrame) -> polars.DataFrame:
    return rows.sort("speakers", "name", descending=[True, False], nulls_last=True)


def _most(inventory: Inventory) -> None:
    """The ten languages that would add most, for the kind of resource chosen above."""
    kind = st.session_state.get(KIND) or KINDS[0]
    name = texts.KIND_NAMES[kind]
    st.subheader(f"Where one more {name} would help most", anchor=False)
    left, right = st.columns(2)
    with left:
        st.markdown(f"**The {TOP} languages without one that would add the most speakers**")
        _list(most_speakers_without(inventory.table, kind, TOP))
    with right:
        st.markdown(f"**The {TOP} that would each bring it to a genus that has none**")
        _list(most_genera(inventory.table, kind, TOP))
    st.caption(
        "Speakers of languages are not added up twice within a macrolanguage. The genera are the "
        "largest without the resource, each with the language of most speakers. Speakers and "
        "sizes say nothing of what a community wants."
    )


def _list(rows: polars.DataFrame, height: int | None = None) -> None:
    """A short table of languages, each with a link to its page."""
    import polars as pl

    wanted = ["name", "page", "family", "genus", "languages", "speakers"]
    shown = rows.with_columns((pl.lit(table.PAGE) + pl.col("glottocode")).alias("page"))
    columns = table.columns()
    columns["languages"] = st.column_config.NumberColumn("Languages", help="In the genus")
    st.dataframe(
        shown.select(name for name in wanted if name in shown.columns),
        column_config=columns,
        height=height or "content",
        hide_index=True,
        placeholder="",
    )
