"""What is learned from a batch: the loss of labels, and that two views of an utterance agree.

    loss = joint_loss(slot_weight=1.0)                      # intents and slots
    loss = agreeing_loss(labels_loss(1.0), 1.0, weight=2.0) # and consistency

Consistency (R-Drop, Liang et al. 2021, https://arxiv.org/abs/2106.14448; xTune, Zheng et al. 2021,
https://aclanthology.org/2021.acl-long.264): an utterance is seen twice, under two dropouts or,
where lexicons made a copy of it with words of another language, as it is and as that copy. What is
said of the intent, and of words that stand for each other, shall be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.model import collate
from training.objectives.examples import IGNORED
from training.tagging.tagger import NO_PIECE, Window

NONE = -1  # of a word that stands for none in the other view
LabelsLoss = Callable[..., tuple[Tensor, Tensor]]


def joint_loss(
    slot_weight: float, *, intents_too: bool = True
) -> Callable[[nn.Module, Mapping[str, Tensor]], Any]:
    """Cross entropy of intents plus the slots' times their weight, in nats an utterance.

    Its sum over the utterances of a batch, and how many they are: the mean over words of the slots'
    loss counts for each utterance.
    """
    of_labels = labels_loss(slot_weight, intents_too=intents_too)

    def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        intents, tags = model(batch["input_ids"], batch["attention_mask"], batch["words"])
        return of_labels(model, intents, tags, batch)

    return loss


def labels_loss(slot_weight: float, *, intents_too: bool = True) -> LabelsLoss:
    """The loss of labels, of a batch's scores: `loss(network, intents, tags, batch)`.

    Args:
        intents_too: False where a kernel tells intents, of which nothing is learned.
    """

    def loss(
        network: nn.Module, intents: Tensor, tags: Tensor, batch: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        gold, number = batch["tags"], (batch["intents"] != IGNORED).sum().clamp(min=1)
        total = intents.new_zeros((), dtype=torch.float32)
        if intents_too:
            total = functional.cross_entropy(
                intents.float(), batch["intents"], ignore_index=IGNORED, reduction="sum"
            )
        there = gold != IGNORED
        crf = getattr(getattr(network, "module", network), "crf", None)
        if crf is not None:
            of_slots = crf(tags, gold.clamp(min=0), _up_to_last(there))
        else:
            of_slots = functional.cross_entropy(
                tags.flatten(0, 1).float(), gold.flatten(), ignore_index=IGNORED, reduction="sum"
            )
        words = there.sum().clamp(min=1)
        return total + slot_weight * of_slots * (number / words), number

    return loss


def loss_by_utterance(slot_weight: float) -> Callable[[nn.Module, Mapping[str, Tensor]], Any]:
    """As `joint_loss`, with the mean over the words of each utterance: none hangs on another."""

    def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        intents, tags = model(batch["input_ids"], batch["attention_mask"], batch["words"])
        of_intents = functional.cross_entropy(
            intents, batch["intents"], ignore_index=IGNORED, reduction="sum"
        )
        gold = batch["tags"][:, : tags.shape[1]]  # a part of a batch may have shorter ones only
        of_words = functional.cross_entropy(
            tags.transpose(1, 2), gold, ignore_index=IGNORED, reduction="none"
        )
        words = (gold != IGNORED).sum(dim=1).clamp(min=1)
        of_slots = (of_words.sum(dim=1) / words).sum()
        return of_intents + slot_weight * of_slots, (batch["intents"] != IGNORED).sum()

    return loss


def _up_to_last(there: Tensor) -> Tensor:
    """True up to the last word: a CRF has no gaps; a word without a piece inside counts as O."""
    places = there.shape[1] - there.flip(1).int().argmax(dim=1)
    ends = torch.where(there.any(dim=1), places, torch.ones_like(places))
    return torch.arange(there.shape[1], device=there.device)[None] < ends[:, None]


def views(
    group: Sequence[Window],
    others: Sequence[Window],
    places: Sequence[Sequence[int]],
    pad: int,
    words: int,
) -> dict[str, Tensor]:
    """A batch of windows above their other views: (2 B, T), and `places` (B, words).

    Args:
        others: the other view of each window.
        places: for each word of a window the number of the word that stands for it there, or NONE.
        words: of the longest window.
    """
    batch = collate([*group, *others], pad)
    found = torch.full((len(group), words), NONE)
    for row, (window, other, of_words) in enumerate(zip(group, others, places, strict=True)):
        for word, place in enumerate(of_words):
            if place != NONE and NO_PIECE not in (window.firsts[word], other.firsts[place]):
                found[row, word] = place
    return {**batch, "places": found}


def divergence(scores: Tensor, others: Tensor) -> Tensor:
    """The mean over rows of both Kullback-Leibler divergences of two (N, L), halved, in nats.

    >>> one, other = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.9, 0.1]]).log()
    >>> round(divergence(one, other).item(), 4)    # (0.5108 + 0.3681) / 2
    0.4394
    """
    one, other = scores.float().log_softmax(-1), others.float().log_softmax(-1)
    both = (one.exp() - other.exp()) * (one - other)
    return both.sum() / 2 / max(1, len(scores))


def agreeing_loss(labels: LabelsLoss, slot_weight: float, weight: float) -> Any:
    """The loss of labels of the first views plus `weight` times how far the others are from them.

    Args:
        labels: of `labels_loss`.
        slot_weight: of the words' divergence beside the intents'.
    """

    def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        intents, tags = model(batch["input_ids"], batch["attention_mask"], batch["words"])
        places = batch["places"]
        (first, second), (own, other) = intents.chunk(2), tags.chunk(2)
        own = own[:, : places.shape[1]]
        total, number = labels(model, first, own, batch)
        there = places != NONE
        rows = there.nonzero(as_tuple=True)[0]
        apart = divergence(first, second)
        apart = apart + slot_weight * divergence(own[there], other[rows, places[there]])
        return total + weight * number * apart, number

    return loss
