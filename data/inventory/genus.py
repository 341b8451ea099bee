"""Which genus a language belongs to: what WALS says, and what follows from it.

WALS gives a genus to some 2,500 languages. Where it has none for a language, one is inferred
from Glottolog's tree: go up from the language to the first group that has any language of WALS
in it; if all of those share one genus, it is the language's, and marked as inferred. So a Romance
language that WALS leaves out is Romance, and one on a branch that WALS has never sampled stays
without a genus when the next group up holds several. Where Glottolog has a group of the genus's
name, and all that WALS has of the genus in that family stands below it, the language must stand
below it too: Latin and Oscan are no Romance languages, although all that WALS has of Italic is
Romance.

Codes of dialects count for their language. Where the entries of WALS for one language disagree
(the Bari of two genera), they are no evidence, and the language is treated as one without a genus.
Languages of pseudo-families have no tree, so nothing is inferred for them. What WALS calls a
creole, a pidgin or a sign language has no genus. It does not speak against the genus of the others
in its group, but where a group has only such evidence, nothing is inferred from wider ones: a
creole that WALS leaves out, in a group of creoles, does not become Germanic.

The World Atlas of Language Structures is `python -m data.catalog fetch wals`. A genus (Dryer 1989)
is a group of related languages whose kinship anybody can see: Germanic, Bantu, Semitic. It is at
most some 3,500 to 4,000 years old, so genera of different families can be compared. Two of WALS's
genera are no such groups, Sign Languages, and Creoles and Pidgins (NO_GENERA): they say what a
language is, while its kin is unknown or several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError
from data.inventory.facts import iso_codes
from data.inventory.glottolog import Glottolog, read_table
from data.language_names import rows

ROOT = ""  # of genera that no group of the tree is
NO_GENERA = ("Sign Languages", "Creoles and Pidgins")
COLUMNS = ("ID", "Name", "Glottocode", "ISO639P3code", "ISO_codes", "Family", "Genus")


@dataclass(frozen=True, slots=True)
class WalsLanguage:
    """A language of WALS: its own code, the codes of others for it, family and genus.

    glottocode: may be that of a dialect; None where WALS describes several languages together,
    Azerbaijani (azb, azj) for instance. family: WALS's own, which is not always Glottolog's.
    """

    wals_code: str
    name: str
    glottocode: str | None
    iso_codes: tuple[str, ...]
    family: str
    genus: str


def read_wals(languages_csv: Path) -> Iterator[WalsLanguage]:
    """Yield the languages of `cldf/languages.csv` that have a genus.

    The rows of genealogy that the table holds as well (families, genera) have none.

    Raises:
        InputError: the file is no such table, or no row has a genus.
    """
    found = False
    for row in read_table(languages_csv, COLUMNS):
        cells = row.cells
        if not cells["Genus"]:
            continue
        found = True
        codes = [*cells["ISO_codes"].split(), cells["ISO639P3code"]]
        yield WalsLanguage(
            wals_code=cells["ID"],
            name=cells["Name"],
            glottocode=cells["Glottocode"] or None,
            iso_codes=tuple(dict.fromkeys(filter(None, codes))),
            family=cells["Family"],
            genus=cells["Genus"],
        )
    if not found:
        raise InputError(f"{languages_csv}: expected languages with a genus, found none")


class Genus(NamedTuple):
    """A genus, and whether it was inferred from the tree."""

    name: str
    inferred: bool


def genera(glottolog: Glottolog, wals: Iterable[WalsLanguage]) -> dict[str, Genus]:
    """The genus of every language that has one, by glottocode."""
    stated = _stated(glottolog, wals)
    evidence: dict[str, set[str]] = defaultdict(set)
    for glottocode, genus in stated.items():
        for group in glottolog.lineages.get(glottocode, ()):
            evidence[group].add(genus)
    found = {glottocode: Genus(genus, False) for glottocode, genus in stated.items()}
    groups = _groups_of_genera(glottolog, stated)
    for glottocode in glottolog.languages:
        lineage = glottolog.lineages.get(glottocode, ())
        shared = None if glottocode in stated else _shared(lineage, evidence)
        if shared and groups.get(shared, ROOT) in (ROOT, *lineage):
            found[glottocode] = Genus(shared, True)
    return {code: genus for code, genus in found.items() if genus.name not in NO_GENERA}


def wals_entries(
    glottolog: Glottolog, wals: Iterable[WalsLanguage]
) -> dict[str, list[WalsLanguage]]:
    """What WALS has of each language, by glottocode; several entries where it parts dialects."""
    by_iso = iso_codes(glottolog)
    entries: dict[str, list[WalsLanguage]] = defaultdict(list)
    for entry in wals:
        for glottocode in _languages(entry, glottolog, by_iso):
            entries[glottocode].append(entry)
    return entries


def _groups_of_genera(glottolog: Glottolog, stated: Mapping[str, str]) -> dict[str, str]:
    """The group of the tree that is a genus: of its name, and above all that WALS has of it."""
    of_genus: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for glottocode, genus in stated.items():
        of_genus[genus].append(glottolog.lineages.get(glottocode, ()))
    found = {}
    for group, name in glottolog.families.items():
        lineages = of_genus.get(name, [])
        if lineages and all(group in lineage for lineage in lineages):
            found[name] = group
    return found


def _shared(lineage: tuple[str, ...], evidence: Mapping[str, set[str]]) -> str | None:
    """The one genus of the nearest group with evidence; None where there are several.

    >>> _shared(("indo", "ital", "west"), {"indo": {"Romance", "Greek"}, "ital": {"Romance"}})
    'Romance'
    """
    known = next((evidence[group] for group in reversed(lineage) if group in evidence), set())
    names = known.difference(NO_GENERA)
    return names.pop() if len(names) == 1 else None


def _stated(glottolog: Glottolog, wals: Iterable[WalsLanguage]) -> dict[str, str]:
    """What WALS says, by glottocode of the language, where it says one thing."""
    by_iso = iso_codes(glottolog)
    genera_of: dict[str, set[str]] = defaultdict(set)
    for entry in wals:
        for glottocode in _languages(entry, glottolog, by_iso):
            genera_of[glottocode].add(entry.genus)
    return {glottocode: min(names) for glottocode, names in genera_of.items() if len(names) == 1}


def _languages(
    entry: WalsLanguage, glottolog: Glottolog, by_iso: Mapping[str, str]
) -> Iterator[str]:
    """The languages that an entry of WALS describes: by glottocode, else by its ISO codes."""
    own = glottolog.language_of(entry.glottocode) if entry.glottocode else None
    if own:
        yield own
        return
    for code in entry.iso_codes:
        glottocode = by_iso.get(code) or by_iso.get(_individuals().get(code, ""))
        if glottocode:
            yield glottocode


def _individuals() -> dict[str, str]:
    """The individual language that a macrolanguage mostly means: als for sqi."""
    return {row.iso639_3: row.individual for row in rows().values() if row.individual}
