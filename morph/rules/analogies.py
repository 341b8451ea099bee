"""Forms by analogy: between lemmas, and between paradigm cells.

As soma is to alisoma, so pika is to alipika; many such votes are weighed:

    >>> Neighbours([("soma", "alisoma")]).votes("pika")[0].form
    'alipika'

A pair of a bundle votes for the form that `morph.edits.merge` makes of it: what changes from its
lemma to its form is done to ours. The places of change are found by aligning the lemmas, so vowel
patterns and changes at both ends carry over as well as suffixes do, and characters that were never
seen are copied. Proportional analogy is an old account of inflection (Skousen 1989; Lepage 1998;
Albright and Hayes 2003); the weights here are few and learned on held-out lemmas.

A vote's weight is exp(suffix * shared end + prefix * shared beginning - 0.1 * difference in length
- differing * differing characters - touching * changes that touch one another).

A bundle that was never seen has no such pairs, but neighbours in the paradigm. Two of them that
differ from it in different features make a square, whose fourth corner differs in both. So of I
read : I do not read = you read : x the three known forms are made for the lemma, and
`morph.edits.merge` solves for x:

    >>> cells = Cells({"V;PST;1;POS": 9, "V;PST;2;POS": 9, "V;PST;1;NEG": 9})
    >>> cells.squares("V;PST;2;NEG")
    (Square(base='V;PST;1;POS', one='V;PST;1;NEG', other='V;PST;2;POS', distance=4),)

Features in brackets count as one, NOM(3,SG) for instance, except where a word that is no verb has
one pair of brackets, since there number and possessor are as free as case: N;DAT(PL;PSS(1,SG)).
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from data.inflections.tags import Bundle, parse
from morph.edits import Change, apply, changes, merged

Pair = tuple[str, str]

WINDOW = 60  # pairs on either side, in the order of the alphabet, that are looked at
BY_END, BY_BEGINNING = 30, 15  # how many of the most similar of them vote
LENGTH_WEIGHT = 0.1
cached_changes = lru_cache(maxsize=1 << 17)(changes)


class Vote(NamedTuple):
    """One pair's vote, with how like its lemma is to ours, all in characters.

    length: the difference of the lemmas' lengths. differing: characters that differ. touching:
    changes of the form that meet a difference of the lemmas, where the analogy is least sure.
    """

    form: str
    pair: Pair
    suffix: int
    prefix: int
    length: int
    differing: int
    touching: int

    def similarity(self) -> tuple[float, ...]:
        """The numbers that `Weights.logarithms` weighs."""
        return (self.suffix, self.prefix, -self.length, -self.differing, -self.touching, 0.0, 0.0)


class Weights(NamedTuple):
    """What similarity counts for; `affix` is the logarithm of the affix rules' vote."""

    suffix: float = 1.0
    prefix: float = 0.6
    differing: float = 0.5
    touching: float = 0.0
    affix: float = -9.0
    affix_length: float = 0.5

    def logarithms(self) -> tuple[float, ...]:
        """What each number of `Vote.similarity` is multiplied by, the last two for affix rules."""
        analogy = (self.suffix, self.prefix, LENGTH_WEIGHT, self.differing, self.touching)
        return (*analogy, self.affix, self.affix_length)

    def of(self, similarity: Iterable[float]) -> float:
        """The weight of a vote.

        >>> round(Weights().of(affix_similarity(18)), 3)
        1.0
        """
        # Words of a thousand letters that are all but the same would pass what a float holds.
        return math.exp(min(500.0, sum(map(operator.mul, self.logarithms(), similarity))))


def affix_similarity(length: int) -> tuple[float, ...]:
    """The numbers of the affix rules' vote, whose suffix rule matched so many characters."""
    return (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, float(length))


GRID = tuple(
    Weights(suffix, prefix, differing, touching, affix)
    for suffix, prefix, differing, touching, affix in itertools.product(
        (1.0, 0.5, 1.5), (0.6, 0.3, 1.0), (0.5, 0.2, 0.0), (0.0, 0.7), (-9.0, 0.0)
    )
)


