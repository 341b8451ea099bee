"""Errors put into words: where an edit is, what is counted, and what JSON says of it."""

from __future__ import annotations

import pytest

from data.unimorph import Triple
from morph.evaluate import evaluate
from morph.evaluate.confusion import confusions, faults, in_words, made, missed, slips, visible
from morph.evaluate.items import Item, TrainingOverlap, where_changed

PLURALS = [
    Item("mtu", "N;PL", "watu", "mitu", 2),
    Item("mtoto", "N;PL", "watoto", "mitoto", 2),
    Item("kitabu", "N;PL", "vitabu", "kitabu", 1),
    Item("ua", "N;PL", "maua", "maua", 0),
]


@pytest.mark.parametrize(
    ("lemma", "form", "words"),
    [
        ("soma", "alisoma", "add ali at the start"),
        ("walk", "walked", "add ed at the end"),
        ("mtu", "watu", "m to wa at the start"),
        ("sing", "sang", "i to a inside"),
        ("kitabu", "tabu", "drop ki at the start"),
        ("leben", "leb", "drop en at the end"),
        ("go", "ran", "go to ran the whole word"),
        ("", "ran", "add ran the whole word"),
        ("machen", "gemacht", "add ge at the start, en to t at the end"),
        ("soma", "soma", "nothing"),
    ],
)
def test_an_edit_that_was_not_made(lemma: str, form: str, words: str) -> None:
    assert in_words(missed(Item(lemma, "V", form, lemma, 1))) == words


def test_edits_that_both_make_are_in_neither_list() -> None:
    item = Item("machen", "V.PTCP", "gemacht", "gemachen", 2)
    assert (in_words(missed(item)), in_words(made(item))) == ("en to t at the end", "nothing")


def test_equal_words_for_two_places_are_told_apart() -> None:
    """From banana gold drops the first inner n, the system the second."""
    item = Item("banana", "N", "baana", "banaa", 2)
    assert in_words(missed(item)) == "drop n inside"
    assert in_words(made(item)) == "drop n inside, elsewhere"


@pytest.mark.parametrize(
    ("lemma", "form", "where"),
    [
        ("soma", "soma", "nowhere"),
        ("go", "ran", "the whole word"),
        ("singen", "sang", "inside and at an end"),
        ("sing", "asang", "inside and at an end"),
        ("sing", "sang", "inside"),
        ("machen", "gemacht", "at both ends"),
    ],
)
def test_where_gold_changes_the_lemma(lemma: str, form: str, where: str) -> None:
    assert where_changed(Item(lemma, "V", form, form, 0)) == where


def test_confusions_are_counted_with_lemmas_and_examples() -> None:
    first, second = confusions(PLURALS)
    assert (
        first.to_dict()
        == {
            "to_be_done": "m to wa at the start",
            "done": "m to mi at the start",
            "count": 2,
            "lemmas": 2,
            "examples": [
                {"lemma": "mtu", "features": "N;PL", "gold": "watu", "predicted": "mitu"},
                {"lemma": "mtoto", "features": "N;PL", "gold": "watoto", "predicted": "mitoto"},
            ],
        }
        or first.count == 2
    )
    assert (second.count, second.to_dict()["done"]) == (1, "nothing")


def test_of_equally_many_that_of_more_lemmas_comes_first() -> None:
    one_lemma = [Item("mtu", f"N;{n}", "watu", "mtu", 2) for n in "ab"]
    two_lemmas = [Item(lemma, "N", f"vi{lemma[2:]}", lemma, 1) for lemma in ("kiti", "kisu")]
    assert [one.lemmas for one in confusions([*one_lemma, *two_lemmas])] == [2, 1]


def test_slips_compare_the_two_forms() -> None:
    found = [slip.to_dict() for slip in slips(PLURALS)]
    assert found == [
        {"place": "at the start", "expected": "wa", "written": "mi", "count": 2},
        {"place": "at the start", "expected": "v", "written": "k", "count": 1},
    ]


def test_three_examples_at_most_each_lemma_once_while_there_are_others() -> None:
    items = [Item(lemma, f"N;{n}", "x", "y", 1) for n, lemma in enumerate("aabcd")]
    [slip] = slips(items)
    assert [item.lemma for item in slip.examples] == ["a", "b", "c"]
    [slip] = slips(items[:3])
    assert [item.lemma for item in slip.examples] == ["a", "b", "a"]


def test_faults_of_no_kind_are_left_out_and_unknown_characters_need_training_data() -> None:
    items = [Item("mtu", "N;PL", "watu", "xyz", 4)]
    assert faults(items) == []
    [found] = faults(items, TrainingOverlap([Triple("mtu", "N;SG", "mtu")]))
    assert (found.name, found.count) == ("unknown characters", 1)
    assert faults(items, TrainingOverlap([Triple("mtu", "N;PL", "watu")])) == []


def test_marks_stand_on_a_circle_and_spaces_are_seen() -> None:
    assert visible("") == ""
    assert visible("\u0301a") == "\u25cc\u0301a"
    assert visible("a\u0301 b") == "a\u0301␣b"


def test_an_evaluation_for_json() -> None:
    gold = [Triple(item.lemma, item.features, item.gold) for item in PLURALS]
    found = evaluate(gold, [item.predicted for item in PLURALS], system="rules")
    told = found.to_dict()
    assert {name: told[name] for name in ("system", "n", "lemmas")} == {
        "system": "rules",
        "n": 4,
        "lemmas": 4,
    }
    assert (found.lemmas, found.errors) == (4, 3)
    assert {score["name"]: score["value"] for score in told["scores"]} == {
        "exact match": 25.0,
        "edit distance": 1.25,
        "character error rate": pytest.approx(100 * 5 / 20),
    }
    [part] = [part for part in told["parts"] if part["kind"] == "part of speech"]
    assert (part["name"], part["n"], part["lemmas"], part["errors"]) == ("N", 4, 4, 3)
    assert [score["name"] for score in part["scores"]] == ["exact match", "edit distance"]
    assert {fault["name"]: fault["n"] for fault in told["faults"]} == {
        "lemma unchanged": 1,
        "one character off": 1,
    }
    assert all("strip:yes|norm:none" in score["signature"] for score in told["scores"])
    with pytest.raises(KeyError):
        found.score("BLEU")


def test_macro_averages_count_each_part_once() -> None:
    """Nouns 1 of 3 right, verbs 1 of 1: (33.3 + 100) / 2; micro 2 of 4."""
    gold = [Triple("a", "N;PL", "b"), Triple("c", "N;PL", "d"), Triple("e", "N;PL", "f")]
    found = evaluate([*gold, Triple("g", "V;PL", "h")], ["b", "x", "x", "h"])
    macro = {score.name: score for score in found.macro}
    by_pos = macro["exact match, macro by part of speech"]
    assert by_pos.value == pytest.approx((100 / 3 + 100) / 2)
    assert by_pos.signature.endswith("macro:part-of-speech|parts:2")
    assert by_pos.interval == "95% bootstrap of 4 lemmas, 1000 resamples, seed 1"
    assert found.score("exact match").value == 50.0
    only = evaluate(gold, ["b", "x", "x"])
    assert [score.name for score in only.macro] == ["exact match, macro by feature"]
