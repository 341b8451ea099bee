"""How much noise a guarantee takes, and what a run has spent: opacus' accountants.

    sigma = sigma_for(epsilon=8, delta=1e-5, rate=1/32, steps=320, accountant="prv")

The mechanism is the Poisson-subsampled Gaussian: each unit is drawn by itself with probability
`rate`, and normal noise of `sigma` times the bound is added to the sum. Two accountants bound what
its repetition gives away: RDP (Mironov 2017, https://arxiv.org/abs/1702.07476), and PRV
(Gopi et al. 2021, https://arxiv.org/abs/2106.02848), which is tighter and slower.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from data.errors import InputError
from models.library import missing_package

LEAST_NOISE = 1e-2  # a smaller sigma is no noise, and no accountant says anything of it


@cache
def sigma_for(*, epsilon: float, delta: float, rate: float, steps: int, accountant: str) -> float:
    """The noise, in multiples of the bound, with which so many updates stay within epsilon.

    Args:
        rate: the probability that a unit is drawn, 0 to 1. accountant: "prv" or "rdp".

    Raises:
        InputError: no noise is enough.
        UnavailableError: opacus is not installed.
    """
    with _opacus("--dp-epsilon") as utils:
        found = utils.get_noise_multiplier(
            target_epsilon=epsilon,
            target_delta=delta,
            sample_rate=rate,
            steps=steps,
            accountant=accountant,
        )
    return float(found)


def epsilon_of(*, sigma: float, delta: float, rate: float, steps: int, accountant: str) -> float:
    """What so many updates give away, at this noise.

    Raises:
        UnavailableError: opacus is not installed.
    """
    if steps == 0:
        return 0.0
    with _opacus("--dp-accountant") as utils:
        counted = utils.create_accountant(mechanism=accountant)
        counted.history = [(sigma, rate, steps)]
        return float(counted.get_epsilon(delta=delta))


def group_epsilon(size: int, *, sigma: float, delta: float, rate: float, steps: int) -> float:
    """Epsilon of `size` units of the same person together, by the RDP accountant.

    An update holds none of them with probability (1 - rate) ** size, and else at most all, which
    change the sum by `size` bounds: as one unit that is drawn with the rest of the probability, at
    a noise of sigma / size (Choquette-Choo et al. 2023, https://arxiv.org/abs/2310.15526, whose
    mixture of Gaussians is the less private the larger its shifts are).
    """
    rate = 1 - (1 - rate) ** size
    how = {"sigma": sigma / size, "delta": delta, "rate": rate, "steps": steps}
    return epsilon_of(**how, accountant="rdp")  # type: ignore[arg-type]


@contextmanager
def _opacus(option: str) -> Iterator[Any]:
    """The accountants; what they cannot tell becomes one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from opacus.accountants import utils
        except ImportError as error:
            raise missing_package(error, "private") from error
        try:
            yield utils
        except (ValueError, ArithmeticError, RuntimeError, IndexError, MemoryError) as error:
            raise InputError(
                f"{option}: the accountant finds no noise for it ({str(error)[:120]}); give a"
                " larger --dp-epsilon or --dp-delta, fewer --steps, or --dp-accountant rdp"
            ) from error
