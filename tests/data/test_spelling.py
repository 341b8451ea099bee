"""One spelling: each rule on words of its language, what it must leave alone, the table's errors.

The words are from dictionaries and keyboards that we know; no rule is checked against itself.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.spelling import COLUMNS, TABLE, fold, fold_case, read_rules, respell
from data.tsv import NOT_NFC

LANGUAGES = ("tr", "ha", "ce", "ee", "am", "fa", "ar", "mos", "os", "ml", "yo", "he", "xx", None)


@pytest.mark.parametrize(
    ("language", "wrong", "right"),
    [
        ("ce", "къинхьегам xIума", "къинхьегам хӀума"),  # Latin x and I: Chechen "thing"
        ("av", "гIор", "гӀор"),
        ("ee", "Eðe", "Eɖe"),
        ("fon", "mε", "mɛ"),
        ("ee", "dέ", "dɛ́"),  # an accent hides no epsilon
        ("kab", "tamaziγt", "tamaziɣt"),
        ("os", "æвзаг", "ӕвзаг"),
        ("cv", "çул", "ҫул"),
        ("udm", "öжыт", "ӧжыт"),
        ("ro", "şi ţară", "și țară"),
        ("fa", "كتاب‌هاي", "کتاب‌های"),
        ("ar", "کتاب", "كتاب"),
        ("apc", "کتاب", "كتاب"),  # Levantine is a member of Arabic
        ("fa", "ﮐﺘﺎﺏ", "کتاب"),
        ("ml", "അവന്\u200d", "അവൻ"),
        ("as", "শৰত্\u200d", "শৰৎ"),
        ("sw", "n\u0303andu", "ñandu"),
    ],
)
def test_wrong_characters_are_corrected_and_counted(language: str, wrong: str, right: str) -> None:
    changes: Counter[str] = Counter()
    assert respell(wrong, language, changes) == unicodedata.normalize("NFC", right)
    assert sum(changes.values()) >= 1
    assert respell(right, language, changes := Counter()) == right
    assert not changes or set(changes) == {NOT_NFC}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "I love SMS и ICQ"),  # a Latin word in Cyrillic text is no mistake
        ("ru", "США-based"),
        ("en", "the α and the ε of it"),
        ("ce", "1 I l"),
        ("ps", "زوی ښځي ىې"),  # Pashto's yehs are letters of their own
        ("ug", "ئانا يىل"),
        ("is", "það"),
        ("ti", "ሓቂ"),
        ("haw", "Hawaiʻi"),  # the okina is right; only keys are made equal
        ("sw", "ng’ombe"),
    ],
)
def test_what_is_right_stays(language: str, text: str) -> None:
    assert respell(text, language) == text


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("sw", "NG’OMBE", "ng'ombe"),
        ("haw", "Hawaiʻi", "hawai`i"),
        ("uz", "o‘zbek", "oʻzbek"),
        ("myv", "кудо‑юр", "кудо-юр"),
        ("ha", "ƴaƴa", "'Ya'ya"),
        ("yo", "e\u0329ja", "ẹja"),
        ("am", "ዓለም", "አለም"),
        ("am", "ሠላም", "ሰላም"),
        ("yi", "ײִדיש", "ייִדיש"),
        ("he", "צ׳ק", "צ'ק"),
        ("ar", "كتـــاب", "كتاب"),
        ("ce", "XӀУМА", "хӏума"),
        ("en", "co\u00adoperate", "cooperate"),
    ],
)
def test_two_right_spellings_have_one_key(language: str, one: str, other: str) -> None:
    assert fold(one, language) == fold(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("ti", "ሓቂ", "ሀቂ"), ("tr", "ılık", "ilik"), ("ha", "ɓata", "bata"), ("is", "það", "þaɖ")],
)
def test_different_letters_keep_different_keys(language: str, one: str, other: str) -> None:
    assert fold(one, language) != fold(other, language)


def test_the_letters_i() -> None:
    """SpecialCasing.txt of Unicode: I is ı, İ is i in Turkish and Azeri, in Latin script alone."""
    for language in ("tr", "az", "tr-TR", "crh-Latn"):
        assert fold_case("DİYARBAKIR", language) == "diyarbakır"
        assert fold("DI\u0307YARBAKIR", language) == "diyarbakır"
    for language in ("en", "az-Cyrl", "xx", None):
        assert fold_case("BIT", language) == "bit"


def test_without_a_language_the_key_is_that_of_latin_words() -> None:
    for word in ("Children", "NG’OMBE", "l`eau", "STRASSE", "Straße", "soft\u00adware", "Thanks!"):
        assert fold(word) == fold(word, "en")


MIXED = "aIiİıхӀ1læεγέكيىک'’ʻ`ሐ\u0301\u0327\u0329\u00ad .!-ðƴ"


@given(
    text=st.text(st.sampled_from(MIXED), max_size=12) | st.text(max_size=12),
    language=st.sampled_from(LANGUAGES),
)
def test_respelling_twice_changes_nothing_more(text: str, language: str | None) -> None:
    respelt = respell(text, language)
    assert respell(respelt, language) == respelt
    assert unicodedata.is_normalized("NFC", respelt)
    assert fold(respelt, language) == fold(text, language)


@given(text=st.text(st.sampled_from(MIXED), max_size=12), language=st.sampled_from(LANGUAGES))
def test_a_key_is_its_own_key(text: str, language: str | None) -> None:
    key = fold(text, language)
    assert key == " ".join(key.split())
    assert fold(key, language) == key


def test_the_table_says_why_once() -> None:
    rules = list(read_rules(TABLE))
    assert len({rule.reason for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.mapping
        assert all(found != to for found, to in rule.mapping.items()) or "forms" in rule.reason


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("fix", "*", "-", "U+0041", "U+0042", "x"), '2: expected repair or key, found "fix"'),
        (("key", "*", "-", "A", "U+0042", "x"), '2: expected code points (U+0253), found "A"'),
        (
            ("key", "*", "-", "U+0041 U+0042 U+0043", "U+0042 U+0043", "x"),
            "2: expected 3 characters or one in column to, found 2",
        ),
    ],
)
def test_errors_of_the_table(tmp_path: Path, cells: tuple[str, ...], message: str) -> None:
    path = tmp_path / "spelling.tsv"
    path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(cells) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(read_rules(path))
    assert str(caught.value).startswith(f"{path}:{message}")
