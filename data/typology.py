"""WALS's structural features of languages, and which languages are alike in them.

    from data.inventory import load_inventory
    from data.typology import load_typology

    typology = load_typology(load_inventory())
    typology.of("swah1253")["81A"].name                 # SVO
    typology.alike("swah1253", least=30)                # a row a language, the most alike first

**The distance** of two languages is the share of features on which they differ among those for
which WALS has a value of both: the relative Hamming distance, which is Gower's (1971,
https://doi.org/10.2307/2528823) on nominal values. 0 is alike in all, 1 in none. It counts each
chapter's first map (1A ... 142A) once; further maps of a chapter (81B, 90C, 144E) say in other
words what its first one says, and features of vocabulary alone (LEXICAL) are left out. Pairs that
share fewer than LEAST features have none: of WALS's 2,600 languages most have values for few of
its 192 features, and with ten shared features chance decides. Two languages that a different part
of WALS describes are compared on different features, so that distances of one language to two
others rest on different ground; `shared` says on how much.

Where WALS has several entries for a language (dialects of Arabic are languages here, those of
Tibetan are not), the one with most values counts and the others fill in what it lacks.

Dryer and Haspelmath (eds.) 2013, https://wals.info; `python -m data.catalog fetch wals`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.access import Access
from data.bounded import parse_integer
from data.catalog import dataset
from data.download import fetch
from data.errors import InputError
from data.inventory.genus import WalsLanguage, read_wals
from data.inventory.glottolog import read_table
from data.language_names import rows as builtin_languages

if TYPE_CHECKING:
    import polars

    from data.inventory import Inventory

LEAST = 20  # features that two languages must share, to be compared
LEXICAL = "Lexicon"  # WALS's area of finger and hand, tea, colours: words, not structure
NAMED = ("ID", "Name")
ROLES = ("languages", "values", "codes", "parameters", "chapters", "areas")
SITE = "https://wals.info"


@dataclass(frozen=True, slots=True)
class Feature:
    """A map of the atlas: 81A, Order of Subject, Object and Verb, in the area Word Order.

    names: what its values are called, by number from 1.
    """

    key: str
    name: str
    area: str
    names: Mapping[int, str]

    @property
    def link(self) -> str:
        """Its page on the atlas's site."""
        return f"{SITE}/feature/{self.key}"

    @property
    def counts(self) -> bool:
        """Whether it counts in distances: a chapter's first map, of structure."""
        return self.key.endswith("A") and self.area != LEXICAL


class Value(NamedTuple):
    """What WALS says of a language: the number of the value, its name, and which entry says so."""

    number: int
    name: str
    wals_code: str

    def link(self, feature: str) -> str:
        """The page of this datum, with the grammars that it is from."""
        return f"{SITE}/valuesets/{feature}-{self.wals_code}"


