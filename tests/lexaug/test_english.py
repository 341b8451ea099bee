"""English taken apart: words, tags, phrases, verb groups, subjects; sentences written by us."""

from __future__ import annotations

import pytest

from data.unimorph import Triple
from lexaug.english.clauses import NOUN_PHRASE, VERBS, Analyser, Part, Sentence, VerbForms
from lexaug.english.tagger import Tagger, counted
from lexaug.english.words import tokens

TABLE = (
    ("bring", "V;PST", "brought"), ("bring", "V;V.PTCP;PST", "brought"),
    ("bring", "V;NFIN", "bring"),
    ("give", "V;NFIN", "give"), ("give", "V;PST", "gave"), ("see", "V;NFIN", "see"),
    ("see", "V;PST", "saw"), ("read", "V;NFIN", "read"), ("read", "V;PST", "read"),
    ("sell", "V;V.PTCP;PRS", "selling"), ("eat", "V;NFIN", "eat"), ("sell", "V;NFIN", "sell"),
    ("count", "V;PST", "counted"), ("count", "V;V.PTCP;PST", "counted"), ("go", "V;NFIN", "go"),
    ("rise", "V;PRS;3;SG", "rises"), ("open", "V;NFIN", "open"), ("sit", "V;PST", "sat"),
    ("come", "V;PST", "came"), ("ask", "V;PST", "asked"), ("build", "V;V.PTCP;PST", "built"),
)  # fmt: skip
NOUNS = [
    "book",
    "money",
    "market",
    "seller",
    "child",
    "teacher",
    "price",
    "water",
    "fish",
    "door",
    "goat",
    "friend",
]
KNOWN = {noun: frozenset({"NOUN"}) for noun in NOUNS} | {
    word: frozenset({"ADJ"}) for word in ("old", "big", "red")
}


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    forms = VerbForms(Triple(*row) for row in TABLE)
    return Analyser(Tagger(None, KNOWN, forms.all), forms)


def verbs(sentence: Sentence) -> list[Part]:
    return [part for part in sentence.parts if part.kind == VERBS]


@pytest.mark.parametrize(
    ("line", "features", "person", "number"),
    [
        ("I will give you my old books.", "V;FUT", "1", "SG"),
        ("She had brought money.", "V;PST;PRF", "3", "SG"),
        ("They have counted the money.", "V;PRS;PRF", "3", "PL"),
        ("We are selling fish.", "V;PRS;PROG", "1", "PL"),
        ("The goats would eat it.", "V;COND;PRS", "3", "PL"),
        ("The market was built.", "V;PST;PASS", "3", "SG"),
        ("The child and the teacher came.", "V;PST", "3", "PL"),
        ("You are going to see it.", "V;FUT", "2", "SG"),
        ("Open the door!", "V;IMP", "2", "SG"),
        ("The price of water rises.", "V;PRS", "3", "SG"),
        ("The friends of the teacher came.", "V;PST", "3", "PL"),
        ("Did you see the goat?", "V;PST", "2", "SG"),
    ],
)
def test_a_verb_group_is_one_bundle(
    analyser: Analyser, line: str, features: str, person: str, number: str
) -> None:
    [group] = verbs(analyser.analysed(line))
    assert (";".join(group.features), group.person, group.number) == (features, person, number)


def test_negation_and_infinitives_are_folded(analyser: Analyser) -> None:
    sentence = analyser.analysed("The teacher did not ask us to read the book.")
    ask, read = verbs(sentence)
    assert ask.negation is not None
    assert sentence.tokens[ask.negation].low == "not"
    assert [sentence.tokens[place].low for place in ask.folded] == ["did"]
    assert [sentence.tokens[place].low for place in read.folded] == ["to"]
    assert read.features == ("V", "NFIN")


def test_a_noun_phrase_has_its_parts(analyser: Analyser) -> None:
    sentence = analyser.analysed("She counted her two big red books.")
    [phrase] = [part for part in sentence.parts if part.kind == NOUN_PHRASE]
    lows = [token.low for token in sentence.tokens]
    assert (lows[phrase.head], phrase.number) == ("books", "PL")
    assert phrase.possessive is not None
    assert lows[phrase.possessive] == "her"
    assert [lows[place] for place in (*phrase.quantifiers, *phrase.adjectives)] == [
        "two",
        "big",
        "red",
    ]


def test_an_owner_stands_in_the_phrase_of_what_is_owned(analyser: Analyser) -> None:
    sentence = analyser.analysed("The teacher's book was red.")
    phrase = sentence.parts[0]
    assert phrase.owner is not None
    assert sentence.tokens[phrase.owner.head].low == "teacher"
    assert sentence.tokens[phrase.head].low == "book"


def test_a_verb_after_a_quotation_has_its_subject_behind_it(analyser: Analyser) -> None:
    sentence = analyser.analysed('"We sat," asked the sellers.')
    assert [(part.person, part.number) for part in verbs(sentence)] == [("1", "PL"), ("3", "PL")]


def test_contractions_are_two_words_that_cover_the_text() -> None:
    line = "I can't, we'll, won't, Amina's."
    found = tokens(line)
    assert [token.low for token in found if token.kind == "word"] == [
        "i", "can", "not", "we", "will", "will", "not", "amina", "'s",
    ]  # fmt: skip
    assert all(line[token.start : token.stop] == token.text for token in found)


def test_counts_decide_between_readings() -> None:
    sentences = [(("the", "change", "helps"), ("DET", "NOUN", "VERB"))] * 8
    sentences += [(("they", "change", "it"), ("PRON", "VERB", "PRON"))] * 8
    tagger = Tagger(counted(sentences))
    assert tagger.tags(tokens("the change helps"))[1] == "NOUN"
    assert tagger.tags(tokens("they change it"))[1] == "VERB"


def test_a_word_between_subject_and_verb_is_passed_over(analyser: Analyser) -> None:
    sentence = analyser.analysed("The children often came.")
    [group] = verbs(sentence)
    assert group.subject == 0
    assert (group.person, group.number) == ("3", "PL")
