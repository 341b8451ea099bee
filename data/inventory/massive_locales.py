"""MASSIVE's 52 locales with genus, family and script: the yardstick, and the inventory in need.

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
from dataclasses import dataclass

from data.catalog import TABLES
from data.tsv import read_tsv

COLUMNS = ("locale", "glottocode", "language", "genus", "family", "script", "since")


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
    rows = read_tsv(TABLES / "massive.tsv", COLUMNS, header=True)
    entries = (MassiveLocale(*row.cells) for row in rows)
    return tuple(entry for entry in entries if entry.since <= version)


def massive_glottocodes() -> tuple[str, ...]:
    """The languages of MASSIVE 1.1, each once: 51, for Chinese is one."""
    return tuple(dict.fromkeys(entry.glottocode for entry in massive_locales()))
