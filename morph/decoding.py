"""Greedy and beam search over one network or several together.

Several models (of different seeds) write together: each unit is drawn from the mean of their
distributions. Rows of a batch that have ended are taken out, and what has been computed for a row
does not depend on the others, so the size of a batch changes no form.
"""

from __future__ import annotations

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
    """Models that write together, each with its memory of the same lemmas and the past of forms.

    A lemma has one form, or the same number as every other, one after the other.
    """

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
        """Go on with the lemmas of these rows only, in this order."""
        self._memories = [memory.rows(rows) for memory in self._memories]

    def reorder(self, rows: Tensor) -> None:
        """Go on with what was written in these rows, in this order; a row may come twice."""
        for place, past in enumerate(self._pasts):
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
            writers.reorder(going)
            rows, last, open_ = rows[going], last[going], open_[going]
    return [
        Written(_until_end(ids), score)
        for ids, score in zip(forms.tolist(), scores.tolist(), strict=True)
    ]


def likelihood(
    models: Sequence[InflectionModel],
    lemma: Tensor,
    features: Tensor,
    form: Tensor,
    of: Tensor | None = None,
) -> Tensor:
    """The log probability that the models together give to forms, (B,) in nats.

    Args:
        form: (B, T) ids, begin and end included.
        of: (B,) the line of its lemma and features for each form, where these are fewer.
    """
    shares = []
    for model in models:
        memory = model.encode(lemma, features)
        lost = model.losses(memory if of is None else memory.rows(of), form)
        shares.append((-lost).exp())
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
    beams = Beams(lemma.shape[0], beam, n_best, lemma.device)
    last = torch.full((lemma.shape[0], 1), BEGIN, device=lemma.device)
    for _ in range(longest):
        parents, staying = beams.advance(writers.next(last)), beams.shrink()
        if staying is not None:
            parents = parents[staying]
            writers.keep(staying)
        if not len(parents):
            break
        writers.reorder(parents.flatten())
        last = beams.prefixes[:, :, -1].reshape(-1, 1)
    return beams.best()


class Beams:
    """The beams of all rows: prefixes that go on with their scores, and forms that have ended.

    Attributes:
        rows: (A,) the rows that are not over, by their numbers in the batch.
        prefixes: (A, K, t) ids of K prefixes each, the best first; scores: (A, K) log
            probabilities, minus infinity where there are fewer.
    """

    def __init__(self, rows: int, beam: int, n_best: int, device: torch.device) -> None:
        self.rows = torch.arange(rows, device=device)
        self.prefixes = torch.zeros(rows, 1, 0, dtype=torch.long, device=device)
        self.scores = torch.zeros(rows, 1, device=device)
        self._beam, self._n_best = beam, n_best
        self._over = torch.zeros(rows, dtype=torch.bool, device=device)  # of `rows`
        self._ended: list[list[Written]] = [[] for _ in range(rows)]
        self._cut: list[Written | None] = [None] * rows  # what has not ended

    def advance(self, table: Tensor) -> Tensor:
        """Take the best continuations; (A, K) the line of the table that each comes from.

        Args:
            table: log p of each unit after each prefix, (A * K, V).
        """
        size, width = self.scores.shape
        total = table.view(size, width, -1) + self.scores[:, :, None]
        count = total.shape[2]
        values, places = total.flatten(1).topk(min(2 * self._beam, width * count))
        parents, units = places // count, places % count
        ends = (units == END) & (values > -torch.inf)
        least = self._collect(values, parents, ends)
        going, chosen = values.masked_fill(units == END, -torch.inf).sort(
            descending=True, stable=True
        )
        going, chosen = going[:, : self._beam], chosen[:, : self._beam]
        self._over |= (going[:, 0] == -torch.inf) | (least >= going[:, 0])
        parents, units = parents.gather(1, chosen), units.gather(1, chosen)
        before = parents[:, :, None].expand(-1, -1, self.prefixes.shape[2])
        self._note_cut(going)
        self.prefixes = torch.cat((self.prefixes.gather(1, before), units[:, :, None]), 2)
        self.scores = going.masked_fill(self._over[:, None], -torch.inf)
        return parents + torch.arange(size, device=table.device)[:, None] * width

    def shrink(self) -> Tensor | None:
        """Take out the rows that are over, once they are many; which stay, if any went."""
        staying = (~self._over).nonzero()[:, 0]
        if 0.75 * len(self.rows) <= len(staying):
            return None
        self.rows, self._over = self.rows[staying], self._over[staying]
        self.prefixes, self.scores = self.prefixes[staying], self.scores[staying]
        return staying

    def best(self) -> list[list[Written]]:
        """What has ended of each row; if nothing has, the best prefix as far as it got."""
        for row, prefix, score in zip(
            self.rows.tolist(),
            self.prefixes[:, 0].tolist(),
            self.scores[:, 0].tolist(),
            strict=True,
        ):
            if score > -math.inf:
                self._cut[row] = Written(prefix, score)
        return [
            ended or [cut or Written([], 0.0)]
            for ended, cut in zip(self._ended, self._cut, strict=True)
        ]

    def _collect(self, values: Tensor, parents: Tensor, ends: Tensor) -> Tensor:
        """Keep the forms that have ended; (A,) the score that a prefix must beat, if any."""
        for at, place in ends.nonzero().tolist():
            prefix = self.prefixes[at, parents[at, place]].tolist()
            some = self._ended[int(self.rows[at])]
            some.append(Written(prefix, float(values[at, place])))
            some.sort(key=lambda one: -one.score)
            del some[self._n_best :]
        least = [
            some[-1].score if len(some) == self._n_best else -math.inf
            for some in map(self._ended.__getitem__, self.rows.tolist())
        ]
        return torch.tensor(least, device=values.device)

    def _note_cut(self, going: Tensor) -> None:
        """What a row had, where nothing goes on."""
        for at in (going[:, 0] == -torch.inf).nonzero()[:, 0].tolist():
            if self.scores[at, 0] > -torch.inf:
                cut = Written(self.prefixes[at, 0].tolist(), float(self.scores[at, 0]))
                self._cut[int(self.rows[at])] = cut


def _until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(END)] if END in ids else ids
