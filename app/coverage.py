"""The share of a test set's words that each lexicon of a language knows.

The same count as `python -m data.lexicon coverage --lang wo --lexicon gatitos --corpus ntrex-128`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from app import texts
from app.page import access as access_of_app
from app.texts import escape
from data.access import Access
from data.errors import InputError, KilolinguaError, UnavailableError
from data.languages import Language, resolve
from data.lexicon.coverage import Coverage, coverage
from data.load import load_lexicon, load_parallel

if TYPE_CHECKING:
    from data.lexicon import Lexicon

TEST_SET, SAMPLE = "ntrex-128", "sample"
MISSING = 12  # words listed


@dataclass(frozen=True, slots=True)
class Known:
    """What one lexicon knows of a test set, on either side; None where that side is not there."""

    lexicon: str
    entries: int
    english: Coverage | None
    own: Coverage | None


def measure(
    language: Language, lexicons: Sequence[str], *, access: Access = Access()
) -> tuple[str, list[Known], list[str]]:
    """Measure lexicons of the catalog on NTREX-128, or on the sample's English.

    Returns:
        What it was measured on, a row a lexicon, and a line for each that cannot be had.
    """
    name, english, own = sides(language, access)
    found, failed = [], []
    for lexicon_name in lexicons:
        try:
            lexicon = load_lexicon(
                resolve("en"),
                language,
                name=lexicon_name,
                skip_bad=True,
                access=access,
            )
        except KilolinguaError as error:
            failed.append(str(error))
        else:
            found.append(_known(lexicon, english, own))
    return name, found, failed


def _known(lexicon: Lexicon, english: Sequence[str], own: Sequence[str]) -> Known:
    return Known(
        lexicon.name,
        len(lexicon),
        coverage(english, lexicon, most_missing=MISSING) if english else None,
        coverage(own, lexicon.inverted(), most_missing=MISSING) if own else None,
    )


def sides(language: Language, access: Access) -> tuple[str, list[str], list[str]]:
    """The test set's name, its English, and the same in the language where it is there."""
    try:
        corpus = load_parallel(TEST_SET, language, resolve("en"), access=access)
    except (InputError, UnavailableError):
        corpus = load_parallel(SAMPLE, resolve("sw"), resolve("en"))
        return "the English of the sample", [pair.target for pair in corpus.pairs], []
    return corpus.name, [pair.target for pair in corpus.pairs], [p.source for p in corpus.pairs]


@st.cache_data(show_spinner="Reading the lexicons and the test set …")
def _measured(
    tag: str, lexicons: tuple[str, ...], _access: Access
) -> tuple[str, list[Known], list[str]]:
    return measure(resolve(tag), lexicons, access=_access)


def show(tag: str | None, lexicons: Sequence[str]) -> None:
    """Draw the part of the page Language; the count is made when it is asked for."""
    if not lexicons or not tag:
        return
    st.subheader("How much of a text its lexicons know", anchor=False)
    if not st.toggle("Count the words of a test set", key=f"coverage-{tag}"):
        st.caption("Reads the lexicons and the test set; a few seconds.")
        return
    name, found, failed = _measured(tag, tuple(lexicons), access_of_app())
    header = ["", "entries", "English words", "English types", "own words", "own types"]
    rows = [
        [escape(known.lexicon), texts.number(known.entries), *_shares(known)] for known in found
    ]
    if rows:
        st.html(texts.table(rows, header, numbers=range(1, 6)))
        st.caption(
            f"Share of the words in {name} that the lexicon has, in the form in which they stand "
            "there; own: in the language itself. Types count each word once. A known word is not "
            "yet the right translation of it."
        )
    for known in found:
        _show_missing(known)
    for line in failed:
        st.warning(texts.escape_markdown(line))


def _shares(known: Known) -> Iterator[str]:
    for side in (known.english, known.own):
        for share in (side and side.tokens, side and side.types):
            percent = share.percent() if share else None
            yield texts.NOT_A_FIGURE if percent is None else f"{percent:.1f} %"


def _show_missing(known: Known) -> None:
    if known.english and known.english.missing:
        words = ", ".join(f"{word} ({count})" for word, count in known.english.missing)
        text = f"Most frequent English words that {known.lexicon} lacks: {words}"
        st.caption(texts.escape_markdown(text))
