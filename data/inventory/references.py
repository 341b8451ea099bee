"""LinguaMeta's speakers, scripts and endangerment; MASSIVE's 52 locales.

    python -m data.catalog fetch linguameta

LinguaMeta has names, endonyms, speakers, scripts and endangerment of 7,511 languages:
Ritchie et al. 2024, https://aclanthology.org/2024.lrec-main.921. Numbers of speakers are sums over
countries, rounded to one or two digits (their README says how): orders of magnitude, no census.
Endangerment is on the six-point scale of UNESCO's atlas (Moseley 2010). Sign languages are
left out there. A cell that is empty is unknown.

MASSIVE's 52 locales with genus, family and script are the yardstick, and the inventory in need:

    >>> locales = massive_locales("1.0")
    >>> len(locales), *(len({getattr(entry, what) for entry in locales})
    ...                 for what in ("genus", "family", "script"))
    (51, 29, 14, 21)

FitzGerald et al. 2023 (https://aclanthology.org/2023.acl-long.235) count 51 languages, 29 genera,
14 families and 21 scripts in version 1.0; Catalan came with 1.1. Chinese counts twice, once in
each script, so there are 50 languages in Glottolog's sense. Genera are as WALS had them at that
time; WALS 2020.4 calls Bantoid Bantu and Viet-Muong Vietic, and Dravidian is one genus. Families
are Glottolog's, scripts ISO 15924. data/tables/massive.tsv was written by hand.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.bounded import parse_integer
from data.catalog import TABLES
from data.errors import InputError
from data.tsv import excerpt, read_tsv

MOST_SPEAKERS = 100_000_000_000  # more people than ever lived would be a damaged cell
COLUMNS = (
    "bcp_47_code",
    "iso_639_3_code",
    "english_name",
    "endonym",
    "estimated_number_of_speakers",
    "writing_systems",
    "locales",
    "cldr_official_status",
    "endangerment_status",
    "is_macrolanguage",
    "macrolanguage_bcp_47_code",
    "individual_language_bcp_47_code",
    "iso_639_2b_code",
    "deprecated_bcp_47_code",
    "glottocode",
    "wikidata_id",
    "wikidata_description",
)
# UNESCO's scale, from the safest on.
ENDANGERMENT = (
    "Not endangered",
    "Vulnerable",
    "Definitely endangered",
    "Severely endangered",
    "Critically endangered",
    "Extinct",
)

LOCALE_COLUMNS = ("locale", "glottocode", "language", "genus", "family", "script", "since")


@dataclass(frozen=True, slots=True)
class LinguaMetaRow:
    """A language or macrolanguage of LinguaMeta; None and () are unknown.

    scripts: ISO 15924. countries: ISO 3166-1; regions such as 145 and CLDR's trial locale XA are
    left out. members: of a macrolanguage, the tags of its individual languages.
    """

    bcp47: str
    iso639_3: str
    name: str
    endonym: str | None
    speakers: int | None
    scripts: tuple[str, ...]
    countries: tuple[str, ...]
    endangerment: str | None
    is_macrolanguage: bool
    macrolanguage: str | None
    members: tuple[str, ...]
    glottocode: str | None


def read_linguameta(path: Path) -> Iterator[LinguaMetaRow]:
    """Yield the rows of `linguameta.tsv`.

    Raises:
        InputError: the file is no such table; with path and line.
    """
    repairs: Counter[str] = Counter()  # normal forms of names are repaired without a word
    for row in read_tsv(path, COLUMNS, header=True, empty=COLUMNS[2:], repairs=repairs):
        cells = dict(zip(COLUMNS, row.cells, strict=True))
        where = f"{path}:{row.line}"
        yield LinguaMetaRow(
            bcp47=cells["bcp_47_code"],
            iso639_3=cells["iso_639_3_code"],
            name=cells["english_name"],
            endonym=cells["endonym"] or None,
            speakers=_speakers(cells["estimated_number_of_speakers"], where),
            scripts=_listed(cells["writing_systems"]),
            countries=tuple(
                code for code in _listed(cells["locales"]) if re.fullmatch("(?!XA)[A-Z]{2}", code)
            ),
            endangerment=_endangerment(cells["endangerment_status"], where),
            is_macrolanguage=cells["is_macrolanguage"] == "True",
            macrolanguage=cells["macrolanguage_bcp_47_code"] or None,
            members=_listed(cells["individual_language_bcp_47_code"]),
            glottocode=cells["glottocode"] or None,
        )


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r",\s*", cell)))


def _speakers(cell: str, where: str) -> int | None:
    if not cell:
        return None
    try:
        return parse_integer(cell, where, low=0, high=MOST_SPEAKERS)
    except InputError as error:
        raise InputError(
            f"{where}: expected a number of speakers, found {excerpt(cell)}"
        ) from error


def _endangerment(cell: str, where: str) -> str | None:
    if cell and cell not in ENDANGERMENT:
        scale = ", ".join(ENDANGERMENT)
        raise InputError(f"{where}: expected one of {scale}, found {excerpt(cell)}")
    return cell or None


@dataclass(frozen=True, slots=True)
class MassiveLocale:
    """A locale of MASSIVE, `sw-KE`; since: the first version that has it, `1.0` or `1.1`."""

    locale: str
    glottocode: str
    language: str
    genus: str
    family: str
    script: str
    since: str

    @property
    def country(self) -> str:
        """ISO 3166-1, from the locale.

        >>> massive_locales()[0].country
        'ZA'
        """
        return self.locale.partition("-")[2]


@functools.cache
def massive_locales(version: str = "1.1") -> tuple[MassiveLocale, ...]:
    """The locales of a version, by their tags.

    >>> [entry.locale for entry in massive_locales() if entry.genus == "Romance"]
    ['ca-ES', 'es-ES', 'fr-FR', 'it-IT', 'pt-PT', 'ro-RO']
    """
    rows = read_tsv(TABLES / "massive.tsv", LOCALE_COLUMNS, header=True)
    entries = (MassiveLocale(*row.cells) for row in rows)
    return tuple(entry for entry in entries if entry.since <= version)


def massive_glottocodes() -> tuple[str, ...]:
    """The languages of MASSIVE 1.1, each once: 51, for Chinese is one."""
    return tuple(dict.fromkeys(entry.glottocode for entry in massive_locales()))
