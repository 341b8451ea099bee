"""Randomness that is passed in and keyed, so that no result depends on the order of the work.

`stream` gives a generator for a long story; `key` and `draw` give single numbers that compiled
code computes as well, which is what synthesis needs.

>>> stream(1, "document 7").random() == stream(1, "document 7").random()
True
>>> draw(key(1, 7), 0) == draw(key(1, 7), 0), draw(key(1, 7), 0) == draw(key(1, 8), 0)
(True, False)
"""

from __future__ import annotations

import hashlib
import random

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15  # the odd number nearest to 2**64 divided by the golden ratio


def stream(seed: int, *keys: str) -> random.Random:
    """A generator of its own for one (seed, keys): 1, 4 and 16 workers draw the same numbers.

    >>> stream(1, "ntrex", "sw-en").randrange(1000) == stream(1, "ntrex", "en-sw").randrange(1000)
    False
    """
    return random.Random(_first_word(str(seed), *keys))


def key(seed: int, document: str | int) -> int:
    """The 64-bit key of one document: a line number (from 1) or a name.

    A name goes through SHA-256. Line numbers go through splitmix64, because there are many
    and compiled code must follow: key(seed, n) is draw(seed_key(seed), n).

    >>> key(1, 7) == key(2, 7), key(1, 7) == key(1, "7"), key(1, 7) < 2**64
    (False, False, True)
    """
    if isinstance(document, str):
        return _first_word("document", str(seed), document)
    return draw(seed_key(seed), document)


def seed_key(seed: int) -> int:
    """The 64-bit key from which the keys of all line numbers come."""
    return _first_word("lines", str(seed))


def draw(key: int, counter: int) -> int:
    """The 64-bit word number `counter` (from 0) of a key, each as likely as any other.

    The generator is splitmix64 (Steele, Lea and Flood 2014, https://doi.org/10.1145/2660193.2660195)
    read at any place: no state, so no order. From seed 0 it yields the published first word:

    >>> hex(draw(0, 0))
    '0xe220a8397b1dcdaf'
    """
    word = (key + (counter + 1) * GOLDEN) & MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def _first_word(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:8], "big")
