"""How long each unit's gradient is, and the sum of the gradients once each has been shortened.

The gradient of a unit for a matrix is a sum of outer products over its M places, G = sum g aᵀ. Its
length is taken in one of two ways, whichever is cheaper for the layer's shape:

- ghost: |G|² = sum over pairs of places of (a·a')(g·g'), two (M, M) matrices a unit; G is not made
  (Goodfellow 2015, https://arxiv.org/abs/1510.01799; Li et al. 2022, https://arxiv.org/abs/2110.05679);
- made: G is put together and kept for the sum, where memory allows.

The sum is taken from what the one backward pass left (book-keeping, Bu et al. 2022,
https://arxiv.org/abs/2210.00038): no second pass over the network. For a lookup the rows of a unit
at the same number are added up first, so that a vocabulary of any size costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.private.layers import Form, Lookup, Outer, Vector
from training.private.places import Places

# Nanoseconds of a core of 2026, by which one way is chosen: a pair of places, a multiplication of a
# small product, a number that is written, squared and added up. An error here costs time alone.
PAIR, MULTIPLICATION, NUMBER = 1.2, 0.08, 1.5
MOST = 2  # times the memory of what came in and out that gradients of a layer may take

Part = tuple[Form, Places]


@dataclass
class WeightGradients:
    """The gradients of one weight, unit by unit, in the forms that its uses left.

    A weight that is used several times in a pass, or by two layers (a tied one), has several parts.
    """

    parts: list[Part]

    def squared_lengths(self, products: dict[tuple[int, ...], Tensor]) -> Tensor:
        """|G|² of each unit, (U,).

        Args:
            products: of places with one another, of inputs that several layers share.
        """
        self.parts = [_ready(form, places) for form, places in _merged(self.parts)]
        total: Tensor | None = None
        for form, places in self.parts:
            squared = _squared(form, places, products)
            total = squared if total is None else total + squared
        crossed = _crossed(self.parts)
        assert total is not None  # noqa: S101  # there is one part at least
        if crossed is not None:
            total = total + 2 * crossed
        return total.clamp(min=0)  # rounding may leave less than nothing

    def add_to(self, gradient: Tensor, factors: Tensor) -> None:
        """Add the sum of the units' gradients, each times its factor (U,), to a gradient."""
        for form, places in self.parts:
            _add(form, places, gradient, factors)


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Parts of one form as one, so that the pairs between them count."""
    found: list[Part] = []
    for kind in (Outer, Lookup, Vector):
        same = [part for part in parts if isinstance(part[0], kind)]
        if len(same) > 1:
            found.append(_joined(same))
        else:
            found += same
    return found


def _joined(parts: Sequence[Part]) -> Part:
    forms = [form for form, _ in parts]
    owners = torch.cat([places.owners(_size(form)) for form, places in parts])
    places = Places(parts[0][1].units, owners)
    if all(isinstance(form, Outer) for form in forms):
        left = torch.cat([form.left for form in forms])  # type: ignore[union-attr]
        right = torch.cat([form.right for form in forms])  # type: ignore[union-attr]
        return Outer(left, right), places
    if all(isinstance(form, Lookup) for form in forms):
        numbers = torch.cat([form.numbers for form in forms])  # type: ignore[union-attr]
        rows = torch.cat([form.rows for form in forms])  # type: ignore[union-attr]
        return Lookup(numbers, rows), places
    values = torch.cat([form.values for form in forms])  # type: ignore[union-attr]
    return Vector(values), places


def _size(form: Form) -> int:
    """N."""
    if isinstance(form, Outer):
        return len(form.left)
    return len(form.rows) if isinstance(form, Lookup) else len(form.values)


def _ready(form: Form, places: Places) -> Part:
    """The form in which both the length and the sum are cheapest."""
    by_unit = Places(places.units)
    if isinstance(form, Vector):
        whole = len(form.values) == places.units and places.samples is None
        return form if whole else Vector(places.added_up(form.values)), by_unit
    if isinstance(form, Outer):
        most = places.most(len(form.left))
        if most > 1 and is_made(most, form.left.shape[1], form.right.shape[1]):
            left, right = places.by_unit(form.left), places.by_unit(form.right)
            return Vector(torch.bmm(left.transpose(1, 2), right).flatten(1)), by_unit
    return form, places


def is_made(places: int, outward: int, inward: int) -> bool:
    """Whether the gradient of a matrix is put together for each unit, from the shapes alone.

    Args:
        places: M of a unit. outward, inward: of the matrix (O, I).

    >>> is_made(16, 128, 128), is_made(64, 128, 128), is_made(64, 1536, 384)
    (False, True, False)
    """
    matrix = outward * inward
    if matrix > MOST * places * (outward + inward):
        return False
    ghost = places**2 * ((outward + inward) * MULTIPLICATION + PAIR)
    return ghost > NUMBER * matrix


def _squared(form: Form, places: Places, products: dict[tuple[int, ...], Tensor]) -> Tensor:
    if isinstance(form, Vector):
        return _squares(form.values)
    if isinstance(form, Lookup):
        return _squared_rows(form, places)
    most = places.most(len(form.left))
    if most == 1 and places.samples is None:
        return _squares(form.left) * _squares(form.right)
    left, right = (_products(side, places, products) for side in (form.left, form.right))
    return _dots(left, right)


def _squares(rows: Tensor) -> Tensor:
    """The squared length of each row, (N, D) to (N,), in one pass over the memory."""
    squared: Tensor = torch.linalg.vector_norm(rows, dim=1).square_()
    return squared


def _dots(some: Tensor, others: Tensor) -> Tensor:
    """Sums of products, (U, M, N) twice to (U,), in one pass over the memory."""
    units = len(some)
    return torch.bmm(some.reshape(units, 1, -1), others.reshape(units, -1, 1)).view(units)


def _products(side: Tensor, places: Places, products: dict[tuple[int, ...], Tensor]) -> Tensor:
    """Places of each unit with one another, (U, M, M); of what queries, keys, values share once."""
    key = (side.data_ptr(), *side.shape, *side.stride(), id(places.samples))
    if key not in products:
        grouped = places.by_unit(side)
        products[key] = torch.bmm(grouped, grouped.transpose(1, 2))
    return products[key]


def _squared_rows(form: Lookup, places: Places) -> Tensor:
    """Rows of a unit at the same number are one row of its gradient."""
    owners = places.owners(len(form.numbers))
    most = int(form.numbers.max()) + 1 if len(form.numbers) else 1
    _, slots = torch.unique(owners * most + form.numbers, return_inverse=True)
    number = int(slots.max()) + 1 if len(slots) else 0
    rows = form.rows.new_zeros(number, form.rows.shape[1]).index_add_(0, slots, form.rows)
    of = owners.new_zeros(number).scatter_(0, slots, owners)
    squared = _squares(rows)
    return squared.new_zeros(places.units).index_add_(0, of, squared)


def _crossed(parts: Sequence[Part]) -> Tensor | None:
    """Of a tied weight, what its use as a matrix and its use as a table have in common, (U,)."""
    tables = [part for part in parts if isinstance(part[0], Lookup)]
    others = [part for part in parts if not isinstance(part[0], Lookup)]
    if not tables or not others:
        return None
    [(table, at)], [(matrix, places)] = tables, others
    assert isinstance(table, Lookup)  # noqa: S101
    rows, numbers = at.by_unit(table.rows), at.by_unit(table.numbers[:, None])[..., 0]
    if isinstance(matrix, Vector):  # kept: (U, V D)
        whole = matrix.values.view(places.units, -1, table.rows.shape[1])
        return _dots(whole.gather(1, numbers[..., None].expand_as(rows)), rows)
    assert isinstance(matrix, Outer)  # noqa: S101
    left, right = places.by_unit(matrix.left), places.by_unit(matrix.right)
    picked = left.gather(2, numbers[:, None].expand(-1, left.shape[1], -1))  # (U, M, M')
    return _dots(picked, torch.bmm(right, rows.transpose(1, 2)))


def _add(form: Form, places: Places, gradient: Tensor, factors: Tensor) -> None:
    if isinstance(form, Vector):
        gradient.view(-1).addmv_(form.values.t(), factors)
        return
    if isinstance(form, Lookup):
        gradient.index_add_(0, form.numbers, places.scaled(form.rows, factors))
        return
    left, right = form.left, form.right
    if left.shape[1] <= right.shape[1]:  # the narrower side is scaled
        left = places.scaled(left, factors)
    else:
        right = places.scaled(right, factors)
    gradient.view(left.shape[1], -1).addmm_(left.t(), right)
