"""What every page needs: the inventory, what to say where figures are missing, links.

`streamlit run app/main.py -- --offline` never opens a socket to fetch a data set.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.texts import escape
from data.access import Access, Report, quiet
from data.errors import KilolinguaError
from data.inventory import Inventory, load_inventory
from data.terminal import printable

PAGES = "pages"  # in the session: the pages by name
LAST = "last-selection"  # in the session: the address of Explore, for the way back
BUILT_IN = (
    "Glottolog's table could not be had on this machine, so you see what is built in: the "
    "languages of MASSIVE's 52 locales, written by hand. It has no coordinates; its speakers are "
    "CLDR's estimates."
)


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


def say_what_is_missing(inventory: Inventory) -> None:
    """A line where the table is the built-in one; what else is missing, and how to get it."""
    if inventory.builtin:
        st.warning(BUILT_IN, icon=":material/cloud_off:")
    if inventory.notes:
        heading = f"Notes on these figures: what is missing, and why ({len(inventory.notes)})"
        with st.expander(heading, expanded=any(map(_can_be_mended, inventory.notes))):
            for note in inventory.notes:
                _say(note)


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
