"""Edits that were to be made, and those that were made, counted.

>>> item = Item("soma", "V;PST;3;PL", "walisoma", "alisomi", 2)
>>> [str(edit) for edit in missed(item)], [str(edit) for edit in made(item)]
(['add wali at the start'], ['add ali at the start', 'a to i at the end'])

Gold's edits and the system's are those of `morph.edits.changes`. What both do is left out, so
that a confusion is the difference alone: to be done `add wali at the start`, done `add ali ...`.
Start and end are those of reading, whichever way the script runs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from morph.edits import Change, changes
from morph.evaluate.items import Item, TrainingOverlap

EXAMPLES = 3
START, INSIDE, END, WHOLE = "at the start", "inside", "at the end", "the whole word"
ELSEWHERE = "inside, elsewhere"
_DOTTED_CIRCLE = "\u25cc"


class EditShown(NamedTuple):
    """A change to a lemma, as one reads it: where, what goes and what comes."""

    place: str
    old: str
    new: str

    def __str__(self) -> str:
        old, new = visible(self.old), visible(self.new)
        if not self.old:
            return f"add {new} {self.place}"
        return f"{old} to {new} {self.place}" if self.new else f"drop {old} {self.place}"


class Difference(NamedTuple):
    """Edits that gold makes and the system does not, and the reverse; empty: none."""

    missed: tuple[EditShown, ...]
    made: tuple[EditShown, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """A difference, how often it happened, in how many lemmas, and a few of the items."""

    difference: Difference
    count: int
    lemmas: int
    examples: tuple[Item, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the edits in words."""
        return {
            "to_be_done": in_words(self.difference.missed),
            "done": in_words(self.difference.made),
            "count": self.count,
            "lemmas": self.lemmas,
            "examples": [
                {"lemma": i.lemma, "features": i.features, "gold": i.gold, "predicted": i.predicted}
                for i in self.examples
            ],
        }


@dataclass(frozen=True, slots=True)
class Slip:
    """A stretch of the right form, what the system wrote for it, and in how many forms."""

    place: str
    expected: str
    written: str
    count: int
    examples: tuple[Item, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "place": self.place,
            "expected": self.expected,
            "written": self.written,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of error, and how many errors are of it; an error may be of several."""

    name: str
    meaning: str
    count: int


def confusions(items: Iterable[Item]) -> list[Confusion]:
    """The differences of all wrong items, the most frequent first, then in the order of the items.

    Examples are of different lemmas where there are several.
    """
    members: dict[Difference, list[Item]] = {}
    for item in items:
        if not item.right:
            members.setdefault(Difference(missed(item), made(item)), []).append(item)
    found = [
        Confusion(key, len(mine), len({item.lemma for item in mine}), _examples(mine))
        for key, mine in members.items()
    ]
    return sorted(found, key=lambda one: (-one.count, -one.lemmas))


def slips(items: Iterable[Item]) -> list[Slip]:
    """Where wrong forms part from the right ones, the most frequent first.

    Both forms are aligned with each other; the lemma plays no part.

    >>> [found] = slips([Item("soma", "V;PST;3;PL", "walisoma", "alisoma", 1)])
    >>> found.place, found.expected, found.written
    ('at the start', 'w', '')
    """
    members: dict[EditShown, dict[Item, None]] = {}
    for item in items:
        for change in changes(item.gold, item.predicted):
            members.setdefault(_shown(change, item.gold), {})[item] = None
    found = [
        Slip(key.place, key.old, key.new, len(mine), _examples(list(mine)))
        for key, mine in members.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.place, one.expected, one.written))


def missed(item: Item) -> tuple[EditShown, ...]:
    """The edits of gold that the system did not make."""
    theirs = set(changes(item.lemma, item.predicted))
    return tuple(_shown(one, item.lemma) for one in _only(item.lemma, item.gold, theirs))


def made(item: Item) -> tuple[EditShown, ...]:
    """The edits of the system that gold does not make."""
    theirs = set(changes(item.lemma, item.gold))
    mine = [_shown(one, item.lemma) for one in _only(item.lemma, item.predicted, theirs)]
    expected = missed(item)
    # The same words for two places would read as if nothing were wrong.
    return tuple(one._replace(place=ELSEWHERE) if one in expected else one for one in mine)


def in_words(edits: Sequence[EditShown]) -> str:
    """The edits on one line.

    >>> in_words([EditShown(START, "", "ge"), EditShown(END, "en", "t")]), in_words([])
    ('add ge at the start, en to t at the end', 'nothing')
    """
    return ", ".join(map(str, edits)) or "nothing"


def visible(text: str) -> str:
    r"""A piece of a word that can be read by itself: spaces named, a mark on a dotted circle.

    >>> visible("a b"), visible("\u0301") == "\u25cc\u0301"
    ('a␣b', True)
    """
    text = text.replace(" ", "␣")
    return _DOTTED_CIRCLE + text if text and unicodedata.category(text[0])[0] == "M" else text


def faults(items: Sequence[Item], overlap: TrainingOverlap | None = None) -> list[Fault]:
    """Kinds of errors, the most frequent first; those that do not occur are left out."""
    wrong = [item for item in items if not item.right]
    cells: dict[str, set[str]] = {}
    for item in items:
        cells.setdefault(item.lemma, set()).add(item.gold)
    kinds: list[tuple[str, str, Callable[[Item], bool]]] = [
        ("empty", "there is no form", lambda i: not i.predicted),
        ("lemma unchanged", "gold changes it", lambda i: i.predicted == i.lemma),
        (
            "form of other features",
            "gold has it for the same lemma with other features",
            lambda i: i.predicted in cells[i.lemma],
        ),
        (
            "other normal form",
            "the same text after NFC: letters and marks in another composition or order",
            lambda i: _nfc(i.predicted) == _nfc(i.gold),
        ),
        (
            "marks only",
            "the same letters with other accents, vowel points or tones",
            lambda i: _bare(i.predicted) == _bare(i.gold) and _nfc(i.predicted) != _nfc(i.gold),
        ),
        ("one character off", "an edit distance of 1", lambda i: i.distance == 1),
    ]
    if overlap is not None:
        kinds.append(
            (
                "unknown characters",
                "gold has a character that no training form or lemma has",
                lambda i: not overlap.characters.issuperset(i.gold),
            )
        )
    found = [Fault(name, meaning, sum(map(test, wrong))) for name, meaning, test in kinds]
    return sorted((fault for fault in found if fault.count), key=lambda fault: -fault.count)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bare(text: str) -> str:
    """The letters without combining marks."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(one for one in decomposed if unicodedata.category(one) != "Mn")


def _only(lemma: str, form: str, theirs: set[Change]) -> list[Change]:
    return [one for one in changes(lemma, form) if one not in theirs]


def _shown(change: Change, lemma: str) -> EditShown:
    return EditShown(_place(change, lemma), lemma[change.start : change.stop], change.text)


def _place(change: Change, lemma: str) -> str:
    if change.start == 0:
        return WHOLE if change.stop == len(lemma) else START
    return END if change.stop == len(lemma) else INSIDE


def _examples(items: Sequence[Item]) -> tuple[Item, ...]:
    of_lemma = {item.lemma: item for item in reversed(items)}
    first = list(reversed(of_lemma.values()))
    rest = [item for item in items if item not in first]
    return tuple([*first, *rest][:EXAMPLES])
