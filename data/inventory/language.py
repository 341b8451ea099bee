"""One language: its row, sources, resources, nearest relatives, and all of it on a page.

row = row_of(inventory, "swah1253")
relatives(inventory, row["glottocode"], lacking="inflection")

page(inventory, row["glottocode"])    # python -m data.inventory --lang sw
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.inventory.build import RESOURCE_CELLS, listed_for, resources_for
from data.inventory.distances import Far, told
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
from data.resources.listed import DATA_KINDS, Fact

if TYPE_CHECKING:
    import polars

    from data.resources import Resource


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
RESOURCE_COLUMNS = (
    *("dataset", "group", "kind", "language", "beside"),
    *("size", "unit", "licence", "link"),
)
RELATIVE_COLUMNS = (
    *("glottocode", "bcp47", "name", "genus", "family"),
    *("tree_distance", "kilometres", "lends"),
    *KINDS,
)
LISTED_COLUMNS = (
    *("role", "kind", "key", "title", "code", "size", "unit", "script", "licence", "religious"),
    *("loads", "date", "source", "link", "note"),
)


def row_of(inventory: Inventory, glottocode: str) -> dict[str, Any]:
    """The row of a language as a dictionary.

    Raises:
        InputError: the inventory has no such glottocode.
    """
    number = inventory.places.get(glottocode)
    if number is None:
        raise InputError(
            f'no language of the inventory has the glottocode "{glottocode}"; '
            "python -m data.inventory --text NAME finds languages"
        )
    return inventory.table.row(number, named=True)


def where_from(inventory: Inventory, glottocode: str, column: str) -> Source | None:
    """The source of a cell; None where the cell is empty or is derived from other cells.

    Of a cell with several sources the first; `sources_of` gives all.

    Raises:
        InputError: no such language or column.
    """
    return next(iter(sources_of(inventory, glottocode, column)), None)


def page_of(source: Source, row: Mapping[str, Any]) -> str:
    """The source's own page of a language, else the source's page.

    >>> glottolog = Source("glottolog-5.1", "Glottolog", "5.1", "", "https://glottolog.org", "")
    >>> page_of(glottolog, {"glottocode": "swah1253"})
    'https://glottolog.org/resource/languoid/id/swah1253'
    """
    name = source.key.partition("-")[0]
    if name == "glottolog":
        return f"https://glottolog.org/resource/languoid/id/{row['glottocode']}"
    if name == "wals" and row.get("wals_code"):
        return f"https://wals.info/languoid/lect/wals_code_{row['wals_code']}"
    wider = source.key.endswith("-macrolanguage")
    code = row.get("linguameta_wider" if wider else "linguameta_code") or row.get("macrolanguage")
    if name == "linguameta" and code:
        return f"{source.link}/blob/{source.version}/linguameta/data/{code}.json"
    return source.link


def sources_of(inventory: Inventory, glottocode: str, column: str) -> tuple[Source, ...]:
    """The sources of a cell: none where it is empty, several where they were put together.

    Raises:
        InputError: no such language or column.
    """
    return sources_in(inventory, row_of(inventory, glottocode), column)


def sources_in(inventory: Inventory, row: Mapping[str, Any], column: str) -> tuple[Source, ...]:
    """`sources_of`, of a row that is at hand.

    Raises:
        InputError: no such column.
    """
    if column not in row:
        raise InputError(f'no column "{column}" in the inventory; it has: {", ".join(schema())}')
    if column in RESOURCE_CELLS:
        key = None if row[column] is None else catalog_key()
    else:
        key = row["sources"][DERIVED.get(column, column)] if _is_sourced(column) else None
    known = inventory.sources_by_key
    return tuple(known[part] for part in (key or "").split(SEVERAL) if part in known)


def _is_sourced(column: str) -> bool:
    return DERIVED.get(column, column) in SOURCED


def resources_of(inventory: Inventory, glottocode: str) -> polars.DataFrame:
    """What the catalog has for a language, the largest of each kind first.

    Columns: dataset, group (its own name for the part), kind, language (the tag under which it is
    filed, `hr` for a row that includes Croatian), beside (the tag of the other language of a
    lexicon or parallel text), size (null = unknown), unit, licence, link.
    """
    import polars as pl

    rows = resource_rows(row_of(inventory, glottocode))
    types = {column: pl.Int64 if column == "size" else pl.String for column in RESOURCE_COLUMNS}
    return pl.DataFrame(rows, schema=types, orient="row")


def resource_rows(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`resources_of`, of a row that is at hand, as dictionaries."""
    found = () if row["kinds"] is None else resources_for(row)
    return [
        {column: getattr(entry, column) for column in RESOURCE_COLUMNS}
        for entry in sorted(found, key=_order)
    ]


