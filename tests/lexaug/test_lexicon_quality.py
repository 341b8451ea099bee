"""Quality of a lexicon: each figure on cases small enough to count."""

from __future__ import annotations

import pytest

from lexaug.induction.lexicon_quality import Share, compare, held_back, same_stem, support

KNOWN = {"say": {"sema", "ambia"}, "cow": {"ng'ombe"}, "milk": {"maziwa"}, "water": {"maji"}}


def test_precision_and_coverage_by_hand() -> None:
    """Three of four words are covered; "ng'ombe" is listed, "alisema" has the stem of "sema"."""
    quality = compare({"say": ["alisema", "sema"], "cow": ["ng'ombe"], "milk": ["chai"]}, KNOWN)
    figures = quality.coverage, quality.exact, quality.stem, quality.chance
    assert figures == (Share(3, 4), Share(1, 3), Share(2, 3), Share(0, 3))


def test_only_the_first_translation_counts() -> None:
    assert compare({"cow": ["mbuzi", "ng'ombe"]}, KNOWN).exact == Share(0, 1)


def test_words_outside_the_known_lexicon_do_not_count() -> None:
    assert compare({"blog": ["blogu"]}, KNOWN).coverage == Share(0, 4)


def test_chance_is_the_rate_at_which_wrong_pairs_share_a_stem() -> None:
    known = {"teacher": {"mwalimu"}, "teachers": {"walimu"}}
    quality = compare({"teacher": ["mwalimu"], "teachers": ["walimu"]}, known)
    assert (quality.exact, quality.chance) == (Share(2, 2), Share(2, 2))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("alisema", "sema", True),  # subject and tense before the stem
        ("vitabu", "kitabu", True),  # 5 of 6 letters
        ("wanafunzi", "mwanafunzi", True),
        ("la", "la", True),
        ("kula", "la", False),  # too short to tell
        ("mbuzi", "mbwa", False),
        ("kuandika", "kuanguka", False),  # "kuan" is half of it
    ],
)
def test_same_stem(left: str, right: str, expected: bool) -> None:
    assert same_stem(left, right) is same_stem(right, left) is expected


def test_lemmas_join_what_letters_do_not() -> None:
    lemmas = {"alikula": ["la"], "macho": ["jicho"]}
    assert not same_stem("macho", "jicho")
    assert same_stem("macho", "jicho", lambda word: lemmas.get(word, ()))


def test_wilson_interval_of_newcombe_1998() -> None:
    """Table I there, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for right, of, low, high in (
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.00, 16.11),
        (1, 29, 0.61, 17.18),
    ):
        assert Share(right, of).interval == pytest.approx((low, high), abs=0.005)


def test_nothing_of_nothing_says_so() -> None:
    assert str(Share(0, 0)) == "0.0 [0.0, 100.0] of 0"


def test_held_back_hangs_on_the_word_alone() -> None:
    words = [f"word{number}" for number in range(1000)]
    held = held_back(words, seed=1)
    assert held_back(words[:10], seed=1) == held & set(words[:10])
    assert 440 < len(held) < 560  # 3.8 standard deviations
    assert held != held_back(words, seed=2)


def test_support_counts_occurrences_and_chance() -> None:
    """Two cows and a milk are covered; the phrase stands whole in the first sentence only."""
    pairs = [
        (("cow", "milk"), ("maziwa", "ya", "ng'ombe")),
        (("cow", "sleeps"), ("mbuzi", "analala")),
    ]
    figures = support({"cow": ["ng'ombe"], "milk": ["maziwa ya"]}, pairs)
    assert figures.covered == Share(3, 4)
    assert figures.supported == Share(2, 3)
    assert figures.chance == Share(1, 3)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("abcdefxx", "yyabcdef", True),  # six of eight letters
        ("abcdexxx", "yyyabcde", False),  # five
        ("abcdx", "yabcd", True),  # four of five
        ("abcx", "yabc", False),  # three of four: too short
        ("abcd", "yyyyyyabcd", True),  # of the shorter one
    ],
)
def test_borders_of_a_stem(left: str, right: str, expected: bool) -> None:
    assert same_stem(left, right) is same_stem(right, left) is expected


def test_lemmas_are_looked_up_on_both_sides_and_letters_still_count() -> None:
    found = {"alikula": ["la"], "amekula": ["la"], "macho": ["jicho"], "meno": ["jino"]}

    def lemmas(word: str) -> list[str]:
        return found.get(word, [])

    assert same_stem("alikula", "la", lemmas)
    assert same_stem("la", "alikula", lemmas)
    assert same_stem("alikula", "amekula", lambda word: ["la"])
    assert not same_stem("macho", "meno", lemmas)
    assert same_stem("alisema", "sema", lemmas)
