"""Capitals, licences, tables that are cut, examples: each rule on cases that can be read off it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lexaug.casing import Case, Reading, begins_sentence, carried, case_of, reading
from lexaug.synthesis import journal as journal_module
from lexaug.synthesis.journal import PRUNED, Tally, is_sampled
from lexaug.synthesis.reports import Terms, combined
from lexaug.synthesis.work import cut, evenly, of_line, of_sentence


@pytest.mark.parametrize(
    ("word", "inside", "at_start"),
    [
        ("may", Reading.SMALL, Reading.SMALL),
        ("May", Reading.CAPITAL, Reading.ANY),
        ("MAY", Reading.ANY, Reading.ANY),
        ("I", Reading.CAPITAL, Reading.ANY),  # one letter does not shout
        ("", Reading.SMALL, Reading.SMALL),
        ("mAY", Reading.SMALL, Reading.SMALL),
    ],
)
def test_what_a_capital_says(word: str, inside: Reading, at_start: Reading) -> None:
    assert (reading(word, False), reading(word, True)) == (inside, at_start)


@pytest.mark.parametrize(
    ("words", "inside", "at_start"),
    [
        (["cow"], Case.SMALL, Case.SMALL),
        (["Cow"], Case.INSIDE, Case.START),
        (["COW"], Case.SHOUTED, Case.SHOUTED_START),
        (["I"], Case.INSIDE, Case.START),
        (["I", "AM"], Case.SHOUTED, Case.SHOUTED_START),
        (["I", "am"], Case.INSIDE, Case.START),
        (["A", "DOG", "barks"], Case.INSIDE, Case.START),
        (["look", "After"], Case.SMALL, Case.SMALL),
    ],
)
def test_how_a_phrase_is_written(words: list[str], inside: Case, at_start: Case) -> None:
    assert (case_of(words, False), case_of(words, True)) == (inside, at_start)


@pytest.mark.parametrize(
    ("target", "headword", "expected"),
    [
        # small, inside, start, shouted, shouted at the start
        ("ng'ombe", "cow", ["ng'ombe", "Ng'ombe", "Ng'ombe", "NG'OMBE", "NG'OMBE"]),
        ("mimi", "I", ["mimi", "mimi", "Mimi", "MIMI", "MIMI"]),
        ("Jumatatu", "Monday", ["Jumatatu", "Jumatatu", "Jumatatu", "JUMATATU", "JUMATATU"]),
        ("runinga", "TV", ["runinga", "runinga", "Runinga", "runinga", "Runinga"]),
    ],
)
def test_a_translation_takes_the_case(target: str, headword: str, expected: list[str]) -> None:
    assert [carried(target, headword, case, "sw") for case in Case] == expected


def test_turkish_has_a_dot_on_its_capital() -> None:
    assert carried("istanbul", "town", Case.START, "tr") == "İstanbul"
    assert carried("istanbul", "town", Case.SHOUTED, "az") == "İSTANBUL"
    assert carried("istanbul", "town", Case.START, "sw") == "Istanbul"
    assert [begins_sentence(gap) for gap in (", ", ". ", "", ' "', " - ")] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_the_rarest_words_go_until_half_of_the_table_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_module, "LARGEST_TABLE", 6)
    tally = Tally()
    tally.add(Tally(missing=Counter(a=1, b=1, c=2, d=2, e=3, f=9)))
    assert len(tally.missing) == 6, "six have room"
    tally.add(Tally(missing=Counter(g=5)))
    # Without the ones 5 are left, without the twos 3, which is half of six.
    assert tally.missing == Counter(e=3, f=9, g=5)
    assert tally.numbers[PRUNED] == 4


def test_hits_as_numbers_add_up_and_get_their_names() -> None:
    tally = Tally(hits=Counter(goat=1))
    for places in ([0, 2, 0], [1, 3, 0]):
        tally.add(Tally(places=np.array(places)))
    tally.name_places(["goat", "dog", "ant"])
    assert tally.hits == Counter(goat=2, dog=5)
    assert "ant" not in tally.hits
    assert Tally.from_json(tally.as_json()).hits == tally.hits
    assert tally.as_json()["missing"] == {}


def test_every_line_then_every_sixteenth_is_sampled() -> None:
    assert [n for n in range(99_999, 100_040) if is_sampled(n)] == [
        99_999,
        100_000,
        100_016,
        100_032,
    ]


@pytest.mark.parametrize(
    ("licence", "hub"),
    [
        ("not stated", "unknown"),
        ("CC-BY-SA-4.0", "cc-by-sa-4.0"),
        ("CC-BY-NC-ND-3.0", "cc-by-nc-nd-3.0"),
        ("CC0-1.0", "cc0-1.0"),
        ("Apache-2.0", "apache-2.0"),
        ("GPL-2.0-or-later", "gpl-2"),
        ("GPL-3.0-only", "gpl-3"),
        ("ODbL-1.0", "other"),
        ("CC-BY-9.0", "other"),
    ],
)
def test_licences_as_the_hub_spells_them(licence: str, hub: str) -> None:
    assert Terms(licence, (), "").hub == hub


def test_licences_from_the_strictest_to_the_freest() -> None:
    order = [
        "unheard of", "CC-BY-NC-ND-4.0", "CC-BY-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-4.0",
        "AGPL-3.0", "LGPL-3.0", "CC-BY-4.0", "MIT", "CC0-1.0",
    ]  # fmt: skip
    for stricter, freer in pairwise(order):
        assert combined({"a": freer, "b": stricter}).strictest == stricter
    both = combined({"text": "CC-BY-NC-4.0", "lexicon": "CC-BY-SA-4.0"})
    assert both.conditions == ("attribution", "share-alike", "non-commercial")
    assert combined({"a": "CC0-1.0", "b": "CC0-1.0"}).conditions == ()
    free = combined({"a": "CC-BY-SA-4.0", "b": "CC-BY-4.0"})
    assert free.note == "", "attribution goes with share-alike"
    names = combined({"text": "x", "lexicon": "y"}).note
    assert names == "Find out under which licence the text and the lexicon may be used."


@pytest.mark.parametrize(
    ("count", "places"),
    [
        (0, []),
        (1, [0]),
        (12, list(range(12))),
        (13, [0, 2, 4, 6, 8, 10, 12]),
        (24, list(range(0, 24, 2))),
    ],
)
def test_twelve_examples_at_most(count: int, places: list[int]) -> None:
    assert evenly(count) == places


def replacement(start: int, end: int, target: tuple[int, int], rule: str) -> Any:
    return SimpleNamespace(
        start=start,
        end=end,
        target_start=target[0],
        target_end=target[1],
        option=SimpleNamespace(rule=rule),
    )


def test_an_example_is_cut_where_something_was_replaced() -> None:
    line: Any = SimpleNamespace(
        text="mbwa barks", replacements=[replacement(0, 3, (0, 4), "exact")]
    )
    assert of_line(7, "dog barks", line) == {
        "number": 7,
        "source": [["dog", "exact"], [" barks", ""]],
        "target": [["mbwa", "exact"], [" barks", ""]],
    }
    assert of_line(7, "x" * 401, line) is None
    assert of_line(7, "x" * 400, line) is not None
    assert cut("abc", []) == [["abc", ""]]
    assert cut("abcd", [(0, 1, "r"), (1, 4, "s")]) == [["a", "r"], ["bcd", "s"]]


def test_an_example_of_labels() -> None:
    done: Any = SimpleNamespace(
        tokens=["mbwa", "mwitu", "barks"],
        tags=["N", "N", "V"],
        replacements=[replacement(0, 1, (0, 2), "exact")],
    )
    assert of_sentence(1, ["dog", "barks"], ["N", "V"], done) == {
        "number": 1,
        "source": [["dog", "exact", "N"], ["barks", "", "V"]],
        "target": [["mbwa", "exact", "N"], ["mwitu", "exact", "N"], ["barks", "", "V"]],
    }
    assert of_sentence(1, ["x" * 200, "y" * 200], ["N", "V"], done) is None, "with the space, 401"
    assert of_sentence(1, ["x" * 200, "y" * 199], ["N", "V"], done) is not None


def test_letters_and_marks_that_melt_are_found_wherever_they_stand_in_the_table() -> None:
    pytest.importorskip("numba", reason='needs pip install -e ".[lexaug]"')
    from lexaug.kernel.words import _composes

    for size in range(9):
        pairs = np.array([10 * n + 5 for n in range(size)], np.int64)
        found = [n for n in range(100) if _composes(np.int64(n), pairs)]
        assert found == pairs.tolist()
