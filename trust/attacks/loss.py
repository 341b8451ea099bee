"""The loss alone (Yeom et al. 2018, https://arxiv.org/abs/1709.01604): training made it small.

>>> import numpy as np
>>> from trust.observed import Observed
>>> nats = np.array([0.1, 2.0])
>>> threshold(Evidence(Observed(nats, nats, nats))).tolist()
[-0.1, -2.0]
"""

from __future__ import annotations

from trust.attacks import Evidence
from trust.observed import Floats


def threshold(evidence: Evidence) -> Floats:
    """The negative loss of each candidate, (N,)."""
    return -evidence.target.loss
