"""What can be taken away: tables of a selection, and a language's facts, sources and card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.texts import aside, quantity
from data.inventory import (
    Inventory,
    export_bibtex,
    export_csv,
    export_json,
    packed_cldf,
)
from data.inventory.card import card

if TYPE_CHECKING:
    import polars

Made = Callable[[], str | bytes]


def selection(inventory: Inventory, height: int, selected: Callable[[], polars.DataFrame]) -> None:
    """The exports of exactly these languages; each is made when it is clicked.

    Args:
        height: how many languages there are.
        selected: gives their rows; asked when a button is pressed.
    """
    bom = st.toggle(
        "For Excel", help="CSV begins with a byte-order mark, by which Excel tells UTF-8"
    )
    shown = quantity(height, "language")
    with st.container(horizontal=True):
        _button(
            f"CSV: {shown}", "languages.csv", "text/csv", lambda: export_csv(selected(), bom=bom)
        )
        for label, name, kind, export in (
            (f"JSON: {shown}", "languages.json", "application/json", export_json),
            ("CLDF", "languages-cldf.zip", "application/zip", packed_cldf),
            ("BibTeX of the sources", "sources.bib", "application/x-bibtex", export_bibtex),
        ):
            _button(label, name, kind, partial(_made, export, inventory, selected))
    st.html(
        aside(
            "Exports hold all rows of all pages, with every column and its source; for every kind "
            "of resource the data sets and their licences. The map's own buttons save it as SVG "
            "or PNG."
        )
    )


def _made(
    export: Callable[[Inventory, polars.DataFrame], str | bytes],
    inventory: Inventory,
    selected: Callable[[], polars.DataFrame],
) -> str | bytes:
    return export(inventory, selected())


def language(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """One language: its row, the sources to cite, and a card for other pages."""
    import polars as pl

    st.subheader("To take away", anchor=False)
    own = inventory.table.filter(pl.col("glottocode") == row["glottocode"])
    code = row["glottocode"]
    with st.container(horizontal=True):
        _button(
            "BibTeX", f"{code}.bib", "application/x-bibtex", partial(export_bibtex, inventory, own)
        )
        _button("CSV", f"{code}.csv", "text/csv", partial(export_csv, own))
        _button("JSON", f"{code}.json", "application/json", partial(export_json, inventory, own))
    with st.expander("A card for another page"):
        text = card(inventory, code, page_of(code))
        st.html(text)
        st.caption("HTML without script or style sheet, to paste anywhere:")
        st.code(text, language="html", wrap_lines=True)


def page_of(glottocode: str) -> str:
    """The address of a language's page at the app that is running."""
    address = st.context.url or ""
    root = address.split("?")[0].rstrip("/").removesuffix("/language")
    return f"{root}/language?lang={glottocode}" if root else ""


def _button(label: str, name: str, kind: str, make: Made) -> None:
    st.download_button(
        label, make, file_name=name, mime=kind, on_click="ignore", icon=":material/download:"
    )
