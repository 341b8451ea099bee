"""What is learned from a batch, against sums by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from nlu.losses import NONE, agreeing_loss, divergence, joint_loss, labels_loss, views
from training.tagging.tagger import NO_PIECE, Window


class Says(nn.Module):
    """A network that always says this."""

    def __init__(self, intents: torch.Tensor, tags: torch.Tensor) -> None:
        super().__init__()
        self.said = intents, tags

    def forward(self, *_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.said


def logs(*shares: list[float]) -> torch.Tensor:
    return torch.tensor(shares).log()


BATCH = {
    "input_ids": torch.zeros(2, 3),
    "attention_mask": torch.ones(2, 3),
    "words": torch.zeros(2, 3),
    "intents": torch.tensor([0]),
    "tags": torch.tensor([[0, 1]]),
    "places": torch.tensor([[1, NONE]]),
}
# The utterance, then its copy of three words; its first word is the copy's second.
INTENTS = logs([0.5, 0.5], [0.9, 0.1])
TAGS = torch.stack(
    [logs([0.8, 0.2], [0.5, 0.5], [0.5, 0.5]), logs([0.1, 0.9], [0.6, 0.4], [0.3, 0.7])]
)


def apart(one: list[float], other: list[float]) -> float:
    return sum((p - q) * math.log(p / q) for p, q in zip(one, other, strict=True)) / 2


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_the_loss_of_two_views_by_hand(weight: float) -> None:
    loss = agreeing_loss(labels_loss(0.5), 0.5, weight)
    total, number = loss(Says(INTENTS, TAGS), BATCH)
    labels = math.log(2) + 0.5 * (-math.log(0.8) - math.log(0.5)) / 2
    views_apart = apart([0.5, 0.5], [0.9, 0.1]) + 0.5 * apart([0.8, 0.2], [0.6, 0.4])
    assert number == 1
    assert total.item() == pytest.approx(labels + weight * views_apart, abs=1e-5)


def test_nothing_is_learned_of_intents_that_a_kernel_tells() -> None:
    says = Says(INTENTS[:1], TAGS[:1, :2])
    slots = (-math.log(0.8) - math.log(0.5)) / 2
    assert joint_loss(1.0, intents_too=False)(says, BATCH)[0].item() == pytest.approx(slots)
    with_intents = joint_loss(1.0)(says, BATCH)[0].item()
    assert with_intents == pytest.approx(math.log(2) + slots)


def test_views_that_are_the_same_are_not_apart() -> None:
    scores = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    assert divergence(scores, scores + 3).item() == pytest.approx(0, abs=1e-6)
    assert divergence(scores[:0], scores[:0]).item() == 0


def test_words_without_a_piece_stand_for_none() -> None:
    first = Window(0, 0, (1, 7, 8, 2), (1, NO_PIECE, 2))
    copy = Window(4, 0, (1, 7, 9, 9, 2), (1, 2, NO_PIECE))
    found = views([first, first], [copy, first], [(1, 0, 2), range(3)], 0, 4)
    assert found["input_ids"].tolist() == [
        [1, 7, 8, 2, 0], [1, 7, 8, 2, 0], [1, 7, 9, 9, 2], [1, 7, 8, 2, 0]
    ]  # fmt: skip
    assert found["places"].tolist() == [[1, NONE, NONE, NONE], [0, NONE, 2, NONE]]
