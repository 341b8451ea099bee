"""Rules and analogies by hand-made paradigms, and on the shared task's files."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.inflections.tables import load_triples
from data.languages import resolve
from data.unimorph import Triple
from morph import rules
from morph.graphemes import Writing
from morph.rules import Rules

VERBS = ["soma", "pika", "lala", "imba", "cheka", "tembea", "fika", "lia"]
SUBJECTS = {"1;SG": "ni", "2;SG": "u", "3;SG": "a", "1;PL": "tu", "3;PL": "wa"}
TENSES = {"PST": "li", "FUT": "ta", "PRS": "na"}


def swahili(leave_out: str = "") -> list[Triple]:
    """Regular forms: subject, tense, stem; without one bundle."""
    return [
        Triple(verb, bundle, f"{subject}{tense}{verb}")
        for verb in VERBS
        for (person, subject), (name, tense) in product(SUBJECTS.items(), TENSES.items())
        if (bundle := f"V;{name};{person}") != leave_out
    ]


def turkish() -> list[Triple]:
    """Plurals: lar after a, ı, o, u and ler after e, i, ö, ü."""
    words = "kitap kuş oda okul yıl el göz gün deniz ev at kız çiçek gül yol ders"
    back = set("aıou")
    return [
        Triple(word, "N;NOM(PL)", word + ("lar" if vowel in back else "ler"))
        for word in words.split()
        for vowel in [next(one for one in reversed(word) if one in "aıoueiöü")]
    ]


def test_the_longest_suffix_rule_wins_and_the_commonest_of_those() -> None:
    rows = [("walk", "walked"), ("talk", "talked"), ("jump", "jumped"), ("try", "tried")]
    rules = Rules.learn([Triple(a, "V;PST", b) for a, b in rows], policy="affix")
    assert [rules.predict(word, "V;PST").form for word in ("cry", "look")] == ["cried", "looked"]
    answer = rules.predict("milk", "V;PST")
    assert (answer.rule, answer.support) == ("lk> -> lked>, < -> <", 2)


def test_a_bundle_that_was_never_seen_has_no_confidence_that_nobody_measured() -> None:
    rules = Rules.learn(swahili())
    seen = rules.predict("ruka", "V;PST;1;SG").confidence
    assert seen is not None
    assert seen > 0.9
    assert rules.predict("ruka", "V;SBJV;1;SG").confidence is None
    assert rules.predict("ruka", "N;PL").confidence is None
    lone = Rules.learn([Triple("soma", "V;PST", "alisoma")])  # nothing can be held out
    assert lone.predict("pika", "V;PST").confidence is None


def test_prefixes_are_learned_on_reversed_words() -> None:
    rules = Rules.learn(swahili(), policy="affix")
    assert rules.predict("ruka", "V;FUT;3;PL").form == "wataruka"
    assert rules.predict("ruka", "V;SBJV").form == "ruka"  # never seen: the lemma


def test_analogies_follow_vowel_harmony_and_copy_new_letters() -> None:
    rules = Rules.learn(turkish())
    plurals = [rules.predict(word, "N;NOM(PL)").form for word in ("kol", "kül", "ses", "bal")]
    assert plurals == ["kollar", "küller", "sesler", "ballar"]
    rows = [("食べる", "食べた"), ("見る", "見た"), ("出る", "出た")]
    japanese = Rules.learn([Triple(a, "V;PST", b) for a, b in rows])
    assert japanese.predict("調べる", "V;PST").form == "調べた"


def test_an_unseen_bundle_is_made_of_its_neighbours() -> None:
    rules = Rules.learn(swahili(leave_out="V;FUT;1;PL"))
    answer = rules.predict("ruka", "V;FUT;1;PL")
    assert answer.form == "tutaruka"
    assert answer.rule.endswith(": tutaruka") or " = " in answer.rule
    assert rules.predict("ruka", "V;PST;1;PL").form == "tuliruka"


def test_the_same_triples_make_the_same_bytes_and_answers(tmp_path: Path) -> None:
    first, second = (Rules.learn(swahili(), seed=7) for _ in range(2))
    first.save(tmp_path / "first.json")
    second.save(tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    loaded = Rules.load(tmp_path / "first.json")
    for lemma, bundle in product(["ruka", "soma", "x"], ["V;PST;1;SG", "V;PST;2;PL", "N;PL"]):
        assert loaded.predict(lemma, bundle) == first.predict(lemma, bundle)


@given(st.text(max_size=6), st.sampled_from(["V;PST;1;SG", "V;SBJV;1;SG", "N"]))
def test_every_string_gets_a_form_and_of_a_seen_bundle_a_confidence(
    lemma: str, features: str
) -> None:
    answer = SWAHILI.predict(lemma, features)
    measured = answer.confidence is not None and 0 <= answer.confidence <= 1
    assert measured == (features in SWAHILI.features)
    assert answer == SWAHILI.predict(lemma, features)


@given(st.text(max_size=8), st.text(max_size=8), st.sampled_from(["characters", "parts"]))
def test_words_are_read_back_as_they_were(one: str, other: str, scheme: str) -> None:
    writing = Writing(scheme)
    codes = [writing.encode(word) for word in (one, other)]
    assert [writing.decode(code) for code in codes] == [one, other]


def test_bad_files_and_settings_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    with pytest.raises(InputError, match=r"rules.json: no such file; learn the rules"):
        Rules.load(path)
    path.write_text("{")
    with pytest.raises(InputError, match=r"rules.json: expected JSON, .*; learn the rules"):
        Rules.load(path)
    path.write_text(json.dumps({"format": "kilolingua rules 0"}))
    with pytest.raises(InputError, match=r'found "kilolingua rules 0"; learn again'):
        Rules.load(path)
    with pytest.raises(InputError, match=r"expected triples with forms, found none"):
        Rules.learn([Triple("soma", "V;PST", None)])
    with pytest.raises(InputError, match=r'expected the policy affix or analogy, found "neural"'):
        Rules.learn(swahili(), policy="neural")  # type: ignore[arg-type]


@pytest.mark.parametrize(("tag", "official"), [("ja", 64.1), ("nv", 35.8), ("am", 65.4)])
def test_the_affix_rules_are_the_official_baseline(mirror: Path, tag: str, official: float) -> None:
    """The figures of the shared task of 2023, part 1, test."""
    language = resolve(tag)
    train = load_triples(language, "train", normalise=False, access=Access(offline=True))
    test = load_triples(language, "test", normalise=False, access=Access(offline=True))
    rules = Rules.learn(train.triples, policy="affix")
    right = sum(rules.predict(t.lemma, t.features).form == t.form for t in test.triples)
    assert round(100 * right / len(test.triples), 1) == official


SWAHILI = Rules.learn(swahili())


def test_letters_that_have_no_parts_are_written_whole(tmp_path: Path) -> None:
    """A vowel of Amharic changes within a letter, after any consonant; Latin ones have no parts."""
    ends = zip("ለመረሰበተነከደገ", "ላማራሳባታናካዳጋ", strict=True)
    amharic = [Triple(f"ቀጠ{one}", "N;DEF", f"ቀጠ{other}") for one, other in ends]
    for rows, scheme in ((swahili(), "characters"), (amharic, "parts")):
        Rules.learn(rows).save(tmp_path / "rules.json")
        assert json.loads((tmp_path / "rules.json").read_text("utf-8"))["scheme"] == scheme


def test_of_many_pairs_some_are_taken_from_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs: Any = tuple(range(10))
    monkeypatch.setattr(rules, "MOST_PAIRS", 10)
    assert rules._spread(pairs) == pairs
    monkeypatch.setattr(rules, "MOST_PAIRS", 3)
    assert rules._spread(pairs) == (0, 3, 6)


def test_rankings_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgotten ones are the same when they are asked for again."""
    words = ["ruka", "soma", "x", "ruka", "tema", "ruka"]
    before = [SWAHILI.predict(word, "V;SBJV;1;SG") for word in words]
    monkeypatch.setattr("morph.rules.voting.REMEMBERED", 1)
    again = Rules.learn(swahili())
    assert [again.predict(word, "V;SBJV;1;SG") for word in words] == before
