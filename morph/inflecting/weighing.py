"""Two forms of one item, the model's and the rules': which is more likely to be right?

    weighing = Weighing.fit(evidence, rules_right)     # of items where one of the two was right
    weighing.prefers_rules(Evidence(model=-0.7, rival=-1.1, rules=0.93))

A logistic regression over what both sides know: how sure the model is of its form, how much less
likely it finds the rules' form, and how sure the rules are. The middle one carries the most: a
form that the model nearly gave as well and that the rules give too is often right, and one that the
model finds absurd hardly ever. It is four numbers, so a few hundred dev items suffice; a ridge of 1
on all but the bias keeps them small where the dev data say little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from data.errors import InputError

LEAST = 4  # items, or nothing is learned
RIDGE = 1.0
LOWEST = -30.0  # log probabilities below it are all alike: the model would never write that
SURE = 1e-4  # probabilities are kept that far from 0 and 1
NEWTON_STEPS, SMALL = 30, 1e-9


class Evidence(NamedTuple):
    """What is known of two forms that differ.

    model, rival: the natural logarithms of the probabilities that the model gives its own form and
    the rules' form; rival may be minus infinity. rules: the rules' confidence, 0 to 1;
    0 where it was not measured.
    """

    model: float
    rival: float
    rules: float

    def values(self) -> list[float]:
        """The regression's inputs, of about equal spread; the first is 1, for the bias.

        >>> [round(one, 2) for one in Evidence(math.log(0.5), -math.inf, 0.9).values()]
        [1.0, 0.0, -5.86, 0.55]
        """
        lead = max(self.rival, LOWEST) - max(self.model, LOWEST)
        return [1.0, _logit(math.exp(min(self.model, 0.0))) / 4, lead / 5, _logit(self.rules) / 4]


class Weighing(NamedTuple):
    """Weights of `Evidence.values`; none of them: the model is always preferred."""

    weights: tuple[float, ...] = ()

    @classmethod
    def fit(cls, evidence: Sequence[Evidence], rules_right: Sequence[bool]) -> Weighing:
        """Learn from items where exactly one form was right; of fewer than LEAST, nothing.

        Penalised maximum likelihood by Newton's method (iteratively reweighted least squares).

        >>> sure, unsure = Evidence(-0.1, -9.0, 0.5), Evidence(-1.5, -1.6, 0.9)
        >>> weighing = Weighing.fit([sure, unsure] * 10, [False, True] * 10)
        >>> weighing.prefers_rules(sure), weighing.prefers_rules(unsure)
        (False, True)
        """
        import numpy as np

        if len(evidence) < LEAST:
            return cls()
        inputs = np.array([one.values() for one in evidence])
        wanted = np.array(rules_right, dtype=float)
        ridge = np.diag([SMALL, *[RIDGE] * (inputs.shape[1] - 1)])
        weights = np.zeros(inputs.shape[1])
        for _ in range(NEWTON_STEPS):
            chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, LOWEST, -LOWEST)))
            slope = inputs.T @ (chance - wanted) + ridge @ weights
            curvature = (inputs.T * (chance * (1 - chance))) @ inputs + ridge
            step = np.linalg.solve(curvature, slope)
            weights -= np.clip(step, -1.0, 1.0)
            if float(np.abs(step).max()) < SMALL:
                break
        return cls(tuple(float(weight) for weight in weights))

    def prefers_rules(self, evidence: Evidence) -> bool:
        """Whether the rules' form is the likelier one."""
        pairs = zip(self.weights, evidence.values(), strict=True) if self.weights else ()
        return sum(weight * value for weight, value in pairs) > 0

    @classmethod
    def from_json(cls, value: Any) -> Weighing:
        """The weights that were written as a list.

        Raises:
            InputError: it is something else.
        """
        inputs = len(Evidence(0.0, 0.0, 0.5).values())
        if not isinstance(value, list) or len(value) not in (0, inputs):
            raise InputError(
                f"calibration: expected no weights or {inputs}, found {value!r}; calibrate again"
            )
        return cls(tuple(map(float, value)))


def _logit(probability: float) -> float:
    kept = min(max(probability, SURE), 1 - SURE)
    return math.log(kept / (1 - kept))
