"""The table of Explore: which columns, what they are called, and what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.texts import KIND_NAMES
from data.inventory import KINDS, UNITS

if TYPE_CHECKING:
    import polars

PAGE = "language?lang="
HEIGHT = 420
MARKED_UP_TO = 2000  # rows; of a longer table the browser loads only what is in view


def displayed(selected: polars.DataFrame) -> polars.DataFrame:
    """The columns that the table shows; the glottocode becomes a link to the language's page."""
    import polars as pl

    return selected.select(
        "name",
        "endonym",
        (pl.lit(PAGE) + pl.col("glottocode")).alias("page"),
        "bcp47",
        "family",
        pl.when("genus_inferred").then(pl.col("genus") + " *").otherwise("genus").alias("genus"),
        "macroarea",
        pl.col("countries").list.join(" "),
        pl.col("scripts").list.join(" "),
        "speakers",
        "endangerment",
        "resource_class",
        *KINDS,
    )


def columns() -> dict[str, Any]:
    """Headings and explanations, by column."""
    config = st.column_config
    texts = {
        "name": ("Name", "English name in Glottolog"),
        "endonym": ("Own name", "The name in the language itself"),
        "bcp47": ("Tag", "BCP-47 tag, as in sw"),
        "family": ("Family", "Top-level family in Glottolog; empty for isolates"),
        "genus": ("Genus", "From WALS; * inferred, since all WALS languages of its group share it"),
        "macroarea": ("Macroarea", "From Glottolog"),
        "countries": ("Countries", "ISO 3166 codes"),
        "scripts": ("Scripts", "ISO 15924 codes"),
        "endangerment": ("Endangerment", "From LinguaMeta"),
    }
    found: dict[str, Any] = {
        name: config.TextColumn(label, help=text) for name, (label, text) in texts.items()
    }
    found["page"] = config.LinkColumn(
        "Glottocode", help="Opens the language's page", display_text="lang=(.*)$"
    )
    found["speakers"] = config.NumberColumn(
        "Speakers", help="Rounded estimates; empty where none is known", format="localized"
    )
    found["resource_class"] = config.NumberColumn(
        "Class", help="0 (nothing here) to 5, by the rule on the page of each language"
    )
    for kind in KINDS:
        found[kind] = config.NumberColumn(
            KIND_NAMES[kind].capitalize(),
            help=f"{UNITS[kind]} in the catalog; 0: the catalog has none; empty: size not known",
            format="localized",
        )
    return found


def clicked_row(state: Any, rows: polars.DataFrame) -> str:
    """The glottocode of the row that was clicked; "" when none is."""
    chosen = state.get("selection", {}).get("rows", []) if state else []
    return str(rows["glottocode"][chosen[0]]) if chosen and chosen[0] < rows.height else ""
