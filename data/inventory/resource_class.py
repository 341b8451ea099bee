"""Which resources the project's catalog has for each language, and the class that follows.

A resource counts for the row whose glottocode or BCP-47 tag it carries, or that includes either:
what is filed under `hr` (Croatian, in Glottolog a dialect) or `ku` (a macrolanguage) counts for
sout1528 and kmr. What is filed under the code of a group that stands for no single language (`ber`)
counts for none, and a note of the inventory names it.

The class of a language is the number of kinds of resource, of the seven, that are large enough to
be of use (USEFUL_SIZES), at most 5. A language whose resources are all smaller, or of unknown size,
is of class 1, one without any of class 0:

0  nothing in the catalog          3  three kinds of useful size
1  one kind, or only small ones    4  four kinds
2  two kinds                       5  five or more kinds

The scale of six steps is that of Joshi et al. 2020 (https://aclanthology.org/2020.acl-main.560).
The rule is not: they count labelled and unlabelled text of the whole web, this counts what this
project can fetch. The two must not be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data.inventory.schema import KINDS

if TYPE_CHECKING:
    from data.resources import Resource

# Records from which a resource is of use: a test set that tells systems apart, a lexicon or
# table that covers frequent words, enough sentences to train a tagger or classifier on.
USEFUL_SIZES = {
    "test_set": 500,
    "lexicon": 1000,
    "inflection": 1000,
    "tagged": 500,
    "parallel": 1000,
    "utterances": 500,
    "labelled": 500,
}


def resource_class(sizes: Mapping[str, int | None]) -> int:
    """The class of a language with these kinds of resource; None is an unknown size.

    >>> resource_class({}), resource_class({"lexicon": None}), resource_class({"lexicon": 4000})
    (0, 1, 1)
    >>> resource_class({"test_set": 1997, "lexicon": 4000, "parallel": 40})
    2
    """
    useful = sum((size or 0) >= USEFUL_SIZES[kind] for kind, size in sizes.items())
    return min(5, max(useful, 1)) if sizes else 0


def place(
    resources: Iterable[Resource], rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, list[Resource]], list[Resource]]:
    """Resources by the glottocode of the row that they count for, and those of no row."""
    by_code = {row["glottocode"]: row["glottocode"] for row in rows}
    for row in rows:
        by_code |= dict.fromkeys(row["includes"], row["glottocode"])
    by_code |= {row["bcp47"]: row["glottocode"] for row in rows if row["bcp47"]}
    placed: dict[str, list[Resource]] = defaultdict(list)
    unplaced = []
    for resource in resources:
        glottocode = by_code.get(resource.glottocode or "") or by_code.get(resource.language)
        if glottocode:
            placed[glottocode].append(resource)
        else:
            unplaced.append(resource)
    return dict(placed), unplaced


def sizes(resources: Iterable[Resource]) -> dict[str, int | None]:
    """Records by kind; where some sizes are unknown, the sum of the others; None if all are."""
    known: dict[str, int | None] = {}
    for resource in resources:
        known.setdefault(resource.kind, None)
        if resource.size is not None:
            known[resource.kind] = (known[resource.kind] or 0) + resource.size
    return known


def resource_cells(resources: Sequence[Resource] | None) -> dict[str, Any]:
    """The cells of a row that tell of its resources; all unknown where the list is (None)."""
    if resources is None:
        return dict.fromkeys((*KINDS, "kinds", "resource_class"))
    known = sizes(resources)
    cells: dict[str, Any] = {kind: known.get(kind, 0) for kind in KINDS}
    cells["kinds"] = [kind for kind in KINDS if kind in known]
    cells["resource_class"] = resource_class(known)
    return cells
