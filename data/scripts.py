"""Which script a text is in, by the names that Unicode gives its letters.

>>> script_of("alisoma"), script_of("читал"), script_of("3 %"), script_of("ᏣᎳᎩ")
('Latn', 'Cyrl', None, 'CHEROKEE')
>>> sorted(scripts_of(["食べる", "BAN"]))
['CJK', 'HIRAGANA', 'Latn']
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

# The first word of a letter's name, and the ISO 15924 code.
SCRIPTS = {
    "ADLAM": "Adlm",
    "ARABIC": "Arab",
    "BENGALI": "Beng",
    "CYRILLIC": "Cyrl",
    "DEVANAGARI": "Deva",
    "ETHIOPIC": "Ethi",
    "GREEK": "Grek",
    "GUJARATI": "Gujr",
    "HEBREW": "Hebr",
    "LATIN": "Latn",
    "NKO": "Nkoo",
    "TIFINAGH": "Tfng",
}
# Scripts without spaces between words, by the beginning of their letters' Unicode names.
UNSPACED = (
    *("BOPOMOFO", "CJK", "HIRAGANA", "KATAKANA", "KHMER", "LAO", "MYANMAR", "NEW TAI LUE"),
    *("TAI LE", "TAI THAM", "TAI VIET", "THAI", "TIBETAN", "YI "),
)
NO_SCRIPT = frozenset({"MODIFIER", "FEMININE", "MASCULINE", "FULLWIDTH", "MICRO", ""})


def script_of_letter(letter: str) -> str | None:
    """The script of a letter: ISO 15924 as far as SCRIPTS has it, else Unicode's name of it.

    >>> script_of_letter("ñ"), script_of_letter("ʼ"), script_of_letter("か")
    ('Latn', None, 'HIRAGANA')
    """
    if not letter.isalpha():
        return None
    if letter.isascii():
        return "Latn"
    name = unicodedata.name(letter, "").partition(" ")[0]
    return None if name in NO_SCRIPT else SCRIPTS.get(name, name)


def script_of(text: str) -> str | None:
    """The script of most letters of a text, the first one of two as frequent; None without any."""
    counts = Counter(filter(None, map(script_of_letter, text)))
    return max(counts, key=counts.__getitem__) if counts else None


def scripts_of(texts: Iterable[str]) -> frozenset[str]:
    """Every script that some letter of some text is in."""
    letters = {letter for text in texts for letter in text}
    return frozenset(filter(None, map(script_of_letter, letters)))


def writes_without_spaces(character: str) -> bool:
    """Whether a letter, mark or digit is of a script that puts no spaces between words.

    >>> [writes_without_spaces(character) for character in "ក你a"]
    [True, True, False]
    """
    return not character.isascii() and unicodedata.name(character, "").startswith(UNSPACED)
