"""A language's structure on its page: what WALS says of it, and which languages are like it.

The same figures as `data.typology.Typology.of` and `alike` give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import texts
from app.page import link_to, typology
from app.texts import Address, escape
from data.inventory import Inventory
from data.inventory.schema import existing
from data.typology import LEAST

if TYPE_CHECKING:
    import polars

    from data.typology import Typology

SHOWN = 10
LEASTS = (LEAST, 30, 50, 80)
HEADER = ("", "family", "differs in", "distance", "has")
DISTANCE = (
    "Distance: the share of the features for which WALS has both languages that differ (Gower "
    "1971; each chapter's first map, without those of words). Few features in common make a "
    "distance that chance decides; alike is not akin."
)
CITED = "Dryer and Haspelmath (eds.) 2013, WALS Online, CC-BY-4.0."


def show(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """Draw the part of the language's page."""
    st.subheader("Structure", anchor=False)
    if not st.toggle("Show what WALS says, and which languages are like it", key="structure"):
        st.caption("192 features of grammar and sound; reads the atlas, a second or two.")
        return
    known = typology(inventory)
    if known is None:
        return
    values = known.of(row["glottocode"])
    if not values:
        st.write("WALS has no value for this language.")
        return
    _alike(inventory, known, row)
    _values(known, row)


def _alike(inventory: Inventory, known: Typology, row: Mapping[str, Any]) -> None:
    """The languages that differ least, those with data first if that is asked for."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        least = st.selectbox("Features in common, at least", LEASTS, width=220, key="alike-least")
        with_data = st.toggle("Only languages that have something here", True, key="alike-data")
    found = nearest(inventory, known, row["glottocode"], least, with_data=with_data)
    rows = [alike(one) for one in found.head(SHOWN).iter_rows(named=True)]
    if not rows:
        st.write("None shares that many features with it.")
        return
    st.html(texts.table(rows, HEADER, numbers=(2, 3)))
    st.caption(DISTANCE)


def alike(one: Mapping[str, Any], address: Address | None = None) -> list[str]:
    """A row of `nearest` as HTML cells."""
    return [
        texts.language_link(one, address),
        escape(one["family"] or "an isolate"),
        f"{one['differing']} of {one['shared']}",
        f"{one['distance']:.2f}",
        escape(", ".join(texts.KIND_NAMES[kind] for kind in one["kinds"] or ())),
    ]


def nearest(
    inventory: Inventory, known: Typology, glottocode: str, least: int, *, with_data: bool
) -> polars.DataFrame:
    """The languages by their distance to one, with name, family and what each has.

    Args:
        with_data: only those that have a resource of any kind.
    """
    import polars as pl

    columns = inventory.table.select("glottocode", "name", "family", existing().alias("kinds"))
    found = known.alike(glottocode, least=least).join(
        columns, on="glottocode", how="left", maintain_order="left"
    )
    return found.filter(pl.col("kinds").list.len() > 0) if with_data else found


def _values(known: Typology, row: Mapping[str, Any]) -> None:
    """Every value that WALS has, by the atlas's areas; each leads to its source and to Explore."""
    values = known.of(row["glottocode"])
    areas: dict[str, list[list[str]]] = {}
    for key, value in values.items():
        feature = known.features[key]
        others = f'<a href="./?wals={key}-{value.number}" target="_self">who else</a>'
        areas.setdefault(feature.area, []).append(
            [
                texts.link(feature.link, f"{key} {feature.name}"),
                texts.link(value.link(key), value.name),
                others,
            ]
        )
    st.write(f"WALS has {texts.quantity(len(values), 'feature')} of it:")
    for area, rows in areas.items():
        with st.expander(f"{area} ({len(rows)})"):
            st.html(texts.table(rows))
    st.caption(CITED)
    link_to("compare", "Compare it with another language", {"lang": row["glottocode"]})
