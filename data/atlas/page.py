"""One language on one page of text: facts with their sources, resources, who could lend.

python -m data.inventory --language sw
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data.atlas.language import relatives, resources_of, row_of, where_from
from data.atlas.schema import KINDS, Inventory, Source

FACTS = (
    "name",
    "endonym",
    "glottocode",
    "iso639_3",
    "bcp47",
    "macrolanguage",
    "includes",
    "family",
    "is_isolate",
    "genus",
    "category",
    "macroarea",
    "countries",
    "scripts",
    "latitude",
    "longitude",
    "speakers",
    "endangerment",
    "resource_class",
)
RELATIVES = 5


def page(inventory: Inventory, glottocode: str) -> str:
    """The page, a line a fact.

    Raises:
        InputError: no such language.
    """
    row = row_of(inventory, glottocode)
    parts = (_facts(inventory, row), _resources(inventory, row), _relatives(inventory, row))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _facts(inventory: Inventory, row: Mapping[str, Any]) -> Iterator[str]:
    for column in FACTS:
        source = where_from(inventory, row["glottocode"], column)
        yield f"{column:16}{shown(row[column]):44} {_cited(source)}".rstrip()


def _resources(inventory: Inventory, row: Mapping[str, Any]) -> Iterator[str]:
    yield "resources"
    for entry in resources_of(inventory, row["glottocode"]).iter_rows(named=True):
        size = "size unknown" if entry["size"] is None else f"{entry['size']:,} {entry['unit']}"
        yield (
            f"  {entry['kind']:12}{entry['dataset']:18}{entry['group']:12}{size:>20}  "
            f"{entry['licence']:18}{entry['link']}"
        )
    lacks = [kind for kind in KINDS if row["kinds"] is not None and kind not in row["kinds"]]
    yield f"  lacks: {', '.join(lacks) or 'nothing' if row['kinds'] is not None else 'unknown'}"


def _relatives(inventory: Inventory, row: Mapping[str, Any]) -> Iterator[str]:
    yield "nearest relatives that have what it lacks"
    found = relatives(inventory, row["glottocode"], limit=RELATIVES)
    for near in found.iter_rows(named=True):
        code = near["bcp47"] or near["glottocode"]
        yield f"  {code:10}{near['name']:28}{_distance(near):38}{', '.join(near['lends'])}"
    if not found.height:
        yield "  none"


def shown(value: Any) -> str:
    """A cell for the eye.

    >>> shown(171_000_000), shown(None), shown([]), shown(["KE", "TZ"]), shown(False)
    ('171,000,000', '-', 'none', 'KE TZ', 'no')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cited(source: Source | None) -> str:
    if source is None:
        return ""
    return f"{source.key}{f' ({source.note})' if source.note else ''}"


def _distance(near: Mapping[str, Any]) -> str:
    steps = near["tree_distance"]
    tree = "another family" if steps is None else f"{steps} steps in the tree"
    place = f", {near['kilometres']:,.0f} km" if near["kilometres"] is not None else ""
    return tree + place
