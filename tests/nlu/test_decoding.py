"""The best valid tags, and the CRF's likelihood: both against every path there is."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from data.labels.bio import problem
from nlu.decoding import Crf, best_tags, names, tag_labels

LABELS = tag_labels({"time", "place"})


def every_path(words: int) -> list[tuple[int, ...]]:
    paths = product(range(len(LABELS)), repeat=words)
    return [path for path in paths if problem([LABELS[n] for n in path]) is None]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("with_moves", [False, True])
def test_the_best_path_is_the_best_of_all_valid_ones(seed: int, with_moves: bool) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.normal(size=(4, len(LABELS))).astype(np.float32)
    moves = draw.normal(size=(len(LABELS), len(LABELS))).astype(np.float32)
    moves = moves if with_moves else np.zeros_like(moves)

    def total(path: tuple[int, ...]) -> float:
        between = sum(moves[a, b] for a, b in pairwise(path))
        return float(sum(scores[n, label] for n, label in enumerate(path)) + between)

    found = best_tags(scores, moves if with_moves else None)
    assert problem(names(found, LABELS)) is None
    assert tuple(found.tolist()) == max(every_path(4), key=total)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("again", [-0.3, -1.5, -20.0])
def test_the_best_path_where_slots_seldom_begin_anew(seed: int, again: float) -> None:
    scores = np.random.default_rng(seed).normal(size=(5, len(LABELS))).astype(np.float32)

    def total(path: tuple[int, ...]) -> float:
        anew = sum(b % 2 == 1 and (a + 1) // 2 == (b + 1) // 2 for a, b in pairwise(path))
        return float(sum(scores[n, label] for n, label in enumerate(path)) + again * anew)

    found = best_tags(scores, again=again)
    assert problem(names(found, LABELS)) is None
    assert total(tuple(found.tolist())) == pytest.approx(max(map(total, every_path(5))), abs=1e-9)


def test_the_crf_sums_over_all_valid_paths() -> None:
    torch.manual_seed(1)
    crf = Crf(len(LABELS))
    torch.nn.init.normal_(crf.transitions)
    scores = torch.randn(2, 3, len(LABELS))
    tags = torch.tensor([[1, 2, 0], [3, 0, 0]])  # B-place I-place O; B-time O and one word less
    mask = torch.tensor([[True, True, True], [True, True, False]])

    def log_likelihood(row: int, words: int) -> torch.Tensor:
        def total(path: tuple[int, ...]) -> torch.Tensor:
            at = sum(scores[row, n, label] for n, label in enumerate(path))
            return at + sum(crf.transitions[a, b] for a, b in pairwise(path))

        gold = total(tuple(tags[row, :words].tolist()))
        return gold - torch.stack([total(path) for path in every_path(words)]).logsumexp(0)

    by_hand = -(log_likelihood(0, 3) + log_likelihood(1, 2))
    assert crf(scores, tags, mask).item() == pytest.approx(by_hand.item(), abs=1e-4)
