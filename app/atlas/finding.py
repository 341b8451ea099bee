"""The search of the atlas: the names and codes of all languages as a script, for search.js.

It finds what `data.inventory.search` finds, in its order: the index holds the folded names of each
language, in the order in which equals come, and for every code the language that it means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain, product
from string import ascii_lowercase
from typing import Any

from app.atlas.maps import as_script
from data.inventory import Inventory
from data.inventory.facts import BETWEEN
from data.inventory.schema import NOT_COUNTED
from data.inventory.search import RowsOfLanguages
from data.language_names import builtin_names, fold, search_key
from data.languages import Language, from_code

OLD_TAGS = ("zh-min-nan", "sgn-US", "fa-AF")  # tags whose parts do not say what they mean


def index(inventory: Inventory, rows: Iterable[Mapping[str, Any]]) -> str:
    """The index as a script: `atlas.index(...)`.

    Args:
        rows: those that have a page.
    """
    ordered = sorted(rows, key=_order)
    there = {row["glottocode"]: at for at, row in enumerate(ordered)}
    content = {
        "codes": [row["glottocode"] for row in ordered],
        "tags": [row["bcp47"] or "" for row in ordered],
        "names": [row["name"] for row in ordered],
        "own": [row["endonym"] or "" for row in ordered],
        "told": [_told(row) for row in ordered],
        "keys": [row["search"] or "" for row in ordered],
        "main": [_main(row) for row in ordered],
        "meant": _meant(inventory, there),
        "scripts": " ".join(scripts()),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"atlas.index({as_script(text)});\n"


def _order(row: Mapping[str, Any]) -> tuple[bool, int, str]:
    """As `data.inventory.search` orders equals: languages, most speakers first, then by name."""
    speakers = -1 if row["speakers"] is None else row["speakers"]
    return row["category"] in NOT_COUNTED, -speakers, row["name"]


def _told(row: Mapping[str, Any]) -> str:
    return row["family"] or ("an isolate" if row["is_isolate"] else row["category"] or "")


def _main(row: Mapping[str, Any]) -> str:
    names = [search_key(name) for name in (row["name"], row["endonym"]) if name]
    return BETWEEN.join(names)


def _meant(inventory: Inventory, there: Mapping[str, int]) -> dict[str, int]:
    """The number of the language that each code of two or three letters, and built-in name, means.

    What has a script or a region besides (`sw-KE`, `zh_Hant`) means what its first part does.
    """
    row_of = RowsOfLanguages(inventory.table)
    rows = {text: row_of(language) for text, language in known_codes().items()}
    return {fold(text): there[row] for text, row in rows.items() if row and row in there}


@cache
def scripts() -> tuple[str, ...]:
    """The codes of scripts that a tag may have, in small letters."""
    from langcodes import tag_is_valid
    from langcodes.registry_parser import parse_registry

    rows = parse_registry()  # type: ignore[no-untyped-call]
    registered = (row["Subtag"].lower() for row in rows if row.get("Type") == "script")
    private = (f"qa{one}{other}" for one, other in product(ascii_lowercase, repeat=2))
    codes = {code for code in chain(registered, private) if tag_is_valid(f"und-{code}")}
    return tuple(sorted(codes))


@cache
def known_codes() -> Mapping[str, Language]:
    """Every code of two or three letters, old tag and built-in name that means a language."""
    letters = ("".join(parts) for size in (2, 3) for parts in product(ascii_lowercase, repeat=size))
    found = {text: from_code(text) for text in chain(letters, builtin_names(), OLD_TAGS)}
    return {text: language for text, language in found.items() if language}
