"""Bundles that were never seen: their forms by analogy between the cells of one lemma's paradigm.

    >>> cells = Cells({"V;PST;1;POS": 9, "V;PST;2;POS": 9, "V;PST;1;NEG": 9})
    >>> cells.squares("V;PST;2;NEG")
    (Square(base='V;PST;1;POS', one='V;PST;1;NEG', other='V;PST;2;POS', distance=4),)

Two neighbours differ from the bundle in different features, and the fourth corner of the square
differs in both. So of I read : I do not read = you read : x the three known forms are made for the
lemma, and `morph.edits.merge` solves for x.

Features in brackets count as one, NOM(3,SG) for instance, except where a word that is no verb has
one pair of brackets, since there number and possessor are as free as case: N;DAT(PL;PSS(1,SG)).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from data.inflections.tags import Bundle, parse

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
