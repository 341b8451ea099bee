"""Accumulated prediction sensitivity: worked by hand, on networks of known gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from trust.fairness.sensitivity import sensitivities


def test_by_hand_at_two_pieces() -> None:
    """f = softmax(1.2 x_11, 0), g = logistic(x_11 - 2 x_22 + .5), x = ((.5, 0), (1, 0)).

    p = logistic(.6); |df_k/dx_11| = 1.2 p (1 - p) for both k, 0 elsewhere.
    |dg| is proportional to (1, 0, 0, 2), so v is (1/3, 0, 0, 2/3): P = 1.2 p (1 - p) / 3.
    """

    def task(x: Tensor) -> Tensor:
        scores = torch.stack([1.2 * x[:, 0, 0], torch.zeros(len(x), dtype=x.dtype)], dim=1)
        return scores.softmax(dim=1)

    def status(x: Tensor) -> Tensor:
        return torch.sigmoid(x[:, 0, 0] - 2 * x[:, 1, 1] + 0.5)

    x = torch.tensor([[0.5, 0.0], [1.0, 0.0]], dtype=torch.float64)
    p = 1 / (1 + math.exp(-0.6))
    found = sensitivities(task, status, x, answers=2)
    assert found.value == pytest.approx(1.2 * p * (1 - p) / 3, abs=1e-6)
    assert found.even == pytest.approx(1.2 * p * (1 - p) / 4, abs=1e-6)
    assert found.relative == pytest.approx(4 / 3, abs=1e-6)
    inner = sensitivities(task, status, x, answers=2, inner=torch.tensor([False, True]))
    assert inner.value == 0  # the piece that the answer hangs on is a mark and does not count


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 3.0, 99.0), (0.0, 0.0, 0.5)])
def test_what_hangs_on_the_status_and_what_does_not(
    share: float, least: float, most: float
) -> None:
    """The answer follows the coordinates of the status, or none of them."""
    draws = np.random.default_rng(2)
    toward = torch.zeros(6, 4, dtype=torch.float64)
    toward[2] = torch.tensor([3.0, -2.0, 1.0, 2.0])
    away = torch.zeros(6, 4, dtype=torch.float64)
    away[4] = 2.0

    def task(x: Tensor) -> Tensor:
        score = (x * (share * toward + (1 - share) * away)).sum(dim=(1, 2))
        return torch.stack([torch.sigmoid(score), torch.sigmoid(-score)], dim=1)

    def status(x: Tensor) -> Tensor:
        return torch.sigmoid((x * toward).sum(dim=(1, 2)))

    x = torch.from_numpy(draws.normal(size=(6, 4)) / 9)
    found = sensitivities(task, status, x, answers=2, draws=draws)
    assert least <= found.relative <= most
    if share:
        assert found.value > 2 * found.shuffled  # dealt out anew, v points elsewhere


def test_an_answer_that_hangs_on_nothing() -> None:
    def task(x: Tensor) -> Tensor:
        return 0 * x.sum(dim=(1, 2))[:, None] + torch.full((len(x), 3), 1 / 3)

    found = sensitivities(task, lambda x: x.sum(dim=(1, 2)), torch.ones(2, 2), answers=3)
    assert (found.value, found.relative) == (0, 1)
