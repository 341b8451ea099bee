"""One language: its row, sources, resources, nearest relatives, and all of it on a page.

row = row_of(inventory, "swah1253")
relatives(inventory, row["glottocode"], lacking="inflection")

page(inventory, row["glottocode"])    # python -m data.inventory --lang sw
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from data.inventory.build import place
from data.inventory.facts import SEVERAL
from data.inventory.schema import (
    KINDS,
    NOT_COUNTED,
    SOURCED,
    Inventory,
    Source,
    catalog_key,
    schema,
)

if TYPE_CHECKING:
    import polars

    from data.resources import Resource


EARTH_RADIUS_KM = 6371.0088  # the mean radius of the International Union of Geodesy

# Columns whose source is that of another: they were read together.
DERIVED = {
    "family_glottocode": "family",
    "genus_inferred": "genus",
    "speakers_alone": "speakers",
    "groups": "lineage",
}

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


def row_of(inventory: Inventory, glottocode: str) -> dict[str, Any]:
    """The row of a language as a dictionary.

    Raises:
        InputError: the inventory has no such glottocode.
    """
    import polars as pl

    found = inventory.table.filter(pl.col("glottocode") == glottocode)
    if not found.height:
        raise InputError(
            f'no language of the inventory has the glottocode "{glottocode}"; '
            "python -m data.inventory --text NAME finds languages"
        )
    return found.row(0, named=True)


def where_from(inventory: Inventory, glottocode: str, column: str) -> Source | None:
    """The source of a cell; None where the cell is empty or is derived from other cells.

    Of a cell with several sources the first; `sources_of` gives all.

    Raises:
        InputError: no such language or column.
    """
    return next(iter(sources_of(inventory, glottocode, column)), None)


def sources_of(inventory: Inventory, glottocode: str, column: str) -> tuple[Source, ...]:
    """The sources of a cell: none where it is empty, several where they were put together.

    Raises:
        InputError: no such language or column.
    """
    row = row_of(inventory, glottocode)
    if column not in schema():
        raise InputError(f'no column "{column}" in the inventory; it has: {", ".join(schema())}')
    if column in (*KINDS, "kinds", "resource_class"):
        key = None if row[column] is None else catalog_key()
    else:
        key = row["sources"][DERIVED.get(column, column)] if _is_sourced(column) else None
    by_key = {source.key: source for source in inventory.sources}
    return tuple(by_key[part] for part in (key or "").split(SEVERAL) if part in by_key)


def _is_sourced(column: str) -> bool:
    return DERIVED.get(column, column) in SOURCED


def resources_of(inventory: Inventory, glottocode: str) -> polars.DataFrame:
    """What the catalog has for a language, the largest of each kind first.

    Columns: dataset, group (its own name for the part), kind, language (the tag under which it is
    filed, `hr` for a row that includes Croatian), size (null = unknown), unit, licence, link.
    """
    import polars as pl

    from data.resources import resources

    row = row_of(inventory, glottocode)
    found = [] if row["kinds"] is None else place(resources(), [row])[0].get(glottocode, [])
    columns = ("dataset", "group", "kind", "language", "size", "unit", "licence", "link")
    types = {column: pl.Int64 if column == "size" else pl.String for column in columns}
    rows = [[getattr(entry, column) for column in columns] for entry in sorted(found, key=_order)]
    return pl.DataFrame(rows, schema=types, orient="row")


def _order(entry: Resource) -> tuple[int, int, str]:
    return KINDS.index(entry.kind), -(entry.size or 0), entry.dataset


def relatives(
    inventory: Inventory, glottocode: str, *, lacking: str | None = None, limit: int = 10
) -> polars.DataFrame:
    """The nearest languages that have what this one lacks: by tree, then by kilometres.

    tree_distance: edges between the two in Glottolog's classification (sisters: 2), null for
    languages of other families, which come last. kilometres: great circle between the two points
    that Glottolog gives, null where one has none. lends: the kinds that it has and this one lacks.
    Sign languages lend to sign languages only, others to others.

    Args:
        lacking: one kind of resource; by default any that the language lacks.

    Raises:
        InputError: no such language or kind.
    """
    import polars as pl

    row = row_of(inventory, glottocode)
    if lacking is not None and lacking not in KINDS:
        raise InputError(f'expected a kind of resource ({", ".join(KINDS)}), found "{lacking}"')
    wanted = [
        kind for kind in KINDS if kind not in (row["kinds"] or ()) and lacking in (None, kind)
    ]
    return (
        inventory.table.filter(
            pl.col("glottocode") != glottocode,
            ~pl.col("category").is_in(NOT_COUNTED),
            (pl.col("category") == "sign") == (row["category"] == "sign"),
        )
        .with_columns(
            tree_distance(row).alias("tree_distance"),
            great_circle_km(row).alias("kilometres"),
            pl.col("kinds").list.set_intersection(wanted).alias("lends"),
        )
        .filter(pl.col("lends").list.len() > 0)
        .sort("tree_distance", "kilometres", "name", nulls_last=True)
        .select(
            "glottocode",
            "bcp47",
            "name",
            "genus",
            "family",
            "tree_distance",
            "kilometres",
            "lends",
            *KINDS,
        )
        .head(limit)
    )


def tree_distance(row: Mapping[str, Any]) -> polars.Expr:
    """Edges up to the nearest group that holds both, and down again."""
    import polars as pl

    lineage = [*(row["lineage"] or []), row["glottocode"]]
    path = pl.concat_list(pl.col("lineage"), pl.col("glottocode"))
    shared = path.list.set_intersection(lineage).list.len()
    edges = path.list.len() + len(lineage) - 2 * shared
    return pl.when(shared > 0).then(edges.cast(pl.Int64))


def great_circle_km(row: Mapping[str, Any]) -> polars.Expr:
    """Great-circle distance by the haversine formula, which is exact enough for near points."""
    import polars as pl

    if row["latitude"] is None or row["longitude"] is None:
        return pl.lit(None, dtype=pl.Float64)
    latitude, longitude = pl.col("latitude").radians(), pl.col("longitude").radians()
    here, there = math.radians(row["latitude"]), math.radians(row["longitude"])
    squared = ((latitude - here) / 2).sin() ** 2 + latitude.cos() * math.cos(here) * (
        (longitude - there) / 2
    ).sin() ** 2
    return (2 * EARTH_RADIUS_KM * squared.clip(0, 1).sqrt().arcsin()).round(1)


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
