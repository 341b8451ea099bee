"""The table of Explore: which columns, what they are called, what each means, and a page of rows.

table.js draws one page of the rows; sorting and turning pages happen here, over all rows of a
selection. For Streamlit's own table, a grid on a canvas, a browser loads 1.5 MB of script first.

>>> View().sorted_by("name"), View().sorted_by("name").sorted_by("name").descending
(View(column='name', descending=False, selection='', page=0), True)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from app.texts import KIND_NAMES, direction
from data.inventory import KINDS, UNITS
from data.inventory.schema import existing

if TYPE_CHECKING:
    import polars

PAGE = "language?lang="
ROWS = 50  # on a page of the table
EXISTS = "exists"
NAME = "kilolingua_table"
VIEW = "table-view"  # in the session: order and page
VIEW_NAMES = ("sort", "page")  # of it in the address
HTML = """<div class="kl-rows">
  <button type="button" class="kl-skip">Past the rows</button>
  <label class="kl-sort">Sort by <select></select></label>
  <div class="kl-scroll" tabindex="0" role="region" aria-label="Table of the selected languages">
    <table>
      <caption class="kl-hidden">The selected languages; a heading sorts all of them</caption>
      <colgroup></colgroup><thead><tr></tr></thead><tbody></tbody>
    </table>
  </div>
  <div class="kl-pager" role="group" tabindex="-1" aria-label="Pages of the table"></div>
</div>"""


class Column(NamedTuple):
    """A column: its heading, what it means, its width in rem, and whether it holds numbers."""

    key: str
    label: str
    told: str
    width: float
    number: bool = False


COLUMNS = (
    Column("name", "Name", "English name in Glottolog", 11.5),
    Column("glottocode", "Glottocode", "Opens the language's page", 7),
    Column(
        "resource_class",
        "Class",
        "0 (nothing here) to 5, by the rule on each language's page",
        4.5,
        True,
    ),
    *(
        Column(
            kind,
            KIND_NAMES[kind].capitalize(),
            f"{UNITS[kind].capitalize()} in the catalog or in the largest listed set; 0: no list "
            "knows any; exists: nobody has counted it; empty: nothing is known",
            5.3,
            True,
        )
        for kind in KINDS
    ),
    Column("speakers", "Speakers", "Rounded estimates; empty where none is known", 8, True),
    Column("endangerment", "Endangerment", "From LinguaMeta", 11.5),
    Column("family", "Family", "Top-level family in Glottolog; empty for isolates", 10),
    Column(
        "genus", "Genus", "From WALS; * inferred, as all WALS languages of its group share it", 10.5
    ),
    Column("endonym", "Own name", "The name in the language itself", 9),
    Column("bcp47", "Tag", "BCP-47 tag, as in sw", 4.5),
    Column("macroarea", "Macroarea", "From Glottolog", 8),
    Column("countries", "Countries", "ISO 3166 codes", 7.5),
    Column("scripts", "Scripts", "ISO 15924 codes", 7.5),
)


def columns() -> dict[str, Any]:
    """Headings and explanations for Streamlit's own tables, by column."""
    config = st.column_config
    found: dict[str, Any] = {}
    for key, label, told, _, is_number in COLUMNS:
        if is_number:
            found[key] = config.NumberColumn(label, help=told, format="localized")
        else:
            found[key] = config.TextColumn(label, help=told)
    found["page"] = config.LinkColumn(
        "Glottocode", help="Opens the language's page", display_text="lang=(.*)$"
    )
    return found


@dataclass(frozen=True, slots=True)
class View:
    """What of a table is seen.

    Attributes:
        column: the column that it is sorted by; "" is the order in which it opens: what has most
            resources first, then most speakers.
        descending: whether the largest come first.
        selection: the selection that the page belongs to.
        page: from 0.
    """

    column: str = ""
    descending: bool = False
    selection: str = ""
    page: int = 0

    @classmethod
    def from_address(cls, sort: str, page: str) -> View:
        """The view that an address names, `sort=-speakers&page=2`, without what cannot be.

        >>> View.from_address("-speakers", "2"), View.from_address("height", "x") == View()
        (View(column='speakers', descending=True, selection='', page=1), True)
        """
        column = sort.removeprefix("-")
        known = column in {column.key for column in COLUMNS}
        at = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
        return cls(column if known else "", known and sort.startswith("-"), page=max(at - 1, 0))

    def to_address(self) -> dict[str, str]:
        """The part of an address that opens this view again.

        >>> View("speakers", True, page=1).to_address(), View().to_address()
        ({'sort': '-speakers', 'page': '2'}, {})
        """
        sort = f"{'-' * self.descending}{self.column}"
        found = {"sort": sort, "page": str(self.page + 1) if self.page else ""}
        return {name: text for name, text in found.items() if text}

    def of(self, selection: str) -> View:
        """The view of a selection: one that was not seen before begins at its first page."""
        if not self.selection:  # the address has named it
            return replace(self, selection=selection)
        return self if selection == self.selection else replace(self, selection=selection, page=0)

    def sorted_by(self, column: str) -> View:
        """After a press on a heading: one order, then the other, then that in which it opened.

        Of numbers the largest come first. Unknown columns change nothing.
        """
        known = {column.key: column.number for column in COLUMNS}
        if column not in known:
            return self
        if column != self.column:
            return replace(self, column=column, descending=known[column], page=0)
        if self.descending == known[column]:
            return replace(self, descending=not self.descending, page=0)
        return replace(self, column="", descending=False, page=0)


