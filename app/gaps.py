"""Gaps: groups of languages by kinds of resource, and which languages would fill most of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from app import charts, table, texts
from app.page import opened, say_what_is_missing
from app.texts import Address, escape
from data.inventory import (
    GOALS,
    KINDS,
    Inventory,
    advise,
    gaps,
    select,
)

if TYPE_CHECKING:
    import polars

GROUPINGS = {"family": "family", "genus": "genus", "script": "script"}
SHOWN = (25, 50, 100, 1000)
GROUP, KIND, HEAT = "gaps-group", "gaps-kind", "gaps-heat"
GOAL = "gaps-goal"
BOUND: Literal["query-params"] = "query-params"  # the address holds what is chosen
TOP = 10
GOAL_NAMES: Mapping[str, str] = {
    "speakers": "the most speakers reached",
    "genera": "a genus that has none of it",
    "families": "a family that has none of it",
    "cost": "the least work: something is there that it can be made from",
    "urgent": "languages that are passing, of which no text is known",
}
HEADER = (
    *("", "family", "genus", "endangerment", "in its group", "speakers"),
    *("what lists know of", "can be made from"),
)


def show() -> None:
    """Draw the page."""
    inventory = opened()
    say_what_is_missing(inventory)
    st.html('<h1 class="kl-title">Gaps: who has what, and who has nothing</h1>')
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox("Groups by", list(GROUPINGS), key="gaps-by", width=180, bind=BOUND)
        most = st.selectbox(
            "How many, largest first", SHOWN, width=180, key="gaps-most", bind=BOUND
        )
    counted = gaps(inventory.table, by)
    _heat_map(counted.head(most), by)
    _group(inventory, counted, by)
    _most(inventory)


def _heat_map(counted: polars.DataFrame, by: str) -> None:
    caption = f"How many languages of each {by} have each kind of resource"
    chosen = st.session_state.get(GROUP, ""), st.session_state.get(KIND, "")
    charts.draw_heat(charts.heat(counted, KINDS, caption, chosen), HEAT, _clicked)
    st.caption(
        "A cell says how many of the group's languages have the resource; its colour is their "
        "share. Click a cell to see which, or choose a group and a resource below."
    )


def _clicked() -> None:
    cell = st.session_state[HEAT][charts.CLICKED]
    st.session_state[GROUP], st.session_state[KIND] = cell["value"], cell["kind"]


def _group(inventory: Inventory, counted: polars.DataFrame, by: str) -> None:
    """The languages of a group that have a resource, and those that lack it."""
    groups = counted["value"].to_list()
    if st.session_state.get(GROUP) not in groups:
        st.session_state[GROUP] = groups[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.selectbox("Group", groups, key=GROUP, width=320, bind=BOUND)
        kind = st.selectbox(
            "Resource",
            KINDS,
            format_func=texts.KIND_NAMES.__getitem__,
            key=KIND,
            width=220,
            bind=BOUND,
        )
    of_group: dict[str, Any] = {by: (group,)}
    having = select(inventory.table, **of_group, has=(kind,))
    lacking = select(inventory.table, **of_group, missing=(kind,))
    for place, heading, rows in zip(
        st.columns(2), ("Have it", "Lack it"), (having, lacking), strict=True
    ):
        with place:
            st.markdown(f"**{heading}: {texts.quantity(rows.height, 'language')}**")
            _list(_by_speakers(rows), height=300)


def _by_speakers(rows: polars.DataFrame) -> polars.DataFrame:
    return rows.sort("speakers", "name", descending=[True, False], nulls_last=True)


def _most(inventory: Inventory) -> None:
    """The languages that one more resource would help most, for a goal that is asked for."""
    kind = st.session_state.get(KIND) or KINDS[0]
    st.subheader(f"Where one more {texts.KIND_NAMES[kind]} would help most", anchor=False)
    goal = st.selectbox(
        "What for", GOALS, format_func=GOAL_NAMES.__getitem__, width=420, key=GOAL, bind=BOUND
    )
    found = advise(inventory.table, kind, goal, TOP)
    if found.is_empty():
        st.info("Nothing is advised: no language lacks it, or none whose figures can be trusted.")
        return
    st.html(texts.table(map(advised, found.iter_rows(named=True)), HEADER, numbers=(4, 5)))
    st.caption(note())


def note() -> str:
    """What the advice rests on."""
    return (
        "Speakers count less where the language is passing (a half at definitely endangered, a "
        "fifth at severely); doubtful figures are left out, dead languages are advised nowhere, "
        "critically endangered ones only under the last goal. A person is counted once a "
        "language, not twice within a macrolanguage. What lists know: the catalog and 78 data "
        "sets, models and tools as of November 2026; a lexicon in print is in none of them, so ask "
        "first. Speakers and sizes say nothing of what a community wants."
    )


def advised(entry: Mapping[str, Any], address: Address | None = None) -> list[str]:
    """A row of the advice as HTML cells."""
    known = [texts.KIND_NAMES[kind] for kind in entry["exists"] or ()]
    listed = f"{entry['listed'] or 0} facts in lists"
    return [
        texts.language_link(entry, address),
        escape(entry["family"] or "isolate or none"),
        escape(entry["genus"] or texts.UNKNOWN),
        escape(entry["endangerment"] or texts.UNKNOWN),
        texts.number(entry["languages"]) if entry["languages"] is not None else texts.NOT_A_FIGURE,
        texts.number(entry["speakers"]),
        escape(f"{', '.join(known)}; {listed}" if known else f"no data; {listed}"),
        escape(", ".join(texts.KIND_NAMES[made] for made in entry["from"] or ()) or "nothing here"),
    ]


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
