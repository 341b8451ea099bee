"""What exists for a language, as its page shows it: what can be loaded, and what lists name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import streamlit as st

from app import texts
from app.texts import escape
from data.inventory import KINDS
from data.inventory.build import USEFUL_SIZES
from data.inventory.language import listed_rows, resource_rows
from data.language_names import name_of

# What a role is called, and what its things are not.
ROLES: Mapping[str, str] = {
    "data": "Data: what can be read, trained or tested on",
    "model": "Models that cover it: no data to be had",
    "software": "Software and keyboards",
    "typology": "Databases that describe it",
}
RELIGIOUS = {"all": "religious", "mostly": "mostly religious", "partly": "partly religious"}
NOT_KNOWN = "What exists for it is not known here."
HEADER = ("", "name", "size", "licence", "of", "")


def show(row: Mapping[str, Any]) -> None:
    """Draw what the catalog has, what the lists name, and the class that follows."""
    st.subheader("What exists for it", anchor=False)
    rows = [_loadable(entry) for entry in resource_rows(row)]
    if rows:
        st.markdown("**What this project can load**")
        header = ["", "data set", "size", "filed as", "licence"]
        st.html(texts.table(rows, header, numbers=(2,)))
    if row["exists"] is None:
        st.info(NOT_KNOWN)
        return
    for sentence in summary(row):
        st.write(sentence)
    for role, own in by_role(row).items():
        with st.expander(f"{ROLES[role]} ({len(own)})", expanded=role == "data"):
            st.html(texts.table(map(_entry, own), HEADER, numbers=(2,)))
    st.caption(class_told(row))


def by_role(row: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What the lists name for a language by role, in the order of ROLES: rows of `listed_of`."""
    found = listed_rows(row)
    by_name = {role: [entry for entry in found if entry["role"] == role] for role in ROLES}
    return {role: own for role, own in by_name.items() if own}


def class_told(row: Mapping[str, Any]) -> str:
    """What the resource class of a row means."""
    useful = ", ".join(f"{texts.KIND_NAMES[k]} {n:,}" for k, n in USEFUL_SIZES.items())
    return (
        f"Resource class {row['resource_class']} of 0 to 5: how many kinds are large enough to be "
        f"of use (at least: {useful}); 1 where all are smaller or of unknown size. It counts this "
        "catalog and the lists of 78 data sets, models and tools, as of November 2026; what no "
        "list names may exist all the same."
    )


def _loadable(entry: Mapping[str, Any]) -> list[str]:
    """A resource that this project fetches and reads."""
    return [
        escape(texts.KIND_NAMES[entry["kind"]]),
        texts.link(entry["link"] or "", entry["dataset"]) + pair(entry),
        size(entry["size"], entry["unit"]),
        escape(entry["language"]),
        escape(entry["licence"]),
    ]


def pair(entry: Mapping[str, Any]) -> str:
    """The other language of a lexicon or parallel text, so that French-Wolof is not English."""
    if not entry["beside"]:
        return ""
    return escape(f", with {name_of(entry['beside'])}")


def summary(row: Mapping[str, Any]) -> Iterator[str]:
    """What no list has, and what kind of texts there are, in a sentence each."""
    lacking = [kind for kind in KINDS if kind not in row["exists"]]
    if lacking:
        yield f"No list has {either(texts.KIND_NAMES[kind] for kind in lacking)} for it."
    if row["religious_only"]:
        yield "All of its texts that lists name are religious, or mostly so."


def _entry(entry: Mapping[str, Any]) -> list[str]:
    return [
        escape(kind_of(entry)),
        f"{texts.link(entry['link'], entry['title'])} {escape(entry['code'])}",
        size(entry["size"], entry["unit"]),
        escape(entry["licence"] or "not stated"),
        escape(entry["date"]),
        escape(remarks(entry)),
    ]


def kind_of(entry: Mapping[str, Any]) -> str:
    """What a listed thing is: lexicon, speech, keyboard layout."""
    return texts.KIND_NAMES.get(entry["kind"], entry["kind"].replace("_", " "))


def remarks(entry: Mapping[str, Any]) -> str:
    """How a listed thing can be loaded, whether it is religious, and its note."""
    loads = f"loads as {entry['loads']}" if entry["loads"] else ""
    return "; ".join(filter(None, [loads, RELIGIOUS.get(entry["religious"], ""), entry["note"]]))


def size(figure: float | None, unit: str) -> str:
    """How large a thing is that exists; of many nobody says.

    >>> size(None, "hours"), size(1997, "segments"), size(22.3, "hours"), size(0, "features")
    ('exists, size not known', '1,997 segments', '22.3 hours', 'none')
    """
    if figure is None:
        return "exists, size not known"
    if not figure:
        return "none"
    number = f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:,.1f}"
    return f"{number} {escape(unit)}"


def either(names: Iterable[str]) -> str:
    """Words in a row, "or" before the last.

    >>> either(["lexicon", "test set", "tagged text"])
    'lexicon, test set or tagged text'
    """
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def lexicons_with_english(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The data sets of a language's lexicons whose other side is English.

    Args:
        entries: rows of `data.inventory.resources_of`.
    """
    for entry in entries:
        if entry["kind"] == "lexicon" and entry["beside"] == "en":
            yield entry["dataset"]
