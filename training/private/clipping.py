"""The sum of the units' gradients, each shortened to a bound: one forward and one backward pass.

    clipper = Clipper(model, loss, Clip.parse("auto"))
    clipper.add(batch)           # to the .grad of every trained weight

Weights take no gradients of their own meanwhile; the backward pass goes through the activations
alone, and each layer keeps what came in and the gradient of what came out. From these follow, in
this order, every unit's length, its factor, and the sum (`training.private.norms`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.losses import row_samples
from training.optimisers import trainable
from training.private.clip import Clip
from training.private.layers import Forms, forms_of, is_known, refuse_mixing
from training.private.norms import WeightGradients
from training.private.places import Places

UNIT = "unit"  # of a batch: the number of the unit that each sample belongs to, (B,)

Batch = Mapping[str, Tensor]
Loss = Callable[[nn.Module, Batch], tuple[Tensor, Tensor | int]]


@dataclass(slots=True)
class Call:
    """One call of a layer: what came in, whose it is, and the gradient of what came out."""

    layer: nn.Module
    inward: Tensor
    places: Places
    gradient: Tensor | None = None


class _Begin(torch.autograd.Function):
    """The backward pass reaches as far as here, though no weight below asks for it."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, root: Tensor) -> Tensor:  # noqa: ARG004
        ctx.mark_dirty(output)  # the same memory
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None]:  # noqa: ARG004
        return None, None


