"""Forms analysed by tables and by analogy, on a toy language whose grammar is known."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.lexicon.lemmas import Analysis
from data.unimorph import Triple
from morph.analyse import Analyser, ranking_for
from morph.analyse.evidence import VALUES, Evidence, LemmaModel
from morph.analyse.index import PatternIndex
from morph.analyse.patterns import patterns
from morph.analyse.ranking import (
    A_LEMMA,
    VOTES,
    Judged,
    Ranking,
    fit,
    fit_weights,
    gold_of,
    judge,
    probabilities,
)
from morph.analyse.segments import Cuts
from morph.inflect import Inflector, Lookup
from morph.inflect.sources import Tables
from morph.rules import Rules
from morph.rules.calibration import Curve
from tests.morph.toys import regular

CELLS = {"V;PST": ("ali", ""), "V;PST;PL": ("ali", "ni"), "V;PST;NEG": ("haali", "")}
TRIPLES = regular(90, 1)
TABLES = Tables.of(TRIPLES)
SYLLABLES = st.lists(
    st.tuples(st.sampled_from("bdgkmpst"), st.sampled_from("aeiou")).map("".join),
    min_size=2,
    max_size=4,
).map("".join)


@cache
def analyser() -> Analyser:
    """Of the toy language; what it learns is learned once."""
    return Analyser(TABLES, "sw", "Toy")


@cache
def inflector() -> Inflector:
    """Of the same tables."""
    return Inflector(Lookup.of(TRIPLES), Rules.learn(TRIPLES), "Toy")


@given(lemma=SYLLABLES, bundle=st.sampled_from(sorted(CELLS)))
@settings(max_examples=30, deadline=None)
def test_what_is_inflected_is_analysed_and_what_is_analysed_inflects_back(
    lemma: str, bundle: str
) -> None:
    form = inflector().inflect(lemma, bundle).form
    found = analyser().analyse(form, top=15)
    assert (lemma, bundle) in [(one.lemma, one.features) for one in found]
    for one in found:
        if one.confidence > 0.5:
            back = inflector().inflect(one.lemma, one.features)
            assert form in (back.form, *back.alternatives)


@given(word=st.text("abcé", max_size=8), other=st.text("abcé", min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_every_pattern_of_a_pair_makes_the_one_of_the_other(word: str, other: str) -> None:
    found = patterns(word, other)
    assert found
    assert {pattern.apply(word) for pattern in found} == {other}


def test_patterns_with_variables_carry_a_vowel_pattern_over() -> None:
    assert [one.apply("rang") for one in patterns("sang", "sing")].count("ring") == 1
    assert all(one.apply("rung") is None for one in patterns("sang", "sing"))


def test_a_pattern_needs_room_for_both_its_ends() -> None:
    [pattern] = patterns("ababa", "b")[:1]
    assert pattern.apply("ab") is None


def test_votes_of_one_label_and_their_shares() -> None:
    index = PatternIndex({"PST": [("alisoma", "soma"), ("alipika", "pika")], "X": [("a", "a")]})
    assert index.vote("alilala", label="PST") == {("lala", "PST"): 1.0}
    assert index.vote("alilala", label="FUT") == {}
    both = index.vote("alisoma")
    assert next(iter(both)) == ("soma", "PST")
    assert sum(both.values()) == pytest.approx(1)


def test_sharp_votes_prefer_what_is_most_alike() -> None:
    pairs = {"A": [("bato", "ba"), ("dato", "da"), ("kato", "ka")], "B": [("mito", "mi")]}
    flat, sharp = PatternIndex(pairs).votes("pito", (0.0, 3.0))
    assert flat["pi", "A"] == pytest.approx(0.75)
    assert next(iter(sharp)) == ("pi", "B")


def test_words_longer_than_what_is_compared() -> None:
    long = "ali" + "ba" * 20
    assert PatternIndex({"PST": [("ali" + "ta" * 20, "ta" * 20)]}).vote(long) == {
        ("ba" * 20, "PST"): 1.0
    }
    whole = PatternIndex({"PST": [("x" * 20, "y")]})
    assert whole.vote("x" * 20) == {("y", "PST"): 1.0}
    assert whole.vote("x" * 19 + "z") == {}


def test_the_probabilities_of_a_lemma_model_sum_to_one() -> None:
    model = LemmaModel(["ab", "ba"])
    known = sum(np.exp(model.log_probability(one)) for one in ("", "a", "b", "ab", "ba", "aa"))
    assert 0 < known < 1
    assert model.log_probability("ab") > model.log_probability("bb")


def test_weights_make_what_is_right_likely() -> None:
    rng = np.random.default_rng(1)
    judged = []
    for number in range(300):
        values = rng.normal(size=(4, VALUES))
        right = values[:, 4] == values[:, 4].max()
        judged.append(Judged(str(number), values, right))
    weights = fit_weights(judged)
    assert weights[4] == max(weights)
    won = [one.right[probabilities(one.values, weights).argmax()] for one in judged]
    assert np.mean(won) > 0.9


def test_forms_of_which_nothing_is_right_teach_nothing() -> None:
    values = np.ones((2, VALUES))
    weights = fit_weights([Judged("x", values, np.array([False, False]))])
    assert weights.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_lemma_of_many_forms_tells_confidence_and_does_not_rule_the_weights() -> None:
    rng = np.random.default_rng(1)

    def judged_of(lemma: str, forms: int) -> list[Judged]:
        right = np.array([True, False, False])
        return [Judged(lemma, rng.normal(size=(3, VALUES)), right) for _ in range(forms)]

    others = [one for number in range(40) for one in judged_of(f"silent {number}", 1)]
    short = [one for number in range(20) for one in judged_of(str(number), A_LEMMA)]
    long = [*short, *judged_of("0", 200)]
    few, many = (fit("characters", some, VOTES, others) for some in (short, long))
    assert few.weights == many.weights
    assert sum(step.items for step in few.curve.steps) == 3 * len(short)
    assert sum(step.items for step in many.curve.steps) == 3 * len(long)
    assert fit("characters", short).weights != fit("characters", long).weights  # alone all teach


def test_held_out_forms_are_those_that_the_rest_lacks() -> None:
    judged = judge(TRIPLES, "characters", 1)
    lemmas = {one.lemma for one in TRIPLES}
    assert {one.lemma for one in judged} <= lemmas
    assert len(judged) == len(gold_of(TRIPLES))  # all folds: there are fewer than MOST_FORMS
    assert np.mean([one.right.any() for one in judged]) > 0.95


def test_confidence_is_how_often_such_analyses_were_right() -> None:
    others = [one for one in regular(200, 2) if one.form not in gold_of(TRIPLES)]
    answers = [(analyser().analyse(one.form or "")[0], one) for one in others]
    right = [(a.lemma, a.features) == (one.lemma, one.features) for a, one in answers]
    mean = np.mean([a.confidence for a, _ in answers])
    assert abs(mean - np.mean(right)) < 0.08
    assert np.mean(right) > 0.8


def test_tables_answer_before_analogy_whatever_the_case() -> None:
    known = TRIPLES[0]
    found = analyser().analyse(f" {(known.form or '').upper()} ")
    assert {one.by for one in found} == {"table"}
    assert (known.lemma, known.features) in [(one.lemma, one.features) for one in found]


def test_a_capital_is_no_letter_of_its_own_where_tables_have_none() -> None:
    small, large = (analyser().analyse(form, top=1)[0] for form in ("alibibibi", "Alibibibi"))
    assert (small.lemma, small.confidence) == (large.lemma, large.confidence)
    names = [Triple(t.lemma.title(), t.features, (t.form or "").title()) for t in TRIPLES]
    german = Analyser(Tables.of(names), "de", "Toy")
    assert german.analyse("Alibibibi", top=1)[0].lemma == "Bibibi"


def test_a_text_gives_each_word_once_and_counts_what_it_leaves_out() -> None:
    dropped = Counter[str]()
    lines = ["Alibibibi, alibibibi 3 x2", "читал ALIBIBIBI; haalidodo"]
    found = list(analyser().analyse_text(lines, top=1, dropped=dropped))
    assert [one.form for one in found] == ["Alibibibi", "haalidodo"]
    assert dropped == {"words in a script that the tables lack": 1}
    dropped.clear()
    assert not list(analyser().analyse_text(["alibibibi"], least=1.0, dropped=dropped))
    assert dropped == {"words whose analyses are less sure than asked for": 1}


@pytest.mark.parametrize(
    ("triples", "what"),
    [
        (TRIPLES[:3], "found 3 of 3"),
        ([Triple("soma", f"V;{n}", f"{'ab' * n}soma") for n in range(20)], "found 20 of 1"),
    ],
)
def test_too_little_to_learn_from(triples: list[Triple], what: str) -> None:
    small = Analyser(Tables.of(triples, "mine.tsv"), None, "Toy")
    assert small.analyse(triples[0].form or "")[0].by == "table"
    message = f"mine.tsv: expected at least 12 forms of 4 lemmas to learn from, {what}; only words"
    with pytest.raises(InputError, match=message):
        small.analyse("alibibibi")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (" ", "form: expected a word, found nothing"),
        ("a\tb", 'form "a<TAB>b": expected one word, found a tab or a line break'),
        ("a\nb", "expected one word, found a tab or a line break"),
        ("читал", r"expected the script of the data of Toy \(Latn\), found Cyrl"),
    ],
)
def test_words_that_cannot_be_asked_for(form: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        analyser().analyse(form)


def test_a_ranking_is_kept_and_a_damaged_one_is_learned_again(tmp_path: Path) -> None:
    tables, access = TABLES, Access(cache=tmp_path)
    learned = ranking_for(tables, access)
    [path] = (tmp_path / "morph").iterdir()
    before = path.read_bytes()
    assert ranking_for(tables, access).weights == pytest.approx(learned.weights)
    assert isinstance(Ranking.load(path).curve, Curve)
    path.write_text(json.dumps(json.loads(before) | {"weights": [1.0]}))
    assert ranking_for(tables, access) == learned
    assert path.read_bytes() == before


def test_the_same_tables_give_the_same_evidence() -> None:
    candidates, values = Evidence(TRIPLES).of("alibibibi")
    again, same = Evidence(TRIPLES).of("alibibibi")
    assert candidates == again
    assert np.array_equal(values, same)
    assert Analysis("bibibi", "V;PST") in candidates
    nothing, none = Evidence([Triple("x" * 9, "V", "y" * 9)]).of("alibibibi")
    assert (nothing, none.shape) == ([], (0, VALUES))


PERSONS = {"1;SG": "ni", "2;SG": "u", "3;SG": "a", "1;PL": "tu", "2;PL": "m", "3;PL": "wa"}
TENSES = {"PRS": "na", "PST": "li", "FUT": "ta", "PRF": "me", "COND": "nge"}


def verbs() -> list[Triple]:
    """A paradigm of two prefixes in a row, some of which begin or end alike."""
    return [
        Triple(verb, f"V;{person};{tense}", PERSONS[person] + TENSES[tense] + verb)
        for verb in ("soma", "pika", "lala", "kimbia", "tembea", "cheza")
        for person in PERSONS
        for tense in TENSES
    ]


@given(lemma=SYLLABLES, person=st.sampled_from(list(PERSONS)), tense=st.sampled_from(list(TENSES)))
@settings(max_examples=60, deadline=None)
def test_affixes_in_a_row_are_told_apart(lemma: str, person: str, tense: str) -> None:
    morphemes = (PERSONS[person], TENSES[tense], "b" + lemma)
    assert Cuts.learn(verbs()).segmented("".join(morphemes), "b" + lemma) == morphemes


@given(form=st.text("abcd", min_size=1, max_size=9), lemma=st.text("abcd", min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_morphemes_joined_are_the_form(form: str, lemma: str) -> None:
    parts = Cuts.learn(verbs()).segmented(form, lemma)
    assert "".join(parts) == form
    assert all(parts)


def test_suffixes_are_cut_as_prefixes_are() -> None:
    rows = [Triple(t.lemma, t.features, (t.form or "")[::-1]) for t in verbs()]
    turned = [Triple(t.lemma[::-1], t.features, t.form) for t in rows]
    assert Cuts.learn(turned).segmented("amosilut", "amos") == ("amos", "il", "ut")


def test_an_analyser_segments_in_the_letters_that_it_was_asked_in() -> None:
    words = Analyser(Tables.of(verbs()), "sw", "Toy")
    assert words.segment("TULISOMA") == ("TU", "LI", "SOMA")
    assert words.segment("wangebaba") == ("wa", "nge", "baba")
    assert words.segment("wangebaba", least=1.0) == ()
    assert list(words.segment_text(["Tulisoma, tulisoma; читал"])) == [
        ("Tulisoma", ("Tu", "li", "soma"))
    ]


def test_broken_bundles_are_no_neighbours() -> None:
    odd = [Triple("soma", "V;(", "xxsoma"), Triple("soma", "V;))", "xysoma")]
    assert Cuts.learn(odd).segmented("xxsoma", "soma") == ("xx", "soma")
