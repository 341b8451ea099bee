"""A language's kin: the nearest whatever they have, who could lend each kind, its dialects.

    nearest(inventory, "swah1253")                # by tree, then by kilometres
    lenders(inventory, "tigr1270")                # for each kind that it lacks, the nearest with it
    dialects(read_languoids(path), "swah1253")

`data.inventory.language.relatives` lists those that have something which the language lacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.access import Access
from data.catalog import dataset
from data.download import fetch
from data.inventory.glottolog import Languoid, read_languoids
from data.inventory.language import great_circle_km, relatives, row_of, tree_distance
from data.inventory.schema import KINDS, Inventory, counted, existing

if TYPE_CHECKING:
    import polars

COLUMNS = ("glottocode", "bcp47", "name", "genus", "family", "tree_distance", "kilometres")


def nearest(inventory: Inventory, glottocode: str, *, limit: int = 10) -> polars.DataFrame:
    """The nearest languages of the same tree, whatever they have: by tree, then by kilometres.

    Columns: COLUMNS, speakers, kinds (what exists for it), resource_class. Empty for isolates and
    languages of no tree: who is near them on the map is no kin.

    Raises:
        InputError: no such language.
    """
    import polars as pl

    row = row_of(inventory, glottocode)
    return (
        counted(inventory.table)
        .filter(pl.col("glottocode") != glottocode)
        .with_columns(
            tree_distance(row).alias("tree_distance"), great_circle_km(row).alias("kilometres")
        )
        .filter(pl.col("tree_distance").is_not_null())
        .sort("tree_distance", "kilometres", "name", nulls_last=True)
        .select(*COLUMNS, "speakers", existing().alias("kinds"), "resource_class")
        .head(limit)
    )


def lenders(
    inventory: Inventory, glottocode: str, *, each: int = 3
) -> dict[str, list[dict[str, object]]]:
    """For each kind of resource that a language lacks, the nearest languages that have it.

    Each is a row of `relatives`: with tree_distance, null for other families, and kilometres.

    Args:
        each: how many for a kind, at most.

    Raises:
        InputError: no such language.
    """
    row = row_of(inventory, glottocode)
    own = row["kinds"] or () if row["exists"] is None else row["exists"]
    return {
        kind: relatives(inventory, glottocode, lacking=kind, limit=each).to_dicts()
        for kind in KINDS
        if kind not in own
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