def listed_of(inventory: Inventory, glottocode: str) -> polars.DataFrame:
    """What the lists name for a language: data first, then models, software, typology; by kind.

    Columns: role, kind, key and title of the set, code (the publisher's), size (null = unknown) in
    unit, script, licence (empty = not stated), religious ("all", "mostly", "partly" or empty),
    loads (the data set of the catalog that fetches it for this language, else empty), date,
    source, link (the language's own page in the set, else the file that states it), note.

    Raises:
        InputError: no such language.
    """
    import polars as pl

    types = {name: pl.Float64 if name == "size" else pl.String for name in LISTED_COLUMNS}
    rows = listed_rows(row_of(inventory, glottocode))
    return pl.DataFrame(rows, schema=types, orient="row")


def listed_rows(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`listed_of`, of a row that is at hand, as dictionaries."""
    if not row["exists"]:
        return []
    known = row["kinds"] is not None
    fetched = {resource.dataset for resource in resources_for(row)} if known else set()
    return [
        dict(zip(LISTED_COLUMNS, _listed_cells(fact, fetched), strict=True))
        for fact in listed_for({**row, "includes": row["includes"] or []})
    ]


def _listed_cells(fact: Fact, fetched: Collection[str]) -> tuple[Any, ...]:
    return (
        *(fact.of.role, fact.of.kind, fact.of.key, fact.of.title, fact.code),
        *(fact.size, fact.of.unit, fact.script, fact.licence, fact.of.religious),
        fact.of.loads if fact.of.loads in fetched else "",
        *(fact.date, fact.source, fact.link, fact.of.note),
    )


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
    if lacking is not None and lacking not in DATA_KINDS:
        kinds = ", ".join(DATA_KINDS)
        raise InputError(f'expected a kind of resource ({kinds}), found "{lacking}"')
    wanted = wants(row, KINDS if lacking is None else (lacking,))
    far = inventory.distances.of(glottocode)
    having = np.zeros(len(far.order), dtype=bool)
    for kind in wanted:
        having |= inventory.holders[kind]
    able = (having & may_lend(inventory, row))[far.order]
    near = far.order[able][:limit].tolist()
    own: dict[str, Any] = {
        "tree_distance": pl.Int64,
        "kilometres": pl.Float64,
        "lends": pl.List(pl.String),
    }
    types = {name: own.get(name) or schema()[name] for name in RELATIVE_COLUMNS}
    return pl.DataFrame(lending(inventory, far, near, wanted), schema=types)


def wants(row: Mapping[str, Any], kinds: Sequence[str] = KINDS) -> list[str]:
    """Of some kinds of resource those that a language lacks, or of which nothing is known."""
    own = row["kinds"] or () if row["exists"] is None else row["exists"]
    return [kind for kind in kinds if kind not in own]


def may_lend(inventory: Inventory, row: Mapping[str, Any]) -> NDArray[np.bool_]:
    """(N,): which rows of the table can lend to a language at all."""
    categories = inventory.categories
    alike = (categories == "sign") == (row["category"] == "sign")
    languages = np.isin(categories, ("", *NOT_COUNTED), invert=True)
    apart: NDArray[np.bool_] = alike & languages
    apart[inventory.places[row["glottocode"]]] = False
    return apart


def lending(
    inventory: Inventory, far: Far, numbers: Sequence[int], wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Some rows of the table with the columns of `relatives`."""
    found = []
    for number in numbers:
        row = inventory.table.row(number, named=True)
        steps, kilometres = told(far, number)
        lends = [kind for kind in inventory.existing[number] if kind in wanted]
        apart = {"tree_distance": steps, "kilometres": kilometres, "lends": lends}
        found.append({name: (row | apart)[name] for name in RELATIVE_COLUMNS})
    return found


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
    known = row["kinds"] if row["exists"] is None else row["exists"]
    lacks = [kind for kind in KINDS if known is not None and kind not in known]
    yield f"  lacks: {', '.join(lacks) or 'nothing' if known is not None else 'unknown'}"
    if row["exists"] is not None:
        yield from _listed(inventory, row)


def _listed(inventory: Inventory, row: Mapping[str, Any]) -> Iterator[str]:
    """What the lists name beside the catalog, a line a set, by role and kind."""
    yield ""
    yield "what lists name, in the catalog or not"
    for entry in listed_of(inventory, row["glottocode"]).iter_rows(named=True):
        size = "" if entry["size"] is None else f"{entry['size']:,.0f} {entry['unit']}"
        told = [entry["licence"] or "licence not stated", entry["date"]]
        told += [f"{entry['religious']} religious"] if entry["religious"] else []
        told += [f"fetch {entry['loads']}"] if entry["loads"] else []
        kind = f"{entry['role']:9}{entry['kind']:19}"
        yield f"  {kind}{entry['title'][:38]:40}{entry['code']:18}{size:>20}  {'; '.join(told)}"


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
