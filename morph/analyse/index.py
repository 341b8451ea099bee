"""The words of a table vote on a new word: each does to it what was done to itself.

    >>> index = PatternIndex({"V;PST": [("alisoma", "soma")], "V;FUT": [("atasoma", "soma")]})
    >>> index.vote("alipika")
    {('pika', 'V;PST'): 1.0}

A word votes by its patterns (`morph.analyse.patterns`) if they fit the new word, with the weight
exp(sharpness * (characters that both begin with + characters that both end with)), so at 0 every
fitting pair counts once, and at 3 those that are most like the word decide. All words of a table
vote, which takes a millisecond or two: they are columns of numbers, compared a character at a time.

Where words change at both ends, there are more pairs of a beginning and an end than any table
shows. So what begins a word is voted for by some, and what ends it by others of the same label
(`PatternIndex.combined`):

    >>> index = PatternIndex({"PST;NEG": [("hasemi", "sema"), ("hatupika", "pika")]})
    >>> list(index.vote("hatulali")), next(iter(index.combined("hatulali")))
    ([('lali', 'PST;NEG'), ('tulala', 'PST;NEG')], ('lala', 'PST;NEG'))
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from morph.analyse.patterns import ANY, Part, Pattern, patterns

Numbers = npt.NDArray[Any]
Side = tuple[str, tuple[Part, ...], str]  # what is there, what comes in its place, the label
Pair = tuple[str, str]  # a word, and what becomes of it
Answer = tuple[str, str]  # what becomes of a word, and the label of the pairs that say so

SHARPNESS = 1.5  # nats a character
LABELS, SIDES = 25, 4  # of these labels, the likeliest, so many beginnings and ends are combined

ALL = slice(None)
DEPTH = 14  # characters of either end that are compared
MOST_ALIKE = 8  # characters of either end that count


class Edge(NamedTuple):
    """One end of every entry, n of them, read from the outside.

    characters, variables: (DEPTH, n), code points and whether the pattern has a variable there.
    lengths: (n,), characters of the pattern.
    """

    characters: Numbers
    variables: Numbers
    lengths: Numbers

    @classmethod
    def of(cls, words: Sequence[str], ends: Sequence[str]) -> Edge:
        """From words and what their patterns ask of this end, both read from the outside."""
        characters = np.zeros((DEPTH, len(words)), np.int32)
        variables = np.zeros((DEPTH, len(words)), bool)
        for place, (word, end) in enumerate(zip(words, ends, strict=True)):
            near = word[:DEPTH]
            characters[: len(near), place] = list(map(ord, near))
            for depth, character in enumerate(end[:DEPTH]):
                variables[depth, place] = character == ANY
        return cls(characters, variables, np.array([len(end) for end in ends], dtype=np.int64))

    def alike(self, word: str, rows: slice) -> tuple[Numbers, Numbers]:
        """Which entries fit a word at this end, and how many characters they share there: (rows,).

        Args:
            rows: the entries to look at.
        """
        lengths = self.lengths[rows]
        going = np.ones(len(lengths), bool)
        reach = np.zeros(len(lengths), np.int64)
        shared = np.zeros(len(lengths), np.int64)
        for depth, character in enumerate(word[:DEPTH]):
            same = self.characters[depth, rows] == ord(character)
            going &= same | self.variables[depth, rows]
            if not going.any():
                break
            reach += going
            shared += going & same
        return reach >= np.minimum(lengths, DEPTH), np.minimum(shared, MOST_ALIKE)


class PatternIndex:
    """Every pattern of the pairs of every label, ready to vote.

    Args:
        pairs: by label, for a feature bundle.
    """

    def __init__(self, pairs: Mapping[str, Iterable[Pair]]) -> None:
        entries: dict[tuple[str, Pattern, str], None] = {}
        for label, some in pairs.items():
            for word, other in some:
                entries.update({(word, one, label): None for one in patterns(word, other)})
        kinds: dict[tuple[Pattern, str], int] = {}
        self._kind = np.array(
            [kinds.setdefault((one, label), len(kinds)) for _, one, label in entries], np.int64
        )
        self._kinds = list(kinds)
        self._beginnings, self._beginning = _numbered(
            [(one.beginning, one.new_beginning, label) for _, one, label in entries]
        )
        self._ends, self._end = _numbered(
            [(one.end, one.new_end, label) for _, one, label in entries]
        )
        self._rows = _stretches([label for _, _, label in entries])
        words = [word for word, _, _ in entries]
        self._left = Edge.of(words, [one.beginning for _, one, _ in entries])
        self._right = Edge.of([w[::-1] for w in words], [one.end[::-1] for _, one, _ in entries])

    def vote(
        self, word: str, sharpness: float = SHARPNESS, label: str | None = None
    ) -> dict[Answer, float]:
        """Answers with their shares of all votes, 0 to 1, heaviest first; none if nothing fits.

        Args:
            label: only pairs of this label vote.
        """
        [shares] = self.votes(word, (sharpness,), label)
        return shares

    def votes(
        self, word: str, sharpness: Sequence[float], label: str | None = None
    ) -> list[dict[Answer, float]]:
        """`vote` for several degrees of sharpness, in one pass."""
        rows = ALL if label is None else self._rows.get(label, slice(0, 0))
        fits, alike = self._left.alike(word, rows)
        fits_too, alike_too = self._right.alike(word[::-1], rows)
        voting = np.nonzero(fits & fits_too)[0]
        present, place = np.unique(self._kind[rows][voting], return_inverse=True)
        answers = [self._answer(kind, word) for kind in present.tolist()]
        shared = (alike + alike_too)[voting]
        return [
            _shares(answers, np.bincount(place, np.exp(one * shared), len(present)))
            for one in sharpness
        ]

    def combined(self, word: str) -> dict[Answer, float]:
        """Answers with beginnings and ends that need not be of one pair, with shares of them all.

        Of each label SIDES of either are combined; the weight of an answer is that of its beginning
        times that of its end.
        """
        beginnings = _heaviest(self._beginnings, self._beginning, self._left.alike(word, ALL))
        ends = _heaviest(self._ends, self._end, self._right.alike(word[::-1], ALL))
        likely = heapq.nlargest(
            LABELS,
            (label for label in beginnings if label in ends),
            key=lambda label: beginnings[label][0][0] + ends[label][0][0],
        )
        weights: dict[Answer, float] = {}
        for label in likely:
            for (first, left), (second, right) in product(beginnings[label], ends[label]):
                other = Pattern(*left[:2], *right[:2]).apply(word)
                if other:
                    weight = first + second
                    weights[other, label] = max(weight, weights.get((other, label), weight))
        most = max(weights.values(), default=0.0)
        return _shares(list(weights), np.exp(np.array(list(weights.values())) - most))

    def _answer(self, kind: int, word: str) -> Answer | None:
        pattern, label = self._kinds[kind]
        other = pattern.apply(word)
        return (other, label) if other else None


def _numbered(sides: Iterable[Side]) -> tuple[list[Side], Numbers]:
    """The different sides of patterns, and the number of each one: (n,)."""
    numbers: dict[Side, int] = {}
    places = np.array([numbers.setdefault(side, len(numbers)) for side in sides], np.int64)
    return list(numbers), places


def _heaviest(
    sides: Sequence[Side], numbers: Numbers, alike: tuple[Numbers, Numbers]
) -> dict[str, list[tuple[float, Side]]]:
    """By label, the SIDES that most votes are for, with the logarithms of their weights."""
    fits, shared = alike
    weights = np.bincount(numbers[fits], np.exp(SHARPNESS * shared[fits]), len(sides))
    found: dict[str, list[tuple[float, Side]]] = {}
    for place in np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)].tolist():
        some = found.setdefault(sides[place][2], [])
        if len(some) < SIDES:
            some.append((math.log(weights[place]), sides[place]))
    return found


def _shares(answers: Sequence[Answer | None], weights: Numbers) -> dict[Answer, float]:
    """The weights of the same answer together, as shares."""
    sums: dict[Answer, float] = {}
    for answer, weight in zip(answers, weights.tolist(), strict=True):
        if answer is not None:
            sums[answer] = sums.get(answer, 0.0) + weight
    total = sum(sums.values())
    return {one: sums[one] / total for one in sorted(sums, key=lambda one: -sums[one])}


def _stretches(labels: Sequence[str]) -> dict[str, slice]:
    """Where the entries of each label stand, which are together.

    >>> _stretches(["a", "a", "b"])
    {'a': slice(0, 2, None), 'b': slice(2, 3, None)}
    """
    found, start = {}, 0
    for label, some in groupby(labels):
        stop = start + len(list(some))
        found[label] = slice(start, stop)
        start = stop
    return found
