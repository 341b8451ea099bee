"""Explore: filters, a world map, counts beside MASSIVE's, a table; all of one selection.

The address holds the selection, so a link opens the same view again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import accuracy, charts, colouring, filters, table, take_away
from app import map as world
from app.page import LAST, link_to, opened, say_what_is_missing, typology
from app.selection import Filters, shown
from app.texts import aside, escape, escape_markdown, named, number, people, quantity, script_name
from app.texts import table as html_table
from data.inventory import (
    KINDS,
    Inventory,
    counts,
)
from data.inventory.references import massive_locales
from data.inventory.schema import counted as only_languages

if TYPE_CHECKING:
    import polars

FRAMES = 8  # selections whose rows are kept; the rows of all languages take 9 MB
KEPT = 32  # selections whose counts and maps are kept; a map takes up to 0.4 MB
MAP, BARS, TABLE = "map", "bars", "table"  # in the session: what was clicked there
NAMED_UP_TO = 2000  # languages; a longer list to mark one by name takes long to send
GROUPS = {"family": "Families", "genus": "Genera", "script": "Scripts"}
HEADER = ("", "shown", "in all", "MASSIVE 1.0")
COLOUR, WALS = "colour", "wals"
HINT = (
    "Click a mark to choose a language. The buttons say what a drag does: it moves the map, or "
    "draws a box or a line round the languages to keep. By keyboard: arrows, +, -, 0 to reset."
)


def show() -> None:
    """Draw the page."""
    inventory = opened()
    say_what_is_missing(inventory)
    chosen = filters.chosen(inventory)
    st.session_state[LAST] = chosen.to_address()
    _say_what_is_strange()
    selected = _selected(inventory, chosen)
    # What cannot be is no selection: under the name of what is left it would stand for that.
    counted = _counted(inventory, "" if filters.impossible() else _selection(chosen), selected)
    _headline(inventory, selected, counted)
    if selected.is_empty():
        st.info("No language meets all of these conditions. Take one away in the sidebar.")
        return
    _focus(inventory, selected, chosen)
    _map(inventory, selected, chosen)
    _bars(counted, chosen)
    _rows(inventory, selected, chosen)


def _selected(inventory: Inventory, chosen: Filters) -> polars.DataFrame:
    """The rows that the filters leave, shared by all visitors who ask for them.

    What stays with a visit (the table's fragment, the exports) keeps the filters and asks again:
    Streamlit keeps 128 visits for two minutes after they have gone, and a frame has megabytes.
    """
    if filters.impossible():
        return _everything(inventory).head(0)
    if not replace(chosen, focus="").to_address():
        return _everything(inventory)
    return _found(inventory, _selection(chosen), chosen, _matching(inventory, chosen.wals))


@st.cache_resource(show_spinner=False, max_entries=FRAMES, hash_funcs={Inventory: id})
def _found(
    inventory: Inventory,
    selection: str,  # noqa: ARG001
    _chosen: Filters,
    _matching: frozenset[str] | None,
) -> polars.DataFrame:
    return shown(inventory.table, _chosen, _matching)


@st.cache_resource(show_spinner=False, max_entries=1, hash_funcs={Inventory: id})
def _everything(inventory: Inventory) -> polars.DataFrame:
    """All languages: bookkeeping entries and dialects are none."""
    return only_languages(inventory.table)


def _say_what_is_strange() -> None:
    """What of the address cannot be: a wrong value leaves no language, and the page says why."""
    impossible = filters.impossible()
    for strange in st.session_state.get(filters.STRANGE, ()):
        if strange not in impossible:
            st.warning(escape_markdown(f"Left out of this address: {strange}"))
    for strange in impossible:
        st.error(escape_markdown(f"No language is shown: {strange}"))
    if impossible:
        st.button("Go on without it", on_click=filters.leave_out_strange)


def _matching(inventory: Inventory, values: tuple[str, ...]) -> frozenset[str] | None:
    """The languages that WALS's values leave; None where none is asked for or WALS is not here."""
    known = typology(inventory) if values else None
    return known.matching(values) if known is not None else None


def _headline(
    inventory: Inventory, selected: polars.DataFrame, counted: dict[str, polars.DataFrame]
) -> None:
    """How much is shown, of how much, beside MASSIVE's figures."""
    everything = _totals(inventory)
    here = {"languages": selected.height} | {by: groups(counts) for by, counts in counted.items()}
    massive = _massive()
    names = {"languages": "Languages", **GROUPS}
    rows = [
        [names[key], number(here[key]), number(everything[key]), number(massive[key])]
        for key in names
    ]
    known = selected["speakers_alone"].drop_nulls()
    spoken = people(int(known.sum()) if known.len() else None)
    of = f"{quantity(selected.height, 'language')} shown of {number(everything['languages'])}"
    # One piece: each part that Streamlit lays out costs a first page some milliseconds.
    st.html(
        '<div class="kl-headline"><div>'
        '<h1 class="kl-title">Languages, and what exists for them</h1>'
        f'<p role="status" aria-live="polite">{of}. Speakers: {spoken} '
        f"(a figure that is not doubtful is known for {number(known.len())} of them; everybody "
        "counts once a language that they speak, so that all languages have more than mankind)."
        f"</p></div>{html_table(rows, HEADER, numbers=(1, 2, 3), keep=True)}</div>"
    )


@st.cache_resource(show_spinner=False, max_entries=KEPT, hash_funcs={Inventory: id})
def _counted(
    inventory: Inventory,  # noqa: ARG001
    selection: str,  # noqa: ARG001
    _selected: polars.DataFrame,
) -> dict[str, polars.DataFrame]:
    """The groups of a selection, counted once for all visitors who look at it."""
    return {by: counts(_selected, by) for by in GROUPS}


@st.cache_resource(show_spinner=False, hash_funcs={Inventory: id})
def _totals(inventory: Inventory) -> dict[str, int]:
    found = {by: groups(counts(inventory.table, by)) for by in GROUPS}
    return {"languages": _everything(inventory).height} | found


@st.cache_resource(show_spinner=False)
def _massive() -> dict[str, int]:
    """The figures of FitzGerald et al. 2023: locales as languages, since Chinese counts twice."""
    locales = massive_locales("1.0")
    found = {by: len({getattr(locale, by) for locale in locales}) for by in GROUPS}
    return {"languages": len(locales)} | found


def groups(counted: polars.DataFrame) -> int:
    """How many groups were counted; isolates together and "none" are no groups."""
    return sum(not value.startswith("(") for value in counted["value"])


def _focus(inventory: Inventory, selected: polars.DataFrame, chosen: Filters) -> None:
    """Which language is marked: on the map, in the table, or by name."""
    import polars as pl

    rows = inventory.table.filter(pl.col("glottocode") == chosen.focus).to_dicts()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if selected.height <= NAMED_UP_TO:
            _by_name(selected, chosen)
        if not rows:
            st.html(aside("Click a mark on the map, or the ring of a row, to see a language here."))
            return
        st.html(_card(rows[0], chosen.focus in selected["glottocode"]))
        link_to("language", "Open its page", {"lang": chosen.focus})
        st.button("Unmark", on_click=filters.set_focus, args=("",))


def _by_name(selected: polars.DataFrame, chosen: Filters) -> None:
    """The list of the languages that are shown: the way to mark one without a pointer."""
    names = dict(zip(selected["glottocode"], selected["name"], strict=True))
    codes = ["", *names]
    key = f"mark-{chosen.to_address()}"
    st.selectbox(
        "Mark a language",
        codes,
        index=codes.index(chosen.focus) if chosen.focus in names else 0,
        format_func=lambda code: f"{names[code]} ({code})" if code else "none",
        key=key,
        on_change=lambda: filters.set_focus(st.session_state[key]),
        width=280,
    )


def _card(row: Mapping[str, Any], is_shown: bool) -> str:
    """What the marked language is, as HTML."""
    facts = [row["family"] or "no family", row["genus"], row["endangerment"]]
    facts += [f"speakers: {people(row['speakers'])}", f"resource class {row['resource_class']}"]
    facts += [] if is_shown else ["not among those that are shown"]
    own = f" {named(row['endonym'], row['bcp47'] or '')}" if row["endonym"] else ""
    told = " · ".join(escape(str(fact)) for fact in facts if fact)
    return f"<strong>{named(row['name'])}</strong>{own}<br>{told}"


def _selection(chosen: Filters) -> str:
    """What is selected, whichever language is marked: charts of one selection stay as they are."""
    return str(replace(chosen, focus="").to_address())


def _map(inventory: Inventory, selected: polars.DataFrame, chosen: Filters) -> None:
    import polars as pl

    absent = selected.filter(pl.col("latitude").is_null() | pl.col("longitude").is_null()).height
    if absent == selected.height:
        st.info("None of these languages has coordinates here, so there is no map.")
        return
    colour = _colour(inventory)
    address = str((chosen.to_address(), colour))
    drawn = _map_content(inventory, address, world.has_land(), selected, chosen, colour)
    world.draw(drawn, MAP, on_picked=_picked, on_drawn=_drawn, on_lassoed=_lassoed)
    without = f" {quantity(absent, 'language')} without coordinates." if absent else ""
    st.html(aside(f"{HINT}{' Not on the map:' + without if absent else ''}"))


def _colour(inventory: Inventory) -> str:
    """What the map's colours say: a name of `colouring.offered`, or a feature of WALS."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = colouring.offered() | {WALS: "A feature of WALS …"}
        asked = st.query_params.get(COLOUR, colouring.FAMILY)
        first = asked if asked in names else WALS
        colour = st.selectbox(
            "Colours of the map",
            list(names),
            list(names).index(first),
            names.__getitem__,
            width=280,
        )
        known = typology(inventory) if colour == WALS else None
        if known is not None:
            features = list(known.features)
            colour = st.selectbox(
                "Feature",
                features,
                features.index(asked if asked in features else "81A"),
                lambda key: f"{key} {known.features[key].name}",
                width=360,
            )
    if colour == colouring.FAMILY:
        st.query_params.pop(COLOUR, None)
    elif colour != asked:
        st.query_params[COLOUR] = colour
    return colour


@st.cache_resource(show_spinner=False, max_entries=KEPT, hash_funcs={Inventory: id})
def _map_content(
    inventory: Inventory,
    address: str,  # noqa: ARG001
    land: bool,
    _selected: polars.DataFrame,
    _chosen: Filters,
    _colour: str,
) -> bytes:
    """What the map draws of an address, made once for all visitors who look at it."""
    alt = "World map of the languages that are shown; the table below lists them"
    return world.content(
        _selected,
        inventory.table,
        alt,
        box=_chosen.box,
        focus=_chosen.focus,
        land=land,
        colouring=_coloured(inventory, _selected, _colour),
        sources=figure_sources(inventory),
    )


def _coloured(
    inventory: Inventory, selected: polars.DataFrame, colour: str
) -> colouring.Colouring | None:
    if colour in colouring.COLUMNS:
        return colouring.by_column(colour, selected)
    if colour in KINDS:
        return colouring.by_kind(colour, selected)
    if colour == colouring.ACCURACY:
        from app.results import folder  # it brings the scorers along

        found = accuracy.newest(folder())
        if found is None:
            st.info(
                "No run here says how well a model retrieves: python -m probe.retrieve makes one."
            )
            return None
        return colouring.by_share(found.title, selected, found.shares)
    known = typology(inventory) if colour not in (colouring.FAMILY, WALS) else None
    return colouring.by_feature(colour, selected, known) if known is not None else None


def figure_sources(inventory: Inventory) -> str:
    """The line below a figure of the map: what it is made from, and by whom."""
    cited = [source for source in inventory.sources if source.key in _used(inventory)]
    listed = "; ".join(f"{source.title.partition(':')[0]} ({source.licence})" for source in cited)
    return f"Sources: {listed}. Outlines: Natural Earth (public domain). Made with kilolingua."


@st.cache_resource(show_spinner=False, hash_funcs={Inventory: id})
def _used(inventory: Inventory) -> frozenset[str]:
    cells = inventory.table.select("sources").unnest("sources")
    wanted = [name for name in ("latitude", "family", "speakers", "genus") if name in cells.columns]
    return frozenset(key for name in wanted for key in cells[name].drop_nulls().unique())


def _picked() -> None:
    filters.set_focus(str(st.session_state[MAP]["picked"]))


def _drawn() -> None:
    drawn = st.session_state[MAP]["drawn"]
    filters.draw_box(world.drawn_box(drawn["x"], drawn["y"]))


def _lassoed() -> None:
    drawn = st.session_state[MAP]["lassoed"]
    filters.draw_line(world.drawn_line(drawn["x"], drawn["y"]))


def _bars(counted: dict[str, polars.DataFrame], chosen: Filters) -> None:
    """The largest families, genera and scripts; a click on a bar sets the filter."""
    drawn = []
    for field, heading in GROUPS.items():
        found = counted[field]
        names = {code: script_name(code) for code in found["value"].head(charts.BARS)}
        drawn.append(
            charts.bars(
                field,
                f"{heading}: {number(groups(found))}",
                found,
                getattr(chosen, field),
                names if field == "script" else None,
            )
        )
    charts.draw_bars(drawn, BARS, _bar_clicked)
    st.html(
        aside(
            f"The {charts.BARS} largest of each. In brackets: those that MASSIVE 1.0 has. Click a "
            "bar to filter by it, click again to take the filter away. A language with several "
            "scripts counts under each."
        )
    )


def _bar_clicked() -> None:
    clicked = st.session_state[BARS][charts.CLICKED]
    filters.toggle(clicked["field"], clicked["value"])


def _rows(inventory: Inventory, selected: polars.DataFrame, chosen: Filters) -> None:
    """The table, and the exports of exactly its languages."""
    st.subheader(quantity(selected.height, "language"), anchor=False)
    _table(inventory, chosen)
    st.html(
        aside(
            "Empty is not known; exists: nobody has counted it; 0: no list has any. A heading "
            "sorts all rows. A glottocode opens the language's page; the ring before a name marks "
            "it on the map."
        )
    )
    take_away.selection(inventory, selected.height, partial(_selected, inventory, chosen))


@st.fragment
def _table(inventory: Inventory, chosen: Filters) -> None:
    """A fragment: sorting and turning pages draw only the table again."""
    if st.session_state.get(filters.FOCUS, "") != chosen.focus:
        st.rerun()  # a row was marked, and the whole page shows it
    selection = _selection(chosen)
    table.draw(
        lambda view: _page_of_rows(inventory, selection, view, chosen.focus, chosen),
        selection,
        TABLE,
        on_marked=filters.set_focus,
    )


@st.cache_resource(show_spinner=False, max_entries=KEPT, hash_funcs={Inventory: id})
def _page_of_rows(
    inventory: Inventory,
    selection: str,  # noqa: ARG001
    view: table.View,
    focus: str,
    _chosen: Filters,
) -> bytes:
    """A page of the table, sorted and written once for all visitors who look at it."""
    return table.content(_selected(inventory, _chosen), view, focus)