@dataclass
class Clipper:
    """Adds up shortened gradients of a model's trained weights, once `check` has tried it.

    Attributes:
        loss: a sum over samples, to which no sample adds what hangs on another.

    Raises:
        InputError: a layer whose gradients cannot be told apart by sample, by its name.
    """

    model: nn.Module
    loss: Loss
    clip: Clip
    weights: dict[str, nn.Parameter] = field(init=False)

    def __post_init__(self) -> None:
        refuse_mixing(self.model)
        self.weights = trainable(self.model)
        names: dict[int, str] = {id(weight): name for name, weight in self.weights.items()}
        self._forms: dict[nn.Module, Forms] = {}
        self._own: dict[
            nn.Module, dict[str, str]
        ] = {}  # of a layer: its weights' names in the model
        for name, layer in _holders(self.model):
            self._forms[layer] = forms_of(name, layer)
            own = layer.named_parameters(recurse=False)
            self._own[layer] = {n: names[id(w)] for n, w in own if w.requires_grad}
        self._names = {layer: name for name, layer in self.model.named_modules()}
        groups: dict[str, int] = {}
        self._group = {
            name: groups.setdefault(name.rpartition(".")[0], len(groups)) for name in self.weights
        }
        self._shared: set[nn.Module] = set()  # tables that are looked up once for all samples
        self._known = False

    def add(self, batch: Batch, *, clipped: bool = True) -> Tensor:
        """Add the batch's sum to the gradients; the loss, summed over the batch.

        Args:
            batch: with UNIT (B,), numbers from 0, the unit of each sample.
            clipped: else every factor is 1, which is the plain gradient.
        """
        units = batch[UNIT]
        number = int(units.max()) + 1
        plain = torch.equal(units, torch.arange(len(units), device=units.device))
        with self._recording(Places(number, None if plain else units), len(units)) as calls:
            total, _ = self.loss(self.model, {n: t for n, t in batch.items() if n != UNIT})
            if total.requires_grad:
                total.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            self._add(calls, number, clipped=clipped)
        return total.detach()

    def _add(self, calls: list[Call], units: int, *, clipped: bool) -> None:
        found: defaultdict[str, list[Any]] = defaultdict(list)
        for call in calls:
            if call.gradient is None:  # nothing of the loss hangs on it
                continue
            forms = self._forms[call.layer](call.layer, call.inward, call.gradient)
            for own, name in self._own[call.layer].items():
                found[name].append((forms[own], call.places))
        gradients = {name: WeightGradients(found.pop(name)) for name in list(found)}
        calls.clear()  # what is put together takes the place of what it is made of
        layers = max(self._group.values()) + 1 if self.clip.by_layer else 1
        some = next(iter(self.weights.values()))
        squared = torch.zeros(layers, units, dtype=some.dtype, device=some.device)
        products: dict[tuple[int, ...], Tensor] = {}
        for name, one in gradients.items():
            squared[self._layer(name)] += one.squared_lengths(products)
        factors = self.clip.factors(squared) if clipped else torch.ones_like(squared)
        for name, one in gradients.items():
            gradient = self.weights[name].grad
            assert gradient is not None  # noqa: S101  # whoever calls has put one there
            one.add_to(gradient, factors[self._layer(name)])

    def _layer(self, weight: str) -> int:
        return self._group[weight] if self.clip.by_layer else 0

    @contextmanager
    def _recording(self, places: Places, samples: int) -> Iterator[list[Call]]:
        """Calls of layers inside the block; weights take no gradients in it."""
        calls: list[Call] = []
        root = torch.zeros((), requires_grad=True, device=places_device(self.weights))
        with ExitStack() as stack:
            for layer in self._forms:
                hook = partial(self._called, calls, root, places, samples)
                stack.callback(layer.register_forward_hook(hook).remove)
            for weight in self.weights.values():
                weight.requires_grad_(False)
                stack.callback(weight.requires_grad_, True)
            yield calls

    def _is_shared(self, layer: nn.Module, output: Tensor, samples: int) -> bool:
        """Whether a table was looked up once for all samples, as positions are."""
        once = len(output) != samples and (output.dim() == 2 or len(output) == 1)
        if once and not self._known and isinstance(layer, nn.Embedding):
            self._shared.add(layer)
        return layer in self._shared

    def shared_is_known(self) -> None:
        """From now on a table is looked up once for all samples if it was so far.

        Their number told it; later it may be that of the positions, and tell nothing.
        """
        self._known = True

    def _called(
        self,
        calls: list[Call],
        root: Tensor,
        places: Places,
        samples: int,
        layer: nn.Module,
        given: tuple[Tensor, ...],
        output: Tensor,
    ) -> Tensor:
        inward, rows = given[0].detach(), row_samples()
        if not output.requires_grad:
            output = _Begin.apply(output, root)  # type: ignore[no-untyped-call]
        if rows is None and self._is_shared(layer, output, samples):
            output = output.expand(samples, *output.shape[-2:])
            inward = inward.expand(samples, *inward.shape[-1:])
        call = Call(layer, inward, self._places(layer, output, places, samples, rows))
        calls.append(call)
        output.register_hook(partial(_keep, call))  # type: ignore[no-untyped-call]
        return output

    def _places(
        self, layer: nn.Module, output: Tensor, places: Places, samples: int, rows: Tensor | None
    ) -> Places:
        """Whose the rows of a call are: by sample, or as the loss says of chosen places."""
        wanted = samples if rows is None else len(rows)
        if len(output) != wanted:
            raise InputError(
                f"{self._names[layer]} ({type(layer).__name__}): expected {wanted} samples, found"
                f" {len(output)} rows; what it gives belongs to no one sample, so that no bound"
                " holds; freeze it, or leave --dp-epsilon out"
            )
        if rows is None:
            return places
        return Places(places.units, rows if places.samples is None else places.samples[rows])


def _holders(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The layers that hold trained weights; of several that hold one, those that are known.

    BERT's head lists the bias of its last layer as its own as well, and uses the layer's.
    """
    held = {
        (name, layer): {w for w in layer.parameters(recurse=False) if w.requires_grad}
        for name, layer in model.named_modules()
    }
    of_known = {w for (_, layer), own in held.items() if is_known(layer) for w in own}
    return [
        (name, layer)
        for (name, layer), own in held.items()
        if own and (is_known(layer) or not own <= of_known)
    ]


def places_device(weights: Mapping[str, nn.Parameter]) -> torch.device:
    """Where the weights are."""
    return next(iter(weights.values())).device


def _keep(call: Call, gradient: Tensor) -> None:
    call.gradient = gradient.detach()
