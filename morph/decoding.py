"""Greedy and beam search over one network or several together.

Several models (of different seeds) write together: each unit is drawn from the mean of their
distributions. Rows of a batch that have ended are taken out, and what has been computed for a row
does not depend on the others, so the size of a batch changes no form. A beam has as many prefixes
as may still win, which differs between rows; they stand in one batch, a line each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from morph.alphabet import BEGIN, END, PAD
from morph.model import InflectionModel, Lines, Memory, Past, ranks

TINY = 1e-30  # below it a probability is this
KEPT = 0.75  # of rows; if fewer go on, copying these costs less than computing for all


class Written(NamedTuple):
    """A form in ids, without begin and end, and its log probability with the end (nats)."""

    ids: list[int]
    score: float


class Writers:
    """Models that write together, each with its memory of lemmas and the past of forms."""

    def __init__(self, models: Sequence[InflectionModel], memories: Sequence[Memory]) -> None:
        self._models = models
        self._read = self._memories = memories
        self._pasts: list[list[Past] | None] = [None for _ in models]
        lemma = memories[0].lemma
        self._kept = torch.arange(lemma.shape[0], device=lemma.device)  # rows of the memories

    def next(self, last: Tensor) -> Tensor:
        """log p of each unit after the last ones (P, 1): (P, V)."""
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

    def go_on(self, parents: Tensor, of: Tensor) -> None:
        """Go on with what was written in these lines, in this order; a line may come twice.

        Args:
            parents: (P,) lines of the last table. of: (P,) their lemmas, by their first lines;
                those of one stand together, in the order of the lemmas.
        """
        for place, past in enumerate(self._pasts):
            if past is not None:
                self._pasts[place] = [Past(one.keys[parents], one.values[parents]) for one in past]
        live = torch.unique_consecutive(of)
        if len(live) < KEPT * len(self._kept):
            self._kept = live
            self._memories = [memory.rows(live) for memory in self._read]
        items = torch.searchsorted(self._kept, of)
        one_each = torch.equal(items, torch.arange(len(self._kept), device=of.device))
        lines = None if one_each else Lines.of_items(items)
        self._memories = [memory.shared(lines) for memory in self._memories]


def greedy(
    models: Sequence[InflectionModel], memories: Sequence[Memory], longest: int
) -> list[Written]:
    """The form that takes the likeliest unit at each place, a row each.

    Args:
        memories: what each model has read, of B rows. longest: units after which a form is cut.
    """
    writers = Writers(models, memories)
    size, device = memories[0].lemma.shape[0], memories[0].lemma.device
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
        if len(going) < KEPT * len(rows):
            rows, last, open_ = rows[going], last[going], open_[going]
            writers.go_on(going, rows)
    return [
        Written(_until_end(ids), score)
        for ids, score in zip(forms.tolist(), scores.tolist(), strict=True)
    ]


def likelihood(
    models: Sequence[InflectionModel], memories: Sequence[Memory], form: Tensor, of: Tensor
) -> Tensor:
    """The log probability that the models together give to forms, (F,) in nats.

    Args:
        memories: what each model has read. form: (F, T) ids, begin and end included.
        of: (F,) the row of its lemma and features for each form.
    """
    shares = []
    for model, memory in zip(models, memories, strict=True):
        shares.append((-model.losses(memory.rows(of), form)).exp())
    mean = torch.stack(shares).mean(0).clamp(min=TINY)
    return (mean.log() * (form[:, 1:] != PAD)).sum(1)


def beam_search(
    models: Sequence[InflectionModel],
    memories: Sequence[Memory],
    longest: int,
    beam: int,
    n_best: int,
    floor: Tensor | None = None,
    spread: float = math.inf,
) -> list[list[Written]]:
    """The likeliest forms of each row, the best first; scores are not normalised by length.

    A row ends when `n_best` of its forms have ended that are likelier than all that go on.

    Args:
        floor: (B,) log probabilities; forms that have not more are not looked for.
        spread: how much less than the best prefix of a row another may have (nats).
    """
    writers, lemma = Writers(models, memories), memories[0].lemma
    if floor is None:
        floor = torch.full((lemma.shape[0],), -torch.inf, device=lemma.device)
    beams = Beams(floor, beam, n_best, spread)
    last = torch.full((lemma.shape[0], 1), BEGIN, device=lemma.device)
    for _ in range(longest):
        parents = beams.advance(writers.next(last))
        if not len(parents):
            break
        writers.go_on(parents, beams.rows)
        last = beams.prefixes[:, -1:]
    return beams.best()


class Beams:
    """The beams of all rows: prefixes that go on with their scores, and forms that have ended.

    Attributes:
        rows: (P,) the row of each prefix; those of a row stand together, the best first.
        prefixes: (P, t) ids. scores: (P,) log probabilities.
    """

    def __init__(self, floor: Tensor, beam: int, n_best: int, spread: float = math.inf) -> None:
        self.rows = torch.arange(len(floor), device=floor.device)
        self.prefixes = torch.zeros(len(floor), 0, dtype=torch.long, device=floor.device)
        self.scores = torch.zeros(len(floor), device=floor.device)
        self._beam, self._n_best, self._spread = beam, n_best, spread
        self._least = floor.clone()  # what a prefix of a row must have more than
        self._ended: list[list[Written]] = [[] for _ in range(len(floor))]

    def advance(self, table: Tensor) -> Tensor:
        """Take the best continuations; (P,) the line of the table that each comes from.

        Args:
            table: log p of each unit after each prefix, (P, V).
        """
        count = min(2 * self._beam, table.shape[1])
        values, units = (table + self.scores[:, None]).topk(count, 1)
        parents = torch.arange(len(table), device=table.device).repeat_interleave(count)
        values, units = values.flatten(), units.flatten()
        order = values.argsort(descending=True, stable=True)
        order = order[self.rows[parents[order]].argsort(stable=True)]
        order = order[ranks(self.rows[parents[order]]) < 2 * self._beam]
        values, units, parents = values[order], units[order], parents[order]
        ends = units == END
        self._collect(values[ends], parents[ends])
        rows = self.rows[parents]
        going = ~ends & (values > self._least[rows])
        values, units, parents, rows = values[going], units[going], parents[going], rows[going]
        place = ranks(rows)
        best = values[torch.arange(len(place), device=place.device) - place]
        going = (place < self._beam) & (values >= best - self._spread)
        parents, self.rows, self.scores = parents[going], rows[going], values[going]
        self.prefixes = torch.cat((self.prefixes[parents], units[going, None]), 1)
        return parents

    def best(self) -> list[list[Written]]:
        """What has ended of each row; if nothing has, the best prefix, if one goes on."""
        cut: dict[int, Written] = {}
        for row, prefix, score in zip(
            self.rows.tolist(), self.prefixes.tolist(), self.scores.tolist(), strict=True
        ):
            cut.setdefault(row, Written(prefix, score))
        return [
            ended or [cut[row]] if ended or row in cut else []
            for row, ended in enumerate(self._ended)
        ]

    def _collect(self, values: Tensor, parents: Tensor) -> None:
        """Keep the forms that have ended with these scores; raise what a prefix must have."""
        rows = self.rows[parents]
        for row, prefix, score in zip(
            rows.tolist(), self.prefixes[parents].tolist(), values.tolist(), strict=True
        ):
            some = self._ended[row]
            if score > self._least[row]:
                some.append(Written(prefix, score))
                some.sort(key=lambda one: -one.score)
                del some[self._n_best :]
                if len(some) == self._n_best:
                    self._least[row] = some[-1].score


def _until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(END)] if END in ids else ids
