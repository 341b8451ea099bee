"""Min-K% (Shi et al. 2024, https://arxiv.org/abs/2310.16789): the pieces that surprise most.

A text that was not seen holds a few pieces that nobody would guess; of one that was, even those
are known. The mean over all pieces hides that.
"""

from __future__ import annotations

from trust.attacks import Evidence
from trust.observed import Floats


def least_likely(evidence: Evidence) -> Floats:
    """The mean log-probability of the 20 % least likely pieces, (N,)."""
    return -evidence.target.lowest
