"""One language's facts, each with the source it was taken from; codes that mean it elsewhere.

A fact is taken from the first source that has it, and the others are not mixed in; scripts alone
are those of all sources:

name, family, macroarea, place, category    Glottolog; of a dialect, the IANA registry's name
countries                                   Glottolog, else LinguaMeta
endonym                                     CLDR as langcodes carries it, else LinguaMeta
scripts                                     LinguaMeta and CLDR (data/tables/scripts.tsv)
speakers                                    LinguaMeta, else CLDR: see data.inventory.speakers
endangerment                                LinguaMeta
macrolanguage                               LinguaMeta, else the IANA registry (langcodes)
BCP-47 tag                                  the IANA registry (langcodes)

Above all of them stand the rows of data/tables/overrides.tsv (data.inventory.overrides).

LinguaMeta states most figures of Swahili, Arabic or Quechua for the macrolanguage only (`sw`, `ar`,
`qu`), which Glottolog does not have. The individual language that data.languages lets it stand for
(swh, arb, quz) takes what it lacks itself from there, and the macrolanguage's scripts are among its
own; other members take the scripts of the macrolanguage where they have none. The source says so.

An own name in letters of a script that the language is not written in is passed over: LinguaMeta
has such names where it took another language's for it.

Which codes and which rows of LinguaMeta mean which of Glottolog's languages (`collect_names`):
ISO 639-3 codes are the bridge, glottocodes the second one. Where they lead to no language, a
macrolanguage goes to the individual language that it stands for, and what Glottolog calls a dialect
to its language (Croatian). Filipino, which data.languages files with Tagalog under one tag, has a
row of its own in Glottolog: it keeps its figures, lends them to Tagalog, and counts in no sum of
speakers.
"""

from __future__ import annotations

import functools
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langcodes.data_dicts import MACROLANGUAGES

from data import language_names as names
from data.inventory.glottolog import DIALECT, SPOKEN, Glottolog, Languoid
from data.inventory.references import LinguaMetaRow
from data.languages import resolve

LANGCODES = "langcodes"
CLDR = "cldr"
GLOTTOLOG = "glottolog"
LINGUAMETA = "linguameta"
OF_MACROLANGUAGE = "linguameta-macrolanguage"
BETWEEN = " | "  # names in the column `search`
SEVERAL = ";"  # between the sources of a cell that has several


@dataclass(frozen=True)
class Names:
    """What else is known of the languages, by glottocode.

    own: LinguaMeta's row for the language itself. wider: that of the macrolanguage that it stands
    for. tags: its BCP-47 tag. includes: other tags that count for it. called: more names. lent: the
    languages whose row is the wider one of another. macrolanguages: LinguaMeta's rows of them,
    by tag. countries: those of the dialects that LinguaMeta has as languages of their own.
    """

    own: Mapping[str, LinguaMetaRow]
    wider: Mapping[str, LinguaMetaRow]
    macrolanguages: Mapping[str, LinguaMetaRow]
    tags: Mapping[str, str]
    includes: Mapping[str, tuple[str, ...]]
    called: Mapping[str, tuple[str, ...]]
    lent: frozenset[str]
    countries: Mapping[str, tuple[str, ...]]


