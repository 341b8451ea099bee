"""One language's facts, each with the source it was taken from; codes that mean it elsewhere.

A fact is taken from the first source that has it, and the others are not mixed in:

name, family, macroarea, place, category    Glottolog
countries                                   Glottolog, else LinguaMeta
endonym, scripts                            LinguaMeta, else CLDR as langcodes carries it
speakers, endangerment                      LinguaMeta
macrolanguage                               LinguaMeta, else the IANA registry (langcodes)
BCP-47 tag                                  the IANA registry (langcodes)

LinguaMeta states most figures of Swahili, Arabic or Quechua for the macrolanguage only (`sw`, `ar`,
`qu`), which Glottolog does not have. The individual language that data.languages lets it stand for
(swh, arb, quz) takes the figures that it lacks itself from there; the source says so.

Which codes and which rows of LinguaMeta mean which of Glottolog's languages (`collect_names`):
ISO 639-3 codes are the bridge, glottocodes the second one. Where they lead to no language, a
macrolanguage goes to the individual language that it stands for, and what Glottolog calls a dialect
to its language (Croatian). Filipino, which data.languages files with Tagalog under one tag, has a
row of its own in Glottolog: it keeps its figures, lends them to Tagalog, and counts in no sum of
speakers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from langcodes.data_dicts import MACROLANGUAGES

from data import language_names as names
from data.inventory.glottolog import Glottolog, Languoid
from data.inventory.references import LinguaMetaRow
from data.languages import resolve

LANGCODES = "langcodes"
GLOTTOLOG = "glottolog"
LINGUAMETA = "linguameta"
OF_MACROLANGUAGE = "linguameta-macrolanguage"


@dataclass(frozen=True)
class Names:
    """What else is known of the languages, by glottocode.

    own: LinguaMeta's row for the language itself. wider: that of the macrolanguage that it stands
    for. tags: its BCP-47 tag. includes: other tags that count for it. called: more names. lent: the
    languages whose row is the wider one of another.
    """

    own: Mapping[str, LinguaMetaRow]
    wider: Mapping[str, LinguaMetaRow]
    tags: Mapping[str, str]
    includes: Mapping[str, tuple[str, ...]]
    called: Mapping[str, tuple[str, ...]]
    lent: frozenset[str]


def collect_names(glottolog: Glottolog, linguameta: Iterable[LinguaMetaRow]) -> Names:
    """Lay LinguaMeta's rows and the built-in languages beside Glottolog's languages."""
    by_iso = iso_codes(glottolog)
    tags = bcp47_tags(glottolog)
    own: dict[str, LinguaMetaRow] = {}
    wider: dict[str, LinguaMetaRow] = {}
    includes: dict[str, list[str]] = defaultdict(list)
    called: dict[str, list[str]] = defaultdict(list)
    lent = set()
    for row in linguameta:
        glottocode = by_iso.get(row.iso639_3)
        stands_for = by_iso.get(_individual(row.bcp47))
        language = glottolog.language_of(row.glottocode or "")
        if glottocode:
            own[glottocode] = row
        if stands_for and stands_for != glottocode:
            wider[stands_for] = row
            lent.add(glottocode or "")
        elif not glottocode and language and language == row.glottocode:
            own.setdefault(language, row)
        elif not glottocode and language:
            includes[language].append(row.bcp47)
            called[language] += [row.name, row.endonym or ""]
    for tag, entry in names.rows().items():
        language = glottolog.language_of(entry.glottocode) or by_iso.get(entry.individual)
        if language:
            called[language] += [entry.name, *entry.aliases.split("; ")]
            includes[language].append(tag)
    rows_of_tags = frozenset(tags.values())
    return Names(
        own=own,
        wider=wider,
        tags=tags,
        includes=_each_once(includes, without=rows_of_tags),
        called=_each_once(called),
        lent=frozenset(lent),
    )


def iso_codes(glottolog: Glottolog) -> dict[str, str]:
    """Glottocodes of languages by ISO 639-3 code."""
    return {
        languoid.iso639_3: glottocode
        for glottocode, languoid in glottolog.languages.items()
        if languoid.iso639_3
    }


def _each_once(
    lists: Mapping[str, list[str]], without: frozenset[str] = frozenset()
) -> dict[str, tuple[str, ...]]:
    return {
        key: tuple(dict.fromkeys(text for text in texts if text and text not in without))
        for key, texts in lists.items()
    }


def _individual(tag: str) -> str:
    row = names.rows().get(tag)
    return row.individual if row else ""


def bcp47_tags(glottolog: Glottolog) -> dict[str, str]:
    """BCP-47 tags by glottocode, each given once; codes that ISO has retired have none."""
    tags: dict[str, str] = {}
    taken: dict[str, str] = {}
    for iso639_3, glottocode in iso_codes(glottolog).items():
        tag, usual = _tag(iso639_3)
        if tag is None or (tag in taken and usual != glottocode):
            continue
        if tag in taken:
            del tags[taken[tag]]
        tags[glottocode], taken[tag] = tag, glottocode
    return tags


def _tag(iso639_3: str) -> tuple[str | None, str | None]:
    """The tag of an ISO 639-3 code, and the glottocode that the tag usually goes with."""
    if names.known(iso639_3) is None:  # one that ISO has retired; resolve would look for near names
        return None, None
    language = resolve(iso639_3)
    exact = iso639_3 in (language.iso639_3, language.individual)
    return (language.bcp47, language.glottocode) if exact else (None, None)


@dataclass
class Facts:
    """The cells of one row, and the source of each that has one."""

    cells: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)

    def take(self, column: str, *candidates: tuple[Any, str]) -> None:
        """Fill a cell with the first value that is known; empty texts and lists are unknown."""
        for value, source in candidates:
            if value is not None and value not in ("", ()):
                self.cells[column] = list(value) if isinstance(value, tuple) else value
                self.sources[column] = source
                return
        self.cells[column] = None


def gather_facts(languoid: Languoid, glottolog: Glottolog, known: Names) -> Facts:
    """All facts of a language but genus and resources."""
    own, wider = known.own.get(languoid.glottocode), known.wider.get(languoid.glottocode)
    tag = known.tags.get(languoid.glottocode)
    facts = Facts()
    _take_from_glottolog(facts, languoid, glottolog)
    facts.take("bcp47", (tag, LANGCODES))
    facts.take("countries", (languoid.countries, GLOTTOLOG), *_stated("countries", own, wider))
    facts.take("endonym", *_stated("endonym", own, wider), (autonym(tag), LANGCODES))
    facts.take("scripts", *_stated("scripts", own, wider), (_likely_script(tag), LANGCODES))
    facts.take("speakers", *_stated("speakers", own, wider))
    facts.take("endangerment", *_stated("endangerment", own, wider))
    registered = MACROLANGUAGES.get(languoid.iso639_3 or "")
    facts.take("macrolanguage", (own and own.macrolanguage, LINGUAMETA), (registered, LANGCODES))
    facts.cells["includes"] = list(known.includes.get(languoid.glottocode, ()))
    facts.cells["search"] = _search(languoid, facts, known)
    return facts


def _take_from_glottolog(facts: Facts, languoid: Languoid, glottolog: Glottolog) -> None:
    category = glottolog.category(languoid)
    lineage = glottolog.lineages.get(languoid.glottocode, ())
    family = languoid.family if category == "spoken" else None
    facts.take("family", (glottolog.families.get(family or ""), GLOTTOLOG))
    facts.take("lineage", (lineage, GLOTTOLOG))
    facts.take("category", (category, GLOTTOLOG))
    for column in ("glottocode", "name", "macroarea", "latitude", "longitude", "iso639_3"):
        facts.take(column, (getattr(languoid, column), GLOTTOLOG))
    facts.take("is_isolate", (languoid.is_isolate, GLOTTOLOG))
    # MASSIVE's table, which stands in where there is no Glottolog, knows families by name only.
    facts.cells["family_glottocode"] = family if family != facts.cells["family"] else None
    facts.cells["groups"] = [glottolog.families[group] for group in lineage] or None


def _stated(
    column: str, own: LinguaMetaRow | None, wider: LinguaMetaRow | None
) -> tuple[tuple[Any, str], tuple[Any, str]]:
    """What LinguaMeta states for the language, then for the macrolanguage that it stands for."""
    return (
        (getattr(own, column, None), LINGUAMETA),
        (getattr(wider, column, None), OF_MACROLANGUAGE),
    )


def autonym(tag: str | None) -> str | None:
    """What CLDR calls a language in the language itself.

    >>> autonym("sw"), autonym("aaa")
    ('Kiswahili', None)
    """
    if not tag:
        return None
    from language_data.names import code_to_names  # type: ignore[import-untyped]

    found: str | None = code_to_names(tag).get(tag)
    return found


def _likely_script(tag: str | None) -> tuple[str, ...]:
    usual = names.likely(tag) if tag else None
    return (usual[1],) if usual else ()


def _search(languoid: Languoid, facts: Facts, known: Names) -> str:
    """All names and codes, folded; what `select(text=...)` looks in."""
    rows = (known.own.get(languoid.glottocode), known.wider.get(languoid.glottocode))
    cells = facts.cells
    texts = [languoid.name, cells["endonym"], cells["bcp47"], languoid.iso639_3]
    texts += [languoid.glottocode, *cells["includes"], *known.called.get(languoid.glottocode, ())]
    texts += [text for row in rows if row for text in (row.name, row.endonym, row.bcp47)]
    folded = (names.fold(text) for text in texts if text)
    return " | ".join(dict.fromkeys(folded))
