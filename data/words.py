"""Where the words of a sentence stand, and which script its letters are of.

A word is a run of letters and their marks, with apostrophes and hyphens between letters
(ng'ombe, mother-in-law). What holds a digit, and what looks like an address, a handle or an
abbreviation with full stops inside, has no words. Text without spaces between words (Thai,
Chinese) comes out as one long word.

>>> sentence = "Ng'ombe wetu, see www.example.org!"
>>> [[sentence[start:stop] for start, stop in run] for run in word_runs(sentence)]
[["Ng'ombe", 'wetu'], ['see']]

Which script a text is in is told by the names that Unicode gives its letters:

>>> script_of("alisoma"), script_of("читал"), script_of("3 %"), script_of("ᏣᎳᎩ")
('Latn', 'Cyrl', None, 'CHEROKEE')
>>> sorted(scripts_of(["食べる", "BAN"]))
['CJK', 'HIRAGANA', 'Latn']
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

Span = tuple[int, int]

_JOINERS = frozenset("'’ʼ-‐‑")
_ZERO_WIDTH_JOINERS = frozenset("\u200c\u200d")
_WITHOUT_WORDS = re.compile(r"\d|://|[@#]|[^\W_]\.[^\W_]")

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


def word_runs(sentence: str) -> Iterator[list[Span]]:
    """Yield runs of words with nothing but space between them, each word as (start, stop).

    A phrase stands within one run: "a lot" is no phrase in "a, lot".
    """
    run: list[Span] = []
    for start, stop in word_spans(sentence):
        if run and not sentence[run[-1][1] : start].isspace():
            yield run
            run = []
        run.append((start, stop))
    if run:
        yield run


def word_spans(sentence: str) -> Iterator[Span]:
    """Yield every word as (start, stop)."""
    for chunk in re.finditer(r"\S+", sentence):
        if not _WITHOUT_WORDS.search(chunk.group()):
            yield from _spans(chunk.group(), chunk.start())


def _spans(text: str, offset: int) -> Iterator[Span]:
    for is_word, group in groupby(range(len(text)), lambda i: _in_word(text, i)):
        if is_word:
            places = list(group)
            yield offset + places[0], offset + places[-1] + 1


def _in_word(text: str, i: int) -> bool:
    if text[i] in _JOINERS:
        return 0 < i < len(text) - 1 and _is_letter(text[i - 1]) and _is_letter(text[i + 1])
    return _is_letter(text[i])


def _is_letter(character: str) -> bool:
    # Vowel signs of Indic scripts are marks, for which \w has no place.
    return unicodedata.category(character)[0] in "LM" or character in _ZERO_WIDTH_JOINERS


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
