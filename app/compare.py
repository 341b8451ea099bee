"""Compare: two to six languages side by side, `compare?lang=sw&lang=zu`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import map as world
from app import texts
from app.page import opened, say_what_is_missing, typology
from app.texts import escape
from data.errors import InputError
from data.inventory import Inventory, find
from data.inventory.compare import LEAST, MOST, Comparison, Held, compare, structure

ADDRESS, ADDED = "lang", "compare-added"
EXAMPLE = ("sw", "yo", "am")
FACTS: Mapping[str, str] = {
    "endonym": "Own name",
    "glottocode": "Glottocode",
    "iso639_3": "ISO 639-3",
    "bcp47": "BCP-47 tag",
    "family": "Family",
    "genus": "Genus",
    "macroarea": "Macroarea",
    "countries": "Countries",
    "scripts": "Scripts",
    "speakers": "Speakers",
    "endangerment": "Endangerment",
    "category": "Kind of language",
    "resource_class": "Resource class",
}


def show() -> None:
    """Draw the page."""
    inventory = opened()
    say_what_is_missing(inventory)
    st.html('<h1 class="kl-title">Languages side by side</h1>')
    codes = _chosen(inventory)
    if len(codes) < LEAST:
        st.info(f"Add {LEAST} to {MOST} languages: any code or name will do.")
        return
    found = compare(inventory, codes)
    names = [texts.named(row["name"]) for row in found.rows]
    _resources(found, names)
    _facts(found, names)
    _kinship(found)
    _map(inventory, found)
    _structure(inventory, codes, names)


def _chosen(inventory: Inventory) -> list[str]:
    """The glottocodes in the address, each once, with a button to take it away."""
    asked = st.query_params.get_all(ADDRESS) or list(EXAMPLE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Add a language",
            key=ADDED,
            placeholder="zu, Hausa, amha1245 …",
            help="Any code or name",
            on_change=_add,
            width=240,
            disabled=len(asked) >= MOST,
        )
        found: dict[str, str] = {}
        for text in asked[:MOST]:
            try:
                code = find(inventory, text)
            except InputError as error:
                st.warning(texts.escape_markdown(str(error)))
                continue
            if code not in found:
                found[code] = text
                st.button(
                    f"✕ {texts.escape_markdown(text)}",
                    key=f"compare-{code}",
                    help="Take it away",
                    on_click=_remove,
                    args=(text,),
                )
    return list(found)


def _add() -> None:
    text = st.session_state[ADDED].strip()
    if text:
        asked = st.query_params.get_all(ADDRESS) or list(EXAMPLE)
        st.query_params[ADDRESS] = [*asked, text]
        st.session_state[ADDED] = ""


def _remove(text: str) -> None:
    asked = st.query_params.get_all(ADDRESS) or list(EXAMPLE)
    st.query_params[ADDRESS] = [other for other in asked if other != text]


def _resources(found: Comparison, names: Sequence[str]) -> None:
    """What exists for each, kind by kind: the largest data set, and how many more."""
    st.subheader("What exists", anchor=False)
    rows = [
        [escape(texts.KIND_NAMES[kind]), *map(_held, held)]
        for kind, held in found.resources.items()
    ]
    st.html(texts.table(rows, ["", *names]))


def _held(held: Sequence[Held]) -> str:
    if not held:
        return '<span class="kl-muted">none here</span>'
    first, *others = held
    size = "size not known" if first.size is None else f"{texts.number(first.size)} {first.unit}"
    more = f" and {len(others)} more" if others else ""
    return f"{texts.link(first.link, first.dataset)}, {escape(size)}{more}"


def _facts(found: Comparison, names: Sequence[str]) -> None:
    st.subheader("Facts", anchor=False)
    pages = [
        f'<a href="language?lang={escape(row["glottocode"])}" target="_self">its page</a>'
        for row in found.rows
    ]
    rows = [
        [
            heading,
            *(_fact(column, value, row) for value, row in zip(values, found.rows, strict=True)),
        ]
        for column, heading in FACTS.items()
        for values in [found.facts[column]]
    ]
    st.html(texts.table([*rows, ["With sources", *pages]], ["", *names]))


def _fact(column: str, value: Any, row: Mapping[str, Any]) -> str:
    """A value as HTML; "not known" where it is empty, but for isolates' family."""
    if column == "family" and value is None and row["is_isolate"]:
        return "an isolate"
    if value is None or value == []:
        return texts.UNKNOWN
    if column == "endonym":
        return texts.named(value, row["bcp47"] or "")
    if column == "speakers":
        return texts.people(value)
    if column in ("countries", "scripts"):
        name = texts.country_name if column == "countries" else texts.script_name
        return ", ".join(escape(name(code)) for code in value)
    return escape(str(value))


def _kinship(found: Comparison) -> None:
    st.subheader("How near they are", anchor=False)
    names = {row["glottocode"]: row["name"] for row in found.rows}
    rows = [
        [
            f"{texts.named(names[pair.left])} and {texts.named(names[pair.right])}",
            escape(pair.group) or "no common group",
            texts.NOT_A_FIGURE if pair.steps is None else texts.number(pair.steps),
            texts.number(pair.kilometres),
        ]
        for pair in found.pairs
    ]
    st.html(texts.table(rows, ["", "in one group", "steps in the tree", "kilometres"], (2, 3)))


def _map(inventory: Inventory, found: Comparison) -> None:
    import polars as pl

    codes = [row["glottocode"] for row in found.rows]
    around = inventory.table.filter(pl.col("glottocode").is_in(codes))
    if around["latitude"].is_null().all():
        return
    alt = "Map of the languages that are compared"
    drawn = world.content(around, inventory.table, alt, land=world.has_land(), least=45.0)
    world.draw(drawn, "compare-map")


def _structure(inventory: Inventory, codes: Sequence[str], names: Sequence[str]) -> None:
    """The features of WALS, those that differ first."""
    st.subheader("Structure, as WALS has it", anchor=False)
    known = typology(inventory)
    if known is None:
        return
    found = structure(known, codes)
    differing = [one for one in found if one.differs]
    if not found:
        st.write("WALS has no feature of two of these languages.")
        return
    told = (
        f"Of {texts.quantity(len(found), 'feature')} with a value of two or more of them, "
        f"{len(differing)} differ."
    )
    st.write(told)
    only = st.toggle("Only those that differ", value=True, key="differing", bind="query-params")
    rows = [
        [
            texts.link(known.features[one.feature].link, f"{one.feature} {one.name}"),
            *(
                texts.NOT_A_FIGURE
                if value is None
                else texts.link(value.link(one.feature), value.name)
                for value in one.values
            ),
        ]
        for one in (differing if only else found)
    ]
    st.html(texts.table(rows, ["", *names]))
    st.caption(
        "Dryer and Haspelmath (eds.) 2013, WALS Online, CC-BY-4.0; each value links to its datum."
    )
