"""A language's kin: the nearest whatever they have, who could lend each kind, its dialects.

    nearest(inventory, "swah1253")                # by tree, then by kilometres
    lenders(inventory, "tigr1270")                # for each kind that it lacks, the nearest with it
    dialects(read_languoids(path), "swah1253")

`data.inventory.language.relatives` lists those that have something which the language lacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.access import Access
from data.catalog import dataset
from data.download import fetch
from data.inventory.distances import APART, Far, told
from data.inventory.glottolog import Languoid, read_languoids
from data.inventory.language import lending, may_lend, row_of, wants
from data.inventory.schema import NOT_COUNTED, Inventory, schema

if TYPE_CHECKING:
    import polars

COLUMNS = (
    *("glottocode", "bcp47", "name", "genus", "family", "tree_distance", "kilometres"),
    *("speakers", "kinds", "resource_class"),
)


def nearest(inventory: Inventory, glottocode: str, *, limit: int = 10) -> polars.DataFrame:
    """The nearest languages of the same tree, whatever they have: by tree, then by kilometres.

    Columns: COLUMNS; kinds are what exists for it. Empty for isolates and
    languages of no tree: who is near them on the map is no kin.

    Raises:
        InputError: no such language.
    """
    import polars as pl

    own: dict[str, Any] = {
        "tree_distance": pl.Int64,
        "kilometres": pl.Float64,
        "kinds": pl.List(pl.String),
    }
    types = {name: own.get(name) or schema()[name] for name in COLUMNS}
    return pl.DataFrame(nearest_rows(inventory, glottocode, limit=limit), schema=types)


def nearest_rows(inventory: Inventory, glottocode: str, *, limit: int = 10) -> list[dict[str, Any]]:
    """`nearest` as dictionaries.

    Raises:
        InputError: no such language.
    """
    row = row_of(inventory, glottocode)
    far = inventory.distances.of(row["glottocode"])
    languages = np.isin(inventory.categories, NOT_COUNTED, invert=True) & (far.steps != APART)
    languages[inventory.places[glottocode]] = False
    near = far.order[languages[far.order]][:limit].tolist()
    return [_near(inventory, far, number) for number in near]


def _near(inventory: Inventory, far: Far, number: int) -> dict[str, Any]:
    steps, kilometres = told(far, number)
    apart = {"tree_distance": steps, "kilometres": kilometres}
    row = inventory.table.row(number, named=True) | apart
    row["kinds"] = list(inventory.existing[number])
    return {name: row[name] for name in COLUMNS}


def lenders(
    inventory: Inventory, glottocode: str, *, each: int = 3
) -> dict[str, list[dict[str, Any]]]:
    """For each kind of resource that a language lacks, the nearest languages that have it.

    Each is a row of `relatives`: with tree_distance, null for other families, and kilometres.

    Args:
        each: how many for a kind, at most.

    Raises:
        InputError: no such language.
    """
    row = row_of(inventory, glottocode)
    far = inventory.distances.of(row["glottocode"])
    able = far.order[may_lend(inventory, row)[far.order]]
    return {
        kind: lending(inventory, far, able[inventory.holders[kind][able]][:each].tolist(), (kind,))
        for kind in wants(row)
    }


@dataclass(frozen=True, slots=True)
class Dialect:
    """What Glottolog calls a dialect: its code, name and ISO 639-3 code, if it has one."""

    glottocode: str
    name: str
    iso639_3: str | None

    @property
    def link(self) -> str:
        """Its page in Glottolog."""
        return f"https://glottolog.org/resource/languoid/id/{self.glottocode}"


def dialects(languoids: Iterable[Languoid]) -> dict[str, tuple[Dialect, ...]]:
    """The dialects of every language that has any, by the language's glottocode, by name."""
    found: dict[str, list[Dialect]] = {}
    for entry in languoids:
        if entry.level == "dialect" and entry.language:
            own = Dialect(entry.glottocode, entry.name, entry.iso639_3)
            found.setdefault(entry.language, []).append(own)
    return {code: tuple(sorted(own, key=lambda one: one.name)) for code, own in found.items()}


def load_dialects(*, access: Access = Access()) -> dict[str, tuple[Dialect, ...]]:
    """The dialects of all of Glottolog's languages.

    Raises:
        UnavailableError: Glottolog cannot be had; the message names the command that fetches it.
        InputError: its table is damaged.
    """
    [file] = dataset("glottolog").select("languages")
    return dialects(read_languoids(fetch(file, access=access).path))
