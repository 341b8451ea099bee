"""The built-in table of MASSIVE's locales, against the paper, WALS and Glottolog.

pytest tests/data/test_massive_locales.py
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from data.inventory.genus import read_wals
from data.inventory.glottolog import read_glottolog
from data.inventory.references import massive_glottocodes, massive_locales
from data.languages import codes_of, resolve

# Genera that WALS has renamed or joined since MASSIVE counted them.
RENAMED = {
    "Bantoid": "Bantu",
    "Viet-Muong": "Vietic",
    "Southern Dravidian": "Dravidian",
    "South-Central Dravidian": "Dravidian",
}


def test_the_figures_of_the_paper() -> None:
    """FitzGerald et al. 2023: 51 languages, 29 genera, 14 families, 21 scripts, in version 1.0."""
    locales = massive_locales("1.0")
    assert len(locales) == 51
    assert len({entry.genus for entry in locales}) == 29
    assert len({entry.family for entry in locales}) == 14
    assert len({entry.script for entry in locales}) == 21


def test_version_1_1_adds_catalan() -> None:
    assert {entry.locale for entry in massive_locales()} == set(codes_of("massive-1.1"))
    assert {*massive_locales()} - {*massive_locales("1.0")} == {
        entry for entry in massive_locales() if entry.language == "Catalan"
    }
    assert len(massive_glottocodes()) == 51


def test_the_scripts_are_those_of_data_languages() -> None:
    assert [entry.script for entry in massive_locales()] == [
        resolve(entry.locale).script for entry in massive_locales()
    ]


def test_families_are_glottologs_and_genera_were_wals(mirror: Path) -> None:
    world = read_glottolog(mirror / "glottolog/cldf/languages.csv")
    genera = defaultdict(set)
    for entry in read_wals(mirror / "wals/cldf/languages.csv"):
        for code in (entry.glottocode, *entry.iso_codes):
            genera[code].add(entry.genus)
    for locale in massive_locales():
        languoid = world.languages[locale.glottocode]
        assert world.families[languoid.family] == locale.family, locale.locale
        # WALS gives Albanian the code of the macrolanguage.
        codes = (locale.glottocode, languoid.iso639_3, resolve(locale.locale).iso639_3)
        known = set().union(*(genera[code] for code in codes))
        assert known == {RENAMED.get(locale.genus, locale.genus)}, locale.locale
