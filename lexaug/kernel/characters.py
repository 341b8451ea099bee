"""What compiled code must know of every character: word or not, its case, its folded form.

`data.words`, `data.spelling.fold` and `lexaug.casing` decide; this module asks them once for all of
Unicode and writes the answers into arrays. Where an answer hangs on the characters around, the
character is marked SPECIAL, and a line that holds one is left to the pure functions.

>>> characters = character_table("en")
>>> bool(characters.cells[ord("é")] & LETTER), chr(characters.several[ord("É")])
(True, 'é')
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import ascii_letters
from typing import NamedTuple
from unicodedata import category, unidata_version

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.spelling import fold, rules_of
from data.words import word_spans
from lexaug.casing import SENTENCE_BREAKS
from lexaug.kept import kept, key_of, sources

POINT_BITS = 21  # of a code point
POINTS = 0x110000
# What a cell holds above the code point that a character folds to.
LETTER = 1 << POINT_BITS  # of a word, marks included
JOINER = 2 << POINT_BITS  # in a word, between letters
SPACE = 4 << POINT_BITS
BARRED = 8 << POINT_BITS  # a digit, @ or #: nothing between the same two spaces is a word
ALNUM = 16 << POINT_BITS  # with a full stop between two of these neither
UPPER = 32 << POINT_BITS
LOWER = 64 << POINT_BITS  # or title case
BREAK = 128 << POINT_BITS  # a new sentence begins after it
SPECIAL = 256 << POINT_BITS  # its fold hangs on its neighbours
MARKED = 512 << POINT_BITS  # a mark that Unicode may put into another order
SEVERAL = 1024 << POINT_BITS  # it folds to more than one code point
COMPOSES = 2048 << POINT_BITS  # it may compose with the letter before: see `pairs`
ASKS = 4096 << POINT_BITS  # it folds otherwise in a word that also has a letter that is
BESIDE = 8192 << POINT_BITS  # of the script in question, as Cyrillic а beside Latin letters
ORDER_SHIFT = POINT_BITS + 14  # from here on stands the canonical combining class, for that order


class Characters(NamedTuple):
    """What is known of characters.

    Attributes:
        cells: for every code point the sum of the constants above and what it folds to.
        several: for every code point the one to three that it folds to, 21 bits each, the first
            in the lowest.
        is_plain: a single True if A to Z fold to a to z whatever stands around them.
        pairs: folded letter << 21 | mark, sorted, for those that the normal form composes.
    """

    cells: NDArray[np.int64]
    several: NDArray[np.int64]
    is_plain: NDArray[np.bool_]
    pairs: NDArray[np.int64]


@lru_cache(maxsize=2)
def character_table(language: str) -> Characters:
    """The table for text in a language, whose spelling rules `fold` follows (18 MB).

    It takes half a second to make, so it is kept in the cache as the runs of code points that are
    alike: their lengths, what all of a run have, and the few that fold to others.
    """
    code = sources("data/words.py", "data/spelling.py", "lexaug/casing.py", _HERE)
    rules = [[sorted(rule.mapping.items()), rule.within] for rule in rules_of(language)]
    key = key_of(code, language, rules, unidata_version)
    table: Characters = kept("characters", key, _SHAPE, lambda: _packed(_made(language)), _unpacked)
    return table


_ONE_POINT = (1 << POINT_BITS) - 1
_HERE = "lexaug/kernel/characters.py"
_SHAPE = {name: [int] for name in ("lengths", "kinds", "places", "folds", "pairs")}


def _packed(table: Characters) -> dict[str, list[int]]:
    places = np.flatnonzero(table.several != np.arange(POINTS))
    kinds = table.cells >> POINT_BITS
    starts = np.flatnonzero(np.diff(kinds, prepend=-1))
    return {
        "lengths": np.diff(starts, append=POINTS).tolist(),
        "kinds": kinds[starts].tolist(),
        "places": places.tolist(),
        "folds": table.several[places].tolist(),
        "pairs": table.pairs.tolist(),
    }


def _unpacked(about: Mapping[str, list[int]]) -> Characters:
    """The table again.

    Raises:
        InputError: numbers that are none of such a table's; compiled code would trust them.
    """
    lengths, kinds, places, folds, pairs = (np.array(about[name], np.int64) for name in _SHAPE)
    fits = (
        len(lengths) == len(kinds)
        and len(places) == len(folds)
        and int(lengths.sum()) == POINTS
        and bool(np.all((lengths > 0) & (lengths <= POINTS) & (kinds >= 0)))
        and bool(np.all((places >= 0) & (places < POINTS) & (folds > 0)))
        and all(np.all((folds >> i * POINT_BITS & _ONE_POINT) < POINTS) for i in range(3))
        and bool(np.all(np.diff(pairs) > 0))
    )
    if not fits:
        raise InputError("expected the characters of Unicode, found other numbers")
    several = np.arange(POINTS, dtype=np.int64)
    several[places] = folds
    kinds = np.repeat(kinds, lengths)
    cells = kinds << POINT_BITS | np.where(several >> POINT_BITS, 0, several)
    return Characters(cells, several, np.array([_is_plain(cells)]), pairs)


def _made(language: str) -> Characters:
    """What the pure functions say of every character that there is."""
    kinds = ((c, category(c)) for c in map(chr, range(POINTS)))
    assigned = {c: kind for c, kind in kinds if kind not in _UNASSIGNED}
    composing = _composing(assigned)
    rules = _Rules(language)
    several, special = _folds(assigned, language, composing, rules)
    cells = np.where(several >> POINT_BITS, SEVERAL, several)
    for c, kind in assigned.items():
        cells[ord(c)] |= _case(c) | (LETTER if kind in _LETTERS else _role(c))
    for c in (c for c, kind in assigned.items() if kind[0] == "M" and unicodedata.combining(c)):
        cells[ord(c)] |= MARKED | unicodedata.combining(c) << ORDER_SHIFT
    cells[[ord(c) for c in special]] |= SPECIAL
    cells[[ord(mark) for _, mark in composing]] |= COMPOSES
    for c in assigned:
        cells[ord(c)] |= (ASKS if rules.asks(c) else 0) | (BESIDE if rules.is_beside(c) else 0)
    pairs = {(fold(letter, language)[-1], mark) for letter, mark in composing} | composing
    numbers = sorted(ord(letter) << POINT_BITS | ord(mark) for letter, mark in pairs)
    is_plain = np.array([_is_plain(cells)])
    return Characters(cells, several, is_plain, np.array(numbers, np.int64))


def _is_plain(cells: NDArray[np.int64]) -> bool:
    """Whether compiled code may fold ASCII letters by one bit; not in Turkish, nor in Russian,
    where the letter a beside Cyrillic ones is taken for theirs."""
    all_but_folded = SPECIAL | SEVERAL | ASKS | (1 << POINT_BITS) - 1
    folded = cells[[ord(c) for c in ascii_letters]] & all_but_folded
    return folded.tolist() == [ord(c) for c in ascii_letters.lower()]


_UNASSIGNED = frozenset({"Cn", "Co", "Cs"})
# Letters and marks, but for modifier letters, of which some are apostrophes.
_LETTERS = frozenset({"Ll", "Lo", "Lt", "Lu", "Mc", "Me", "Mn"})


def _case(c: str) -> int:
    if c.isupper():
        return UPPER | ALNUM
    return (LOWER if c.islower() or c.istitle() else 0) | (ALNUM if c.isalnum() else 0)


def _role(c: str) -> int:
    """What `data.words` makes of a character."""
    if c.isspace():
        return SPACE
    if not any(word_spans(f"a{c}")):
        return BARRED
    joins = list(word_spans(f"a{c}a")) == [(0, 3)]
    role = JOINER if joins and not any(word_spans(c)) else LETTER if joins else 0
    return role | (BREAK if c in SENTENCE_BREAKS else 0)


def _folds(
    assigned: Mapping[str, str], language: str, composing: Iterable[tuple[str, str]], rules: _Rules
) -> tuple[NDArray[np.int64], list[str]]:
    """How characters fold, and those for which the neighbours must be asked."""
    folds = np.arange(POINTS, dtype=np.int64)
    special = [chr(point) for span in _JAMO for point in span]
    marks = frozenset(mark for _, mark in composing)
    for c in assigned:
        form = fold(c, language) if c in rules.changed or c.casefold() != c else c
        if form == c and not unicodedata.decomposition(c):
            if c in rules.joined:
                special.append(c)
        elif _stands_alone(c, form, marks) and rules.joined.isdisjoint(_parts(c)):
            folds[ord(c)] = sum(ord(part) << i * POINT_BITS for i, part in enumerate(form))
        else:
            special.append(c)
    return folds, special


# The vowels and finals that compose a Hangul syllable.
_JAMO = (range(0x1161, 0x1176), range(0x11A8, 0x11C3))


def _stands_alone(c: str, form: str, marks: frozenset[str]) -> bool:
    """Whether a character folds to the same whatever stands around it, in text that is NFC.

    By the quick check of UAX 15 (https://unicode.org/reports/tr15/#Detecting_Normalization_Forms):
    what it folds to composes with nothing before it, and no mark in it is reordered.
    """
    if not 0 < len(form) <= min(3, len(c.encode())) or any(part.isspace() for part in form):
        return False  # there is room for three, and in compiled code for one a byte
    if not all(unicodedata.is_normalized("NFC", part) for part in c + form):
        return False
    return c == form or not any(unicodedata.combining(p) or p in marks for p in c + form)


def _composing(assigned: Iterable[str]) -> set[tuple[str, str]]:
    """The pairs (letter, mark) that the normal form C writes otherwise.

    e and an acute compose one character; é and a dot below change places and become ẹ and an
    acute. A mark that composes with no letter at all is not in here (NFC_Quick_Check is Yes).
    """
    composed = [c for c in assigned if len(unicodedata.decomposition(c).split()) in (1, 2)]
    parts = {c: unicodedata.normalize("NFD", c) for c in composed if not _is_compatible(c)}
    composed_pairs = {
        (unicodedata.normalize("NFC", form[:-1]), form[-1])
        for c, form in parts.items()
        if len(form) > 1 and unicodedata.is_normalized("NFC", c)
    }
    marks = {mark: unicodedata.combining(mark) for _, mark in composed_pairs}
    moved = {
        (c, mark)
        for c, form in parts.items()
        for mark, order in marks.items()
        if 0 < order < unicodedata.combining(form[-1])
    }
    return composed_pairs | moved


def _is_compatible(c: str) -> bool:
    return unicodedata.decomposition(c).startswith("<")


class _Rules:
    """What a language's spelling rules say of characters.

    Attributes:
        changed: those that a rule changes, and the letters i, which Turkish folds otherwise.
        joined: those of rules about several characters.
    """

    def __init__(self, language: str) -> None:
        rules = rules_of(language)
        self.changed = frozenset("".join(k for rule in rules for k in rule.mapping) + "Iiİı")
        self.joined = frozenset("".join(k for r in rules for k in r.mapping if len(k) > 1))
        inside = [rule for rule in rules if rule.within is not None]
        self._asking = frozenset("".join(k for rule in inside for k in rule.mapping))
        self._scripts = tuple(f"{rule.within} " for rule in inside)

    def asks(self, c: str) -> bool:
        """Whether a rule changes it beside letters of a script."""
        return bool(self._asking) and not self._asking.isdisjoint(_parts(c))

    def is_beside(self, c: str) -> bool:
        """Whether it is of that script."""
        return bool(self._scripts) and unicodedata.name(c, "").startswith(self._scripts)


def _parts(c: str) -> str:
    return c + unicodedata.normalize("NFD", c)
