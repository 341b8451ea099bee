r"""Writing taken apart into units (consonant + vowel), and joined.

A model that inflects Amharic sees ለ, ሊ, ላ as three unrelated signs, although they are l with three
vowels; Sanskrit's क is k with an a that is not written; ά is α with an accent that moves. `split`
makes such parts visible, and `join` restores the text byte for byte.

>>> split("ለመደ", "parts")
['ለ', '+0', 'መ', '+0', 'ደ', '+0']
>>> split("वनम्", "parts")
['व', '+a', 'न', '+a', 'म']
>>> split("λόγος", "parts")
['λ', 'ο', '+́', 'γ', 'ο', 'ς']
>>> join(["λ", "ο", "γ", "+́", "ο", "ς"])
'λογ́ος'

A unit is a character, or `+` and what it adds to the unit before it, or `=` and a character that
stands for itself where `join` would add to it. Three kinds of writing have parts:

- Unicode's canonical decomposition (ά, é, Hangul syllables), where it composes back;
- the Ethiopic syllables, eight to a consonant in the order of Unicode's chart;
- the Brahmic scripts of India, whose nine blocks share one layout (ISCII, 1991): a consonant has
  an a unless a vowel sign or a virama follows.

Rules work on strings, so `Writing` writes a unit of several characters as one character of
Unicode's last planes; a character of those is itself written as another one, so nothing is ever
mistaken:

>>> writing = Writing("parts")
>>> len(writing.encode("ለመደ")), writing.decode(writing.encode("ለመደ"))
(6, 'ለመደ')
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from data.errors import InputError

SCHEMES = ("characters", "parts")

ADDED, ITSELF = "+", "="
INHERENT = ADDED + "a"
_ETHIOPIC = range(0x1200, 0x1358)
_BRAHMIC = range(0x0900, 0x0D80)  # nine blocks of 0x80, Devanagari to Malayalam
_CONSONANTS, _VOWEL_SIGNS, _NUKTA, _VIRAMA = range(0x15, 0x3A), range(0x3E, 0x4D), 0x3C, 0x4D


def split(text: str, scheme: str = "characters") -> list[str]:
    """The units of a text; `join` of them is the text, whatever it holds.

    Args:
        scheme: `characters` or `parts`.

    Raises:
        InputError: another scheme.
    """
    if scheme == "characters":
        return list(text)
    if scheme not in SCHEMES:
        raise InputError(f"graphemes: expected {' or '.join(SCHEMES)}, found {scheme!r}")
    units = [part for unit in _with_vowels(text) for part in _parts(unit)]
    return units if join(units) == text else [ITSELF + character for character in text]


def join(units: Sequence[str], scheme: str = "parts") -> str:
    """The text of some units, also of units that a model put in an order that no text has.

    >>> join(["ለ", "+3"]), join(["क", "ि"]), join(["क"]), join(["+3"])
    ('ላ', 'कि', 'क्', '')
    """
    if scheme == "characters":
        return "".join(units)
    text: list[str] = []
    for place, unit in enumerate(units):
        if len(unit) == 1:
            text.append(unit)
            if _is_consonant(unit) and not _has_vowel(units, place + 1):
                text.append(_virama(unit))
        elif unit[0] == ITSELF:
            text.append(unit[1:])
        elif unit != INHERENT and text:
            text[-1] = _combined(text[-1], unit[1:])
    return "".join(text)


def _with_vowels(text: str) -> list[str]:
    """The characters of a text, with the a of consonants that have it and no virama."""
    units: list[str] = []
    consonant = False  # the last unit, or the one before its nukta, is a consonant without a vowel
    for character in text:
        if consonant and not _continues(character):
            units.append(INHERENT)
        if not (consonant and _offset(character) == _VIRAMA):
            units.append(character)
        stays = consonant and _offset(character) == _NUKTA
        consonant = _is_consonant(character) or stays
    return [*units, INHERENT] if consonant else units


def _parts(unit: str) -> list[str]:
    if len(unit) > 1:
        return [unit]
    code = ord(unit)
    if code in _ETHIOPIC:
        order = (code - _ETHIOPIC.start) % 8
        return [chr(code - order), f"{ADDED}{order}"]
    return list(_decomposed(unit))


@functools.cache
def _decomposed(character: str) -> tuple[str, ...]:
    base, *marks = list(unicodedata.normalize("NFD", character))
    whole = unicodedata.normalize("NFC", base + "".join(marks))
    if not marks or whole != character or _offset(character) is not None:
        return (character,)
    return (base, *(ADDED + mark for mark in marks))


def _combined(last: str, added: str) -> str:
    """A character and what is added to it: an order, or marks that compose with it."""
    if added.isdigit() and len(last) == 1 and ord(last) in _ETHIOPIC:
        return chr(ord(last) // 8 * 8 + int(added) % 8)
    if added.isdigit():
        return last
    return unicodedata.normalize("NFC", last + added)


def _has_vowel(units: Sequence[str], place: int) -> bool:
    """Whether a consonant's vowel stands from `place` on, perhaps behind a nukta."""
    while place < len(units) and _offset(units[place]) == _NUKTA:
        place += 1
    return place < len(units) and (units[place] == INHERENT or _continues(units[place]))


@functools.cache
def _continues(unit: str) -> bool:
    """Whether a unit says what follows a consonant: a vowel sign, a virama, a nukta."""
    offset = _offset(unit)
    return offset is not None and (offset in _VOWEL_SIGNS or offset in (_NUKTA, _VIRAMA))


@functools.cache
def _offset(unit: str) -> int | None:
    """The place of a character in its Brahmic block; None of anything else."""
    return ord(unit) % 0x80 if len(unit) == 1 and ord(unit) in _BRAHMIC else None


@functools.cache
def _is_consonant(unit: str) -> bool:
    offset = _offset(unit)
    return offset is not None and offset in _CONSONANTS


def _virama(consonant: str) -> str:
    return chr(ord(consonant) // 0x80 * 0x80 + _VIRAMA)


FIRST = 0xF0000

Pair = tuple[str, str]


class Writing:
    """A way to write words; `decode` undoes `encode` of the same object.

    Args:
        scheme: `characters`, which changes nothing, or `parts`.
    """

    def __init__(self, scheme: str) -> None:
        split("", scheme)  # refuses an unknown one
        self.scheme = scheme
        self._codes: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self.encode = lru_cache(maxsize=1 << 16)(self._encode)

    def decode(self, text: str) -> str:
        """The word; a part of a word may come out as parts do, by themselves."""
        if self.scheme == "characters":
            return text
        return join([self._units.get(code, code) for code in text], self.scheme)

    def encode_pairs(self, pairs: Mapping[str, Sequence[Pair]]) -> dict[str, tuple[Pair, ...]]:
        """Lemmas and forms by bundle, written so."""
        return {
            features: tuple((self.encode(lemma), self.encode(form)) for lemma, form in some)
            for features, some in pairs.items()
        }

    def _encode(self, text: str) -> str:
        if self.scheme == "characters":
            return text
        return "".join(map(self._code, split(text, self.scheme)))

    def _code(self, unit: str) -> str:
        if len(unit) == 1 and ord(unit) < FIRST:
            return unit
        if unit not in self._codes:
            code = chr(FIRST + len(self._codes))
            self._codes[unit], self._units[code] = code, unit
        return self._codes[unit]
