"""The app: coverage of the world's languages, what is missing, results, and things to try.

    pip install -e ".[app]" && streamlit run app/main.py
    streamlit run app/main.py -- --offline        # never opens a socket to fetch a data set

Each page is one file with a function `show`; what it shows comes from functions that the command
lines call too. An address with `?lang=sw` opens the page of that language.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
ICON = str(Path(__file__).with_name("icon.svg"))  # an icon by name would come from a server
if ROOT not in sys.path:  # Streamlit puts app/ there, and not the folder that holds the packages
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app import texts  # noqa: E402
from app.page import register  # noqa: E402


def _explore() -> None:
    from app.explore import show

    show()


def _language() -> None:
    from app.language import show

    show()


def _gaps() -> None:
    from app.gaps import show

    show()


def _tree() -> None:
    from app.tree import show

    show()


def _compare() -> None:
    from app.compare import show

    show()


def _results() -> None:
    from app.results import show

    show()


def _card() -> None:
    from app.card import show

    show()


def _try() -> None:
    from app.try_it import show

    show()


def main() -> None:
    """Draw the frame, and in it the page that the address names."""
    st.set_page_config(page_title="kilolingua", page_icon=ICON, layout="wide")
    st.html(texts.STYLE)
    pages = {
        "explore": st.Page(_explore, title="Explore", icon=":material/public:", default=True),
        "language": st.Page(
            _language, title="Language", icon=":material/translate:", url_path="language"
        ),
        "compare": st.Page(
            _compare, title="Compare", icon=":material/compare_arrows:", url_path="compare"
        ),
        "tree": st.Page(_tree, title="Tree", icon=":material/account_tree:", url_path="tree"),
        "gaps": st.Page(_gaps, title="Gaps", icon=":material/grid_on:", url_path="gaps"),
        "results": st.Page(
            _results, title="Results", icon=":material/monitoring:", url_path="results"
        ),
        "card": st.Page(_card, title="Model", icon=":material/badge:", url_path="model"),
        "try": st.Page(_try, title="Try", icon=":material/edit_note:", url_path="try"),
    }
    register(pages)
    page = st.navigation(list(pages.values()), position="top")
    if page == pages["explore"] and "lang" in st.query_params:
        st.switch_page(pages["language"], query_params={"lang": st.query_params["lang"]})
    page.run()
    _settle()


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Once, after the first page: what is loaded by now is never looked through for garbage again.

    Streamlit collects garbage after every run of a page. With the libraries and the inventory in
    view that takes longer than the page itself, and nothing else is served meanwhile.
    """
    gc.collect()
    gc.freeze()


main()
