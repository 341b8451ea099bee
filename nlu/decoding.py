"""The best BIO tags that are valid, and a conditional random field over them.

    labels = tag_labels({"time", "date"})              # O first, B- and I- of each slot
    best_tags(scores, labels)                           # (words,) numbers of labels, a valid path

An I- may follow its own B- or I- only, so the best path needs one look back a label instead of all:
the Viterbi search is linear in labels. With a matrix of transitions (a linear-chain CRF, Lafferty
et al. 2001) it is the usual one, with what is invalid left out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.labels.bio import OUTSIDE

NEVER = -1e4  # of a transition that is not valid; finite, so that bfloat16 and sums stay so


def tag_labels(slots: Collection[str]) -> tuple[str, ...]:
    """O, then B- and I- of each slot in order: also where training has only one of the two.

    >>> tag_labels({"time", "date"})
    ('O', 'B-date', 'I-date', 'B-time', 'I-time')
    """
    return (OUTSIDE, *(f"{mark}-{slot}" for slot in sorted(slots) for mark in "BI"))


def log_begins_again(sentences: Iterable[Sequence[str]]) -> float:
    """The logarithm of how often a word after one of a slot begins the same slot anew.

    Seldom, so that a word that is told to begin the slot of the word before rather goes on with it.

    >>> round(math.exp(log_begins_again([("B-date", "I-date", "I-date", "O", "B-x", "B-date")])), 2)
    0.17
    """
    begins = goes_on = 0
    for tags in sentences:
        for before, tag in pairwise(tags):
            if before != OUTSIDE and before[2:] == tag[2:]:
                begins, goes_on = begins + tag.startswith("B-"), goes_on + tag.startswith("I-")
    return math.log((begins + 0.5) / (begins + goes_on + 1))


def best_tags(
    scores: NDArray[np.float32],
    transitions: NDArray[np.float32] | None = None,
    again: float = 0.0,
) -> NDArray[np.int64]:
    """The valid path of labels with the highest sum of scores.

    Args:
        scores: (words, labels) with the labels in the order of `tag_labels`, log-probabilities.
        transitions: (labels, labels) from the row's label to the column's; None for none.
        again: added where a word begins the slot of the word before; at most 0, and without
            `transitions`.

    >>> scores = np.array([[0.0, -0.5, 2.0], [0.0, -9.0, 1.0]], dtype=np.float32)   # O, B-x, I-x
    >>> best_tags(scores)
    array([1, 2])
    """
    words, labels = scores.shape
    if transitions is not None:
        return _viterbi(scores, np.where(_invalid(labels), NEVER, transitions.astype(np.float64)))
    inside = np.arange(2, labels, 2)
    total = scores[0].astype(np.float64)
    total[inside] = NEVER
    back = np.zeros((words, labels), np.int64)
    for word in range(1, words):
        best = int(total.argmax())
        begun, going = total[inside - 1], total[inside]
        step = np.full(labels, total[best])
        back[word] = best
        if best and again:  # for the slot of the best label: after it, or after another
            begin = best - 1 + best % 2
            others = total.copy()
            others[begin : begin + 2] = -np.inf
            other = int(others.argmax())
            step[begin] = max(total[best] + again, total[other])
            back[word, begin] = best if total[best] + again >= total[other] else other
        step[inside] = np.maximum(begun, going)
        back[word, inside] = np.where(begun >= going, inside - 1, inside)
        total = step + scores[word]
    path = np.zeros(words, np.int64)
    path[-1] = int(total.argmax())
    for word in range(words - 1, 0, -1):
        path[word - 1] = back[word, path[word]]
    return path


def _viterbi(scores: NDArray[np.float32], moves: NDArray[np.float64]) -> NDArray[np.int64]:
    words, labels = scores.shape
    total = scores[0].astype(np.float64)
    total[2::2] += NEVER
    back = np.zeros((words, labels), np.int64)
    for word in range(1, words):
        through = total[:, None] + moves
        back[word] = through.argmax(axis=0)
        total = through.max(axis=0) + scores[word]
    path = np.zeros(words, np.int64)
    path[-1] = int(total.argmax())
    for word in range(words - 1, 0, -1):
        path[word - 1] = back[word, path[word]]
    return path


def _invalid(labels: int) -> NDArray[np.bool_]:
    """(labels, labels): whether the column's label may not follow the row's."""
    found = np.zeros((labels, labels), bool)
    for inside in range(2, labels, 2):
        found[:, inside] = True
        found[[inside - 1, inside], inside] = False
    return found


class Crf(nn.Module):
    """A linear-chain CRF: transitions between labels, learned beside the scores of words."""

    invalid: Tensor

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(labels, labels))
        self.register_buffer("invalid", torch.from_numpy(_invalid(labels)), persistent=False)

    def forward(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """The negative log-likelihood of tags in nats, summed over sentences.

        Args:
            scores: (B, W, L); tags: (B, W), those of valid sentences; mask: (B, W), whether there
                is a word, True from the first on.
        """
        moves = self.transitions.masked_fill(self.invalid, NEVER)
        scores = scores.float()
        known = scores.gather(2, tags[:, :, None])[:, :, 0]
        gold = (known * mask).sum() + (moves[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]).sum()
        start = torch.zeros(scores.shape[2], device=scores.device)
        start[2::2] = NEVER
        total = scores[:, 0] + start
        for word in range(1, scores.shape[1]):
            step = torch.logsumexp(total[:, :, None] + moves, dim=1) + scores[:, word]
            total = torch.where(mask[:, word, None], step, total)
        return torch.logsumexp(total, dim=1).sum() - gold

    def matrix(self) -> NDArray[np.float32]:
        """The transitions, for `best_tags`."""
        found: NDArray[np.float32] = self.transitions.detach().float().cpu().numpy()
        return found


def names(path: NDArray[np.int64], labels: Sequence[str]) -> tuple[str, ...]:
    """The labels of a path."""
    return tuple(labels[number] for number in path.tolist())
