"""The languages most alike to one in a model's representation, and what each could lend it.

From runs of `probe.fit`. Nothing of it is kept here: a run under runs/ has it (similarity.tsv), and
without one this part of the page is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    files = sorted(runs.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files:
        columns = read_header(path)
        if columns[:2] != ("source", "target") or len(columns) < 3:
            raise InputError(
                f"{path}:1: expected source, target and a measure; run {COMMAND} again"
            )
        found = sorted(_beside(path, columns, tag), key=lambda pair: (-pair[1], pair[0].name))
        if found:
            return Alike(path.parent.name, columns[2], tuple(found))
    return None


def _beside(path: Path, columns: Sequence[str], tag: str) -> Iterator[tuple[Language, float]]:
    """Each language that the table pairs with this one, and its first figure."""
    for row in read_tsv(path, columns, header=True, empty=columns):
        sides = [resolve(code) for code in row.cells[:2]]
        mine = [side.bcp47 == tag for side in sides]
        if sum(mine) == 1 and row.cells[2]:
            yield sides[mine.index(False)], float(row.cells[2])


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
    st.subheader("Most alike in a model", anchor=False)
    try:
        found = _read(runs, tag, max(times))
    except (InputError, ValueError) as error:
        st.warning(texts.escape_markdown(str(error)))
        return
    if found is None:
        st.write("No run has this language.")
        return
    lent = could_lend(inventory, tag)
    rows = [
        [
            f'<a href="language?lang={escape(one.bcp47)}" target="_self">'
            f"{texts.named(one.name)}</a>",
            escape(texts.script_name(one.script) if one.script else texts.UNKNOWN),
            f"{value:.2f}",
            escape(", ".join(texts.KIND_NAMES[kind] for kind in lent.get(one.bcp47, ())) or "–"),
        ]
        for one, value in found.languages[:SHOWN]
    ]
    st.html(texts.table(rows, ["", "script", escape(found.measure), LENT], numbers=(2,)))
    st.caption(
        texts.escape_markdown(
            f"By {found.measure} of {len(found.languages) + 1} languages in {found.run}: what the"
            " model has learned of both, which descent, script and common words all have a part in."
        )
    )
