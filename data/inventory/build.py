"""The inventory's table out of its ingredients: pure, and the same for the same ingredients.

    table, unplaced = build_table(ingredients)

Rows are Glottolog's languages (level `language`), or MASSIVE's where Glottolog cannot be had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.inventory.facts import OF_MACROLANGUAGE, Facts, collect_names, gather_facts
from data.inventory.genus import Genus, WalsLanguage, genera
from data.inventory.glottolog import Glottolog, Languoid
from data.inventory.linguameta import LinguaMetaRow
from data.inventory.massive_locales import MassiveLocale
from data.inventory.resource_class import place, resource_cells
from data.inventory.schema import SOURCED, schema
from data.language_names import rows as builtin_languages
from data.languages import resolve

if TYPE_CHECKING:
    import polars

    from data.resources import Resource

WALS = "wals"
INFERRED = "wals-inferred"


@dataclass(frozen=True)
class Ingredients:
    """What an inventory is made of.

    genera: WALS's languages, or MASSIVE's in their stead. resources: None where the list of them
    cannot be read. keys: the names of the sources with their versions, by the names in the code.
    """

    glottolog: Glottolog
    genera: tuple[WalsLanguage, ...]
    linguameta: tuple[LinguaMetaRow, ...]
    resources: tuple[Resource, ...] | None
    keys: Mapping[str, str]


def build_table(ingredients: Ingredients) -> tuple[polars.DataFrame, list[Resource]]:
    """The table, sorted by name, and the resources that count for no row."""
    import polars as pl

    glottolog = ingredients.glottolog
    known = collect_names(glottolog, ingredients.linguameta)
    found = [gather_facts(languoid, glottolog, known) for languoid in glottolog.languages.values()]
    _add_genera(found, genera(glottolog, ingredients.genera))
    _add_speakers_alone(found, known.lent)
    unplaced = _add_resources(found, ingredients.resources, glottolog.dialects)
    rows = [
        {**facts.cells, "sources": _source_keys(facts, ingredients.keys)}
        for facts in sorted(
            found, key=lambda facts: (facts.cells["name"], facts.cells["glottocode"])
        )
    ]
    return pl.DataFrame(rows, schema=schema()), unplaced


def _source_keys(facts: Facts, keys: Mapping[str, str]) -> dict[str, str | None]:
    return {
        column: keys[source] if (source := facts.sources.get(column)) else None
        for column in SOURCED
    }


def _add_genera(found: Iterable[Facts], known: Mapping[str, Genus]) -> None:
    for facts in found:
        genus = known.get(facts.cells["glottocode"])
        source = INFERRED if genus and genus.inferred else WALS
        facts.take("genus", (genus and genus.name, source))
        facts.cells["genus_inferred"] = genus.inferred if genus else None


def _add_resources(
    found: Iterable[Facts], resources: tuple[Resource, ...] | None, dialects: Mapping[str, str]
) -> list[Resource]:
    """Count the resources of every row; what carries a dialect's code counts for its language."""
    rows = {facts.cells["glottocode"]: facts.cells for facts in found}
    for code in dict.fromkeys(entry.glottocode or "" for entry in resources or ()):
        if code in dialects:
            rows[dialects[code]]["includes"].append(code)
    placed, unplaced = place(resources or (), list(rows.values()))
    for glottocode, row in rows.items():
        row.update(resource_cells(None if resources is None else placed.get(glottocode, [])))
    return unplaced


def _add_speakers_alone(found: Sequence[Facts], lent: Collection[str]) -> None:
    """Speakers that no other row counts, so that sums count nobody twice.

    A macrolanguage's figure, which the language that it stands for takes over, holds those of
    its other members; so theirs are taken off it. Where theirs are more than the whole (Malay and
    Indonesian), the whole plainly leaves them out, and stays as it is. lent: languages whose
    figure another row has taken over whole.
    """
    by_macrolanguage: dict[str, int] = {}
    for facts in found:
        macrolanguage = facts.cells["macrolanguage"]
        if macrolanguage and facts.sources.get("speakers") != OF_MACROLANGUAGE:
            others = by_macrolanguage.get(macrolanguage, 0)
            by_macrolanguage[macrolanguage] = others + (facts.cells["speakers"] or 0)
    for facts in found:
        speakers = facts.cells["speakers"]
        if speakers is not None and facts.sources["speakers"] == OF_MACROLANGUAGE:
            others = by_macrolanguage.get(facts.cells["macrolanguage"] or "", 0)
            speakers = speakers - others if others <= speakers else speakers
        facts.cells["speakers_alone"] = None if facts.cells["glottocode"] in lent else speakers


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
