"""Where chance comes from in a private run: the noise of an update, and who is in it.

Seeded chance makes the same model again from the same command. It is keyed by what the run is (its
options, the checksums of its data), so that no two runs share noise: the difference of two models
would show what their data differ in. Whoever knows the command and the data knows the noise,
however. What is to be given away takes secure chance, from the operating system, which nobody can
repeat; such a run still goes on after a kill, with new noise from its last checkpoint on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.files import canonical_json, sha256_text
from training.checkpoints import Generator


class Chance(Protocol):
    """What a run draws from."""

    generators: tuple[Generator, ...]  # whose states belong into a checkpoint

    def uniform(self, name: str, number: int) -> NDArray[np.float64]:
        """So many numbers from 0 to below 1; the same name, the same numbers, if any are."""
        ...

    def normal_(self, out: Tensor, deviation: float) -> None:
        """Fill a tensor with normal noise."""
        ...


class Seeded:
    """Chance that is the same again.

    >>> one, other = Seeded(0, {"data": "a"}), Seeded(0, {"data": "b"})
    >>> bool(one.uniform("1", 1) == Seeded(0, {"data": "a"}).uniform("1", 1))
    True
    >>> bool(one.uniform("1", 1) == other.uniform("1", 1))
    False
    >>> bool(one.uniform("2", 1) == one.uniform("1", 1))
    False
    """

    def __init__(self, seed: int, identity: Mapping[str, Any]) -> None:
        self._key = sha256_text(canonical_json({"seed": seed, "run": identity}))
        self._noise = torch.Generator().manual_seed(int(self._key[:16], 16))
        self.generators: tuple[Generator, ...] = (self._noise,)

    def uniform(self, name: str, number: int) -> NDArray[np.float64]:
        """So many numbers from 0 to below 1, which hang on the name alone."""
        key = int(sha256_text(f"{self._key}/{name}")[:32], 16)
        return np.random.Generator(np.random.Philox(key=key)).random(number)

    def normal_(self, out: Tensor, deviation: float) -> None:
        """Fill a tensor with normal noise, the next of the sequence."""
        if out.device.type == "cpu":
            out.normal_(0, deviation, generator=self._noise)
        else:  # drawn here, so that the state of one generator says it all
            out.copy_(torch.empty(out.shape).normal_(0, deviation, generator=self._noise))


class Secure:
    """Chance from the system's cryptographic generator, in 53 bits.

    >>> bool(Secure().uniform("1", 1) == Secure().uniform("1", 1))
    False
    """

    generators: tuple[Generator, ...] = ()

    def uniform(self, name: str, number: int) -> NDArray[np.float64]:  # noqa: ARG002
        """So many numbers from 0 to below 1."""
        bits = np.frombuffer(os.urandom(8 * number), np.uint64)
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal_(self, out: Tensor, deviation: float) -> None:
        """Fill a tensor with normal noise (Box and Muller 1958)."""
        half = (out.numel() + 1) // 2
        radius = np.sqrt(-2 * np.log1p(-self.uniform("", half)))
        angle = 2 * np.pi * self.uniform("", half)
        both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[: out.numel()]
        out.copy_(torch.from_numpy(deviation * both).view(out.shape))
