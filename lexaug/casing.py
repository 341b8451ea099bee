"""Capitals: what they say about a word in running text, and how they pass to its translation.

>>> carried("ng'ombe", "cow", Case.SHOUTED, "sw"), carried("Jumatatu", "Monday", Case.INSIDE, "sw")
("NG'OMBE", 'Jumatatu')

The rules, which glossing by hand follows as well:

- A word in capitals ("COW") gives a word in capitals, if it is longer than one letter.
- A word with a capital gives a word with a capital ("Cow", "Ng'ombe").
- Where the headword itself is written like this ("I", "Monday", "TV"), the capital says nothing
  and the translation stands as the lexicon writes it, but for the start of a sentence.
- "May" inside a sentence takes the entries that are written "May", if there are any; "may" takes
  the entries written "may". At the start of a sentence, and in capitals, both are possible.
- A word with a capital inside a sentence that is no headword is a name: "Wells" is not the plural
  of "well". A name that is a headword ("Bill") cannot be told apart and is replaced: lexicons
  write "president", "sunday" and "labour" small, which text often does not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import IntEnum

# Between two words any of these begins a new sentence, or a quotation, which is like one.
SENTENCE_BREAKS = frozenset('.!?…:"“”„«»؟۔।॥。！？።፧')
# The small i of these languages has its dot on the capital as well.
_DOTTED_I = frozenset({"az", "crh", "gag", "tr"})


class Case(IntEnum):
    """How a phrase is written where it stands: the five that differ in what is carried."""

    SMALL = 0
    INSIDE = 1  # a capital inside the sentence
    START = 2  # a capital at the start of the sentence
    SHOUTED = 3  # all in capitals
    SHOUTED_START = 4


class Reading(IntEnum):
    """Which of a phrase's entries are meant, as far as the first word's capital tells."""

    ANY = 0
    SMALL = 1
    CAPITAL = 2


def begins_sentence(gap: str) -> bool:
    """Whether a word begins a sentence after the text that parts it from the word before.

    >>> begins_sentence(', '), begins_sentence('. '), begins_sentence(': "')
    (False, True, True)
    """
    return not SENTENCE_BREAKS.isdisjoint(gap)


def reading(word: str, at_start: bool) -> Reading:
    """Which entries the first word of a phrase asks for.

    >>> [reading(word, False).name for word in ("may", "May", "MAY")], reading("May", True).name
    (['SMALL', 'CAPITAL', 'ANY'], 'ANY')
    """
    if not word[:1].isupper():
        return Reading.SMALL
    shouted = len(word) > 1 and word.isupper()
    return Reading.ANY if at_start or shouted else Reading.CAPITAL


def case_of(words: Sequence[str], at_start: bool) -> Case:
    """How a phrase is written: of its words, those longer than one letter tell of shouting.

    >>> case_of(["I", "AM"], False).name, case_of(["A", "dog"], True).name, case_of(["I"], False)
    ('SHOUTED', 'START', <Case.INSIDE: 1>)
    """
    long = [word for word in words if len(word) > 1]
    if long and all(word.isupper() for word in long):
        return Case.SHOUTED_START if at_start else Case.SHOUTED
    if not words[0][:1].isupper():
        return Case.SMALL
    return Case.START if at_start else Case.INSIDE


def carried(target: str, headword: str, case: Case, language: str) -> str:
    """The translation in the case of the phrase that it replaces.

    Args:
        headword: as the lexicon writes it; a capital of its own is not carried.
        language: of the target, for the dotted capital of Turkish and its like.

    >>> carried("mimi", "I", Case.INSIDE, "sw"), carried("mimi", "I", Case.START, "sw")
    ('mimi', 'Mimi')
    >>> carried("istanbul", "town", Case.SHOUTED, "tr")
    'İSTANBUL'
    """
    shouted = case in (Case.SHOUTED, Case.SHOUTED_START)
    if shouted and case_of(headword.split() or [""], False) is not Case.SHOUTED:
        return unicodedata.normalize("NFC", _dotted(target, language).upper())
    at_start = case in (Case.START, Case.SHOUTED_START)
    if at_start or (case is Case.INSIDE and not headword[:1].isupper()):
        first = _dotted(target[:1], language).title()
        return unicodedata.normalize("NFC", first + target[1:])
    return target


def _dotted(text: str, language: str) -> str:
    return text.replace("i", "İ") if language in _DOTTED_I else text
