"""A language's kin on its page: the nearest whatever they have, lenders by kind, its dialects.

The same as `data.inventory.kin` gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import texts
from app.page import access, link_to
from app.texts import Address, escape
from data.access import Access
from data.errors import KilolinguaError
from data.inventory import Inventory
from data.inventory.kin import Dialect, lenders, load_dialects, nearest

SHOWN = 8
MOST_DIALECTS = 60
HEADER = ("", "steps in the tree", "kilometres", "speakers", "has")
LENDERS = "Who could lend what it lacks"
NEAREST = (
    "Nearest first: by steps in the tree, then kilometres. Near in the tree is not the same as "
    "understood by the speakers."
)


def show(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """Draw the part of the language's page."""
    st.subheader("Its kin", anchor=False)
    found = nearest(inventory, row["glottocode"], limit=SHOWN)
    if found.is_empty():
        st.write("Glottolog's tree has no relative of it.")
    else:
        rows = [near(one) for one in found.iter_rows(named=True)]
        st.html(texts.table(rows, HEADER, numbers=(1, 2, 3)))
    with st.container(horizontal=True):
        lineage = row["lineage"] or ()
        if lineage:
            link_to("tree", "Its place in the tree", {"node": lineage[-1]})
        if not found.is_empty():
            beside = [row["glottocode"], *found["glottocode"].head(3)]
            link_to("compare", "It and its nearest, side by side", {"lang": beside})
    _lenders(inventory, row)
    _dialects(row)


def near(one: Mapping[str, Any], address: Address | None = None) -> list[str]:
    """A row of `data.inventory.kin.nearest` as HTML cells."""
    return [
        texts.language_link(one, address),
        texts.number(one["tree_distance"]),
        texts.number(one["kilometres"]),
        texts.people(one["speakers"]),
        escape(", ".join(texts.KIND_NAMES[kind] for kind in one["kinds"] or ()) or "–"),
    ]


def _lenders(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """For each kind that it lacks, who could lend it."""
    rows = lent(inventory, row)
    if rows:
        st.markdown(f"**{LENDERS}**")
        st.html(texts.table(rows, ["", "the nearest that have it"]))
        st.caption(NEAREST)


def lent(
    inventory: Inventory, row: Mapping[str, Any], address: Address | None = None
) -> list[list[str]]:
    """For each kind that a language lacks, the kind and who could lend it, as HTML cells."""
    if row["kinds"] is None and row["exists"] is None:
        return []
    return [
        [
            escape(texts.KIND_NAMES[kind]),
            "; ".join(_lender(one, address) for one in found) or "none of the catalog",
        ]
        for kind, found in lenders(inventory, row["glottocode"]).items()
    ]


def _lender(one: Mapping[str, Any], address: Address | None) -> str:
    steps = one["tree_distance"]
    far = "other family" if steps is None else texts.quantity(steps, "step")
    return f"{texts.language_link(one, address)} ({far})"


@st.cache_resource(show_spinner=False)
def _all_dialects(_access: Access) -> dict[str, tuple[Dialect, ...]]:
    return load_dialects(access=_access)


def _dialects(row: Mapping[str, Any]) -> None:
    """What Glottolog counts as its dialects, on demand: its table is large."""
    if not st.toggle("Its dialects in Glottolog", key="dialects"):
        return
    try:
        own = _all_dialects(access()).get(row["glottocode"], ())
    except KilolinguaError as error:
        st.warning(texts.escape_markdown(str(error)))
        return
    if not own:
        st.write("Glottolog lists none.")
        return
    st.html(f"<p>{dialects(own)}</p>")


def dialects(own: Sequence[Dialect]) -> str:
    """A language's dialects as HTML: how many, and their names, which lead to Glottolog."""
    links = [
        texts.link(one.link, one.name) + (f" ({escape(one.iso639_3)})" if one.iso639_3 else "")
        for one in own[:MOST_DIALECTS]
    ]
    more = f" and {len(own) - MOST_DIALECTS} more" if len(own) > MOST_DIALECTS else ""
    return f"{texts.quantity(len(own), 'dialect')}: {', '.join(links)}{more}."
