"""The facts of a language's page: each with its sources, linked to their own pages of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import texts
from app.texts import escape
from data.inventory import Inventory, Source, page_of
from data.inventory.language import sources_in
from data.language_names import rows as builtin_languages

FACTS: Mapping[str, str] = {
    "glottocode": "Glottocode",
    "iso639_3": "ISO 639-3",
    "bcp47": "BCP-47 tag",
    "macrolanguage": "Macrolanguage",
    "family": "Family",
    "genus": "Genus",
    "lineage": "Within",
    "macroarea": "Macroarea",
    "countries": "Countries",
    "scripts": "Scripts",
    "latitude": "Place",
    "speakers": "Speakers",
    "speakers_macrolanguage": "Speakers of the macrolanguage",
    "endangerment": "Endangerment",
    "category": "Kind of language",
}
NO_LANGUAGE = {
    "bookkeeping": "Glottolog keeps this entry so that its code stays known: it proved to be no "
    "language of its own. It stands in no count.",
    "dialect": "ISO 639-3 counts this as a language, Glottolog as a dialect of {parent}. It has "
    "its own facts here, and is counted with its language.",
}


def show(inventory: Inventory, row: Mapping[str, Any]) -> None:
    """Draw the facts of a row."""
    st.subheader("Facts", anchor=False)
    told = no_language(row)
    if told:
        st.html(f"<p>{told}</p>")
    rows = [
        [FACTS[column], cell(column, row), cited(inventory, row, column)] for column in shown(row)
    ]
    st.html(texts.table(rows, ["", "", "source"]))
    st.caption(
        "What each figure means, and what it does not: docs/LINGUISTS.md. A wrong one is put right "
        "by a row of data/tables/overrides.tsv, with its source."
    )


def no_language(row: Mapping[str, Any]) -> str:
    """What an entry that is no language of its own is, as HTML; "" for a language."""
    told = NO_LANGUAGE.get(row["category"] or "", "")
    return escape(told.format(parent=(row["groups"] or ["another language"])[-1]))


def shown(row: Mapping[str, Any]) -> list[str]:
    """The columns that the page of a row tells, in order."""
    return [
        column for column in FACTS if column != "speakers_macrolanguage" or row[column] is not None
    ]


def cell(column: str, row: Mapping[str, Any]) -> str:
    """A cell as HTML; "not known" where it is empty, but for what can rightly be empty."""
    value = row[column]
    if column == "family" and value is None:
        return "an isolate: a family of its own" if row["is_isolate"] else texts.UNKNOWN
    if column == "macrolanguage" and value is None:
        return "of none"
    if column == "lineage":
        return " › ".join(map(escape, row["groups"] or ())) or texts.UNKNOWN
    if column == "latitude" and value is not None:
        return f"{value:.2f}, {row['longitude']:.2f} (one point for the whole language)"
    if column == "speakers":
        return speakers(row)
    if value is None or value == []:
        return texts.UNKNOWN
    if column == "speakers_macrolanguage":
        return f"{texts.people(value)} ({escape(_named(row['macrolanguage']))}, all members)"
    if column == "macrolanguage":
        return escape(_named(value))
    if column == "genus" and row["genus_inferred"]:
        return f"{escape(value)} (inferred: all WALS languages of its group are of this genus)"
    if column == "bcp47" and row["includes"]:
        return escape(f"{value}; also what is written under {', '.join(row['includes'])}")
    if column in ("countries", "scripts"):
        name = texts.country_name if column == "countries" else texts.script_name
        return ", ".join(escape(name(code)) for code in value)
    return escape(str(value))


def speakers(row: Mapping[str, Any]) -> str:
    """A number of speakers in words, as HTML: whose it is, of when, and whether to doubt it.

    >>> speakers({"speakers": 82000000, "speakers_of": "fa", "speakers_own": 12000000,
    ...     "speakers_date": None, "speakers_doubt": None})
    'about 82 million, of Persian (fa) as a whole; 12,000,000 are stated for this language alone'
    >>> told = speakers({"speakers": 7400, "speakers_of": None, "speakers_own": None,
    ...     "speakers_date": None, "speakers_doubt": "7,400 speakers and extinct"})
    >>> told.startswith("about 7,400; <strong>doubtful</strong>: 7,400 speakers and extinct")
    True
    """
    if row["speakers"] is None:
        return texts.UNKNOWN
    told = texts.people(row["speakers"])
    if row["speakers_of"]:
        told += f", of {escape(_named(row['speakers_of']))} as a whole"
    if row["speakers_own"] is not None:
        told += f"; {row['speakers_own']:,} are stated for this language alone"
    if row["speakers_date"]:
        told += f" ({escape(row['speakers_date'])})"
    if row["speakers_doubt"]:
        told += (
            f"; <strong>doubtful</strong>: {escape(row['speakers_doubt'])}. "
            "Left out of sums and advice."
        )
    return told


def _named(tag: str) -> str:
    known = builtin_languages().get(tag)
    return f"{known.name} ({tag})" if known else tag


def cited(inventory: Inventory, row: Mapping[str, Any], column: str) -> str:
    """The sources of a cell as HTML: each linked to its own page of the language."""
    if column == "speakers_macrolanguage":
        return f'<span class="kl-source">{SUMMED}</span>'
    found = sources_in(inventory, row, column)
    return "<br>".join(source_link(one, row) for one in found) or texts.NOT_A_FIGURE


SUMMED = "as stated for it, or its members together where they have more"


def source_link(source: Source, row: Mapping[str, Any]) -> str:
    """A source as HTML: where it can be read, its version and licence."""
    name = source.title.partition(":")[0]
    full = name if not source.version or source.version in name else f"{name} {source.version}"
    title = texts.link(page_of(source, row), full)
    note = f"; {escape(source.note)}" if source.note else ""
    return f'<span class="kl-source">{title}, {escape(source.licence)}{note}</span>'
