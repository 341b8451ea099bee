"""The inventory's table out of its ingredients: pure, and the same for the same ingredients.

    table, unplaced = build_table(ingredients)

Rows are Glottolog's languages (level `language`), or MASSIVE's where Glottolog cannot be had.

A resource counts for the row whose glottocode or BCP-47 tag it carries, or that includes either:
what is filed under `hr` (Croatian, in Glottolog a dialect) or `ku` (a macrolanguage) counts for
sout1528 and kmr. What is filed under the code of a group that stands for no single language (`ber`)
counts for none, and a note of the inventory names it.

Beside the catalog stand lists of what exists (data.resources.listed): `kinds` is what the catalog
has, `exists` what there is at all, and the number of a kind is the larger of what the catalog has
and of what the largest listed set has. Sets are not added up, for they share texts.

The class of a language is the number of kinds of resource, of eight, that are large enough to be of
use (USEFUL_SIZES), at most 5. A language whose resources are all smaller, of other kinds or of
unknown size is of class 1, one without any data of class 0:

0  no list knows any               3  three kinds of useful size
1  one kind, or only small ones    4  four kinds
2  two kinds                       5  five or more kinds

The scale of six steps is that of Joshi et al. 2020 (https://aclanthology.org/2020.acl-main.560).
The rule is not: they count labelled and unlabelled text of the whole web, this counts kinds of data
that lists name. The two must not be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from data.inventory.facts import SEVERAL, Facts, add_names, collect_names, gather_facts
from data.inventory.genus import WalsLanguage, genera, wals_entries
from data.inventory.glottolog import DIALECT, Glottolog, Languoid
from data.inventory.overrides import Override, apply
from data.inventory.references import LinguaMetaRow, MassiveLocale
from data.inventory.schema import KINDS, SOURCED, schema
from data.inventory.speakers import settle_speakers
from data.language_names import rows as builtin_languages
from data.languages import resolve
from data.resources.listed import (
    DATA_KINDS,
    NAMING,
    Fact,
    Role,
    facts_of_codes,
    is_religious_only,
    iso_codes_of,
    kinds_of,
    sizes_of,
)

if TYPE_CHECKING:
    import polars

    from data.resources import Resource


# Records from which a resource is of use: a test set that tells systems apart, a lexicon or
# table that covers frequent words, enough sentences to train a tagger or classifier on; of plain
# text, sentences enough for a vocabulary.
USEFUL_SIZES = {
    "test_set": 500,
    "lexicon": 1000,
    "inflection": 1000,
    "tagged": 500,
    "parallel": 1000,
    "utterances": 500,
    "labelled": 500,
    "text": 10_000,
}

WALS = "wals"
INFERRED = "wals-inferred"


COLUMN_OF_ROLE: Mapping[Role, str] = {
    "data": "exists",
    "model": "models",
    "software": "software",
    "typology": "typology",
}
RESOURCE_CELLS = (
    *KINDS,
    *("kinds", "exists", "models", "software", "typology"),
    *("religious_only", "listed", "resource_class"),
)


def resource_class(sizes: Mapping[str, int | None]) -> int:
    """The class of a language with these kinds of resource; None is an unknown size.

    >>> resource_class({}), resource_class({"lexicon": None}), resource_class({"lexicon": 4000})
    (0, 1, 1)
    >>> resource_class({"test_set": 1997, "lexicon": 4000, "parallel": 40})
    2
    """
    useful = sum((sizes.get(kind) or 0) >= least for kind, least in USEFUL_SIZES.items())
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


@cache
def _by_code() -> Mapping[str, Sequence[int]]:
    """The numbers of the catalog's resources by the codes that they may be found under."""
    from data.resources import resources

    found: dict[str, list[int]] = defaultdict(list)
    for number, resource in enumerate(resources()):
        for code in {resource.glottocode or "", resource.language}:
            found[code].append(number)
    return found


def resources_for(row: Mapping[str, Any]) -> list[Resource]:
    """The catalog's resources that count for a row: as `place` has it for this row alone."""
    from data.resources import resources

    codes = dict.fromkeys([row["glottocode"], *(row["includes"] or ()), row["bcp47"]])
    known, every = _by_code(), resources()
    numbers = {number for code in filter(None, codes) for number in known.get(code, ())}
    return [every[number] for number in sorted(numbers)]


