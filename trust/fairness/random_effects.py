"""Effects of many samples as one: the random-effects model of CEAT, and its authors' plain average.

    combined(effects, variances)        # DerSimonian and Laird 1986, as in Guo and Caliskan 2021

Effects differ by chance, each by its own variance, and because contexts differ: what Q holds above
its degrees of freedom becomes the variance between samples, tau2.

>>> combined([0, 2], [1, 1])
Combined(value=1.0, error=1.0, p=0.3173, q=2.0, tau2=1.0, n=2)
>>> combined([1, 3], [0.5, 0.5])
Combined(value=2.0, error=1.0, p=0.0455, q=4.0, tau2=1.5, n=2)
>>> average([0.5, 1.5], [0.01, 0.2])
Average(value=1.0, significant=50.0, n=2)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.05


class _Rounded:
    """Shown with four digits."""

    def __repr__(self) -> str:
        told = ((f.name, getattr(self, f.name)) for f in fields(self))  # type: ignore[arg-type]
        shown = (f"{name}={round(v, 4) if isinstance(v, float) else v}" for name, v in told)
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class Combined(_Rounded):
    """A combined effect.

    Attributes:
        error: its standard error.
        p: two-sided, of the normal distribution.
        q: the weighted sum of squares about the weighted mean.
        tau2: the variance between samples.
    """

    value: float
    error: float
    p: float
    q: float
    tau2: float
    n: int


@dataclass(frozen=True, repr=False)
class Average(_Rounded):
    """What the authors' first code prints: the mean effect, and which share of samples has p < .05.

    Attributes:
        significant: on 0-100.
    """

    value: float
    significant: float
    n: int


def combined(effects: Sequence[float] | Floats, variances: Sequence[float] | Floats) -> Combined:
    """The random-effects mean of effects with these variances within samples.

    Raises:
        ValueError: fewer than two effects, other numbers of variances, or one that is not above 0.
    """
    values, within = np.asarray(effects, np.float64), np.asarray(variances, np.float64)
    if len(values) < 2 or values.shape != within.shape:
        raise ValueError(
            f"random effects: expected two effects or more, each with a variance, found"
            f" {len(values)} and {len(within)}; draw more samples"
        )
    if not (np.isfinite(values).all() and (within > 0).all() and np.isfinite(within).all()):
        raise ValueError(
            "random effects: expected finite effects and variances above 0; words whose"
            " associations are all the same have none: give other lists"
        )
    weights = 1 / within
    mean = float(weights @ values / weights.sum())
    q = float(weights @ (values - mean) ** 2)
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    tau2 = max(0.0, (q - (len(values) - 1)) / scale)
    again = 1 / (within + tau2)
    value, error = float(again @ values / again.sum()), math.sqrt(1 / float(again.sum()))
    p = math.erfc(abs(value) / error / math.sqrt(2))
    return Combined(value, error, p, q, tau2, len(values))


def average(effects: Sequence[float] | Floats, ps: Sequence[float] | Floats) -> Average:
    """The authors' plain average: mean effect, and the share of samples below .05, on 0-100."""
    values, chances = np.asarray(effects, np.float64), np.asarray(ps, np.float64)
    return Average(float(values.mean()), 100 * float((chances < LEVEL).mean()), len(values))
