"""The target's form for a source's bundle, by hand-worked paradigms of several languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.access import Access
from data.languages import resolve
from data.unimorph import Triple
from lexaug.inflection import (
    EnglishForms,
    TableInflector,
    load_analyser,
    load_inflector,
    rank_of,
    specific,
)

PAST, PERFECT, PROGRESSIVE = "V;PST", "V;V.PTCP;PST", "V;V.PTCP;PRS"


def inflector(lemma: str, **forms: str) -> TableInflector:
    """Of one paradigm, as form=bundle, with _ for the semicolons."""
    return TableInflector(Triple(lemma, b.replace("_", ";"), form) for form, b in forms.items())


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        (PAST, "V;IND;PST;NOM(3,SG,BANTU1);POS", True),
        (PAST, "V;IND;PST;NOM(1,SG);POS", False),  # I
        (PAST, "V;IND;PST;NOM(3,PL,BANTU2);POS", False),  # they
        (PAST, "V;IND;PST;NOM(3,SG,BANTU7);POS", False),  # a thing
        (PAST, "V;IND;PST;NOM(3,SG,BANTU1);NEG", False),
        (PAST, "V;IND;PST;NOM(3,SG,BANTU1);PRIM(3,SG,BANTU1);POS", False),  # him
        (PAST, "V;PST;PASS;3;SG", False),
        (PAST, "V;PST;PROG;3;SG", False),  # was walking
        (PAST, "V;PST;COND;3;SG", False),
        (PAST, "V;PRS;3;SG", False),
        (PAST, "V;RMT;PST;BANTU1", True),
        (PAST, "V;PST;BANTU1/BANTU2", True),
        (PAST, "V;PST;BANTU2/BANTU1", True),
        (PAST, "V;PST;BANTU2/BANTU4", False),  # they, people or things
        (PAST, "V;PST;BANTU2/BANTU3", True),
        ("N;PL", "N;BANTU1/BANTU2", True),  # one form for a person and for people
        ("N;PL", "N;BANTU1/BANTU3", False),
        ("N;SG", "N;BANTU2/BANTU15", True),  # class 15 says no number
        (PAST, "V;PST;PFV;3;SG", True),
        (PAST, "V;PST;IPFV;3;SG", False),
        (PAST, "V;PST", True),  # Lingala and Kongo mark no person
        ("V;3;SG;PRS", "V;PRS", True),
        ("V;3;SG;PRS", "V;FIN;IND;PRES;3;SG;LGSPEC1", True),  # another spelling of PRS
        ("V;3;SG;PRS", "V;SG/DU/PL;3;PRS", True),
        ("V;2;PL;PRS", "V;PRS;NOM(2,PL)", True),
        ("N;PL", "N;DAT(PL)", False),
        ("N;PL", "N;NOM(PL;PSS(1,SG))", False),  # my
        ("N;PL", "N;PL;PST", False),  # Turkish: were ...
        ("N;PL", "V;PL", False),
        ("ADJ;CMPR", "ADJ;NOM(SG)", False),
    ],
)
def test_which_bundles_say_the_same(source: str, target: str, fits: bool) -> None:
    assert (rank_of(source, target) is not None) is fits


def test_what_may_be_definite_or_the_languages_own_is_not_its_own() -> None:
    assert specific("N;DEF/LGSPEC1;SG") == frozenset()
    assert specific("N;DEF;SG;LGSPEC1") == {"LGSPEC1"}


def test_the_plainest_form_wins() -> None:
    zulu = inflector("hamba", wahamba="V_RMT_PST_BANTU1", uhambile="V_RCT_PST_BANTU1")
    assert zulu.inflect("hamba", PAST) == "uhambile"  # by name, since both are as long
    swahili = inflector(
        "soma",
        umesoma="V_PST_PRF_3_SG_LGSPEC10",
        kimesoma="V_PST_PRF_3_SG_LGSPEC2",
        amesoma="V_PST_PRF_3_SG_LGSPEC1",
        asome="V_PST_3_SG_LGSPEC1",  # as the table of swc has it
        alisoma="V_PST_3_SG_LGSPEC1",
    )
    assert swahili.inflect("soma", PAST) == "alisoma"
    assert swahili.inflect("soma", PERFECT) == "amesoma"
    assert swahili.inflect("-soma", PAST) == "alisoma"


def test_a_participle_is_what_the_language_has_for_it() -> None:
    german = inflector("kochen", gekocht="V.PTCP_PST", kochend="V.PTCP_PRS", kochte="V_PST_3_SG")
    assert german.inflect("kochen", PERFECT) == "gekocht"
    assert german.inflect("kochen", PROGRESSIVE) == "kochend"
    kongo = inflector("sumba", kusumba="V_NFIN", sumbaka="V_PST")
    assert kongo.inflect("sumba", PERFECT) == "sumbaka"
    assert kongo.inflect("kusumba", PROGRESSIVE) == "kusumba"  # found by its infinitive
    assert kongo.inflect("kusumba", "V;FUT") is None


def test_a_plural_is_of_the_series_that_the_lemma_is_of() -> None:
    zulu = inflector(
        "umuntu", muntu="N_SG", bantu="N_PL", umuntu="N_SG_LGSPEC2", abantu="N_PL_LGSPEC2"
    )
    assert zulu.inflect("umuntu", "N;PL") == "abantu"


def test_english_forms_are_the_tables_then_the_regular_plural() -> None:
    english = EnglishForms([Triple("try", "V;PST", "tried")])
    assert list(english.forms_of("Try")) == [("tried", "V;PST"), ("Tries", "N;PL")]
    assert [list(english.forms_of(word)) for word in ("in-law", "am", "UN", "ng'ombe")] == [[]] * 4


# Read by eye in the tables of the mirror: what a speaker would say of a person.
KNOWN_GOOD = {
    "sw": [("soma", PAST, "alisoma"), ("enda", PERFECT, "amekwenda"), ("leta", "V;NFIN", "kuleta")],
    "zu": [
        ("fika", PAST, "ufikile"),
        ("fika", "V;3;SG;PRS", "uyafika"),
        ("umuntu", "N;PL", "abantu"),
    ],
    "sn": [("famba", PAST, "akafamba"), ("famba", "V;FUT", "achafamba")],
    "kg": [("kutanga", PAST, "tangaka")],
    "mt": [("fetaħ", PAST, "fetaħ")],
}


@pytest.mark.parametrize("tag", KNOWN_GOOD)
def test_published_tables_give_the_forms_that_were_read_by_eye(mirror: Path, tag: str) -> None:
    found = load_inflector(resolve(tag), access=Access(offline=True))
    assert found is not None
    for lemma, features, form in KNOWN_GOOD[tag]:
        assert found.inflect(lemma, features) == form


def test_english_and_a_language_without_a_table(mirror: Path) -> None:
    walk = list(load_analyser(resolve("en"), access=Access(offline=True)).forms_of("walk"))
    assert ("walked", PAST) in walk
    assert walk[-1] == ("walks", "N;PL")
    assert load_inflector(resolve("wo"), access=Access(offline=True)) is None
