"""Model card: one page a model of the runs, a column a language, and a second one beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st

from app import texts
from app.results import folder
from app.texts import escape
from data.bounded import read_json
from data.errors import InputError, KilolinguaError

if TYPE_CHECKING:
    from trust.model_card.facts import Card
    from trust.model_card.page import Line, Section

BOUND: Literal["query-params"] = "query-params"
NONE = "(none)"
CAPTION = (
    "In brackets: 95 % intervals. A frame of ◂ ▸ marks the language that a model serves worst. All "
    "of it is read from runs; nothing is measured here."
)


def show() -> None:
    """Draw the page."""
    st.html('<h1 class="kl-title">Model card</h1>')
    names = models(folder())
    if not names:
        st.info(texts.escape_markdown(f"No run in {folder()}/ has made a model. This makes one:"))
        line = "python -m nlu.train --train xsid:train --test xsid:test:all"
        st.code(line, language="bash", wrap_lines=True)
        return
    left, right = st.columns(2)
    with left:
        first = st.selectbox("Model", names, key="model", bind=BOUND)
    with right:
        others = [NONE, *(name for name in names if name != first)]
        second = st.selectbox("Beside it", others, key="beside", bind=BOUND)
    chosen = [first, *([second] if second != NONE else [])]
    try:
        cards = [
            _gathered(str(folder() / name), str(folder()), _stamp(folder())) for name in chosen
        ]
    except KilolinguaError as error:
        st.error(texts.escape_markdown(str(error)))
        return
    _cards(cards)


def models(runs: Path) -> list[str]:
    """The runs of a folder that hold a model, the newest first."""
    found = [path for path in runs.glob("*/config.json") if _has_model(path.parent)]
    return [path.parent.name for path in sorted(found, key=lambda p: (-p.stat().st_mtime_ns, p))]


def _has_model(run: Path) -> bool:
    try:
        return (run / "model" / "config.json").is_file() and "run" in read_json(
            run / "config.json", dict
        )
    except InputError:
        return False


def _stamp(runs: Path) -> int:
    """Changes when a run of the folder does."""
    return max((path.stat().st_mtime_ns for path in runs.glob("*/scores.json")), default=0)


@st.cache_data(show_spinner="Reading runs …")
def _gathered(model: str, runs: str, stamp: int) -> Card:  # noqa: ARG001  (a key of the cache)
    from data.access import Access
    from trust.model_card.gather import gather

    return gather(model, Path(runs), Access(offline=True))


def _cards(cards: Sequence[Card]) -> None:
    from trust.model_card.page import sections

    for card in cards:
        base = f", trained from {card.base}" if card.base else ""
        st.caption(texts.escape_markdown(f"{card.name}, revision {card.revision}{base}"))
        if card.notes:
            with st.expander(f"Notes on {card.name} ({len(card.notes)})"):
                for note in card.notes:
                    st.caption(texts.escape_markdown(note))
    st.caption(CAPTION)
    for section in sections(cards):
        st.subheader(section.name.capitalize(), anchor=False)
        _section(section, several=len(cards) > 1)
        if section.name == "data":
            _data(cards)
        for label, one in section.missing:
            of = f" of {label}" if label else ""
            why = ". This measures it:" if one.is_command else f": {one.command}."
            st.caption(texts.escape_markdown(f"Not measured{of}: {one.what}{why}"))
            if one.is_command:
                st.code(one.command, language="bash", wrap_lines=True)


def _section(section: Section, *, several: bool) -> None:
    facts = [[escape(fact.name), escape(label), escape(fact.text)] for label, fact in section.facts]
    if facts:
        st.html(texts.table(facts if several else [[one[0], one[2]] for one in facts]))
    if section.lines:
        header = ["figure", *(["model"] if several else []), *section.titles]
        rows = [list(_cells(line, several=several)) for line in section.lines]
        at = range(2 if several else 1, len(header))
        table = texts.table(rows, map(escape, header), numbers=at)
        st.html(f'<div style="overflow-x:auto" tabindex="0">{table}</div>')


def _cells(line: Line, *, several: bool) -> Iterator[str]:
    about = f" <small>{escape(line.about)}</small>" if line.about else ""
    yield escape(line.name) + about
    if several:
        yield escape(line.model)
    for number, cell in enumerate(line.cells):
        if cell is None:
            yield texts.NOT_A_FIGURE
            continue
        shown = f"{cell.value:+.{cell.digits}f}" if line.model == "difference" else cell.text()
        value, _, interval = shown.partition(" ")
        marked = f"◂{value}▸" if number == line.worst else value
        yield f"{marked} <small>{interval}</small>" if interval else marked


def _data(cards: Sequence[Card]) -> None:
    from trust.model_card.huggingface import examples

    rows = [
        [escape(str(one.get(key) or "-")) for key in ("name", "role", "language", "licence")]
        + [escape(examples(one))]
        for card in cards
        for one in card.data
    ]
    if rows:
        header = ("data", "role", "language", "licence", "examples")
        st.html(texts.table(rows, header, numbers=(4,)))
