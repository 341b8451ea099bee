"""Intents by the training utterances that lie near: a kernel over vectors, with nothing to train.

    keys = Keys.of(vectors, intents)           # of the training utterances, (N, D) and (N,)
    keys.scores(pooled)                        # (B, I): logarithms of sums of weights

Vectors are brought to length 1, the training utterances' mean is taken off, and what is left is
brought to length 1 again: what all sentences share says nothing of an intent. Each of the `NEAREST`
training utterances weighs exp(cosine / TEMPERATURE) for its intent (Nadaraya 1964, Watson 1964).
On a frozen encoder that carries over to other languages better than a logistic regression, which
leans on directions that tell intents apart in the training language alone (docs/NLU.md). Both
numbers were chosen on English: xSID's dev part, with slips, and with words of lexicons put in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

NEAREST, TEMPERATURE = 100, 0.05
FAR = 1e-30  # the weight of an intent that none of the nearest has


@dataclass(frozen=True)
class Keys:
    """Training utterances to compare with.

    Attributes:
        vectors: (N, D), centred, of length 1.
        intents: (N,) numbers of intents, of which there are `number`.
        mean: (D,) of the training utterances' vectors of length 1.
    """

    vectors: Tensor
    intents: Tensor
    mean: Tensor
    number: int

    @classmethod
    def of(cls, vectors: Tensor, intents: Sequence[int], number: int) -> Keys:
        """Out of the pooled vectors of training utterances, (N, D)."""
        unit = normalize(vectors.float(), dim=-1)
        mean = unit.mean(dim=0)
        return cls(normalize(unit - mean, dim=-1), torch.tensor(intents), mean, number)

    def scores(self, pooled: Tensor) -> Tensor:
        """(B, D) to (B, I): the logarithm of what the nearest training utterances weigh together.

        >>> keys = Keys.of(torch.tensor([[1.0, 0.2], [1.0, 0.1], [0.2, 1.0]]), [0, 0, 1], 2)
        >>> keys.scores(torch.tensor([[0.9, 0.1], [0.1, 0.7]])).argmax(dim=1).tolist()
        [0, 1]
        """
        with torch.autocast(pooled.device.type, enabled=False):
            centred = normalize(normalize(pooled.float(), dim=-1) - self.mean, dim=-1)
            cosines = centred @ self.vectors.T
            near, places = cosines.topk(min(NEAREST, self.vectors.shape[0]), dim=-1)
            weights = torch.exp((near - 1) / TEMPERATURE)  # at most 1
            intents = torch.arange(self.number, device=pooled.device)
            theirs = self.intents[places][:, :, None] == intents  # (B, nearest, I)
            return torch.log((weights[:, :, None] * theirs).sum(dim=1) + FAR)
