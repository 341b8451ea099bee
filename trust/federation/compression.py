"""Smaller updates: the largest numbers alone (top-k), and numbers in a byte.

>>> import torch
>>> update = torch.tensor([0.1, -4.0, 0.2, 2.0])
>>> compressed(update, ("topk:0.5",), seed=1)
(tensor([ 0., -4.,  0.,  2.]), 16)

Sizes are what would travel: a kept number is a place and a value (4 bytes each, or 1 byte of value
under 8bit), and a block of 8-bit numbers has a scale of 4 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.errors import InputError
from trust.federation.names import named_with

if TYPE_CHECKING:
    from torch import Tensor

TOPK, BITS = "topk", "8bit"
STEPS = (TOPK, BITS)
BLOCK = 2048  # numbers that share a scale
LEVELS = 127


def parse_step(text: str) -> tuple[str, float]:
    """A step of --compress.

    Raises:
        InputError: no such step, or a share that cannot be.

    >>> parse_step("topk:0.01"), parse_step("8bit")
    (('topk', 0.01), ('8bit', 1.0))
    """
    name, argument = named_with(text, STEPS, "--compress")
    if name == BITS:
        if argument:
            raise InputError(f"--compress {text}: write it as {BITS}")
        return name, 1.0
    try:
        share = float(argument)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise InputError(f"--compress {text}: expected a share above 0 and up to 1: {TOPK}:0.01")
    return name, share


def compressed(update: Tensor, steps: Sequence[str], seed: int) -> tuple[Tensor, int]:
    """What the server reads of an update (P,), and how many bytes travelled.

    Args:
        seed: of the rounding to 8 bits, which is right on average (Alistarh et al. 2017).
    """
    kept, width, scales = len(update), 4, 0
    for name, share in map(parse_step, steps):
        if name == TOPK:
            kept = max(1, math.ceil(share * len(update)))
            update = largest(update, kept)
        else:
            width, scales = 1, 4 * math.ceil(len(update) / BLOCK)
            update = rounded(update, seed)
    places = 4 * kept if kept < len(update) else 0
    return update, kept * width + places + scales


def largest(update: Tensor, number: int) -> Tensor:
    """The numbers furthest from 0, all others 0 (Aji and Heafield 2017)."""
    places = update.abs().topk(number).indices
    found = update.new_zeros(len(update))
    found[places] = update[places]
    return found


def rounded(update: Tensor, seed: int) -> Tensor:
    """Numbers as multiples of a 127th of their block's largest, rounded up or down by chance."""
    import torch

    padded = torch.nn.functional.pad(update, (0, -len(update) % BLOCK)).view(-1, BLOCK)
    scale = padded.abs().amax(dim=1, keepdim=True).clamp(min=1e-30) / LEVELS
    chance = torch.rand(padded.shape, generator=torch.Generator().manual_seed(seed))
    whole = (padded / scale + chance).floor().clamp(-LEVELS, LEVELS)
    return (whole * scale).flatten()[: len(update)]
