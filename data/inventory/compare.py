"""Two to six languages side by side: facts, resources, kinship and, where WALS has both, structure.

comparison = compare(inventory, ["swah1253", "zulu1248"])
comparison.facts["family"], comparison.resources["lexicon"]
comparison.pairs[0].group                      # the nearest group that holds both
structure(typology, ["swah1253", "zulu1248"])  # the features of which WALS has all of them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from data.errors import InputError
from data.inventory.language import resources_of, row_of
from data.inventory.schema import KINDS, Inventory

if TYPE_CHECKING:
    from data.typology import Typology, Value

LEAST, MOST = 2, 6
COMPARED = (
    "endonym",
    "glottocode",
    "iso639_3",
    "bcp47",
    "family",
    "genus",
    "macroarea",
    "countries",
    "scripts",
    "speakers",
    "endangerment",
    "category",
    "resource_class",
)


class Held(NamedTuple):
    """A data set of one kind for one language; size is None where nobody has counted it."""

    dataset: str
    size: int | None
    unit: str
    licence: str
    link: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two languages: the nearest group of the tree that holds both, and how far apart they are.

    group: its name; "" for languages of different families. steps: edges up the tree and down
    again, None without a common group. kilometres: between their points, None where one has none.
    """

    left: str
    right: str
    group: str
    steps: int | None
    kilometres: float | None


@dataclass(frozen=True)
class Comparison:
    """Some languages side by side.

    rows: each language's row of the inventory. facts: by column, a value a language. resources: by
    kind, the data sets of each language, the largest first. pairs: every two of them.
    """

    rows: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, tuple[Any, ...]]
    resources: Mapping[str, tuple[tuple[Held, ...], ...]]
    pairs: tuple[Pair, ...]


class Difference(NamedTuple):
    """A feature of WALS, the value of each language (None where WALS has none), and its area."""

    feature: str
    name: str
    area: str
    values: tuple[Value | None, ...]

    @property
    def differs(self) -> bool:
        """Whether two of the values that are known are not the same."""
        return len({value.number for value in self.values if value}) > 1


def compare(inventory: Inventory, glottocodes: Sequence[str]) -> Comparison:
    """Lay languages side by side, in the order in which they are given.

    Raises:
        InputError: fewer than two or more than six, one twice, or no such language.
    """
    if not LEAST <= len(glottocodes) <= MOST or len(set(glottocodes)) < len(glottocodes):
        raise InputError(
            f"expected {LEAST} to {MOST} different languages to compare, found "
            f"{len(glottocodes)} ({', '.join(glottocodes[: MOST + 1])}); name others"
        )
    rows = tuple(row_of(inventory, code) for code in glottocodes)
    held = [_held(inventory, code) for code in glottocodes]
    return Comparison(
        rows,
        {column: tuple(row[column] for row in rows) for column in COMPARED},
        {kind: tuple(one.get(kind, ()) for one in held) for kind in KINDS},
        tuple(_pair(inventory, left, right) for left, right in combinations(rows, 2)),
    )


def structure(
    typology: Typology, glottocodes: Sequence[str], *, least: int = LEAST
) -> list[Difference]:
    """The features that WALS has of these languages, in the atlas's order.

    Args:
        least: of how many of them it must have a value.
    """
    known = [typology.of(code) for code in glottocodes]
    found = []
    for key, feature in typology.features.items():
        values = tuple(one.get(key) for one in known)
        if sum(value is not None for value in values) >= least:
            found.append(Difference(key, feature.name, feature.area, values))
    return found


def _held(inventory: Inventory, glottocode: str) -> dict[str, tuple[Held, ...]]:
    found: dict[str, tuple[Held, ...]] = {}
    for row in resources_of(inventory, glottocode).iter_rows(named=True):
        one = Held(row["dataset"], row["size"], row["unit"], row["licence"], row["link"] or "")
        found[row["kind"]] = (*found.get(row["kind"], ()), one)
    return found


def _pair(inventory: Inventory, left: Mapping[str, Any], right: Mapping[str, Any]) -> Pair:
    steps, kilometres = inventory.distances.between(left["glottocode"], right["glottocode"])
    shared = [code for code in left["lineage"] or () if code in (right["lineage"] or ())]
    names = dict(zip(left["lineage"] or (), left["groups"] or (), strict=True))
    group = names[shared[-1]] if shared else ""
    return Pair(left["glottocode"], right["glottocode"], group, steps, kilometres)
