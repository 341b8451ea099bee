"""Links between the pages, with what they are to show; `main` says which pages there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = "pages"  # in the session: the pages by name
LAST = "last-selection"  # in the session: the address of Explore, for the way back
Address = Mapping[str, Sequence[str] | str]


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
