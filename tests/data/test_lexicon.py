"""Lexicons: look-up, longest match, inversion, glossing, tables. Examples worked by hand."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.lexicon import (
    REPEATED,
    UNIVERSAL_POS,
    UNKNOWN_POS,
    Entry,
    Gloss,
    Lexicon,
    gloss,
    ranked,
    read_bilingual_tsv,
)
from data.tsv import WRONG_COLUMNS
from data.words import word_spans


def lexicon(*pairs: tuple[str, str]) -> Lexicon:
    return ranked((Entry(source, target) for source, target in pairs), "en", "sw")


def targets(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.target for entry in entries]


def written(folder: Path, content: str) -> Path:
    path = folder / "lexicon.tsv"
    path.write_bytes(content.encode())
    return path


ENGLISH = lexicon(
    ("look", "tazama"),
    ("look after", "tunza"),
    ("cow", "ng'ombe"),
    ("child", "mtoto"),
    ("and", "na"),
    ("a lot of", "nyingi"),
    ("Monday", "Jumatatu"),
    ("look", "angalia"),
)


def test_lookup_gives_all_translations_in_file_order() -> None:
    assert targets(ENGLISH.lookup("look")) == ["tazama", "angalia"]
    assert [entry.rank for entry in ENGLISH.lookup("look")] == [1, 2]
    assert ENGLISH.lookup("horse") == ()
    assert len(ENGLISH) == 8


@pytest.mark.parametrize("word", ["n\u0303andu", "ÑANDU", "Ñandu!", "  ñandu"])
def test_lookup_does_not_hang_on_case_or_normal_form(word: str) -> None:
    assert targets(lexicon(("ñandu", "rhea")).lookup(word)) == ["rhea"]


def test_one_apostrophe_one_hyphen() -> None:
    swahili = lexicon(("ng’ombe", "cow"), ("drain‐cock", "valve"))
    for spelling in ("Ng'ombe", "NG’OMBE", "ngʼombe"):
        assert targets(swahili.lookup(spelling)) == ["cow"]
    assert targets(swahili.lookup("drain-cock")) == ["valve"]


def test_the_longest_headword_matches() -> None:
    tokens = ["They", "look", "after", "a", "lot", "of", "cows"]
    assert ENGLISH.longest_match(tokens, 1)[0] == 2
    assert targets(ENGLISH.longest_match(tokens, 1)[1]) == ["tunza"]
    assert ENGLISH.longest_match(tokens, 3)[0] == 3
    assert ENGLISH.longest_match(tokens, 0) == (0, ())
    assert ENGLISH.longest_match(tokens, 7) == (0, ())
    assert lexicon().longest_match(tokens, 0) == (0, ())


def test_a_phrase_cut_short_falls_back_to_the_word() -> None:
    length, entries = ENGLISH.longest_match(["look", "at"], 0)
    assert (length, targets(entries)) == (1, ["tazama", "angalia"])


def test_inversion_puts_first_translations_first() -> None:
    entries = [
        Entry("volume", "buku", "NOUN", 1),
        Entry("volume", "kitabu", "NOUN", 1),
        Entry("book", "kitabu", "NOUN"),
        Entry("reserve", "kitabu", "VERB"),
    ]
    turned = ranked(entries, "en", "sw", "toy").inverted()
    assert (turned.source_language, turned.target_language, turned.name) == ("sw", "en", "toy")
    assert turned.lookup("kitabu") == (
        Entry("kitabu", "book", "NOUN", None, 1),
        Entry("kitabu", "reserve", "VERB", None, 2),
        Entry("kitabu", "volume", "NOUN", None, 3),
    )


WORD = st.text("abcñŋ", min_size=1, max_size=3)


# Tokens are words: a full stop alone would count as the end of the word before it.
TOKEN = st.text("abB'’.-", min_size=1, max_size=3).filter(lambda token: token.strip("."))
HEADWORD = st.lists(TOKEN, min_size=1, max_size=4).map(" ".join)


@given(headwords=st.lists(HEADWORD, max_size=6), tokens=st.lists(TOKEN, max_size=8))
def test_the_longest_match_is_what_trying_all_lengths_finds(headwords: list, tokens: list) -> None:
    one = lexicon(*((headword, "x") for headword in headwords))
    for start in range(len(tokens)):
        lengths = [n for n in range(1, 9) if one.lookup(" ".join(tokens[start:][:n]))]
        fitting = [n for n in lengths if n <= len(tokens) - start]
        assert one.longest_match(tokens, start)[0] == max(fitting, default=0)


@given(pairs=st.lists(st.tuples(WORD, WORD)))
def test_inverting_twice_keeps_every_pair(pairs: list) -> None:
    once = lexicon(*pairs)
    twice = once.inverted().inverted()
    as_pairs = [{(entry.source, entry.target) for entry in one.entries} for one in (once, twice)]
    assert as_pairs[0] == as_pairs[1] == set(pairs)
    assert once.dropped.get(REPEATED, 0) == len(pairs) - len(once)


def test_a_lexicon_travels_to_another_process() -> None:
    ENGLISH.lookup("look")
    copy = pickle.loads(pickle.dumps(ENGLISH))
    assert copy == ENGLISH
    assert targets(copy.lookup("cow")) == ["ng'ombe"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("They look after a lot of cows.", Gloss("They tunza nyingi cows.", 5, 7)),
        ("Look, after lunch!", Gloss("Tazama, after lunch!", 1, 3)),
        ("“Look,” said a child.", Gloss("“Tazama,” said a mtoto.", 2, 4)),
        ("see you on MONDAY", Gloss("see you on Jumatatu", 1, 4)),
        ("look  and\tlook\u00a0and", Gloss("tazama  na\ttazama\u00a0na", 4, 4)),
        ("(look/and) 2 and3 cow-child", Gloss("(tazama/na) 2 and3 cow-child", 2, 3)),
        ("look@and.org https://look.and/cow look.and #cow", Gloss("", 0, 0)),
        ("", Gloss("", 0, 0)),
    ],
)
def test_glossing(sentence: str, expected: Gloss) -> None:
    unchanged = sentence if not expected.tokens else expected.text
    assert gloss(sentence, ENGLISH) == expected._replace(text=unchanged)


def test_glossing_with_lemmas() -> None:
    def lemmas(word: str) -> Iterator[str]:
        tried.append(word)
        yield {"children": "childer", "cows": "cow"}.get(word.lower(), word)
        yield {"children": "child"}.get(word.lower(), word)

    tried: list[str] = []
    expected = Gloss("Mtoto look na horses ng'ombe", 3, 5)
    smaller = lexicon(("child", "mtoto"), ("and", "na"), ("cow", "ng'ombe"))
    assert gloss("Children look and horses cows", smaller, lemmas=lemmas) == expected
    assert tried == ["Children", "look", "horses", "cows"]  # never for a form that has an entry


def test_a_capital_at_the_start_in_other_scripts() -> None:
    assert gloss("Dog", lexicon(("dog", "ǆukela"))).text == "ǅukela"
    assert gloss("Dog", lexicon(("dog", "ძაღლი"))).text == "ძაღლი"
    hindi = ranked([Entry("किताब", "book")], "hi", "en")
    assert gloss("किताब अच्छी", hindi) == Gloss("book अच्छी", 1, 2)


@given(sentence=st.text())
def test_an_empty_lexicon_changes_nothing(sentence: str) -> None:
    text, replaced, tokens = gloss(sentence, lexicon())
    assert (text, replaced) == (sentence, 0)
    assert tokens == len(list(word_spans(sentence)))


@given(sentence=st.text("ab ,.'-1", max_size=20))
def test_a_lexicon_of_equals_changes_nothing(sentence: str) -> None:
    words = {sentence[start:stop] for start, stop in word_spans(sentence)}
    same = gloss(sentence, lexicon(*((word, word) for word in words)))
    assert same.text == sentence
    assert same.replaced == same.tokens


def test_the_form_of_gatitos(tmp_path: Path) -> None:
    path = written(tmp_path, "dog\tmbwa\nhouse \tnyumba\nhouse\tjengo\nhouse\tnyumba\n")
    read = read_bilingual_tsv(path, "en", "sw", name="gatitos")
    assert read.entries == (
        Entry("dog", "mbwa", rank=1, origin="gatitos"),
        Entry("house", "nyumba", rank=1, origin="gatitos"),
        Entry("house", "jengo", rank=2, origin="gatitos"),
    )
    assert read.dropped == {REPEATED: 1}


COLUMNS = ("english", "swahili", "pos")


def test_a_header_and_parts_of_speech(tmp_path: Path) -> None:
    path = written(tmp_path, "english\tswahili\tpos\nread\tsoma\tVERB\nto\tkwa\t\n")
    read = read_bilingual_tsv(path, "en", "sw", columns=COLUMNS, header=True)
    assert [entry.pos for entry in read.entries] == ["VERB", None]


def test_a_tag_that_is_not_universal(tmp_path: Path) -> None:
    path = written(tmp_path, "english\tswahili\tpos\nread\tsoma\tverb\ndog\tmbwa\tNOUN\n")
    with pytest.raises(InputError) as caught:
        read_bilingual_tsv(path, "en", "sw", columns=COLUMNS, header=True)
    assert str(caught.value) == (
        f'{path}:2: expected a Universal POS tag, found "verb"; fix the line'
    )
    kept = read_bilingual_tsv(path, "en", "sw", columns=COLUMNS, header=True, skip_bad=True)
    assert targets(kept.entries) == ["mbwa"]
    assert kept.dropped == {UNKNOWN_POS: 1}


def test_there_are_17_universal_tags() -> None:
    assert len(UNIVERSAL_POS) == 17


def test_the_bad_line_of_gatitos(mirror: Path) -> None:
    path = mirror / "gatitos/en_arn.tsv"
    with pytest.raises(
        InputError,
        match=r"en_arn\.tsv:3235: expected 2 columns \(english, target\), found 1 \(\"t.+e\"\);"
        " fix the line",
    ):
        read_bilingual_tsv(path, "en", "arn")
    read = read_bilingual_tsv(path, "en", "arn", skip_bad=True)
    assert read.dropped[WRONG_COLUMNS] == 1
    assert len(read) + sum(read.dropped.values()) == 4004  # `wc -l`


def test_a_lexicon_as_a_table() -> None:
    named = Lexicon((Entry("dog", "mbwa", "NOUN"), Entry("cow", "ng'ombe")), "en", "sw", "mine")
    assert named.summary() == "mine, en-sw, 2 entries"
    assert Lexicon((), "en", "sw").summary() == "unnamed, en-sw, 0 entries"
    rows = named.rows()
    assert [(row["source"], row["target"]) for row in rows] == [("dog", "mbwa"), ("cow", "ng'ombe")]