def sizes(resources: Iterable[Resource]) -> dict[str, int | None]:
    """Records by kind; where some sizes are unknown, the sum of the others; None if all are."""
    known: dict[str, int | None] = {}
    for resource in resources:
        known.setdefault(resource.kind, None)
        if resource.size is not None:
            known[resource.kind] = (known[resource.kind] or 0) + resource.size
    return known


def resource_cells(
    resources: Sequence[Resource] | None, listed: Sequence[Fact] = ()
) -> dict[str, Any]:
    """The cells of a row that tell of its resources; all unknown where the catalog's are (None).

    listed: what the lists name for the language.
    """
    if resources is None:
        return dict.fromkeys(RESOURCE_CELLS)
    own, named = sizes(resources), sizes_of(listed)
    known = {
        kind: max((s for s in (own.get(kind), named.get(kind)) if s is not None), default=None)
        for kind in DATA_KINDS
        if kind in own or kind in named
    }
    cells: dict[str, Any] = {kind: known.get(kind, 0) for kind in KINDS}
    cells["kinds"] = [kind for kind in KINDS if kind in own]
    cells["exists"] = list(known)
    for role in ("model", "software", "typology"):
        cells[COLUMN_OF_ROLE[role]] = kinds_of(listed, role)
    cells["religious_only"] = is_religious_only(listed) and not (own.keys() & {"parallel"})
    cells["listed"] = len(listed)
    cells["resource_class"] = resource_class(known)
    return cells


