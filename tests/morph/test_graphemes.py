"""Writing taken apart and put together: byte for byte, for any text; parts by hand."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from morph.graphemes import join, split

# Letters, signs and marks around which the rules turn, in orders that no language has.
AWKWARD = "कखड़ड़्ािअ়ক்க" + "ለሊላሏ" + "άᾴ̂e" + "가ㅏᅡ" + "a+=0 "


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet=AWKWARD, max_size=10) | st.text(max_size=10))
def test_any_text_comes_back(text: str) -> None:
    assert join(split(text, "parts")) == text
    assert join(split(text), "characters") == text


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("ፈለገ", ["ፈ", "+0", "ለ", "+0", "ገ", "+0"]),
        ("ፈሊጉ", ["ፈ", "+0", "ለ", "+2", "ገ", "+1"]),  # same consonants, other vowels
        ("गच्छति", ["ग", "+a", "च", "छ", "+a", "त", "ि"]),
        ("হাত", ["হ", "া", "ত", "+a"]),  # Bengali
        ("κόρη", ["κ", "ο", "+\u0301", "ρ", "η"]),
        ("ấ", ["a", "+\u0302", "+\u0301"]),
        ("한", ["ᄒ", "+ᅡ", "+ᆫ"]),
        ("soma", ["s", "o", "m", "a"]),
    ],
)
def test_parts_by_hand(text: str, units: list[str]) -> None:
    assert split(text, "parts") == units


def test_marks_that_stand_alone_stay_alone() -> None:
    loose = "e\u0301"  # not NFC: a letter and a mark
    assert split(loose, "parts") == ["e", "\u0301"]
    assert join(["e", "+\u0301"]) == unicodedata.normalize("NFC", loose)


@given(st.lists(st.sampled_from(["ለ", "+3", "+a", "क", "ि", "+\u0301", "=क", "a", "़"]), max_size=8))
def test_units_in_any_order_make_some_text(units: list[str]) -> None:
    assert isinstance(join(units), str)  # a model may write them so


def test_unknown_scheme() -> None:
    with pytest.raises(InputError, match="expected characters or parts, found 'bytes'"):
        split("soma", "bytes")
