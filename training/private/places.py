"""Which unit each place of a batch belongs to, and sums over the places of a unit.

A unit is what is protected as a whole: a sentence, a document, a speaker. Layers see rows, one a
place (N, D). Mostly every unit has as many places as the others, padding included, and they follow
one another; then rows are looked at as (U, M, D) and nothing is moved. A head that sees chosen
places alone, a sentence in several windows and a speaker with several sentences say the unit of
each place instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Places:
    """Whose the places of a batch are.

    Attributes:
        units: how many there are, U.
        samples: the unit of each sample, (B,), of which each has as many places as the others;
            None: each sample is a unit, in order.

    >>> rows = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    >>> Places(2).added_up(rows).tolist()
    [[3.0], [7.0]]
    >>> uneven = Places(2, torch.tensor([1, 0, 1, 1]))
    >>> uneven.added_up(rows).tolist(), uneven.by_unit(rows)[0].flatten().tolist()
    ([[2.0], [8.0]], [2.0, 0.0, 0.0])
    >>> uneven.scaled(rows, torch.tensor([5.0, 6.0])).flatten().tolist()
    [6.0, 10.0, 18.0, 24.0]
    """

    units: int
    samples: Tensor | None = None
    _indices: dict[int, Tensor] = field(default_factory=dict, compare=False)

    def most(self, places: int) -> int:
        """M, the places of the unit that has most, of `places` in all."""
        return places // self.units if self.samples is None else self._index(places).shape[1]

    def owners(self, places: int) -> Tensor:
        """The unit of each of so many places, (N,)."""
        own = self.samples
        if own is None:
            return torch.arange(self.units).repeat_interleave(places // self.units)
        return own.repeat_interleave(places // max(1, len(own)))

    def by_unit(self, rows: Tensor) -> Tensor:
        """(N, D) to (U, M, D), rows of zeros where a unit has fewer than M places."""
        if self.samples is None:
            return rows.reshape(self.units, -1, rows.shape[1])
        return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])[self._index(len(rows))]

    def added_up(self, rows: Tensor) -> Tensor:
        """The sum over the places of each unit, (N, D) to (U, D)."""
        if self.samples is None:
            return rows.reshape(self.units, -1, rows.shape[1]).sum(dim=1)
        total = rows.new_zeros(self.units, rows.shape[1])
        return total.index_add_(0, self.owners(len(rows)), rows)

    def scaled(self, rows: Tensor, factors: Tensor) -> Tensor:
        """Rows (N, D), each times the factor (U,) of its unit."""
        if self.samples is None:
            return (rows.reshape(self.units, -1) * factors[:, None]).view(rows.shape)
        return rows * factors[self.owners(len(rows))][:, None]

    def _index(self, places: int) -> Tensor:
        """Where the places of each unit stand, (U, M); N where there is none."""
        if places not in self._indices:
            owners = self.owners(places)
            counts = torch.bincount(owners, minlength=self.units)
            order = owners.argsort(stable=True)
            starts = counts.cumsum(0) - counts
            index = owners.new_full((self.units, max(1, int(counts.max()))), places)
            index[owners[order], torch.arange(places) - starts[owners[order]]] = order
            self._indices[places] = index
        return self._indices[places]
