"""Greedy and beam search over one network or several together.

Several models (of different seeds) write together: each unit is drawn from the mean of their
distributions. Rows of a batch that have ended are taken out, and what has been computed for a row
does not depend on the others, so the size of a batch changes no form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from morph.alphabet import BEGIN, END, PAD
from morph.model import InflectionModel, Memory, Past

TINY = 1e-30  # below it a probability is this


class Written(NamedTuple):
    """A form in ids, without begin and end, and its log probability with the end (nats)."""

    ids: list[int]
    score: float


class Writers:
    """Models that write together, each with its memory and past of the same rows."""

    def __init__(self, models: Sequence[InflectionModel], lemma: Tensor, features: Tensor) -> None:
        self._models = models
        self._memories: list[Memory] = [model.encode(lemma, features) for model in models]
        self._pasts: list[list[Past] | None] = [None for _ in models]

    def next(self, last: Tensor) -> Tensor:
        """log p of each unit after the last ones (rows, 1): (rows, V)."""
        total: Tensor | None = None
        for place, model in enumerate(self._models):
            memory = self._memories[place]
            written, self._pasts[place] = model.decode(last, memory, self._pasts[place])
            shares = model.distribution(written, memory)[:, 0]
            total = shares if total is None else total + shares
        assert total is not None  # noqa: S101 - `models` is never empty
        total = (total / len(self._models)).clamp(min=TINY).log()
        total[:, [PAD, BEGIN]] = -torch.inf
        return total

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only, in this order; a row may come twice."""
        for place, memory in enumerate(self._memories):
            self._memories[place] = memory.rows(rows)
            past = self._pasts[place]
            if past is not None:
                self._pasts[place] = [Past(one.keys[rows], one.values[rows]) for one in past]


def greedy(
    models: Sequence[InflectionModel], lemma: Tensor, features: Tensor, longest: int
) -> list[Written]:
    """The form that takes the likeliest unit at each place, a row each.

    Args:
        lemma: (B, S) ids. features: (B, N) ids. longest: units after which a form is cut.
    """
    writers = Writers(models, lemma, features)
    size, device = lemma.shape[0], lemma.device
    forms = torch.full((size, longest), END, device=device)
    scores = torch.zeros(size, device=device)
    rows = torch.arange(size, device=device)
    open_ = torch.ones(size, dtype=torch.bool, device=device)  # of `rows`: not ended
    last = torch.full((size, 1), BEGIN, device=device)
    for place in range(longest):
        best, last = writers.next(last).max(-1, keepdim=True)
        scores[rows] += best[:, 0] * open_
        forms[rows, place] = torch.where(open_, last[:, 0], END)
        open_ = open_ & (last[:, 0] != END)
        going = open_.nonzero()[:, 0]
        if not len(going):
            break
        if len(going) < 0.75 * len(rows):  # copying what remains costs less than writing on for all
            writers.keep(going)
            rows, last, open_ = rows[going], last[going], open_[going]
    return [
        Written(_until_end(ids), score)
        for ids, score in zip(forms.tolist(), scores.tolist(), strict=True)
    ]


def likelihood(
    models: Sequence[InflectionModel], lemma: Tensor, features: Tensor, form: Tensor
) -> Tensor:
    """The log probability that the models together give to forms, (B,) in nats.

    Args:
        form: (B, T) ids, begin and end included.
    """
    shares = [(-model(lemma, features, form)).exp() for model in models]
    mean = torch.stack(shares).mean(0).clamp(min=TINY)
    return (mean.log() * (form[:, 1:] != PAD)).sum(1)


def beam_search(
    models: Sequence[InflectionModel],
    lemma: Tensor,
    features: Tensor,
    longest: int,
    beam: int,
    n_best: int,
) -> list[list[Written]]:
    """The likeliest forms of each row, the best first; scores are not normalised by length.

    A row ends when `n_best` of its forms have ended that are likelier than all that go on.
    """
    writers = Writers(models, lemma, features)
    searches = [_Search(row, beam, n_best) for row in range(lemma.shape[0])]
    active = list(searches)
    last = torch.full((len(active), 1), BEGIN, device=lemma.device)
    for _ in range(longest):
        table = writers.next(last)
        offsets = [0, *itertools.accumulate(len(search.prefixes) for search in active)]
        parents: list[int] = []
        going = []
        for search, start, stop in zip(active, offsets, offsets[1:], strict=False):
            rows = search.advance(table[start:stop])
            if rows:
                parents += [start + row for row in rows]
                going.append(search)
        active = going
        if not active:
            break
        writers.keep(torch.tensor(parents, device=lemma.device))
        ends = [[prefix[-1]] for search in active for prefix in search.prefixes]
        last = torch.tensor(ends, device=lemma.device)
    return [search.best() for search in searches]


class _Search:
    """The beam of one row: prefixes that go on with their scores, and forms that have ended."""

    def __init__(self, row: int, beam: int, n_best: int) -> None:
        self.row, self._beam, self._n_best = row, beam, n_best
        self.prefixes: list[list[int]] = [[]]
        self._scores = [0.0]
        self._ended: list[Written] = []

    def advance(self, table: Tensor) -> list[int]:
        """Take the best continuations; the prefix that each comes from, none if it is over.

        Args:
            table: log p of each unit after each prefix, (prefixes, V).
        """
        total = table + torch.tensor(self._scores, device=table.device)[:, None]
        values, places = total.flatten().topk(min(2 * self._beam, total.numel()))
        going: list[tuple[float, int, int]] = []
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            row, unit = divmod(place, total.shape[1])
            if unit == END:
                self._ended.append(Written(self.prefixes[row], value))
            elif len(going) < self._beam and value > -math.inf:
                going.append((value, row, unit))
        self._ended = sorted(self._ended, key=lambda one: -one.score)[: self._n_best]
        if not going or self._is_over(going[0][0]):
            return []
        self.prefixes = [[*self.prefixes[row], unit] for _, row, unit in going]
        self._scores = [value for value, _, _ in going]
        return [row for _, row, _ in going]

    def best(self) -> list[Written]:
        """What has ended; if nothing has, the best prefix as far as it got."""
        return self._ended or [Written(self.prefixes[0], self._scores[0])]

    def _is_over(self, best_going: float) -> bool:
        full = len(self._ended) == self._n_best
        return full and self._ended[-1].score >= best_going


def _until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(END)] if END in ids else ids
