"""What an inventory of languages is: its columns, its sources, and what its words mean.

    >>> KINDS
    ('test_set', 'lexicon', 'inflection', 'tagged', 'parallel', 'utterances', 'labelled')

The modules of `data.inventory` share the names of this one.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UnavailableError
from data.pages import Tabular
from data.resources.listed import DATA_KINDS

if TYPE_CHECKING:
    import polars

    from data.inventory.distances import Distances

# Kinds of resource, and the unit in which the records of each are counted.
UNITS = {
    "test_set": "segments",
    "lexicon": "entries",
    "inflection": "triples",
    "tagged": "sentences",
    "parallel": "segments",
    "utterances": "utterances",
    "labelled": "texts",
}
KINDS = tuple(UNITS)

# Values that stand for "no group" in counts, gaps and select.
ISOLATE = "(isolate)"  # a family of its own
NONE = "(none)"  # no genus or script known; a pseudo-family, which is no family

# Columns whose source is written down for every cell, in the struct column `sources`.
SOURCED = (
    "glottocode",
    "iso639_3",
    "bcp47",
    "name",
    "endonym",
    "family",
    "genus",
    "macroarea",
    "countries",
    "scripts",
    "latitude",
    "longitude",
    "speakers",
    "endangerment",
    "category",
    "is_isolate",
    "macrolanguage",
    "lineage",
)
# Categories of entries that are no languages of their own: they have a row, so that their codes and
# names are found, and stand in no count, no gap and no advice.
NOT_COUNTED = ("bookkeeping", "dialect")

LISTS = (
    "countries",
    "scripts",
    "includes",
    "kinds",
    "exists",
    "models",
    "software",
    "typology",
    "lineage",
    "groups",
)

INSTALL = 'pip install -e ".[app]"'


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from.

    key: what the table's `sources` column and the BibTeX entry call it, with the version:
    `glottolog-5.1`. note: how the figure was derived, where it was not simply read.
    """

    key: str
    title: str
    version: str
    licence: str
    link: str
    citation: str
    note: str = ""


@dataclass(frozen=True, repr=False)
class Inventory(Tabular):
    """One row a language, with the sources of its cells.

    table: the columns that `data.inventory` describes, sorted by name. notes: which figures are
    missing and how to get them, one line each. builtin: whether the rows are only those of
    MASSIVE's languages, because Glottolog could not be had.
    """

    table: polars.DataFrame
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()
    builtin: bool = False

    def summary(self) -> str:
        """How many languages, columns and sources, and what is missing."""
        return (
            f"{counted(self.table).height:,} languages, {self.table.width} columns,"
            f" {len(self.sources)} sources, {len(self.notes)} notes"
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row a language."""
        return self.table.to_dicts()

    def to_frame(self) -> polars.DataFrame:
        """The table itself."""
        return self.table

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The number of each language's row in the table, by glottocode."""
        return {code: number for number, code in enumerate(self.table["glottocode"])}

    @cached_property
    def sources_by_key(self) -> Mapping[str, Source]:
        """The sources, as the table's column `sources` names them."""
        return {source.key: source for source in self.sources}

    @cached_property
    def categories(self) -> NDArray[np.str_]:
        """(N,): the category of every row, "" where it is not known."""
        return np.array(self.table["category"].fill_null("").to_list(), dtype=np.str_)

    @cached_property
    def existing(self) -> Sequence[Sequence[str]]:
        """The kinds of resource of every row, none where they are not known."""
        return [kinds or () for kinds in self.table.select(existing())["exists"].to_list()]

    @cached_property
    def holders(self) -> Mapping[str, NDArray[np.bool_]]:
        """(N,) for each kind of resource: which rows have it."""
        return {
            kind: np.array([kind in kinds for kinds in self.existing], dtype=np.bool_)
            for kind in DATA_KINDS
        }

    @cached_property
    def distances(self) -> Distances:
        """How far every language is from every other."""
        from data.inventory.distances import Distances

        return Distances(self.table)


def counted(table: polars.DataFrame) -> polars.DataFrame:
    """The rows that are languages: bookkeeping entries and dialects are left out.

    The one count of languages, which everything that counts or sums uses.
    """
    import polars as pl

    return table.filter(~pl.col("category").is_in(NOT_COUNTED).fill_null(False))


def existing() -> polars.Expr:
    """The kinds of resource that exist for a language, in the catalog or in any list."""
    import polars as pl

    return pl.coalesce("exists", "kinds")


def catalog_key() -> str:
    """The key of the source of all counts of resources: this project's catalog, and its version."""
    try:
        return f"kilolingua-{importlib.metadata.version('kilolingua')}"
    except importlib.metadata.PackageNotFoundError:
        return "kilolingua"


def need_polars() -> None:
    """Raise a line with the command that installs polars where it is missing."""
    if importlib.util.find_spec("polars") is None:
        raise UnavailableError(f"the inventory needs polars, which is not installed; {INSTALL}")


def schema() -> dict[str, Any]:
    """The columns of an inventory's table in order, with their polars types."""
    import polars as pl

    texts = pl.List(pl.String)
    return {
        "glottocode": pl.String,
        "iso639_3": pl.String,
        "bcp47": pl.String,
        "name": pl.String,
        "endonym": pl.String,
        "family": pl.String,
        "family_glottocode": pl.String,
        "genus": pl.String,
        "genus_inferred": pl.Boolean,
        "macroarea": pl.String,
        "countries": texts,
        "scripts": texts,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
        "speakers": pl.Int64,
        "speakers_alone": pl.Int64,
        "speakers_of": pl.String,
        "speakers_own": pl.Int64,
        "speakers_macrolanguage": pl.Int64,
        "speakers_doubt": pl.String,
        "speakers_date": pl.String,
        "endangerment": pl.String,
        "category": pl.String,
        "is_isolate": pl.Boolean,
        "macrolanguage": pl.String,
        "includes": texts,
        "resource_class": pl.Int64,
        **dict.fromkeys(KINDS, pl.Int64),
        "kinds": texts,
        "exists": texts,
        "models": texts,
        "software": texts,
        "typology": texts,
        "religious_only": pl.Boolean,
        "listed": pl.Int64,
        "lineage": texts,
        "groups": texts,
        "wals_code": pl.String,
        "linguameta_code": pl.String,
        "linguameta_wider": pl.String,
        "search": pl.String,
        "sources": pl.Struct(dict.fromkeys(SOURCED, pl.String)),
    }