def collect_names(glottolog: Glottolog, linguameta: Sequence[LinguaMetaRow]) -> Names:
    """Lay LinguaMeta's rows and the built-in languages beside Glottolog's languages."""
    by_iso = iso_codes(glottolog)
    varieties = {entry.iso639_3: code for code, entry in glottolog.varieties.items()}
    tags = bcp47_tags(glottolog)
    own: dict[str, LinguaMetaRow] = {}
    wider: dict[str, LinguaMetaRow] = {}
    includes: dict[str, list[str]] = defaultdict(list)
    called: dict[str, list[str]] = defaultdict(list)
    countries: dict[str, list[str]] = defaultdict(list)
    lent = set()
    for row in linguameta:
        glottocode = by_iso.get(row.iso639_3)
        stands_for = by_iso.get(_individual(row.bcp47))
        language = glottolog.language_of(row.glottocode or "")
        if glottocode:
            own[glottocode] = row
        elif row.iso639_3 in varieties:
            own[varieties[row.iso639_3]] = row
        if stands_for and stands_for != glottocode:
            wider[stands_for] = row
            lent.add(glottocode or "")
        elif not glottocode and language and language == row.glottocode:
            own.setdefault(language, row)
        elif not glottocode and language:
            includes[language].append(row.bcp47)
            called[language] += [row.name, row.endonym or ""]
            countries[language] += row.countries
    for tag, entry in names.rows().items():
        language = glottolog.language_of(entry.glottocode) or by_iso.get(entry.individual)
        if language:
            called[language] += [entry.name, *entry.aliases.split("; ")]
            includes[language].append(tag)
    rows_of_tags = frozenset(tags.values())
    return Names(
        own=own,
        wider=wider,
        macrolanguages={row.bcp47: row for row in linguameta if row.is_macrolanguage},
        tags=tags | _tags_of_varieties(glottolog, rows_of_tags),
        includes=_each_once(includes, without=rows_of_tags),
        called=_each_once(called),
        lent=frozenset(lent),
        countries=_each_once(countries),
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


def _tags_of_varieties(glottolog: Glottolog, taken: Collection[str]) -> dict[str, str]:
    """The tags of dialects with a code of their own, as far as no language has them."""
    found: dict[str, str] = {}
    for glottocode, entry in glottolog.varieties.items():
        tag, _ = _tag(entry.iso639_3 or "")
        if tag and tag not in taken and tag not in found.values():
            found[glottocode] = tag
    return found


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

    def unite(self, column: str, *candidates: tuple[tuple[str, ...] | None, str]) -> None:
        """Fill a list with the values of all sources; its sources are those that add some."""
        values: list[str] = []
        sources: list[str] = []
        for found, source in candidates:
            new = [value for value in found or () if value not in values]
            values += new
            sources += [source] if new else []
        self.cells[column] = values or None
        self.sources[column] = SEVERAL.join(dict.fromkeys(sources)) or None


def gather_facts(languoid: Languoid, glottolog: Glottolog, known: Names) -> Facts:
    """All facts of a language but genus and resources."""
    own, wider = known.own.get(languoid.glottocode), known.wider.get(languoid.glottocode)
    tag = known.tags.get(languoid.glottocode)
    facts = Facts()
    _take_from_glottolog(facts, languoid, glottolog)
    if tag and facts.cells["category"] == DIALECT:
        facts.take("name", (names.name_of(tag), LANGCODES))
    facts.take("bcp47", (tag, LANGCODES))
    _take_countries(facts, languoid, own, wider, known)
    registered = MACROLANGUAGES.get(languoid.iso639_3 or "")
    facts.take("macrolanguage", (own and own.macrolanguage, LINGUAMETA), (registered, LANGCODES))
    _take_scripts(facts, tag, own, wider, known)
    scripts = facts.cells["scripts"] or ()
    own_name, wider_name = _stated("endonym", own, wider)
    cldr = [(autonym(code), LANGCODES) for code in (tag, wider.bcp47 if wider else None)]
    named = (cldr[0], own_name, cldr[1], wider_name)
    facts.take("endonym", *((text, key) for text, key in named if in_scripts(text or "", scripts)))
    facts.take("speakers", *_stated("speakers", own, wider), (_cldr_speakers(tag), LANGCODES))
    facts.take("endangerment", *_stated("endangerment", own, wider))
    facts.cells["linguameta_code"] = own.bcp47 if own else None
    facts.cells["linguameta_wider"] = wider.bcp47 if wider else None
    facts.cells["includes"] = list(known.includes.get(languoid.glottocode, ()))
    facts.cells["search"] = _search(languoid, facts, known)
    return facts


def _take_countries(
    facts: Facts,
    languoid: Languoid,
    own: LinguaMetaRow | None,
    wider: LinguaMetaRow | None,
    known: Names,
) -> None:
    """Glottolog's countries, else LinguaMeta's; those of dialects with codes of their own too."""
    dialects = (known.countries.get(languoid.glottocode, ()), LINGUAMETA)
    if languoid.countries:
        facts.unite("countries", (languoid.countries, GLOTTOLOG), dialects)
    else:
        facts.take("countries", *_stated("countries", own, wider), dialects)


def _take_scripts(
    facts: Facts,
    tag: str | None,
    own: LinguaMetaRow | None,
    wider: LinguaMetaRow | None,
    known: Names,
) -> None:
    """The scripts of all sources, the usual one first; a macrolanguage's where there are none."""
    usual = _likely_script(tag)
    cldr = _cldr_scripts(tag)
    facts.unite("scripts", *_stated("scripts", own, wider), (cldr, CLDR))
    if not facts.cells["scripts"]:
        whole = known.macrolanguages.get(facts.cells["macrolanguage"] or "")
        stated = (whole.scripts if whole else (), OF_MACROLANGUAGE)
        facts.unite("scripts", stated, (usual, LANGCODES))
    if usual and facts.cells["scripts"]:
        facts.cells["scripts"].sort(key=lambda script: script not in usual)


def _take_from_glottolog(facts: Facts, languoid: Languoid, glottolog: Glottolog) -> None:
    category = glottolog.category(languoid)
    lineage = glottolog.lineages.get(languoid.glottocode, ())
    family = languoid.family if category == "spoken" else None
    if category == DIALECT:
        parent = glottolog.languages[languoid.language or ""]
        above = glottolog.lineages.get(parent.glottocode, ())
        lineage = (*above, parent.glottocode) if glottolog.lineages else ()
        family = parent.family if glottolog.category(parent) == SPOKEN else None
    facts.take("family", (glottolog.families.get(family or ""), GLOTTOLOG))
    facts.take("lineage", (lineage, GLOTTOLOG))
    facts.take("category", (category, GLOTTOLOG))
    for column in ("glottocode", "name", "macroarea", "latitude", "longitude", "iso639_3"):
        facts.take(column, (getattr(languoid, column), GLOTTOLOG))
    facts.take("is_isolate", (languoid.is_isolate and category != DIALECT, GLOTTOLOG))
    # MASSIVE's table, which stands in where there is no Glottolog, knows families by name only.
    facts.cells["family_glottocode"] = family if family != facts.cells["family"] else None
    facts.cells["groups"] = [glottolog.name_of(group) for group in lineage] or None


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


@functools.cache
def _scripts_of_cldr() -> Mapping[str, tuple[str, ...]]:
    """CLDR's scripts by tag: the usual ones, then others that are or were in use."""
    rows = names.read_table("scripts.tsv", ("code", "scripts", "also", "source"))
    return {code: (*usual.split(), *also.split()) for code, usual, also, _ in rows}


def _cldr_scripts(tag: str | None) -> tuple[str, ...]:
    return _scripts_of_cldr().get(tag or "", ())


def _cldr_speakers(tag: str | None) -> int | None:
    """CLDR's estimate, which it sums over countries; of second-language speakers too."""
    from language_data.population_data import (  # type: ignore[import-untyped]
        LANGUAGE_SPEAKING_POPULATION,
    )

    found: int | None = LANGUAGE_SPEAKING_POPULATION.get(tag or "")
    return found


# The first word of the names that Unicode gives to a script's letters.
_LETTERS = {
    "ADLAM": "Adlm",
    "ARABIC": "Arab",
    "ARMENIAN": "Armn",
    "BENGALI": "Beng",
    "CHEROKEE": "Cher",
    "CYRILLIC": "Cyrl",
    "DEVANAGARI": "Deva",
    "ETHIOPIC": "Ethi",
    "GEORGIAN": "Geor",
    "GREEK": "Grek",
    "GUJARATI": "Gujr",
    "GURMUKHI": "Guru",
    "HEBREW": "Hebr",
    "JAVANESE": "Java",
    "KANNADA": "Knda",
    "KHMER": "Khmr",
    "LAO": "Laoo",
    "LATIN": "Latn",
    "MALAYALAM": "Mlym",
    "MYANMAR": "Mymr",
    "NKO": "Nkoo",
    "OL": "Olck",
    "ORIYA": "Orya",
    "SINHALA": "Sinh",
    "SYRIAC": "Syrc",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "THAANA": "Thaa",
    "THAI": "Thai",
    "TIBETAN": "Tibt",
    "TIFINAGH": "Tfng",
}


def in_scripts(text: str, scripts: Collection[str]) -> bool:
    """Whether a text may be written in one of these scripts (ISO 15924).

    >>> in_scripts("Taqbaylit", ["Latn"]), in_scripts("সাঁওতালী", ["Olck"]), in_scripts("བོད", [])
    (True, False, True)

    Letters of a script that the table above does not have speak against none.
    """
    words = (unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha())
    found = {_LETTERS[word] for word in words if word in _LETTERS}
    return not scripts or not found or bool(found & set(scripts))


def add_names(facts: Facts, more: Iterable[str]) -> None:
    """Let a language be found by more names."""
    folded = [names.search_key(text) for text in more]
    known = facts.cells["search"].split(BETWEEN)
    facts.cells["search"] = BETWEEN.join(dict.fromkeys([*known, *filter(None, folded)]))


def _search(languoid: Languoid, facts: Facts, known: Names) -> str:
    """All names and codes, folded; what `select(text=...)` and `search` look in."""
    rows = (known.own.get(languoid.glottocode), known.wider.get(languoid.glottocode))
    cells = facts.cells
    texts = [languoid.name, cells["endonym"], cells["bcp47"], languoid.iso639_3]
    texts += [languoid.glottocode, *cells["includes"], *known.called.get(languoid.glottocode, ())]
    texts += [cells["name"], *names.names_of(cells["bcp47"] or languoid.iso639_3 or "")]
    texts += [text for row in rows if row for text in (row.name, row.endonym, row.bcp47)]
    folded = (names.search_key(text) for text in texts if text)
    return BETWEEN.join(dict.fromkeys(folded))
