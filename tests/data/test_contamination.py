"""Sentences of test sets are found in running text and in tokens, and nothing else is touched."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.access import Access
from data.contamination import NOTHING_LEFT, KeepOut
from data.corpus import find_corpus

FIRST, SECOND = "Mbwa wetu analala nje.", "Bei ilipanda kwa asilimia 3.5 jana."
TWO = "Rais alifika saa nne. Alizungumza na wanahabari."


def keep_out() -> KeepOut:
    made = KeepOut()
    made.add("toy", [FIRST, SECOND, TWO, "—", ""])
    return made


def cleaned(text: str) -> tuple[str, int]:
    dropped = Counter[str]()
    return keep_out().clean(text, dropped), dropped["sentence of toy"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FIRST, ("", 1)),
        ("MBWA WETU ANALALA NJE", ("", 1)),
        ("Mbwa wetu analala nje sasa.", ("Mbwa wetu analala nje sasa.", 0)),
        ("Habari. Mbwa wetu analala nje! Kwaheri.", ("Habari. Kwaheri.", 1)),
        ("Bei ilipanda kwa asilimia 3 . 5 jana .", ("", 1)),  # as tokens
        (f"Karibu. {TWO} Asante.", ("Karibu. Asante.", 1)),  # a test item of two sentences
        ("Rais alifika saa nne. Alilala.", ("Rais alifika saa nne. Alilala.", 0)),
        (f"Wa kwanza\n{SECOND}\nWa tatu", ("Wa kwanza\nWa tatu", 1)),
        (f"{FIRST} {FIRST}", ("", 2)),
        ("— ! 。", ("— ! 。", 0)),
        ("", ("", 0)),
    ],
)
def test_sentences_inside_a_text(text: str, expected: tuple[str, int]) -> None:
    assert cleaned(text) == expected


def test_scripts_without_spaces() -> None:
    made = KeepOut()
    made.add("zh", ["狗在外面睡觉。"])
    dropped = Counter[str]()
    assert made.clean("你好。狗在外面睡觉。再见。", dropped) == "你好。再见。"
    assert dropped == {"sentence of zh": 1}


@settings(deadline=None)
@given(st.text(alphabet="abcAB .!?\n", max_size=60))
def test_a_text_without_test_sentences_stays_as_it_is(text: str) -> None:
    assert cleaned(text) == (text, 0)


@settings(deadline=None)
@given(st.lists(st.sampled_from([FIRST, SECOND, "Habari yako.", "Ni mimi!"]), max_size=6))
def test_all_that_is_left_was_asked_for(sentences: list[str]) -> None:
    kept = [one for one in sentences if one not in (FIRST, SECOND)]
    assert cleaned(" ".join(sentences)) == (" ".join(kept), len(sentences) - len(kept))


def test_records_that_are_empty_then_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"Habari.\n{FIRST}\nNdiyo. {SECOND}\n", "utf-8")
    dropped = Counter[str]()
    kept = list(keep_out().records(find_corpus(str(path)).records(), dropped))
    assert [(record.id, record.text) for record in kept] == [("1", "Habari."), ("3", "Ndiyo.")]
    assert dropped == {"sentence of toy": 2, NOTHING_LEFT: 1}


def test_test_sets_from_files(tmp_path: Path) -> None:
    path = tmp_path / "test.txt"
    path.write_text(f"{FIRST}\n{FIRST}\n{SECOND}\n", "utf-8")
    made = KeepOut.load([str(path)])
    assert made.describe() == [{"name": str(path), "sentences": 2}]
    assert made.find("mbwa wetu analala nje") == str(path)


@pytest.mark.usefixtures("mirror")
def test_masakhaner_trains_on_sentences_of_masakhapos() -> None:
    """The mirror's README: 502 of the 628 test sentences of Twi are also in the train set."""
    made = KeepOut.load(["masakhaner2:train:twi"], access=Access(offline=True))
    test = find_corpus("masakhapos:test:twi", access=Access(offline=True))
    assert sum(made.find(record.text) is not None for record in test.records()) == 502


def test_work_grows_with_the_size() -> None:
    # Signs between ends of sentences once made every one of them look through all that follow.
    made, looks = keep_out(), []
    found = made._find
    made._find = lambda letters: looks.append(letters) or found(letters)  # type: ignore[method-assign]
    counts = []
    for times in (2_000, 8_000):
        looks.clear()
        text = "Habari. " + ". " * times + FIRST + " ! " * times
        assert made.clean(text, Counter()).startswith("Habari.")
        counts.append(len(looks))
    assert counts[1] <= 4.5 * counts[0]


def test_signs_before_a_test_sentence_go_with_it() -> None:
    assert cleaned(f"— … {FIRST}") == ("", 1)
    assert cleaned("Habari. … ! ") == ("Habari. … ! ", 0)
