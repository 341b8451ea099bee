"""RMIA, relative membership inference (Zarifzadeh et al. 2024, https://arxiv.org/abs/2312.03262).

How much likelier has the target become for this candidate than for others? p(x | target) / p(x),
with p(x) the mean over shadow models with and without x, is compared to the same ratio of every
other candidate z; the score is the share of z that x beats by the factor GAMMA. Few shadow models
suffice.

By hand: three candidates with ratios 4, 1 and 2.1. The first beats the second by 2 or more, and not
the third; the third beats the second:

>>> import numpy as np
>>> beaten(np.log(np.array([4.0, 1.0, 2.1]))).tolist()
[0.5, 0.0, 0.5]
"""

from __future__ import annotations

import numpy as np

from trust.attacks import Evidence
from trust.observed import Floats

GAMMA = 2.0
BLOCK = 1024  # candidates compared at a time


def relative(evidence: Evidence) -> Floats:
    """The share of other candidates that each beats, 0 to 1, ties told apart by the ratio, (N,)."""
    inside = np.nanmean(np.exp(-evidence.inside), axis=0)
    outside = np.nanmean(np.exp(-evidence.outside), axis=0)
    ratios: Floats = -evidence.target.loss - np.log(np.maximum((inside + outside) / 2, 1e-300))
    ranks = np.argsort(np.argsort(ratios, kind="stable"), kind="stable") / len(ratios)
    found: Floats = beaten(ratios) + ranks * 1e-9  # below any difference of shares
    return found


def beaten(logs: Floats) -> Floats:
    """Of each candidate the share of the others whose ratio is GAMMA times smaller, (N,).

    Args:
        logs: logarithms of the ratios, (N,).
    """
    edge = np.log(GAMMA)
    shares = [
        (logs[start : start + BLOCK, None] - logs[None] >= edge).sum(axis=1)
        for start in range(0, len(logs), BLOCK)
    ]
    found: Floats = np.concatenate(shares) / max(1, len(logs) - 1)
    return found
