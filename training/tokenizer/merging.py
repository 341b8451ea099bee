"""Continue the training of a BPE vocabulary on new text: merges that follow the old ones.

The alternative, training a second vocabulary and adding its pieces, leaves many that no sequence of
merges ever reaches, and added tokens cut words apart wherever their letters stand (measured by
Purason et al. 2025, https://arxiv.org/abs/2512.03989, whose continued training this is). A merge
that comes after all others leaves every text as it was that does not hold the merged pair, and a
new piece is by construction a sequence of old ones.

>>> words = {"▁watoto": 5, "▁mtoto": 3, "▁kitoto": 2}
>>> letters = {letter: number for number, letter in enumerate(sorted(set("".join(words))))}
>>> found = continued({tuple(letters[c] for c in word): n for word, n in words.items()},
...                   list(letters), 3, lambda piece: piece.isalpha(), min_count=2)
>>> [merge.piece for merge in found.merges]
['to', 'toto', 'atoto']
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

Ids = tuple[int, ...]
Pair = tuple[int, int]

RARE = "pair rarer than the least count"
NOT_LETTERS = "more than the letters of one word"
KNOWN = "already a piece, which older merges reach in another way"


class Merge(NamedTuple):
    """A new piece with its id, the two pieces that it joins, and how often it did."""

    id: int
    piece: str
    pair: Pair
    times: int


class Continued(NamedTuple):
    """New merges in order, and the pairs that were passed over, counted by reason."""

    merges: tuple[Merge, ...]
    dropped: Counter[str]


def continued(
    words: Mapping[Ids, int],
    pieces: Sequence[str],
    size: int,
    allowed: Callable[[str], bool],
    *,
    min_count: int,
) -> Continued:
    """The next `size` merges: each time the most frequent pair, of equals that of the lowest ids.

    Args:
        words: what the old merges make of each word, and how often the word occurs.
        pieces: the old pieces by id; new ids follow.
        allowed: whether two pieces may become this one.
        min_count: pairs rarer than this are not merged.
    """
    text = _Text(words)
    names = list(pieces)
    known = set(names)
    merges: list[Merge] = []
    dropped: Counter[str] = Counter()
    while len(merges) < size and (best := text.most_frequent()) is not None:
        pair, count = best
        piece = names[pair[0]] + names[pair[1]]
        if count < min_count:
            dropped[RARE] += text.forget_all()
        elif not allowed(piece):
            dropped[NOT_LETTERS] += text.forget(pair)
        elif piece in known:
            dropped[KNOWN] += text.forget(pair)
        else:
            merges.append(Merge(len(names), piece, pair, count))
            text.merge(pair, len(names))
            names.append(piece)
            known.add(piece)
    return Continued(tuple(merges), dropped)


class _Text:
    """Words as lists of ids, with the number and the places of every pair of neighbours."""

    def __init__(self, words: Mapping[Ids, int]) -> None:
        self._words = [list(ids) for ids in words]
        self._times = list(words.values())
        self._counts: Counter[Pair] = Counter()
        self._places: defaultdict[Pair, set[int]] = defaultdict(set)
        self._forgotten: set[Pair] = set()
        for number in range(len(self._words)):
            self._count(number, 1)
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> tuple[Pair, int] | None:
        """The pair that occurs most often, with its count; None when there is none left.

        Counts in the heap may be out of date; every change pushed the new one, so old ones go.
        """
        while self._heap:
            count, pair = self._heap[0]
            if pair not in self._forgotten and self._counts[pair] == -count > 0:
                return pair, -count
            heapq.heappop(self._heap)
        return None

    def forget(self, pair: Pair) -> int:
        """Never offer a pair again; 1, the number of pairs."""
        self._forgotten.add(pair)
        return 1

    def forget_all(self) -> int:
        """Never offer any pair again; how many there were."""
        left = {pair for count, pair in self._heap if self._counts[pair] == -count > 0}
        self._heap.clear()
        return len(left - self._forgotten)

    def merge(self, pair: Pair, new: int) -> None:
        """Replace a pair by one id wherever it stands, from left to right."""
        touched: set[Pair] = set()
        for number in sorted(self._places[pair]):
            touched.update(self._count(number, -1))
            self._words[number] = _replaced(self._words[number], pair, new)
            touched.update(self._count(number, 1))
        for changed in sorted(touched):
            heapq.heappush(self._heap, (-self._counts[changed], changed))

    def _count(self, number: int, sign: int) -> list[Pair]:
        pairs = list(_pairs(self._words[number]))
        for pair in pairs:
            self._counts[pair] += sign * self._times[number]
            if sign > 0:
                self._places[pair].add(number)
            else:
                self._places[pair].discard(number)
        return pairs


def _pairs(ids: Sequence[int]) -> Iterator[Pair]:
    return pairwise(ids)


def _replaced(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """
    >>> _replaced([1, 1, 1, 2], (1, 1), 9)
    [9, 1, 2]
    """
    out: list[int] = []
    at = 0
    while at < len(ids):
        joined = at + 1 < len(ids) and (ids[at], ids[at + 1]) == pair
        out.append(new if joined else ids[at])
        at += 2 if joined else 1
    return out
