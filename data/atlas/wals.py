"""Genus from the World Atlas of Language Structures (WALS).

    python -m data.catalog fetch wals

A genus (Dryer 1989) is a group of related languages whose kinship anybody can see: Germanic,
Bantu, Semitic. It is at most some 3,500 to 4,000 years old, so genera of different families can
be compared. Two of WALS's genera are no such groups, Sign Languages, and Creoles and Pidgins
(NO_GENERA): they say what a language is, while its kin is unknown or several.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.atlas.cldf import read_table
from data.errors import InputError

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
