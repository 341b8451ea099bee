"""Input number N of a target: the same bytes for the same seed, on any machine, by any worker."""

from __future__ import annotations

import random

from tests.fuzz.mutators import MOST_BYTES, damaged, spliced
from tests.fuzz.structures import KINDS
from tests.fuzz.target import Target


def input_of(target: Target, number: int, seed: int) -> bytes:
    """The bytes of one input: the valid ones first, then damage of both kinds.

    >>> from tests.fuzz.target import drain
    >>> target = Target("x", "tsv", ("a\\tb\\n",), drain)
    >>> input_of(target, 0, 1)
    b'a\\tb\\n'
    >>> input_of(target, 5, 1) == input_of(target, 5, 1)
    True
    """
    seeds = target.seed_bytes()
    if number < len(seeds):
        return seeds[number]
    rng = random.Random(f"{seed}/{target.name}/{number}")
    data = rng.choice(seeds)
    what = rng.random()
    if what < 0.08 and len(seeds) > 1:
        data = spliced(rng, data, rng.choice(seeds))
    elif what < 0.6:
        data = KINDS[target.kind](rng, data)
    if what >= 0.5:
        data = damaged(rng, data)
    return data[:MOST_BYTES]
