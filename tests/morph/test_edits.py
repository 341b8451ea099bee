"""Alignments that rebuild both words, at the least cost; scripts, splits and merges."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from morph.edits import align, apply, changes, merge, split

WORDS = st.text(max_size=12) | st.text("abc", max_size=8)


@cache
def least(one: str, other: str) -> int:
    """The recursion of Levenshtein's distance as textbooks have it, in tenths."""
    if not one or not other:
        return 10 * (len(one) + len(other))
    replaced = least(one[1:], other[1:]) + (0 if one[0] == other[0] else 11)
    return min(replaced, least(one[1:], other) + 10, least(one, other[1:]) + 10)


@given(WORDS, WORDS)
def test_an_alignment_holds_both_words_and_a_script_makes_one_of_the_other(
    lemma: str, form: str
) -> None:
    for contiguous in (True, False):
        columns = align(lemma, form, contiguous=contiguous)
        assert "".join(edit.source for edit in columns) == lemma
        assert "".join(edit.target for edit in columns) == form
    assert apply(changes(lemma, form), lemma) == form


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.booleans())
def test_no_alignment_is_cheaper(lemma: str, form: str, contiguous: bool) -> None:
    costs = {"copy": 0, "replace": 11, "insert": 10, "delete": 10}
    columns = align(lemma, form, contiguous=contiguous)
    assert sum(costs[edit.kind] for edit in columns) == least(lemma, form)


@pytest.mark.parametrize(
    ("lemma", "form", "columns"),
    [
        ("kitten", "sitting", "k:s i:i t:t t:t e:i n:n :g"),
        ("Haus", "Häuser", "H:H a:ä u:u s:s :e :r"),
        ("oku", "okuyor", "o:o k:k u:u :y :o :r"),
        ("aa", "aaa", "a:a a:a :a"),  # of equals, copies come first
        ("pata", "papata", "p:p a:a :p :a t:t a:a"),
        ("", "ab", ":a :b"),
    ],
)
def test_alignments_worked_by_hand(lemma: str, form: str, columns: str) -> None:
    assert " ".join(f"{edit.source}:{edit.target}" for edit in align(lemma, form)) == columns


def test_few_stretches_or_the_shared_tasks_tie_rule() -> None:
    assert [one.text for one in changes("lala", "alilala")] == ["ali"]
    scattered = align("lala", "alilala", contiguous=False)
    assert [edit.kind for edit in scattered][:4] == ["insert", "copy", "insert", "insert"]


@given(WORDS, WORDS)
def test_a_split_has_all_of_both_words(lemma: str, form: str) -> None:
    parts = split(lemma, form)
    middle = ["".join(edit[side] for edit in parts.stem) for side in (0, 1)]
    for side, word in enumerate((lemma, form)):
        assert parts.prefix[side] + middle[side] + parts.suffix[side] == word
    assert "" in parts.prefix
    assert "" in parts.suffix


@given(WORDS, WORDS, WORDS)
def test_an_analogy_without_difference_is_the_other_word(a: str, b: str, c: str) -> None:
    assert merge(a, b, a) == b
    assert merge(a, a, c) == c
    assert merge(a, b, c) == merge(a, c, b)


@pytest.mark.parametrize(
    ("base", "one", "other", "answer"),
    [
        ("soma", "alisoma", "pika", "alipika"),
        ("soma", "hasomi", "lala", "halali"),  # both ends at once
        ("talo", "talossa", "auto", "autossa"),
        ("kitap", "kitabı", "dolap", "dolabı"),
        ("kataba", "kutiba", "darasa", "durisa"),  # a vowel pattern between consonants
        ("nilisoma", "sikusoma", "nilipika", "sikupika"),
        ("食べる", "食べた", "調べる", "調べた"),
        ("a", "b", "c", None),
        ("ab", "axb", "ayb", None),  # two insertions in one place
    ],
)
def test_analogies_worked_by_hand(base: str, one: str, other: str, answer: str | None) -> None:
    assert merge(base, one, other) == answer
