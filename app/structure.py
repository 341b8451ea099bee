"""A language's structure on its page: what WALS says of it, and which languages are like it.

The same figures as `data.typology.Typology.of` and `alike` give, and `data.uriel.Uriel.alike` where
its table is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import texts
from app.page import link_to, typology, uriel
from app.texts import Address, escape
from data.inventory import Inventory
from data.inventory.schema import existing
from data.typology import LEAST
from data.uriel import COMMAND
from data.uriel import LEAST as URIEL_LEAST

if TYPE_CHECKING:
    import polars

    from data.typology import Typology
    from data.uriel import Uriel

SHOWN = 10
WALS, URIEL = "WALS", "URIEL+"
LEASTS = {WALS: (LEAST, 30, 50, 80), URIEL: (URIEL_LEAST, 150, 200, 300)}
HEADER = ("", "family", "differs in", "distance", "has")
DISTANCE = (
    "Distance: the share of the features for which WALS has both languages that differ (Gower "
    "1971; each chapter's first map, without those of words). Few features in common make a "
    "distance that chance decides; alike is not akin."
)
URIEL_DISTANCE = (
    "Distance: URIEL+'s angular distance (Khan et al. 2025) over the features, of 828 that are "
    "there or not, of which it knows both languages: WALS, Grambank, PHOIBLE and others joined, "
    "nothing imputed. Not to be compared with WALS's numbers; alike is not akin."
)
DISTANCES = {WALS: DISTANCE, URIEL: URIEL_DISTANCE}
CITED = "Dryer and Haspelmath (eds.) 2013, WALS Online, CC-BY-4.0."


def show(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """Draw the part of the language's page."""
    st.subheader("Structure", anchor=False)
    if not st.toggle("Show what WALS says, and which languages are like it", key="structure"):
        st.caption("192 features of grammar and sound; reads the atlas, a second or two.")
        return
    known, joined = typology(inventory), uriel()
    _alike(inventory, {WALS: known, URIEL: joined}, row)
    if known is None:
        return
    if known.of(row["glottocode"]):
        _values(known, row)
    else:
        st.write("WALS has no value for this language.")


def _alike(
    inventory: Inventory, measures: Mapping[str, Typology | Uriel | None], row: Mapping[str, Any]
) -> None:
    """The languages that differ least, those with data first if that is asked for."""
    there = {name: measure for name, measure in measures.items() if measure is not None}
    if not there:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = WALS if URIEL not in there else st.selectbox("Distance by", list(there), width=160)
        least = st.selectbox(
            "Features in common, at least", LEASTS[by], width=220, key=f"alike-least-{by}"
        )
        with_data = st.toggle("Only languages that have something here", True, key="alike-data")
    found = nearest(inventory, there[by], row["glottocode"], least, with_data=with_data)
    rows = [alike(one) for one in found.head(SHOWN).iter_rows(named=True)]
    if rows:
        st.html(texts.table(rows, HEADER, numbers=(2, 3)))
        st.caption(DISTANCES[by])
    else:
        st.write(f"By {by} none shares that many features with it.")
    if URIEL not in there:
        st.caption(f"URIEL+'s distance is offered here once `{COMMAND}` has joined it.")


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
    inventory: Inventory,
    known: Typology | Uriel,
    glottocode: str,
    least: int,
    *,
    with_data: bool,
) -> polars.DataFrame:
    """The languages by their distance to one, with name, family and what each has.

    Args:
        known: whose distance it is; of another one's languages those that the inventory has.
        with_data: only those that have a resource of any kind.
    """
    import polars as pl

    columns = inventory.table.select("glottocode", "name", "family", existing().alias("kinds"))
    found = known.alike(glottocode, least=least).join(
        columns, on="glottocode", how="inner", maintain_order="left"
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
