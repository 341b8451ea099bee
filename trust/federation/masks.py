"""Sums that show no client's part: each pair of clients agrees on a mask that cancels.

    mine = masked(update, client, partners, key)       # what the server gets: looks like chance
    total = decoded(sum_of(all of them))               # the sum of all updates

The shape of secure aggregation (Bonawitz et al. 2017; partners on a ring, Bell et al. 2020):
numbers become whole ones of 64 bits, one of a pair adds the mask, the other takes it away. Who
dropped out after masks were agreed on leaves masks behind; its partners then tell the server theirs
with it. Keys come from the run's seed here, as nobody is to be protected in a simulation: what is
the same is the arithmetic, and that the server adds up masked vectors alone.

>>> updates = {3: torch.tensor([0.5, -1.0]), 5: torch.tensor([2.0, 0.25])}
>>> one = masked(updates[3], 3, ring([3, 5, 8]), "key")
>>> two = masked(updates[5], 5, ring([3, 5, 8]), "key")
>>> decoded(unmasked(one + two, [3, 5], ring([3, 5, 8]), "key"))       # 8 dropped out
tensor([ 2.5000, -0.7500], dtype=torch.float64)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from data.files import sha256_text

SCALE = 2.0**32  # a step of 2.3e-10; sums up to 2**31 fit

Partners = Mapping[int, Sequence[int]]


def ring(clients: Sequence[int]) -> dict[int, list[int]]:
    """The partners of each client: about 2 log2(n) neighbours, all others in small rounds.

    >>> ring([4, 7, 9])
    {4: [7, 9], 7: [4, 9], 9: [4, 7]}
    """
    number = len(clients)
    reach = min(number // 2, max(1, math.ceil(math.log2(max(2, number)))))
    found = {}
    for place, client in enumerate(clients):
        steps = [step for step in range(-reach, reach + 1) if step]
        found[client] = sorted({clients[(place + step) % number] for step in steps} - {client})
    return found


def encoded(update: Tensor) -> Tensor:
    """Numbers (P,) as whole ones of 64 bits; sums of them are exact, whatever their order."""
    return (update.double() * SCALE).round().long()


def decoded(total: Tensor) -> Tensor:
    """Whole numbers back as float64."""
    return total.double() / SCALE


def masked(update: Tensor, client: int, partners: Partners, key: str) -> Tensor:
    """What a client sends: its numbers and all of its masks, modulo 2 ** 64."""
    found = encoded(update)
    for other in partners[client]:
        found += _signed(client, other, key, len(found))
    return found


def unmasked(total: Tensor, answered: Sequence[int], partners: Partners, key: str) -> Tensor:
    """The sum without the masks that were agreed on with clients that dropped out."""
    there, found = set(answered), total.clone()
    for client in answered:
        for other in partners[client]:
            if other not in there:
                found -= _signed(client, other, key, len(found))
    return found


def _signed(client: int, other: int, key: str, length: int) -> Tensor:
    """A pair's mask as the first of the two has it, or its negative."""
    low, high = sorted((client, other))
    seed = int(sha256_text(f"{key}/{low}/{high}")[:32], 16)
    words = np.random.Generator(np.random.Philox(key=seed)).integers(
        0, 2**64, length, dtype=np.uint64
    )
    mask = torch.from_numpy(words.view(np.int64))
    return mask if client == low else -mask
