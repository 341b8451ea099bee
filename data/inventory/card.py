"""A language as a card: a piece of HTML to paste into any page, without script or style sheet.

    card(inventory, "swah1253", "https://example.org/language?lang=swah1253")

It holds the names, where the language belongs, how many speak it, what exists for it and what does
not, and the sources of these figures. Colours are those of the page that it stands on.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from data.inventory.language import row_of, where_from
from data.inventory.schema import KINDS, Inventory
from data.terminal import printable

BOX = "border:1px solid currentColor;border-radius:.5em;padding:.8em 1em;max-width:30em"
TOLD = ("name", "family", "speakers", "endangerment")
KIND_NAMES = {kind: kind.replace("_", " ") for kind in KINDS}


def card(inventory: Inventory, glottocode: str, link: str = "") -> str:
    """The card of a language.

    Args:
        link: the address of its page, http or https; without one the card has no link.

    Raises:
        InputError: no such language.
    """
    row = row_of(inventory, glottocode)
    name = _escaped(row["name"])
    title = name
    if link.startswith(("https://", "http://")):
        title = f'<a href="{_escaped(link)}">{name}</a>'
    own = (
        f' <span lang="{_escaped(row["bcp47"] or "und")}">{_escaped(row["endonym"])}</span>'
        if row["endonym"]
        else ""
    )
    parts = [f"<strong>{title}</strong>{own}", *map(_escaped, _facts(row)), _kinds(row)]
    parts.append(f"<small>{_escaped(_sources(inventory, glottocode))}</small>")
    return f'<div style="{BOX}">{"<br>".join(filter(None, parts))}</div>\n'


def _facts(row: Mapping[str, Any]) -> list[str]:
    """Lines of plain text; what is not known is left out."""
    family = row["family"] or ("an isolate" if row["is_isolate"] else None)
    codes = ", ".join(filter(None, [row["glottocode"], row["iso639_3"]]))
    speakers = None if row["speakers"] is None else f"speakers, roughly: {row['speakers']:,}"
    belongs = " · ".join(filter(None, [family, row["genus"], row["endangerment"]]))
    return [line for line in (codes, belongs, speakers) if line]


def _kinds(row: Mapping[str, Any]) -> str:
    if row["kinds"] is None:
        return ""
    has = ", ".join(KIND_NAMES[kind] for kind in KINDS if kind in row["kinds"]) or "nothing"
    lacks = ", ".join(KIND_NAMES[kind] for kind in KINDS if kind not in row["kinds"]) or "nothing"
    return f"in kilolingua's catalog: {_escaped(has)}<br>lacking there: {_escaped(lacks)}"


def _sources(inventory: Inventory, glottocode: str) -> str:
    found = [where_from(inventory, glottocode, column) for column in TOLD]
    named = [f"{one.title.partition(':')[0]} ({one.licence})" for one in found if one]
    return f"Sources: {'; '.join(dict.fromkeys(named))}"


def _escaped(text: str) -> str:
    return html.escape(printable(text))
