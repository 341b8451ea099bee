"""Substitution in running text: phrases, case, what is left alone, ratio, glossing."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.languages import resolve
from data.lexicon import Lexicon, gloss, ranked
from data.lexicon.reading import Entry
from data.load import load_lexicon
from data.randomness import key
from lexaug.phrases import compile_phrases
from lexaug.substitute import Line, provenance, substitute_line

LEXICON = ranked(
    [
        Entry("dog", "mbwa"),
        Entry("cow", "ng'ombe"),
        Entry("I", "mimi"),
        Entry("am", "ni"),
        Entry("look", "tazama"),
        Entry("look after", "tunza"),
        Entry("a lot of", "nyingi"),
        Entry("a", "moja"),
        Entry("May", "Mei"),
        Entry("may", "huenda"),
        Entry("TV", "runinga"),
        Entry("minister", "waziri"),
        Entry("org", "shirika"),
        Entry("see", "ona"),
    ],
    "en",
    "sw",
)
FIRST = compile_phrases(LEXICON, "first")
ENGLISH = Path(__file__).parents[2] / "data" / "sample" / "english.txt"


def first(text: str) -> Line:
    return substitute_line(text, FIRST, key=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They look after a lot of cows.", "They tunza nyingi cows."),
        ("They look, after a lot; of", "They tazama, after moja lot; of"),
        ("DOG! Cow? cow\tDog", "MBWA! Ng'ombe? ng'ombe\tMbwa"),
        ("I AM A DOG", "Mimi NI Moja MBWA"),  # one letter does not shout
        ("So am I.", "So ni mimi."),  # the headword has this capital
        ("A dog I see. I see a TV.", "Moja mbwa mimi ona. Mimi ona moja runinga."),
        ("In May the Minister may", "In Mei the Waziri huenda"),
        ('May I? "May I?"', 'Mei mimi? "Mei mimi?"'),  # "first" of both, at the start
        ("LOOK After", "Tunza"),  # one word in small letters is no shouting
        ("dog@org dog.org #dog 3dog dog-3 www.dog", "dog@org dog.org #dog 3dog dog-3 www.dog"),
        ("see http://dog/cow, a dog's dog", "ona http://dog/cow, moja dog's mbwa"),
        ("", ""),
        ("\u3000dog\u2028dog\r", "\u3000mbwa\u2028mbwa\r"),
    ],
)
def test_by_hand(text: str, expected: str) -> None:
    assert first(text).text == expected


def test_replacements_say_where_they_stand() -> None:
    line = first("🐕 They look after cow and COW")
    spans = [(r.start, r.end, r.target_start, r.target_end) for r in line.replacements]
    assert spans == [(7, 17, 7, 12), (18, 21, 13, 20), (26, 29, 25, 32)]
    assert line.text == "🐕 They tunza ng'ombe and NG'OMBE"
    assert (line.words, line.matched, line.replaced) == (6, 4, 4)
    assert provenance(3, line) == (
        '{"line":3,"replacements":[[7,17,7,12,5,"exact"],[18,21,13,20,1,"exact"],'
        '[26,29,25,32,1,"exact"]]}'
    )


def test_turkish_capitals_have_their_dot() -> None:
    turkish = Lexicon((Entry("work", "iş"),), "en", "tr")
    table = compile_phrases(turkish)
    assert substitute_line("Work, WORK, work", table, key=1).text == "İş, İŞ, iş"


def test_the_ratio_holds_within_its_binomial_interval() -> None:
    """4,000 phrases at 0.3: 1,200 expected, sigma 29; six of them are allowed."""
    lines = [substitute_line("dog cow " * 4, FIRST, ratio=0.3, key=key(5, n)) for n in range(500)]
    assert sum(line.matched for line in lines) == 4000
    replaced = sum(line.replaced for line in lines)
    assert abs(replaced - 1200) < 6 * math.sqrt(4000 * 0.3 * 0.7)


def test_options_are_drawn_by_weight() -> None:
    """1/rank over three ranks: 6/11, 3/11 and 2/11 of 3,300 draws, within six sigma."""
    entries = (Entry("dog", "mbwa"), Entry("dog", "jibwa"), Entry("dog", "kijibwa"))
    table = compile_phrases(ranked(entries, "en", "sw"), "frequency")
    drawn = [substitute_line("dog", table, key=key(1, n)).text for n in range(3300)]
    for text, expected in [("mbwa", 1800), ("jibwa", 900), ("kijibwa", 600)]:
        assert abs(drawn.count(text) - expected) < 6 * math.sqrt(expected)


URL_OR_NUMBER = re.compile(r"\S*(?:://|\d)\S*")


@given(st.lists(st.sampled_from([*"a-.,:'\"!", "dog", "I", "look after", "://", "7", "@"])))
def test_nothing_is_replaced_in_addresses_and_numbers(parts: list[str]) -> None:
    text = " ".join("".join(parts[i : i + 3]) for i in range(0, len(parts), 3))
    line = first(text)
    inside = [range(*match.span()) for match in URL_OR_NUMBER.finditer(text)]
    for replacement in line.replacements:
        assert not any(place in span for span in inside for place in (replacement.start,))
    rebuilt, end = "", 0
    for r in line.replacements:
        rebuilt += text[end : r.start] + line.text[r.target_start : r.target_end]
        end = r.end
    assert rebuilt + text[end:] == line.text


def test_it_is_glossing_where_the_rules_are_the_same() -> None:
    """With the first entry of everything, only capitals inside sentences differ from a gloss."""
    lexicon = load_lexicon(resolve("en"), resolve("sw"), name="sample")
    table = compile_phrases(lexicon, "first")
    lines = ENGLISH.read_text("utf-8").splitlines()
    assert len(lines) > 100
    exact = 0
    for text in lines:
        ours, theirs = substitute_line(text, table, key=1), gloss(text, lexicon)
        assert (ours.replaced, ours.words) == (theirs.replaced, theirs.tokens)
        assert ours.text.casefold() == theirs.text.casefold()
        exact += ours.text == theirs.text
    assert exact > 0.9 * len(lines)


def test_what_cannot_be_is_named() -> None:
    with pytest.raises(InputError, match=r"expected a ratio from 0 to 1, found -0\.1; 1 replaces"):
        substitute_line("dog", FIRST, ratio=-0.1, key=1)
    with pytest.raises(InputError, match='the policy "pos" needs POS tags, and here are none'):
        substitute_line("dog", compile_phrases(LEXICON, "pos"), key=1)