@dataclass(frozen=True)
class Typology:
    """Features by key in the atlas's order, and the values of languages by glottocode."""

    features: Mapping[str, Feature]
    values: Mapping[str, Mapping[str, Value]]

    def of(self, glottocode: str) -> Mapping[str, Value]:
        """The values of a language by feature, in the atlas's order; {} where WALS has none."""
        known = self.values.get(glottocode, {})
        return {key: known[key] for key in self.features if key in known}

    def having(self, feature: str, numbers: Iterable[int] = ()) -> dict[str, Value]:
        """The languages for which a feature has a value, or one of these; by glottocode.

        Raises:
            InputError: WALS has no such feature.
        """
        self._check(feature)
        wanted = frozenset(numbers)
        return {
            code: known[feature]
            for code, known in self.values.items()
            if feature in known and (not wanted or known[feature].number in wanted)
        }

    def matching(self, codes: Iterable[str]) -> frozenset[str]:
        """The glottocodes of languages with these values: of one feature any, of several all.

        Args:
            codes: WALS's keys of values, such as 81A-1 (SOV).

        Raises:
            InputError: a key that WALS does not have.
        """
        wanted: defaultdict[str, set[int]] = defaultdict(set)
        for code in codes:
            feature, number = self.value_of(code)
            wanted[feature].add(number)
        found = [frozenset(self.having(key, numbers)) for key, numbers in wanted.items()]
        return frozenset.intersection(*found) if found else frozenset(self.values)

    def value_of(self, code: str) -> tuple[str, int]:
        """The feature and the number that a key of a value means: ("81A", 1) of 81A-1.

        Raises:
            InputError: WALS has no such value.
        """
        feature, _, number = code.partition("-")
        names = self.features[feature].names if feature in self.features else {}
        if not number.isascii() or not number.isdecimal() or int(number[:4]) not in names:
            raise InputError(f'WALS has no value "{code}"; expected a key such as 81A-1')
        return feature, int(number)

    def alike(self, glottocode: str, *, least: int = LEAST) -> polars.DataFrame:
        """The other languages by their distance to one, the most alike first.

        Columns: glottocode; distance, 0 to 1; differing, on how many features they differ;
        shared, for how many both have a value. Of equal distances the one over more features is
        first.

        Args:
            least: how many features two languages must share to be compared, from 1.

        Raises:
            InputError: `least` is below 1.
        """
        import polars as pl

        if least < 1:
            raise InputError(f"expected at least one feature to compare by, found {least}")
        codes, matrix = self._matrix
        schema = {
            "glottocode": pl.String,
            "distance": pl.Float64,
            "differing": pl.Int64,
            "shared": pl.Int64,
        }
        if glottocode not in codes:
            return pl.DataFrame(schema=schema)
        own = matrix[codes.index(glottocode)]
        both = (matrix > 0) & (own > 0)
        shared = both.sum(axis=1)
        differing = (both & (matrix != own)).sum(axis=1)
        frame = pl.DataFrame(
            {
                "glottocode": codes,
                "distance": differing / np.maximum(shared, 1),
                "differing": differing.astype(np.int64),
                "shared": shared.astype(np.int64),
            },
            schema=schema,
        )
        return frame.filter(pl.col("glottocode") != glottocode, pl.col("shared") >= least).sort(
            "distance", "shared", "glottocode", descending=[False, True, False]
        )

    @cached_property
    def _matrix(self) -> tuple[list[str], NDArray[np.int8]]:
        """Languages x features that count: numbers of values, 0 where there is none."""
        counting = [key for key, feature in self.features.items() if feature.counts]
        codes = list(self.values)
        matrix = np.zeros((len(codes), len(counting)), dtype=np.int8)
        for row, code in enumerate(codes):
            known = self.values[code]
            matrix[row] = [known[key].number if key in known else 0 for key in counting]
        return codes, matrix

    def _check(self, feature: str) -> None:
        if feature not in self.features:
            raise InputError(f'WALS has no feature "{feature}"; expected a key such as 81A')


def load_typology(inventory: Inventory, *, access: Access = Access()) -> Typology:
    """WALS's features, laid on the languages of an inventory.

    Raises:
        UnavailableError: WALS cannot be had; the message names the command that fetches it.
        InputError: a table of it is damaged.
    """
    atlas = read_atlas(access=access)
    return Typology(atlas.features, laid_on(inventory, atlas.entries, atlas.values))


class Atlas(NamedTuple):
    """WALS as it is published: features by key, its entries, and the values of each entry."""

    features: Mapping[str, Feature]
    entries: Sequence[WalsLanguage]
    values: Mapping[str, Mapping[str, Value]]


def read_atlas(*, access: Access = Access(), wanted: Collection[str] = ()) -> Atlas:
    """WALS's features, entries, and values by the entry's own code, then by feature.

    Args:
        wanted: keys of features; of the others no value is read. None: all.

    Raises:
        UnavailableError: WALS cannot be had; the message names the command that fetches it.
        InputError: a table of it is damaged.
    """
    files = {file.role: file for file in dataset("wals").files if file.role in ROLES}
    paths = {role: fetch(files[role], access=access).path for role in ROLES}
    features = read_features(paths)
    values = read_values(paths["values"], features, wanted)
    return Atlas(features, tuple(read_wals(paths["languages"])), values)


