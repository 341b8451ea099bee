"""The state of every generator that a run draws from, as JSON.

>>> import random
>>> generator = random.Random(7)
>>> state = random_state([generator], torch.device("cpu"))
>>> drawn = generator.random()
>>> restore([generator], torch.device("cpu"), state)
>>> generator.random() == drawn
True
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

Generator = random.Random | np.random.Generator | torch.Generator
ACCELERATORS = ("cuda", "mps")


def random_state(generators: Sequence[Generator], device: torch.device) -> dict[str, Any]:
    """torch's own state, that of the device, and that of these generators."""
    own = getattr(torch, device.type).get_rng_state() if device.type in ACCELERATORS else None
    return {
        "torch": _to_hex(torch.get_rng_state()),
        "device": None if own is None else _to_hex(own),
        "generators": [_state(generator) for generator in generators],
    }


def restore(
    generators: Sequence[Generator], device: torch.device, state: Mapping[str, Any]
) -> None:
    """Go on drawing from that state."""
    torch.set_rng_state(_from_hex(state["torch"]))
    if state["device"] is not None and device.type in ACCELERATORS:
        getattr(torch, device.type).set_rng_state(_from_hex(state["device"]))
    for generator, own in zip(generators, state["generators"], strict=True):
        _restore(generator, own)


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """What is drawn from torch inside the block does not count outside."""
    before = random_state([], device)
    try:
        yield
    finally:
        restore([], device, before)


def _state(generator: Generator) -> Any:
    if isinstance(generator, random.Random):
        version, words, gauss = generator.getstate()
        return [version, list(words), gauss]
    if isinstance(generator, torch.Generator):
        return _to_hex(generator.get_state())
    return generator.bit_generator.state


def _restore(generator: Generator, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate((state[0], tuple(state[1]), state[2]))
    elif isinstance(generator, torch.Generator):
        generator.set_state(_from_hex(state))
    else:
        generator.bit_generator.state = state


def _to_hex(state: Tensor) -> str:
    return state.numpy().tobytes().hex()


def _from_hex(text: str) -> Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)
