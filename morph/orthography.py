r"""The spelling that a model was trained on; others are brought to it.

Tables are read in NFC; a shared task's text stays as its publisher writes it, since its scorers
compare it so. NFC reorders the marks of Arabic, Hebrew and Khmer letters: a model that saw shadda
before fatha finds letters that it does not know in the same word in NFC.

>>> shadda_first = "m\u0651\u064e"
>>> spellings = publishers_spellings([shadda_first])
>>> spelt(unicodedata.normalize("NFC", shadda_first), spellings) == shadda_first
True
>>> are_same(shadda_first, unicodedata.normalize("NFC", shadda_first))
True
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping


def publishers_spellings(words: Iterable[str]) -> dict[str, str]:
    """For letters with marks in NFC, the publisher's commonest spelling of them.

    Only those that the publisher never writes in NFC: what training has seen needs no mending.
    """
    counts = Counter(letter for word in words for letter in letters(word))
    found: dict[str, str] = {}
    for letter, _ in counts.most_common():
        composed = unicodedata.normalize("NFC", letter)
        if composed not in counts:
            found.setdefault(composed, letter)
    return dict(sorted(found.items()))


def spelt(text: str, spellings: Mapping[str, str]) -> str:
    """A text with the letters of a publisher's spelling."""
    return "".join(spellings.get(letter, letter) for letter in letters(text)) if spellings else text


def are_same(one: str, other: str) -> bool:
    """Whether two texts differ in their normal form at most."""
    return one == other or composed(one) == composed(other)


def composed(text: str) -> str:
    """A text in NFC."""
    return unicodedata.normalize("NFC", text)


def letters(text: str) -> Iterator[str]:
    """Each letter with its marks.

    >>> list(letters("n\u0303du"))
    ['n\u0303', 'd', 'u']
    """
    start = 0
    for place, character in enumerate(text):
        if place > start and not unicodedata.category(character).startswith("M"):
            yield text[start:place]
            start = place
    if start < len(text):
        yield text[start:]
