"""Words as strings of units, one character a unit, so that rules can change parts of a letter.

    >>> writing = Writing("parts")
    >>> len(writing.encode("ለመደ")), writing.decode(writing.encode("ለመደ"))
    (6, 'ለመደ')

`morph.graphemes` cuts an Amharic syllable into consonant and vowel, ά into α and its accent. A unit
of several characters is written here as one character of Unicode's last planes; a character of
those is itself written as another one, so nothing is ever mistaken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from morph.graphemes import join, split

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
