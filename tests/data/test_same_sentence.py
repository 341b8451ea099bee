"""The same sentence in other spellings, and other sentences that stay apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.spelling import letters_of, sentence_key

SENTENCE = "Ng'ombe wetu ñandu, alisema: «3.5 kg» leo."


@pytest.mark.parametrize(
    "other",
    [
        SENTENCE.removesuffix("."),
        f"“{SENTENCE}”",
        SENTENCE.upper(),
        SENTENCE.replace("'", "’"),
        SENTENCE.replace("'", "ʼ"),
        SENTENCE.replace("'", "ꞌ"),
        SENTENCE.replace("«", '"').replace("»", '"'),
        SENTENCE.replace(" ", "\u00a0"),
        SENTENCE.replace(" ", "\u3000 "),
        SENTENCE.replace(" ", ""),
        "\ufeff" + SENTENCE,
        "\u200e".join(SENTENCE),
        "\u200b".join(SENTENCE),
        "\u00ad".join(SENTENCE),
        "\u2060\u200c\u200d".join(SENTENCE),
        f"\u2067{SENTENCE}\u2069",
        "\ufe0f".join(SENTENCE),
        "\u3164" + SENTENCE,
        SENTENCE.removesuffix(".") + "ฯ",
        SENTENCE.removesuffix(".") + "ຯ",
        SENTENCE.replace("'", "ˆ"),
        unicodedata.normalize("NFD", SENTENCE),
        SENTENCE.replace("kg", "㎏").replace("3", "３"),
        SENTENCE.replace("wetu", "_wetu_").replace(" ", " - "),
    ],
)
def test_the_same_sentence(other: str) -> None:
    assert sentence_key(other) == sentence_key(SENTENCE)


def test_arabic_is_the_same_when_it_is_stretched_or_in_presentation_forms() -> None:
    assert sentence_key("كـــتاب") == sentence_key("كتاب") == sentence_key("ﻛﺘﺎﺏ")


@pytest.mark.parametrize(
    "other",
    [
        SENTENCE.replace("ñ", "n"),
        SENTENCE.replace("3", "4"),
        SENTENCE + " Sasa.",
        SENTENCE.replace("leo", "jana"),
    ],
)
def test_another_sentence(other: str) -> None:
    assert sentence_key(other) != sentence_key(SENTENCE)


def test_texts_without_letters_are_told_apart_by_their_signs() -> None:
    signs = ["።", "...", "?", "!", "😀", "—", "+", "💧"]
    assert len({sentence_key(sign) for sign in signs}) == len(signs)
    assert sentence_key(" ?\u200b ! ") == sentence_key("?!")
    assert not any(map(letters_of, signs))
    assert not any(map(sentence_key, ["", " \u200b", "\ufeff\u00ad"]))


@given(st.text())
def test_normal_form_and_case_make_no_difference(text: str) -> None:
    key = sentence_key(text)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert letters_of(unicodedata.normalize(form, text)) == letters_of(text)
    assert sentence_key(f" {text}\u200b\n") == key