def listed_for(row: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What the lists name for a row, under any code that counts for it."""
    return facts_of_codes(iso_codes_of(row["iso639_3"], [row["bcp47"], *row["includes"]]))


@dataclass(frozen=True)
class Ingredients:
    """What an inventory is made of.

    genera: WALS's languages, or MASSIVE's in their stead. resources: None where the list of them
    cannot be read. keys: the names of the sources with their versions, by the names in the code.
    names: other names of languages, by glottocode, to be found by. overrides: rows that stand above
    all sources. listed: whether the lists of what exists count (data.resources.listed).
    """

    glottolog: Glottolog
    genera: tuple[WalsLanguage, ...]
    linguameta: tuple[LinguaMetaRow, ...]
    resources: tuple[Resource, ...] | None
    keys: Mapping[str, str]
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    listed: bool = False


def build_table(ingredients: Ingredients) -> tuple[polars.DataFrame, list[Resource]]:
    """The table, sorted by name, and the resources that count for no row."""
    import polars as pl

    glottolog = ingredients.glottolog
    known = collect_names(glottolog, ingredients.linguameta)
    entries = [*glottolog.languages.values(), *glottolog.varieties.values()]
    found = [gather_facts(entry, glottolog, known) for entry in entries]
    _add_genera(found, ingredients)
    listed = {} if ingredients.resources is None else _listed(found, ingredients)
    _add_names(found, ingredients, listed)
    overridden = apply(ingredients.overrides, {facts.cells["glottocode"]: facts for facts in found})
    figures = {code for code, columns in overridden.items() if "speakers" in columns}
    settle_speakers(found, known, figures, lambda code: not listed or _has_data(listed[code]))
    unplaced = _add_resources(found, ingredients.resources, glottolog.dialects, listed)
    rows = [
        {**facts.cells, "sources": _source_keys(facts, ingredients.keys)}
        for facts in sorted(
            found, key=lambda facts: (facts.cells["name"], facts.cells["glottocode"])
        )
    ]
    return pl.DataFrame(rows, schema=schema()), unplaced


def _source_keys(facts: Facts, keys: Mapping[str, str]) -> dict[str, str | None]:
    """The sources of the cells by their keys; of a cell that has several, joined."""
    return {
        column: SEVERAL.join(keys.get(name, name) for name in source.split(SEVERAL))
        if (source := facts.sources.get(column))
        else None
        for column in SOURCED
    }


def _add_genera(found: Iterable[Facts], ingredients: Ingredients) -> None:
    """The genus of every language, and its code in WALS; a dialect has those of its language."""
    glottolog = ingredients.glottolog
    known = genera(glottolog, ingredients.genera)
    entries = wals_entries(glottolog, ingredients.genera)
    for facts in found:
        code = glottolog.language_of(facts.cells["glottocode"]) or ""
        genus = known.get(code)
        source = INFERRED if genus and genus.inferred else WALS
        facts.take("genus", (genus and genus.name, source))
        facts.cells["genus_inferred"] = genus.inferred if genus else None
        facts.cells["wals_code"] = entries[code][0].wals_code if code in entries else None


def _listed(found: Iterable[Facts], ingredients: Ingredients) -> dict[str, tuple[Fact, ...]]:
    """What the lists name for each row, by glottocode, if they are asked."""
    if not ingredients.listed:
        return {}
    return {facts.cells["glottocode"]: listed_for(facts.cells) for facts in found}


def _add_names(
    found: Iterable[Facts], ingredients: Ingredients, listed: Mapping[str, Iterable[Fact]]
) -> None:
    """The names by which WALS, Glottolog's other sources and the publishers of data know it."""
    glottolog = ingredients.glottolog
    called: dict[str, list[str]] = defaultdict(list)
    for code, names in ingredients.names.items():
        called[code] += names
    for code, entries in wals_entries(glottolog, ingredients.genera).items():
        for entry in entries:  # what is one of a dialect's names is none of its language's
            own_row = entry.glottocode in glottolog.varieties
            called[entry.glottocode or "" if own_row else code].append(entry.name)
    for facts in found:
        code = facts.cells["glottocode"]
        own = [fact.name for fact in listed.get(code, ()) if fact.of.key in NAMING]
        add_names(facts, [*called.get(code, ()), *own])


def _has_data(listed: Iterable[Fact]) -> bool:
    return any(fact.of.role == "data" and fact.exists for fact in listed)


def _add_resources(
    found: Iterable[Facts],
    resources: tuple[Resource, ...] | None,
    dialects: Mapping[str, str],
    listed: Mapping[str, tuple[Fact, ...]],
) -> list[Resource]:
    """Count the resources of every row; what carries a dialect's code counts for its language."""
    rows = {facts.cells["glottocode"]: facts.cells for facts in found}
    for code in dict.fromkeys(entry.glottocode or "" for entry in resources or ()):
        if code in dialects:
            rows[dialects[code]]["includes"].append(code)
    languages = [row for row in rows.values() if row["category"] != DIALECT]
    varieties = [row for row in rows.values() if row["category"] == DIALECT]
    placed, unplaced = place(resources or (), languages)
    placed |= place(resources or (), varieties)[0]
    for glottocode, row in rows.items():
        own = None if resources is None else placed.get(glottocode, [])
        row.update(resource_cells(own, listed.get(glottocode, ())))
    return unplaced


def builtin_glottolog(locales: Iterable[MassiveLocale]) -> Glottolog:
    """MASSIVE's languages in the form of Glottolog's, for a machine that can reach nothing."""
    languages: dict[str, Languoid] = {}
    for locale in locales:
        language = resolve(locale.locale)
        row = builtin_languages().get(language.bcp47)
        languages.setdefault(
            locale.glottocode,
            Languoid(
                glottocode=locale.glottocode,
                name=locale.language,
                level="language",
                macroarea=None,
                latitude=None,
                longitude=None,
                iso639_3=(row and row.individual) or language.iso639_3,
                countries=(locale.country,),
                family=locale.family,
                language=None,
                is_isolate=False,
            ),
        )
    families = {languoid.family: languoid.family for languoid in languages.values()}
    return Glottolog(languages, {}, {name: name for name in families if name}, {})


def builtin_genera(locales: Iterable[MassiveLocale]) -> tuple[WalsLanguage, ...]:
    """The genera of MASSIVE's languages in the form of those of WALS."""
    return tuple(
        WalsLanguage(entry.locale, entry.language, entry.glottocode, (), entry.family, entry.genus)
        for entry in locales
    )
