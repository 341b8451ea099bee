"""What held-out text costs a model: perplexity of a token, bits of a byte, with intervals.

    judge = Judge(parts, loss_for("encoder"))
    judge(model)                    # {"loss": 4.1, "loss sample:sw": 4.1}: what the loop asks for
    judge.scores(model, "trained")  # perplexity and bits per byte of each corpus, as Score

The noise of an objective (which tokens are masked) is always the same, so that two models can be
compared. Bits per byte are nats a scored token, over ln 2, times the tokens of a byte. For `clm`
that is what a compressor would need; for masks and spans it is the cost of a token that is seen
from both sides, and only comparable with the same.

>>> round(PERPLEXITY.of_sums([20 * math.log(50), 20]), 6)  # 20 tokens, each one of 50
50.0
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from data.errors import InputError
from metrics.ratios import Ratio, ratio_score
from metrics.score import Score
from training.losses import Batch, Loss
from training.objectives import Mix
from training.text import Encoded, evaluation_batches

UNIT = "groups of documents of like length"  # what an interval draws
GROUPS = 100  # about so many, or as many as there are documents
MOST_NATS = 700  # a piece; e to the power of more is beyond a double
Sums = Sequence[tuple[float, int]]  # of each batch: nats, and scored tokens
PERPLEXITY = Ratio(lambda totals: np.exp(totals[0] / totals[1]))


@dataclass(frozen=True)
class Part:
    """The held-out documents of one corpus.

    Attributes:
        batches: as the loss takes them, always the same; an interval draws from them.
        tokens_per_byte: of this corpus with this tokenizer.
        signature: what the figures hang on.
    """

    name: str
    batches: Sequence[Batch]
    documents: int
    tokens_per_byte: float
    signature: str


def part_of(held_out: Encoded, mix: Mix, limit: int, told: Mapping[str, Any]) -> Part:
    """The held-out documents of a corpus as batches; `told` becomes the signature's pairs."""
    documents = min(limit, held_out.documents)
    together = evaluation_batches([held_out], mix, tokens=mix.cost(mix.longest), limit=limit)
    rows = max(1, documents // GROUPS)
    batches = [group for batch in together for group in _groups(batch, rows)]
    pairs = (f"{key}:{str(value).replace('|', '%7C')}" for key, value in told.items())
    return Part(
        held_out.name,
        batches,
        documents,
        held_out.tokens / held_out.bytes,
        "|".join(pairs),
    )


def _groups(batch: Batch, rows: int) -> Iterator[Batch]:
    """A batch cut into batches of so many rows."""
    for start in range(0, len(batch["labels"]), rows):
        yield {name: tensor[start : start + rows] for name, tensor in batch.items()}


class Judge:
    """Scores models on the held-out parts of some corpora."""

    def __init__(self, parts: Sequence[Part], loss: Loss) -> None:
        self.parts, self._loss = parts, loss

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """Nats a scored token, of each corpus and of all together: what `fit` evaluates."""
        sums = {part.name: self._sums(model, part) for part in self.parts}
        found = {f"loss {name}": _mean(rows) for name, rows in sums.items()}
        return {"loss": _mean([row for rows in sums.values() for row in rows]), **found}

    def scores(self, model: nn.Module, system: str) -> list[dict[str, Any]]:
        """A record of each corpus, with perplexity and bits per byte."""
        was_training = model.training
        model.eval()
        found = [_record(part, system, self._sums(model, part)) for part in self.parts]
        model.train(was_training)
        return found

    def unigram_scores(self, counts: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
        """The same for a model that knows only how frequent each id is in the text trained on."""
        cost = -np.log((counts + 1) / (counts.sum() + len(counts)))
        found = []
        for part in self.parts:
            scored = [_scored(batch) for batch in part.batches]
            sums = [(float(cost[ids].sum()), len(ids)) for ids in scored if len(ids)]
            found.append(_record(part, "unigram", sums))
        return found

    def _sums(self, model: nn.Module, part: Part) -> Sums:
        device = next(model.parameters()).device
        sums = []
        with torch.no_grad():
            for batch in part.batches:
                total, count = self._loss(model, {k: v.to(device) for k, v in batch.items()})
                if int(count):
                    sums.append((float(total), int(count)))
        return sums


def _scored(batch: Batch) -> np.ndarray[Any, Any]:
    labels = batch["labels"].numpy().ravel()
    scored: np.ndarray[Any, Any] = labels[labels >= 0]
    return scored


def _mean(rows: Sums) -> float:
    return sum(nats for nats, _ in rows) / max(1, sum(count for _, count in rows))


def _record(part: Part, system: str, sums: Sums) -> dict[str, Any]:
    worst = [nats / count for nats, count in sums if not nats / count < MOST_NATS]
    if worst:
        raise InputError(
            f"{part.name}: the loss of the model ({system}) is {worst[0]:.3g} a piece, of which"
            " there is no perplexity; its weights are damaged, or of another --dtype"
        )
    bits = Ratio(lambda t: t[0] / t[1] * part.tokens_per_byte / math.log(2))
    scores = [
        _score(PERPLEXITY, "perplexity", part, sums),
        _score(bits, "bits per byte", part, sums),
    ]
    return {"corpus": part.name, "system": system, "scores": [score.to_dict() for score in scores]}


def _score(ratio: Ratio, name: str, part: Part, sums: Sums) -> Score:
    groups = range(len(sums))
    return ratio_score(
        ratio, name, part.signature, sums, groups=groups, unit=UNIT, n=part.documents
    )
