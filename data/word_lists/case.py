"""The case of a word: read off one word, and given to another.

>>> [case_of(word, "en") for word in ("she", "She", "SHE", "sHe")]
['lower', 'title', 'upper', None]
>>> cased("kız", "title", "tr"), cased("iş", "upper", "tr")
('Kız', 'İŞ')
"""

from __future__ import annotations

from data.spelling import DOTLESS_I

CASES = ("lower", "title", "upper")


def cased(word: str, case: str, language: str) -> str:
    """A word in one of CASES, by the language's rules for the letter i."""
    if case == "lower":
        return _lower(word, language)
    if case == "upper":
        return _upper(word, language)
    return _upper(word[:1], language) + _lower(word[1:], language)


def case_of(word: str, language: str) -> str | None:
    """Which of CASES a word is in, the first that it is; None for any other mixture."""
    return next((case for case in CASES if word == cased(word, case, language)), None)


def _upper(text: str, language: str) -> str:
    return (text.replace("i", "İ") if language in DOTLESS_I else text).upper()


def _lower(text: str, language: str) -> str:
    if language in DOTLESS_I:
        text = text.replace("I", "ı").replace("İ", "i")
    return text.lower()
