"""How one word becomes another, as patterns that carry over to words like it.

    >>> [pattern] = patterns("alisoma", "soma")
    >>> pattern, pattern.apply("alipika"), pattern.apply("anapika")
    (Pattern(beginning='ali', new_beginning=(), end='', new_end=()), 'pika', None)

A pattern replaces the beginning and the end of a word and copies what is between. Where a word
changes inside too, each stretch that both words share may be what is copied. The shared characters
outside it are then taken once as they are and once as variables, so that a vowel pattern finds
other consonants. Maltese *kitbu* (they wrote) is a form of *kiteb*, *libsu* (they dressed) of
*libes*:

    >>> [pattern.apply("kitbu") for pattern in patterns("libsu", "libes")]
    [None, 'kiteb']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from morph.edits import Change, changes

ANY = "\0"  # in a pattern: whatever character stands there; text has none (data.lines)
LEAST_COPIED = 2  # characters of a stretch that is copied, if it is not the longest

Part = str | int  # a character, or the place in the word of one that is copied


class Pattern(NamedTuple):
    """What a word must begin and end with, and what comes in place of these.

    beginning, end: characters, ANY for any one. new_beginning, new_end: characters, and the places
    (from the end where negative) of those that are variables.
    """

    beginning: str
    new_beginning: tuple[Part, ...]
    end: str
    new_end: tuple[Part, ...]

    def apply(self, word: str) -> str | None:
        """The other word, None where the pattern does not fit."""
        left, right = len(self.beginning), len(word) - len(self.end)
        if left > right or not (_fits(self.beginning, word) and _fits(self.end, word[right:])):
            return None
        parts = (*self.new_beginning, word[left:right], *self.new_end)
        return "".join(word[part] if isinstance(part, int) else part for part in parts)


def patterns(word: str, other: str) -> list[Pattern]:
    """Every pattern that makes `other` of `word`, that with the longest copied stretch first.

    Two words that share nothing have one: the whole word is replaced.

    >>> patterns("went", "go")
    [Pattern(beginning='went', new_beginning=('g', 'o'), end='', new_end=())]
    """
    script = changes(word, other)
    copied = list(_copied(word, script))
    if not copied:
        return [Pattern(word, tuple(other), "", ())]
    longest = max(stop - start for start, stop in copied)
    found: dict[Pattern, None] = {}
    for start, stop in sorted(copied, key=lambda one: one[0] - one[1]):
        if stop - start in (longest, *range(LEAST_COPIED, longest)):
            for variables in (False, True)[: len(copied)]:
                left = _side(word, script, 0, start, variables)
                right = _side(word, script, stop, len(word), variables)
                found[Pattern(*left, *right)] = None
    return list(found)


def _copied(word: str, script: Sequence[Change]) -> Iterator[tuple[int, int]]:
    """The stretches of a word that are in the other one too, from left to right."""
    place = 0
    for change in (*script, Change(len(word), len(word), "")):
        if change.start > place:
            yield place, change.start
        place = change.stop


def _side(
    word: str, script: Sequence[Change], start: int, stop: int, variables: bool
) -> tuple[str, tuple[Part, ...]]:
    """What stands before, or after, the copied stretch, and what comes in its place."""
    old: list[str] = []
    new: list[Part] = []
    place = start
    here = [one for one in script if start <= one.start and one.stop <= stop]
    for change in (*here, Change(stop, stop, "")):
        for at in range(place, change.start):
            old.append(ANY if variables else word[at])
            new.append((at if start == 0 else at - len(word)) if variables else word[at])
        old += word[change.start : change.stop]
        new += change.text
        place = change.stop
    return "".join(old), tuple(new)


def _fits(pattern: str, word: str) -> bool:
    pairs = zip(pattern, word, strict=False)
    return all(wanted in (ANY, character) for wanted, character in pairs)
