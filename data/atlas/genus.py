"""Which genus a language belongs to: what WALS says, and what follows from it.

WALS gives a genus to some 2,500 languages. Where it has none for a language, one is inferred
from Glottolog's tree: go up from the language to the first group that has any language of WALS
in it; if all of those share one genus, it is the language's, and marked as inferred. So a Romance
language that WALS leaves out is Romance, and one on a branch that WALS has never sampled stays
without a genus when the next group up holds several.

Codes of dialects count for their language. Where the entries of WALS for one language disagree
(the Bari of two genera), they are no evidence, and the language is treated as one without a genus.
Languages of pseudo-families have no tree, so nothing is inferred for them. What WALS calls a
creole, a pidgin or a sign language has no genus. It does not speak against the genus of the others
in its group, but where a group has only such evidence, nothing is inferred from wider ones: a
creole that WALS leaves out, in a group of creoles, does not become Germanic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from data.atlas.glottolog import Glottolog
from data.atlas.names import iso_codes
from data.atlas.wals import NO_GENERA, WalsLanguage
from data.language_names import rows


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
    for glottocode in glottolog.languages:
        if glottocode not in stated:
            shared = _shared(glottolog.lineages.get(glottocode, ()), evidence)
            if shared:
                found[glottocode] = Genus(shared, True)
    return {code: genus for code, genus in found.items() if genus.name not in NO_GENERA}


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
    said: dict[str, set[str]] = defaultdict(set)
    for entry in wals:
        for glottocode in _languages(entry, glottolog, by_iso):
            said[glottocode].add(entry.genus)
    return {glottocode: min(names) for glottocode, names in said.items() if len(names) == 1}


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
