"""In which order documents come, and from which corpus: computed, so that a place is a number.

>>> sorted(shuffled_place(place, 10, key=7) for place in range(10)) == list(range(10))
True
>>> [shuffled_place(place, 5, key=1) for place in range(5)]
[3, 2, 1, 0, 4]
"""

from __future__ import annotations

from collections.abc import Sequence

from data.errors import InputError
from data.randomness import draw

_ROUNDS = 4


def shuffled_place(place: int, size: int, key: int) -> int:
    """Where `place` of 0 ... size - 1 goes in the permutation of a key, in constant memory.

    A Feistel network (Luby and Rackoff 1988, https://doi.org/10.1137/0217022) permutes the numbers
    of an even number of bits; numbers beyond `size` are sent round again until they fall inside.
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = place >> half, place & mask
        for number in range(_ROUNDS):
            left, right = right, left ^ (draw(key, (number << 32) + right) & mask)
        place = (left << half) | right
        if place < size:
            return place


def mixed_shares(
    tokens: Sequence[int], weights: Sequence[float], temperature: float
) -> tuple[float, ...]:
    """Each corpus's share of the stream: weight * tokens ** (1 / temperature), scaled to sum to 1.

    Temperature 1 keeps the proportions of the corpora; a higher one lifts the small ones (XLM-R has
    1/0.3, Conneau et al. 2020, https://aclanthology.org/2020.acl-main.747).

    >>> mixed_shares([900, 100], [1, 1], 1.0)
    (0.9, 0.1)
    >>> mixed_shares([900, 100], [1, 1], 2.0)
    (0.75, 0.25)

    Raises:
        InputError: a temperature below 1.
    """
    if not temperature >= 1:
        raise InputError(f"temperature {temperature}: expected 1 (as the corpora are) or more")
    raw = [
        weight * float(number) ** (1 / temperature)
        for number, weight in zip(tokens, weights, strict=True)
    ]
    return tuple(one / sum(raw) for one in raw)


def most_behind(shares: Sequence[float], given: Sequence[int]) -> int:
    """The corpus that is furthest behind its share of the tokens given so far.

    Taking from it each time keeps the shares to within a document, without chance.

    >>> given = [0, 0]
    >>> for _ in range(8):
    ...     given[most_behind([0.75, 0.25], given)] += 10
    >>> given
    [60, 20]
    """
    total = sum(given)
    return max(range(len(shares)), key=lambda n: (shares[n] * total - given[n], shares[n], -n))
