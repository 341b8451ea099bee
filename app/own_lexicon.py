"""Your own lexicon on the page Try: what it knows of a text, a gloss, text made with it, at once.

The file is read in memory and in a folder that is gone before the page is drawn: it is never kept.
The same from a shell: `data.lexicon coverage`, `lexaug.synthesize --lexicon FILE`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app import texts
from app.coverage import MISSING, sides
from app.page import access
from app.rewriting import LONGEST, is_there, marked, rewrite_with
from app.texts import escape
from data.access import Access
from data.errors import InputError, KilolinguaError
from data.languages import Language, resolve
from data.lexicon import Lexicon, gloss
from data.lexicon.coverage import Coverage, coverage
from data.lexicon.files import FORMATS, read_lexicon
from data.lexicon.reading import TurnedRoundError

MOST_BYTES = 5_000_000
SUFFIXES = ("lift", "db", "sfm", "mdf", "txt", "csv", "tsv", "xlsx", "xls", "ods", "jsonl", "gz")
SHOWN = 8
ENGLISH = "The children walked to school.\nTheir mother sells fish in the market."
HEADWORDS = ("in the language", "in English")


def show() -> None:
    """Draw the tab."""
    st.write(
        "Your dictionary or word list: LIFT from FLEx, Toolbox (MDF), CSV, a spreadsheet, or any "
        "form that this project reads. It stays on the machine that runs this app, and is not kept."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tag = st.text_input("Its language", "sw", help="Any code or name", key="own-tag", width=180)
        headwords = st.segmented_control(
            "Headwords are", HEADWORDS, default=HEADWORDS[0], key="own-side", required=True
        )
    sent = st.file_uploader(
        f"File of at most {MOST_BYTES // 1_000_000} MB",
        type=list(SUFFIXES),
        max_upload_size=MOST_BYTES // 1_000_000,
        key="own-file",
    )
    if sent is None:
        return
    try:
        language = resolve(tag)
        turned = headwords == HEADWORDS[0]
        lexicon = read_sent(sent.name, sent.getvalue(), language, turned=turned)
    except KilolinguaError as error:
        st.error(texts.escape_markdown(str(error)))
        return
    _entries(lexicon)
    _coverage(lexicon, language)
    _gloss(lexicon, language)
    _synthesis(lexicon, language)


def read_sent(name: str, content: bytes, language: Language, *, turned: bool = True) -> Lexicon:
    """A lexicon from English out of a file that somebody sent.

    Args:
        name: what the file is called; its ending may say what it is.
        turned: whether its headwords are in the language, and their translations in English.

    Raises:
        InputError: too large, in no known form, or of other languages; the message has the name
            of the file and not of the folder that it was read in.
        UnavailableError: a package is missing that reads such files.
    """
    if len(content) > MOST_BYTES:
        size = f"at most {MOST_BYTES:,} bytes, found {len(content):,}"
        raise InputError(f"{name}: expected {size}; send a part of it")
    suffix = "".join(Path(Path(name).name).suffixes[-2:])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"lexicon{suffix}"
        path.write_bytes(content)
        try:
            return _read(path, name, language, turned=turned)
        except TurnedRoundError:  # the file says which way it goes
            return _read(path, name, language, turned=not turned)
        except InputError as error:
            raise InputError(
                str(error).replace(str(path), name),
                advice=f"send it in one of these forms: {', '.join(FORMATS)}",
            ) from error


def _read(path: Path, name: str, language: Language, *, turned: bool) -> Lexicon:
    english = resolve("en")
    if turned:
        return read_lexicon(path, language, english, skip_bad=True, name=name).inverted()
    return read_lexicon(path, english, language, skip_bad=True, name=name)


def _entries(lexicon: Lexicon) -> None:
    """How much was read, how much was not and why, and the first of it."""
    st.markdown(f"**{texts.quantity(len(lexicon), 'entry', 'entries')}**")
    rows = [
        [escape(entry.source), texts.named(entry.target), escape(entry.pos or "")]
        for entry in lexicon.entries[:SHOWN]
    ]
    st.html(texts.table(rows, ["English", "", "part of speech"], keep=True))
    for reason, count in lexicon.dropped.items():
        st.caption(texts.escape_markdown(f"Left out, {count:,}: {reason}"))


@dataclass(frozen=True, slots=True)
class Knows:
    """What a lexicon knows of a test set on either side, None where that side is not there."""

    text: str
    english: Coverage | None
    own: Coverage | None


def knows(lexicon: Lexicon, language: Language, *, access: Access = Access()) -> Knows:
    """The share of a test set's words that a lexicon from English knows, on either side."""
    name, english, own = sides(language, access)
    return Knows(
        name,
        coverage(english, lexicon, most_missing=MISSING) if english else None,
        coverage(own, lexicon.inverted(), most_missing=MISSING) if own else None,
    )


def _coverage(lexicon: Lexicon, language: Language) -> None:
    found = knows(lexicon, language, access=access())
    st.markdown(f"**How much it knows of {texts.escape_markdown(found.text)}**")
    st.html(texts.table(list(_shares(found)), ["", "of all words", "of different words"], (1, 2)))
    if found.english and found.english.missing:
        words = ", ".join(word for word, _ in found.english.missing)
        st.caption(texts.escape_markdown(f"Frequent English words that it lacks: {words}"))


def _shares(found: Knows) -> Iterator[list[str]]:
    for name, side in (("English", found.english), ("the language", found.own)):
        if side is not None:
            shares = (side.tokens.percent(), side.types.percent())
            figures = (texts.NOT_A_FIGURE if one is None else f"{one:.1f} %" for one in shares)
            yield [name, *figures]


def _gloss(lexicon: Lexicon, language: Language) -> None:
    st.markdown("**A sentence, word by word**")
    sentence = st.text_input(
        "English, or the language", ENGLISH.partition("\n")[0], key="own-gloss"
    )
    for name, one, tag in (
        ("into the language", lexicon, language.bcp47),
        ("into English", lexicon.inverted(), "en"),
    ):
        made = gloss(sentence[:1000], one)
        if made.replaced:
            st.html(f'<p class="kl-muted">{name}:</p><p>{texts.named(made.text, tag)}</p>')


def _synthesis(lexicon: Lexicon, language: Language) -> None:
    """English with the words of the lexicon put in, as `lexaug.synthesize` does."""
    if not is_there("lexaug.substitute"):
        return
    st.markdown("**Text made with it**")
    text = st.text_area("English text", ENGLISH, max_chars=LONGEST, key="own-text", height=100)
    try:
        made = rewrite_with(text, lexicon, language, access=access())
    except KilolinguaError as error:
        st.error(texts.escape_markdown(str(error)))
        return
    for line in made.lines:
        st.html(
            f'<p lang="{escape(made.tag)}" dir="{texts.direction(line.text)}">{marked(line)}</p>'
        )
    st.caption(f"{made.replaced} of {made.words} words replaced, underlined.")
