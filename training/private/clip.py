"""The bound of a unit's gradient, and by what factor each is shortened to it.

The bound is kept in one of two ways. "auto" divides each gradient by its length (Bu et al. 2023,
https://arxiv.org/abs/2206.07136): nothing is to be chosen. A number C shortens those that are
longer (Abadi et al. 2016, https://arxiv.org/abs/1607.00133). With "layer:" before it each layer has
its own length, and a bound of C over the root of their number (He et al. 2023,
https://arxiv.org/abs/2212.01539).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

STABLE = 0.01  # added to a length that is divided by, gamma of Bu et al. 2023
AUTO, LAYER = "auto", "layer:"


@dataclass(frozen=True, slots=True)
class Clip:
    """How gradients are shortened.

    Attributes:
        bound: the longest that one may be, C; None: "auto", all are brought to nearly 1.
        by_layer: each layer of its own.

    >>> import torch
    >>> Clip.parse("auto").factors(torch.tensor([[9.0, 0.0]]))
    tensor([[  0.3322, 100.0000]])
    >>> Clip.parse("1.5").factors(torch.tensor([[9.0, 1.0]])).tolist()
    [[0.5, 1.0]]
    """

    bound: float | None
    by_layer: bool = False

    @classmethod
    def parse(cls, text: str) -> Clip:
        """What --dp-clip says: auto, 0.5, layer:auto, layer:0.5.

        Raises:
            InputError: it is none of them.
        """
        by_layer = text.startswith(LAYER)
        rest = text.removeprefix(LAYER)
        if rest == AUTO:
            return cls(None, by_layer)
        try:
            bound = float(rest)
        except ValueError:
            bound = math.nan
        if not 0 < bound < math.inf:
            raise InputError(
                f"--dp-clip {text}: expected auto or a number above 0, or either behind layer:"
            )
        return cls(bound, by_layer)

    @property
    def sensitivity(self) -> float:
        """The most that one unit changes the sum, as a 2-norm."""
        return 1.0 if self.bound is None else self.bound

    def factors(self, squared: Tensor) -> Tensor:
        """What each gradient is multiplied with, from |G|² by layer and unit (L, U)."""
        share = len(squared) ** -0.5
        if self.bound is None:
            brought: Tensor = share / (squared.sqrt() + STABLE)
            return brought
        shortened: Tensor = (share * self.bound / squared.sqrt()).clamp(max=1)
        return shortened
