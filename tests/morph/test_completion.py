"""Cells filled by proportion: what is made is right, and nothing where proportions do not hold."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from data.unimorph import Triple
from morph.augmentation import completed, proportional
from morph.recipe import Recipe

STEMS = ["park", "saxl", "gund", "vaz", "merd", "lilv", "sark", "ban", "tiul", "kur"]
PLURALS = {"N;NOM(PL)": "ebi", "N;DAT(PL)": "ebs", "N;GEN(PL)": "ebis", "N;INS(PL)": "ebit"}
SINGULARS = {"N;DAT(SG)": "s", "N;ERG(SG)": "m"}


def inflected(lemma: str, bundle: str) -> str:
    """A made-up language: -i and -u go before plurals, -e and -o stay everywhere."""
    goes = lemma[-1] in "iu" and bundle in PLURALS
    return (lemma[:-1] if goes else lemma) + {**PLURALS, **SINGULARS}[bundle]


def triples_of(lemmas: list[str], bundles: list[str]) -> list[Triple]:
    return [Triple(*pair, inflected(*pair)) for pair in product(lemmas, bundles)]


COMMON = triples_of([f"{stem}{end}" for stem, end in product(STEMS, "iu")], list(PLURALS))


def test_a_rare_class_gets_all_cells_whose_endings_begin_alike() -> None:
    made = completed([*COMMON, *triples_of(["kafe", "ezo"], ["N;DAT(PL)"])])
    assert {(one.lemma, one.features) for one in made} == {
        (lemma, bundle) for lemma in ("kafe", "ezo") for bundle in PLURALS if bundle != "N;DAT(PL)"
    }
    assert all(one.form == inflected(one.lemma, one.features) for one in made)


def test_an_ending_that_begins_otherwise_tells_nothing() -> None:
    made = completed([*COMMON, *triples_of(["kafe"], list(SINGULARS))])
    assert made == []


def test_a_cell_that_any_lemma_of_the_class_shows_is_left_to_it() -> None:
    shown = [Triple("kafe", "N;DAT(PL)", "kafeebs"), Triple("mze", "N;GEN(PL)", "mzeta")]
    made = completed([*COMMON, *shown])
    assert "N;GEN(PL)" not in {one.features for one in made}
    assert ("mze", "N;DAT(PL)") not in {(one.lemma, one.features) for one in made}


def test_nothing_is_made_where_proportions_do_not_hold() -> None:
    """In this language every class has its own endings for the second plural."""
    rows = COMMON + triples_of(["kafe", "ezo"], ["N;DAT(PL)"])
    wild = [
        Triple(t.lemma, t.features, f"{(t.form or '')[:-1]}{t.lemma[-1]}")
        if t.features == "N;GEN(PL)"
        else t
        for t in rows
    ]
    assert completed(rows) != []
    assert completed(wild) == [] != proportional(wild)


def test_too_few_checks_are_no_proof() -> None:
    few = triples_of(["parki", "saxlu"], ["N;NOM(PL)", "N;DAT(PL)"])
    rows = [*few, *triples_of(["kafe"], ["N;DAT(PL)"])]
    assert completed(rows) == [] != proportional(rows)


def test_other_parts_of_speech_are_other_classes() -> None:
    verb = Triple("kafe", "V;PST", "kafeebs")
    assert completed([*COMMON, verb]) == []


def test_a_recipe_fills_cells_where_there_are_few_triples_and_invention_is_not_forbidden() -> None:
    rows = [*COMMON, *triples_of(["kafe"], ["N;DAT(PL)"])]
    made = set(completed(rows))
    assert made
    assert made <= set(Recipe(steps=1).augmented(rows))
    assert Recipe(steps=1, hallucinated=0).augmented(rows) == rows
    many = rows * 30
    assert not made & set(Recipe(steps=1).augmented(many))


words = st.text("abeiousn", min_size=1, max_size=6)
tables = st.lists(
    st.builds(Triple, words, st.sampled_from([*PLURALS, *SINGULARS, "V;PST"]), words), max_size=30
)


@given(tables)
def test_made_cells_are_new_and_keep_the_larger_part_of_the_lemma(rows: list[Triple]) -> None:
    shown = {(row.lemma, row.features) for row in rows}
    for one in proportional(rows):
        assert (one.lemma, one.features) not in shown
        assert (one.form or "").startswith(one.lemma[: len(one.lemma) // 2 + 1])
    assert proportional(rows) == proportional(list(rows))
