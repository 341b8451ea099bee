"""LiRA, the likelihood ratio (Carlini et al. 2022, https://arxiv.org/abs/2112.03570).

How sure is a model of this candidate when it was trained on it, and how sure when not? Shadow
models of both sorts say so for each candidate by itself; the logit of the probability is about
normal over models. The score is the logarithm of the two densities' ratio where the target stands.
With fewer than 64 shadow models one variance is taken for all candidates, as there.

By hand, one candidate, two shadow models with it (logits 4 and 6) and two without (0 and 2): means
5 and 1, variances 1 and 1; at 5 the ratio is exp(0 + 16 / 2):

>>> import numpy as np
>>> inside, outside = np.array([[4.0], [6.0]]), np.array([[0.0], [2.0]])
>>> round(float(log_ratio(np.array([5.0]), inside, outside)[0]), 6)
8.0
"""

from __future__ import annotations

import numpy as np

from trust.attacks import Evidence
from trust.observed import Floats, confidence

MANY = 64  # shadow models from which each candidate has a variance of its own
LEAST = 1e-6  # a variance


def likelihood_ratio(evidence: Evidence) -> Floats:
    """The logarithm of the likelihood ratio of member and other, (N,)."""
    inside, outside = confidence(evidence.inside), confidence(evidence.outside)
    return log_ratio(confidence(evidence.target.loss), inside, outside)


def log_ratio(at: Floats, inside: Floats, outside: Floats) -> Floats:
    """log N(at; inside) - log N(at; outside), (N,).

    Args:
        inside, outside: (S, N) logits of shadow models with and without a candidate, NaN for none.
    """
    found = []
    for logits in (inside, outside):
        mean = np.nanmean(logits, axis=0)
        variance = np.nanvar(logits, axis=0)
        if len(logits) < MANY:
            variance = np.full_like(mean, np.nanmean((logits - mean) ** 2))
        variance = np.maximum(variance, LEAST)
        found.append(-((at - mean) ** 2) / (2 * variance) - np.log(variance) / 2)
    ratio: Floats = found[0] - found[1]
    return ratio
