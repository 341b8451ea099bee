"""What every page needs: the inventory, what to say where figures are missing, links.

`streamlit run app/main.py -- --offline` never opens a socket to fetch a data set.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.texts import escape, escape_markdown
from data.access import Access, Report, quiet
from data.errors import KilolinguaError
from data.inventory import Inventory, load_inventory
from data.inventory.sources import reference_files
from data.terminal import printable

if TYPE_CHECKING:
    from data.typology import Typology
    from data.uriel import Uriel

PAGES = "pages"  # in the session: the pages by name
LAST = "last-selection"  # in the session: the address of Explore, for the way back
BUILT_IN = (
    "Only the languages of MASSIVE's 52 locales are here, a table that is built in.",
    "For all 8,000 it takes Glottolog, WALS and LinguaMeta: {size:.0f} MB, fetched once and kept.",
    "Nothing but that is asked of any other machine.",
)
FETCH = "python -m data.inventory --rebuild"


def is_offline() -> bool:
    """Whether the app was started with `-- --offline`."""
    return "--offline" in sys.argv[1:]


def access(report: Report = quiet) -> Access:
    """How files are reached; asked for while the page is drawn, since a job has no session."""
    return Access(offline=is_offline(), report=report)


def opened() -> Inventory:
    """The inventory. Where it cannot be had at all, the page says why and stops."""
    try:
        return _opened(access())
    except KilolinguaError as error:
        st.error("The inventory could not be opened.", icon=":material/error:")
        st.code(printable(str(error)), language=None, wrap_lines=True)
        st.stop()


@st.cache_resource(show_spinner="Opening the inventory of languages …")
def _opened(_access: Access) -> Inventory:
    return load_inventory(access=_access)


def typology(inventory: Inventory) -> Typology | None:
    """WALS's features; where they cannot be had the page says why, and goes on without."""
    try:
        return _typology(inventory, access())
    except KilolinguaError as error:
        st.warning(escape_markdown(str(error)))
        return None


@st.cache_resource(show_spinner="Reading the atlas …", hash_funcs={Inventory: id})
def _typology(inventory: Inventory, _access: Access) -> Typology:
    from data.typology import load_typology

    return load_typology(inventory, access=_access)


def uriel() -> Uriel | None:
    """URIEL+'s joined table; None where nobody has joined it, or where it is damaged."""
    from data.uriel import path_of

    try:
        return _uriel(access(), path_of(access()).exists())
    except KilolinguaError as error:
        st.warning(escape_markdown(str(error)))
        return None


@st.cache_resource(show_spinner=False, max_entries=2)
def _uriel(_access: Access, there: bool) -> Uriel | None:
    from data.uriel import load_uriel

    return load_uriel(access=_access) if there else None


def say_what_is_missing(inventory: Inventory) -> None:
    """Three lines and a button where the table is the built-in one; else what is missing."""
    if inventory.builtin:
        size = sum(file.bytes or 0 for file in reference_files().values()) / 1e6
        st.warning("  \n".join(BUILT_IN).format(size=size), icon=":material/cloud_off:")
        if is_offline():
            st.caption("The app was started with --offline. In a shell with a network:")
            st.code(FETCH, language="bash", wrap_lines=True)
        elif st.button("Fetch them now", icon=":material/download:"):
            _fetch()
    elif inventory.notes:
        heading = f"Notes on these figures: what is missing, and why ({len(inventory.notes)})"
        with st.expander(heading, expanded=any(map(_can_be_mended, inventory.notes))):
            for note in inventory.notes:
                _say(note)


def _fetch() -> None:
    """Build the inventory from its sources; every page has it from then on."""
    with st.status("Fetching …") as status:
        try:
            found = load_inventory(rebuild=True, access=access(status.write))
        except KilolinguaError as error:
            status.update(label="It could not be had.", state="error")
            st.code(printable(str(error)), language=None, wrap_lines=True)
            return
    if found.builtin:
        st.error("The sources could not be reached from this machine. In a shell with a network:")
        st.code(FETCH, language="bash", wrap_lines=True)
        return
    st.cache_resource.clear()
    st.rerun()


def _say(note: str) -> None:
    """A note; one with a command can be copied. Plain text spares the browser a large library."""
    if _can_be_mended(note):
        st.code(printable(note), language=None, wrap_lines=True)
    else:
        st.html(f"<p>{escape(note)}</p>")


def _can_be_mended(note: str) -> bool:
    """Whether a note names a command that gets what is missing."""
    return "python -m" in note or "pip install" in note


def register(pages: Mapping[str, StreamlitPage]) -> None:
    """Remember the pages of this visit."""
    st.session_state[PAGES] = dict(pages)


def link_to(
    page: str, label: str, address: Mapping[str, Sequence[str] | str] | None = None
) -> None:
    """A link to a page; the label is ours, never a name from a data set: it is read as Markdown."""
    known = st.session_state.get(PAGES, {})
    query = dict(address or {})
    if page in known:
        st.page_link(known[page], label=label, query_params=query)
    else:  # a page that is run on its own
        st.markdown(f"[{label}](/{page}?{urlencode(query, doseq=True)})")
