"""Multinomial logistic regression with an L2 penalty, to its optimum: the head on frozen vectors,
and the baseline on character n-grams.

    head = fitted(dense(vectors), labels, 7, penalty=1e-2)       # a weight a feature and label
    scores = NGrams.of(texts).scores(more_texts, head)

The loss is convex and starts at zero weights, so L-BFGS (Nocedal 1980) finds the same optimum every
time: no seed, no learning rate, no number of updates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

ROUNDS = 200  # of L-BFGS at most; it mostly ends by its tolerance
SIZES = (2, 3, 4)  # of n-grams, in characters
DIMENSIONS = 1 << 16  # that n-grams are hashed into
PRIME = 1_000_003
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)  # of which a dev set chooses
PENALTY = 1e-2  # without one

Scores = Callable[[Tensor], Tensor]  # from weights (features, labels) to scores (texts, labels)


def fitted(
    scores: Scores,
    features: int,
    labels: Sequence[int],
    number: int,
    penalty: float,
    history: list[float] | None = None,
) -> Tensor:
    """The weights (features, number) of least loss: mean cross entropy + penalty / 2 |weights|².

    Args:
        scores: linear in the weights; the last feature is the constant 1, and is not penalised.
        history: receives the loss at each evaluation.

    >>> x = torch.tensor([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    >>> head = fitted(lambda w: x @ w, 2, [0, 0, 1, 1], 2, penalty=0.1)
    >>> (x @ head).argmax(1).tolist(), bool((head.sum(1).abs() < 1e-4).all())
    ([0, 0, 1, 1], True)
    """
    weights = torch.zeros(features, number, requires_grad=True)
    gold = torch.tensor(labels)
    optimiser = torch.optim.LBFGS(
        [weights], max_iter=ROUNDS, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        total = functional.cross_entropy(scores(weights), gold)
        total = total + penalty / 2 * weights[:-1].square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        if history is not None:
            history.append(float(total.detach()))
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()


@dataclass(frozen=True)
class NGrams:
    """Character n-grams of texts, hashed, with tf-idf weights learned on the training texts.

    Attributes:
        idf: (DIMENSIONS,), of n-grams that no training text has 0.
    """

    idf: NDArray[np.float32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> NGrams:
        """Count in how many texts each n-gram is (Salton and Buckley 1988, smoothed)."""
        counts = np.zeros(DIMENSIONS)
        for text in texts:
            counts[np.unique(hashed(text))] += 1
        idf = np.where(counts > 0, np.log((1 + len(texts)) / (1 + counts)) + 1, 0)
        return cls(idf.astype(np.float32))

    def scores(self, texts: Sequence[str]) -> Scores:
        """What makes scores of these texts out of weights (DIMENSIONS + 1, labels)."""
        ids, values, starts = [], [], []
        total = 0
        for text in texts:
            found, counts = np.unique(hashed(text), return_counts=True)
            weight = (1 + np.log(counts)) * self.idf[found]
            length = math.sqrt(float((weight * weight).sum())) or 1.0
            ids.append(np.append(found, DIMENSIONS))
            values.append(np.append(weight / length, 1.0))
            starts.append(total)
            total += len(found) + 1
        flat = torch.from_numpy(np.concatenate(ids))
        weights_of = torch.from_numpy(np.concatenate(values).astype(np.float32))
        offsets = torch.tensor(starts)
        return lambda weights: functional.embedding_bag(
            flat, weights, offsets, mode="sum", per_sample_weights=weights_of
        )


def hashed(text: str) -> NDArray[np.int64]:
    """The n-grams of a text in lower case with a space at both ends, as places in a table.

    >>> len(hashed("na")), hashed("NA").tolist() == hashed("na").tolist()
    (6, True)
    """
    codes = np.frombuffer(f" {text.casefold()} ".encode("utf-32-le"), dtype="<u4").astype(np.int64)
    found = []
    for size in SIZES:
        if len(codes) >= size:
            value = np.full(len(codes) - size + 1, size, dtype=np.int64)
            for place in range(size):
                value = (value * PRIME + codes[place : len(codes) - size + 1 + place]) & 0xFFFFFFFF
            found.append((value ^ (value >> 16)) % DIMENSIONS)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def chosen_penalty(accuracy: Callable[[float], float] | None) -> float:
    """The penalty of the best accuracy on dev, of equals the largest; `PENALTY` without a dev set.

    >>> chosen_penalty(None), chosen_penalty(lambda penalty: 50.0 if penalty > 1e-3 else 40.0)
    (0.01, 0.1)
    """
    if accuracy is None:
        return PENALTY
    return max(PENALTIES, key=lambda penalty: (accuracy(penalty), penalty))
