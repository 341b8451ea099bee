"""The entropy of what the model expects (Salem et al. 2019, https://arxiv.org/abs/1806.01246).

It needs no label: models are surer of what they have seen, even where they are wrong.
"""

from __future__ import annotations

from trust.attacks import Evidence
from trust.observed import Floats


def certainty(evidence: Evidence) -> Floats:
    """The negative entropy of each candidate, (N,)."""
    return -evidence.target.entropy
