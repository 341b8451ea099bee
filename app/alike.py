"""The languages most alike to one in a model's representation, and what each could lend it.

From runs of `probe.fit`. Nothing of it is kept here: a run under runs/ has it (similarity.tsv), and
without one this part of the page is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app import texts
from app.results import folder
from app.texts import escape
from data.errors import InputError
from data.inventory import Inventory
from data.languages import Language, resolve
from data.tsv import read_header, read_tsv

FILE, COMMAND = "similarity.tsv", "probe.fit"
SHOWN = 8
HEADING = "Most alike in a model"
LENT = "has what it lacks"


@dataclass(frozen=True, slots=True)
class Alike:
    """How alike other languages are, by one measure of one run, the most alike first."""

    run: str
    measure: str
    languages: tuple[tuple[Language, float], ...]


def alike(runs: Path, tag: str) -> Alike | None:
    """From the newest run that has the language; None where none has.

    Raises:
        InputError: a table of a run is damaged.
    """
    found = (_of_file(path).get(tag) for path in _newest_first(runs))
    return next(filter(None, found), None)


def every_alike(runs: Path) -> dict[str, Alike]:
    """Of every language, by BCP-47 tag, from the newest run that has it; no damaged run tells."""
    found: dict[str, Alike] = {}
    for path in _newest_first(runs):
        with suppress(InputError, ValueError):
            found = _of_file(path) | found
    return found


def _newest_first(runs: Path) -> list[Path]:
    return sorted(runs.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)


def _of_file(path: Path) -> dict[str, Alike]:
    """What a run's table says of each of its languages, by the first of its figures."""
    columns = read_header(path)
    if columns[:2] != ("source", "target") or len(columns) < 3:
        raise InputError(f"{path}:1: expected source, target and a measure; run {COMMAND} again")
    beside: dict[str, dict[str, tuple[Language, float]]] = {}
    for row in read_tsv(path, columns, header=True, empty=columns):
        one, other = (resolve(code) for code in row.cells[:2])
        if one.bcp47 != other.bcp47 and row.cells[2]:
            beside.setdefault(one.bcp47, {})[other.bcp47] = other, float(row.cells[2])
            beside.setdefault(other.bcp47, {})[one.bcp47] = one, float(row.cells[2])
    return {
        tag: Alike(
            path.parent.name,
            columns[2],
            tuple(sorted(found.values(), key=lambda pair: (-pair[1], pair[0].name))),
        )
        for tag, found in beside.items()
    }


@st.cache_data(show_spinner=False)
def _read(runs: Path, tag: str, newest: float) -> Alike | None:  # noqa: ARG001  # of the key
    return alike(runs, tag)


def could_lend(inventory: Inventory, tag: str) -> dict[str, list[str]]:
    """For each BCP-47 tag the kinds of resource that it has and the language of `tag` lacks."""
    tags = inventory.table["bcp47"].to_list()
    kinds = dict(zip(tags, inventory.existing, strict=True))
    own = kinds.get(tag, ())
    return {
        other: [kind for kind in found if kind not in own]
        for other, found in kinds.items()
        if other
    }


def show(inventory: Inventory, tag: str | None) -> None:
    """Draw the part of the language's page: who is alike, and what of it could be lent."""
    runs = folder()
    times = [path.stat().st_mtime for path in runs.glob(f"*/{FILE}")]
    if not times or tag is None:
        return
    st.subheader(HEADING, anchor=False)
    try:
        found = _read(runs, tag, max(times))
    except (InputError, ValueError) as error:
        st.warning(texts.escape_markdown(str(error)))
        return
    if found is None:
        st.write("No run has this language.")
        return
    rows = table_rows(inventory, tag, found, _link)
    st.html(texts.table(rows, [escape(name) for name in header(found)], numbers=(2,)))
    st.caption(texts.escape_markdown(note(found)))


def _link(language: Language) -> str:
    name = texts.named(language.name)
    return f'<a href="language?lang={escape(language.bcp47)}" target="_self">{name}</a>'


def header(found: Alike) -> tuple[str, ...]:
    """The headings of the table, as text."""
    return "", "script", found.measure, LENT


def note(found: Alike) -> str:
    """What a reader must know of the table, as text."""
    return (
        f"By {found.measure} of {len(found.languages) + 1} languages in {found.run}: what the"
        " model has learned of both, which descent, script and common words all have a part in."
    )


def table_rows(
    inventory: Inventory, tag: str, found: Alike, link: Callable[[Language], str]
) -> list[list[str]]:
    """The most alike as rows of HTML cells: who, script, how much, what it has that is lacking.

    Args:
        link: a language's name as HTML.
    """
    lent = could_lend(inventory, tag)
    return [
        [
            link(one),
            escape(texts.script_name(one.script) if one.script else texts.UNKNOWN),
            f"{value:.2f}",
            escape(", ".join(texts.KIND_NAMES[kind] for kind in lent.get(one.bcp47, ())) or "–"),
        ]
        for one, value in found.languages[:SHOWN]
    ]
