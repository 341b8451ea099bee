"""Which codes and which rows of LinguaMeta mean which of Glottolog's languages.

ISO 639-3 codes are the bridge, glottocodes the second one. Where they lead to no language, a
macrolanguage goes to the individual language that data.languages lets it stand for (`sw` to
swh), and what Glottolog calls a dialect to its language (Croatian). Filipino, which
data.languages files with Tagalog under one tag, has a row of its own in Glottolog: it keeps its
figures, lends them to Tagalog, and counts in no sum of speakers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from data import language_names as names
from data.atlas.glottolog import Glottolog
from data.atlas.linguameta import LinguaMetaRow
from data.languages import resolve


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
