"""Lexicons made ready: options, weights, capitals, inflection. Worked by hand."""

from __future__ import annotations

import pytest

from data.errors import InputError
from data.lexicon import Lexicon, ranked
from data.lexicon.reading import Entry
from lexaug.casing import Reading
from lexaug.phrases import Option, PhraseTable, compile_phrases


class English:
    """Forms of a few words, as UniMorph gives them."""

    def forms_of(self, lemma: str) -> list[tuple[str, str]]:
        """By lemma."""
        return {
            "walk": [("walks", "V;PRS;3;SG"), ("walked", "V;PST"), ("walked", "V;V.PTCP;PST")],
            "look": [("looked", "V;PST"), ("looks", "N;PL")],
            "stop": [("stops", "N;PL"), ("stopped", "V;PST")],
            "well": [("wells", "N;PL")],
        }.get(lemma, [])


class Swahili:
    """Knows some forms; a participle but no past of `enda`."""

    def inflect(self, lemma: str, features: str) -> str | None:
        """By lemma and bundle."""
        forms = {
            ("tembea", "V;PST"): "alitembea",
            ("tembea", "V;V.PTCP;PST"): "ametembea",
            ("enda", "V;V.PTCP;PST"): "ameenda",
            ("tunza", "V;PST"): "alitunza",
        }
        return forms.get((lemma, features))


def compiled(*entries: Entry, policy: str = "uniform", inflected: bool = True) -> PhraseTable:
    analyser, inflector = (English(), Swahili()) if inflected else (None, None)
    lexicon = ranked(entries, "en", "sw", "toy")
    return compile_phrases(lexicon, policy, analyser=analyser, inflector=inflector)


def texts(options: tuple[Option, ...]) -> list[tuple[str, str, str]]:
    return [(option.text, option.rule, option.features) for option in options]


def test_the_first_bundle_with_a_form_inflects_each_entry() -> None:
    table = compiled(
        Entry("walk", "tembea"), Entry("walk", "enda"), Entry("walk", "kanyaga", "VERB")
    )
    assert texts(table.lookup("walked")) == [
        ("alitembea", "inflected", "V;PST"),
        ("ameenda", "inflected", "V;V.PTCP;PST"),
        ("kanyaga", "lemma", "V;PST"),
    ]
    assert [option.pos for option in table.lookup("walked")] == ["VERB"] * 3
    assert texts(table.lookup("walk"))[0] == ("tembea", "exact", "")


def test_a_surface_that_is_a_headword_uses_its_own_entries() -> None:
    table = compiled(Entry("walk", "tembea"), Entry("walked", "-liotembea"))
    assert texts(table.lookup("walked")) == [("-liotembea", "exact", "")]


def test_bundles_fit_the_part_of_speech() -> None:
    table = compiled(Entry("walk", "matembezi", "NOUN"), Entry("stop", "kituo", "NOUN"))
    assert table.lookup("walked") == ()
    assert table.lookup("stopped") == ()
    assert texts(table.lookup("stops")) == [("kituo", "lemma", "N;PL")]


def test_phrases_inflect_the_first_word_as_a_verb_and_the_last_as_a_noun() -> None:
    table = compiled(Entry("look after", "tunza"), Entry("bus stop", "kituo cha basi"))
    assert texts(table.lookup("looked after")) == [("alitunza", "inflected", "V;PST")]
    assert texts(table.lookup("bus stops")) == [("kituo cha basi", "lemma", "N;PL")]
    assert table.lookup("looks after") == table.lookup("bus stopped") == ()


def test_capitals_narrow_what_is_meant() -> None:
    table = compiled(Entry("May", "Mei"), Entry("may", "huenda"), Entry("well", "kisima"))
    by_reading = {reading.name: texts(table.lookup("may", reading)) for reading in Reading}
    assert by_reading == {
        "ANY": [("Mei", "exact", ""), ("huenda", "exact", "")],
        "SMALL": [("huenda", "exact", "")],
        "CAPITAL": [("Mei", "exact", "")],
    }
    assert table.lookup("well", Reading.CAPITAL) == table.lookup("well")
    assert table.lookup("wells", Reading.CAPITAL) == ()  # Mr Wells
    assert len(table.lookup("wells", Reading.SMALL)) == 1


def test_policies_choose_and_weigh() -> None:
    entries = (Entry("dog", "mbwa"), Entry("dog", "jibwa"), Entry("dog", "kijibwa"))
    weights = {
        policy: [option.weight for option in compiled(*entries, policy=policy).lookup("dog")]
        for policy in ("first", "uniform", "frequency", "pos")
    }
    assert weights["first"] == [1]
    assert weights["uniform"] == weights["pos"] == [1, 1, 1]
    assert weights["frequency"][0] == 2 * weights["frequency"][1] == 3 * weights["frequency"][2]


def test_phrases_that_no_text_can_hold_are_told() -> None:
    table = compiled(Entry("24 hours", "siku"), Entry("hello!", "habari"), Entry("e.g.", "mfano"))
    assert table.unreachable() == ("24 hours", "e.g")


@pytest.mark.parametrize(
    ("entries", "policy", "message"),
    [
        ([], "first", "toy: expected entries, found none; give a lexicon with at least one"),
        ([Entry("a", "b")], "best", 'no policy "best"; choose one of: first, uniform, freq'),
        (
            [Entry("a", "b"), Entry("dog", "mb\twa")],
            "first",
            r'toy: entry 2 \("dog"\): expected a translation on one line without tabs,'
            ' found "mb<TAB>wa"; correct the entry',
        ),
        ([Entry("dog", " ")], "first", r'toy: entry 1 \("dog"\): .* found an empty one'),
    ],
)
def test_bad_lexicons_are_named(entries: list[Entry], policy: str, message: str) -> None:
    lexicon = Lexicon(tuple(entries), "en", "sw", "toy")
    with pytest.raises(InputError, match=message):
        compile_phrases(lexicon, policy)