def read_features(paths: Mapping[str, Path]) -> dict[str, Feature]:
    """The features by key, from WALS's tables of parameters, codes, chapters and areas.

    Raises:
        InputError: a table is damaged.
    """
    areas = {row.cells["ID"]: row.cells["Name"] for row in read_table(paths["areas"], NAMED)}
    chapters = {
        row.cells["ID"]: areas.get(row.cells["Area_ID"], "")
        for row in read_table(paths["chapters"], ("ID", "Area_ID"))
    }
    names: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for row in read_table(paths["codes"], (*NAMED, "Parameter_ID", "Number")):
        where = f"{paths['codes']}:{row.line}"
        number = parse_integer(row.cells["Number"], where, low=1, high=127)
        names[row.cells["Parameter_ID"]][number] = row.cells["Name"]
    found = [
        Feature(
            row.cells["ID"],
            row.cells["Name"],
            chapters.get(row.cells["Chapter_ID"], ""),
            dict(sorted(names[row.cells["ID"]].items())),
        )
        for row in read_table(paths["parameters"], (*NAMED, "Chapter_ID"))
    ]
    return {feature.key: feature for feature in sorted(found, key=_place)}


def _place(feature: Feature) -> tuple[int, str]:
    """The atlas's order: 9A before 10A, 10A before 10B."""
    digits = "".join(filter(str.isdecimal, feature.key))
    return int(digits or 0), feature.key


def read_values(
    path: Path, features: Mapping[str, Feature], wanted: Collection[str] = ()
) -> dict[str, dict[str, Value]]:
    """The values of every entry of WALS: by its own code, then by feature.

    Args:
        wanted: keys of features; values of others are passed over. None: all are read.

    Raises:
        InputError: the table is damaged, or has a value that the features do not.
    """
    found: defaultdict[str, dict[str, Value]] = defaultdict(dict)
    for row in read_table(path, ("Language_ID", "Parameter_ID", "Value")):
        cells = row.cells
        key, entry, where = cells["Parameter_ID"], cells["Language_ID"], f"{path}:{row.line}"
        if wanted and key not in wanted:
            continue
        number = parse_integer(cells["Value"], where, low=1, high=127)
        feature = features.get(key)
        if feature is None or number not in feature.names:
            raise InputError(
                f'{where}: expected a value of codes.csv, found "{key}-{number}"; fetch wals again'
            )
        found[entry][key] = Value(number, feature.names[number], entry)
    return dict(found)


def laid_on(
    inventory: Inventory,
    entries: Iterable[WalsLanguage],
    stated: Mapping[str, Mapping[str, Value]],
) -> dict[str, dict[str, Value]]:
    """The values of an inventory's languages, the entry of WALS with most values first.

    An entry stands for the language of its glottocode, or else, where that is a dialect's or
    missing, for those of its ISO 639-3 codes.
    """
    table = inventory.table
    rows = table.select("iso639_3", "glottocode").drop_nulls().iter_rows()
    by_iso: dict[str, str] = dict(rows)
    individuals = {
        row.iso639_3: row.individual for row in builtin_languages().values() if row.individual
    }
    known = frozenset(table["glottocode"])
    found: defaultdict[str, dict[str, Value]] = defaultdict(dict)
    for entry in sorted(entries, key=lambda one: (-len(stated.get(one.wals_code, ())), one.name)):
        codes = [
            by_iso.get(code) or by_iso.get(individuals.get(code, "")) for code in entry.iso_codes
        ]
        own = [entry.glottocode] if entry.glottocode in known else codes
        for glottocode in filter(None, own):
            for key, value in stated.get(entry.wals_code, {}).items():
                found[glottocode].setdefault(key, value)
    return dict(found)