class Neighbours:
    """The pairs of one bundle, sorted from both ends of their lemmas, so that like ones are near.

    >>> [vote.form for vote in Neighbours([("soma", "alisoma"), ("lala", "alilala")]).votes("pika")]
    ['alipika', 'alipika']
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._pairs = pairs
        self._by_end = sorted((pair[0][::-1], place) for place, pair in enumerate(pairs))
        self._by_beginning = sorted((pair[0], place) for place, pair in enumerate(pairs))

    def votes(self, lemma: str) -> list[Vote]:
        """The votes of the pairs whose lemmas are most like this one, in the order of the pairs."""
        found = (_vote(lemma, self._pairs[place]) for place in sorted(self._nearest(lemma)))
        return [vote for vote in found if vote is not None]

    def _nearest(self, lemma: str) -> set[int]:
        """Places of the pairs to ask: the most similar by the end, and some by the beginning."""
        if len(self._pairs) <= BY_END:
            return set(range(len(self._pairs)))
        ends = (_likeness(lemma, self._pairs[n][0], n) for n in _around(self._by_end, lemma[::-1]))
        beginnings = (
            _likeness(lemma[::-1], self._pairs[n][0][::-1], n)
            for n in _around(self._by_beginning, lemma)
        )
        chosen = heapq.nlargest(BY_END, ends) + heapq.nlargest(BY_BEGINNING, beginnings)
        return {-place for _, place in chosen}


def shared_end(one: str, other: str) -> int:
    """How many characters two words end in alike.

    >>> shared_end("tembea", "pokea"), shared_beginning("tembea", "tenda")
    (2, 2)
    """
    return shared_beginning(one[::-1], other[::-1])


def shared_beginning(one: str, other: str) -> int:
    """How many characters two words begin with alike."""
    shared = 0
    for mine, yours in zip(one, other):  # noqa: B905
        if mine != yours:
            break
        shared += 1
    return shared


def _around(words: Sequence[tuple[str, int]], word: str) -> list[int]:
    """Places of the words that stand next to this one in the order of the alphabet."""
    middle = bisect.bisect_left(words, (word, 0))
    return [place for _, place in words[max(0, middle - WINDOW) : middle + WINDOW]]


def _likeness(lemma: str, other: str, place: int) -> tuple[float, int]:
    """How like two words are, by their ends first; earlier places win among equals."""
    apart = LENGTH_WEIGHT * abs(len(lemma) - len(other))
    return shared_end(lemma, other) + 0.5 * shared_beginning(lemma, other) - apart, -place


def _vote(lemma: str, pair: Pair) -> Vote | None:
    """What one pair says; None if its change does not carry over."""
    other, form = pair
    inflection, difference = cached_changes(other, form), changes(other, lemma)
    script = merged(inflection, difference)
    if script is None:
        return None
    return Vote(
        form=apply(script, other),
        pair=pair,
        suffix=shared_end(lemma, other),
        prefix=shared_beginning(lemma, other),
        length=abs(len(lemma) - len(other)),
        differing=sum(max(one.stop - one.start, len(one.text)) for one in difference),
        touching=sum(_touches(script)),
    )


def _touches(script: Iterable[Change]) -> Iterator[bool]:
    for left, right in itertools.pairwise(script):
        yield left.stop == right.start


NEIGHBOURS = 40  # seen bundles from which squares are made
SQUARES = 12  # the best that are used


class Square(NamedTuple):
    """Three seen bundles that tell a fourth; distance: features that differ, over both sides."""

    base: str
    one: str
    other: str
    distance: int


class Cells:
    """The bundles of a language, and how they hang together.

    Args:
        support: how many pairs each bundle was seen with; more is preferred among equals.
    """

    def __init__(self, support: Mapping[str, int]) -> None:
        self._support = support
        self._bits: dict[str, int] = {}
        self._masks = {bundle: self._mask(bundle) for bundle in support}
        by_support = sorted(support, key=lambda bundle: (support[bundle], bundle))
        self._bundles = {self._masks[bundle]: bundle for bundle in by_support}
        self._squares: dict[str, tuple[Square, ...]] = {}

    def nearest(self, features: str) -> list[str]:
        """The bundles that share most with this one, itself excluded, best first.

        >>> Cells({"V;PST;1": 3, "N;PL": 9}).nearest("V;PST;2")
        ['V;PST;1', 'N;PL']
        """
        wanted = self._mask(features)
        ranked = heapq.nsmallest(
            NEIGHBOURS,
            (
                ((wanted ^ own).bit_count(), -self._support[bundle], bundle)
                for bundle, own in self._masks.items()
                if own != wanted
            ),
        )
        return [bundle for _, _, bundle in ranked]

    def squares(self, features: str) -> tuple[Square, ...]:
        """The squares that tell a bundle's forms, fewest differing features first."""
        if features not in self._squares:
            found = sorted(
                self._every_square(features),
                key=lambda one: (one.distance, -min(map(self._support.__getitem__, one[:3]))),
            )
            self._squares[features] = tuple(found[:SQUARES])
        return self._squares[features]

    def _every_square(self, features: str) -> Iterator[Square]:
        wanted = self._mask(features)
        near = self.nearest(features)
        for one, other in combinations(near, 2):
            mine, theirs = self._masks[one], self._masks[other]
            either = mine | theirs
            if wanted & ~either:  # both differ in the same feature
                continue
            base = self._bundles.get((mine & theirs) | (either & ~wanted))
            if base is not None and base not in (one, other):
                distance = (wanted ^ mine).bit_count() + (wanted ^ theirs).bit_count()
                yield Square(base, one, other, distance)

    def _mask(self, features: str) -> int:
        """The elements of a bundle as the bits of a number, for speed."""
        places = (self._bits.setdefault(e, len(self._bits)) for e in elements(parse(features)))
        return sum(1 << place for place in places)


def elements(bundle: Bundle) -> frozenset[str]:
    """What a bundle is made of, for comparing it with others.

    >>> sorted(elements(parse("N;DAT(PL;PSS(1,SG))")))
    ['(PL', '(PSS(1,SG)', 'DAT', 'N']
    >>> sorted(elements(parse("V;PRS;NOM(1,SG)")))
    ['NOM(1,SG)', 'PRS', 'V']
    """
    brackets = [feature for feature in bundle.features if feature.inner]
    verb = (bundle.part_of_speech or "V").startswith("V")
    if verb or len(brackets) != 1:
        return frozenset(map(str, bundle.features))
    outer = (feature.name for feature in bundle.features)
    return frozenset((*outer, *(f"({feature}" for feature in brackets[0].inner)))