def ordered(selected: polars.DataFrame, view: View) -> polars.DataFrame:
    """All rows in the order of a view: what is not known comes last, equal ones stay as they were.

    Names are sorted without case, diacritics and apostrophes; endangerment by its steps.
    """
    import polars as pl

    from data.inventory.references import ENDANGERMENT
    from data.language_names import fold

    if not view.column:
        return selected.sort(
            pl.col("resource_class").fill_null(-1),
            existing().list.len().fill_null(0),
            pl.col("speakers").fill_null(-1),
            descending=True,
            maintain_order=True,
        )
    keys = selected[view.column]
    if keys.dtype == pl.List:
        keys = keys.list.join(" ").replace("", None)
    if view.column == "endangerment":
        steps = {step: place for place, step in enumerate(ENDANGERMENT)}
        keys = keys.replace_strict(steps, default=len(steps), return_dtype=pl.Int64)
    elif keys.dtype == pl.String:
        keys = pl.Series([None if text is None else fold(text) for text in keys], dtype=pl.String)
    order = keys.to_frame("key").with_row_index()
    order = order.sort("key", descending=view.descending, nulls_last=True, maintain_order=True)
    return selected[order["index"]]


def content(selected: polars.DataFrame, view: View, focus: str = "") -> bytes:
    """What table.js draws: a page of the rows, as JSON.

    Args:
        selected: rows of the inventory's table; one at least.
        focus: the glottocode of the marked language.
    """
    pages = -(-selected.height // ROWS)
    page = min(max(view.page, 0), pages - 1)
    rows = ordered(selected, view).slice(page * ROWS, ROWS)
    drawn = {
        "columns": [column._asdict() for column in COLUMNS],
        "rows": [
            _row(found, exists or ())
            for found, exists in zip(
                _displayed(rows).iter_rows(),
                rows.select(existing()).to_series().to_list(),
                strict=True,
            )
        ],
        "sorted": view.column,
        "order": "descending" if view.descending else "ascending",
        "first": page * ROWS + 1,
        "total": selected.height,
        "page": page,
        "pages": pages,
        "focus": focus,
    }
    return json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode()


def _displayed(rows: polars.DataFrame) -> polars.DataFrame:
    """The columns as they are written: an inferred genus with its star, lists as one text."""
    import polars as pl

    written = {
        "genus": pl.when("genus_inferred").then(pl.col("genus") + " *").otherwise("genus"),
        **{
            name: pl.when(pl.col(name).list.len() > 0).then(pl.col(name).list.join(" "))
            for name in ("countries", "scripts")
        },
    }
    return rows.select(
        written.get(column.key, pl.col(column.key)).alias(column.key) for column in COLUMNS
    )


def _row(cells: Sequence[Any], exists: Collection[str]) -> dict[str, Any]:
    """A row for table.js; its own name runs as its own letters do.

    A kind that exists and that nobody has counted is no empty cell: EXISTS stands there.
    """
    by = dict(zip((column.key for column in COLUMNS), cells, strict=True))
    return {
        "code": by["glottocode"],
        "tag": by["bcp47"],
        "direction": direction(by["endonym"] or ""),
        "cells": [
            EXISTS if cell is None and column.key in exists else cell
            for column, cell in zip(COLUMNS, cells, strict=True)
        ],
    }


def _view() -> View:
    """The view of this visit; at first what the address says."""
    found: View | None = st.session_state.get(VIEW)
    asked = (st.query_params.get(name, "") for name in VIEW_NAMES)
    return found or View.from_address(*asked)


@cache
def _script() -> str:
    return Path(__file__).with_name("table.js").read_text("utf-8")


def draw(
    made: Callable[[View], bytes],
    selection: str,
    key: str,
    on_marked: Callable[[str], None],
) -> None:
    """Put the table on the page.

    Args:
        made: what `content` gives of a view.
        selection: tells one selection from another.
        focus: the glottocode of the marked language.
        on_marked: called with the glottocode of a row whose button was pressed; with "" where
            that took the mark away.
    """

    def sort() -> None:
        st.session_state[VIEW] = st.session_state[VIEW].sorted_by(st.session_state[key]["sorted"])

    def turn() -> None:
        page = int(st.session_state[key]["turned"])
        st.session_state[VIEW] = replace(st.session_state[VIEW], page=page)

    view = _view().of(selection)
    st.session_state[VIEW] = view
    for name in VIEW_NAMES:
        if name not in view.to_address():
            st.query_params.pop(name, None)
    st.query_params.update(view.to_address())
    mount = st.components.v2.component(NAME, html=HTML, js=_script(), isolate_styles=False)
    mount(
        key=key,
        data=made(view),
        on_sorted_change=sort,
        on_turned_change=turn,
        on_marked_change=lambda: on_marked(str(st.session_state[key]["marked"])),
    )
