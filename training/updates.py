"""One update of the weights: gradients of some batches, scaled, clipped, applied, averaged.

The average of the weights over the updates is smoother than the last ones and free at inference
(Polyak and Juditsky 1992; exponential as in Tarvainen and Valpola 2017). The first updates count
for less than the decay says, so that the random initial weights are soon forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.batches import Batch, Batches, shard
from training.checkpoints import split_like, whole
from training.optimisers import make_optimisers, scale_gradients, set_rate, trainable
from training.processes import Processes
from training.settings import Settings


class Average:
    """The average of some weights, updated after each step.

    >>> weight = nn.Parameter(torch.tensor([0.0]))
    >>> average = Average({"w": weight}, decay=0.5)
    >>> _ = weight.data.fill_(1.0)
    >>> average.update(step=100)
    >>> average.tensors()["w"]
    tensor([0.5000])
    """

    def __init__(self, weights: Mapping[str, nn.Parameter], decay: float) -> None:
        self._decay = decay
        self._names = list(weights)
        self._weights = [weight.detach() for weight in weights.values()]
        self._means = [weight.clone() for weight in self._weights]

    def update(self, step: int) -> None:
        """Move towards the weights after update `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._means, self._weights, 1 - decay)

    def tensors(self) -> dict[str, Tensor]:
        """The averages by name; not copies."""
        return dict(zip(self._names, self._means, strict=True))

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from stored averages."""
        for name, mean in self.tensors().items():
            mean.copy_(split_like(mean, tensors[name]))

    def put_in(self) -> None:
        """Make the averages the model's weights for good."""
        _copy(self._means, self._weights)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averages inside the block, and its own weights again after it."""
        own = [weight.clone() for weight in self._weights]
        self.put_in()
        try:
            yield
        finally:
            _copy(own, self._weights)


def _copy(sources: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
    # One by one: split tensors (FSDP) know no copy of many.
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)


Loss = Callable[[nn.Module, Batch], tuple[Tensor, Tensor | int]]


class Updater:
    """A model, its optimisers and its batches, one update at a time.

    Attributes:
        model: as the loss calls it (under DDP a wrapper of the caller's).
        optimisers: one or two; together they hold every trained weight.
        batches: this process's share of them.
        average: of the weights, where the settings ask for one.
    """

    def __init__(
        self,
        plain: nn.Module,
        batches: Batches,
        loss: Loss,
        settings: Settings,
        processes: Processes,
        backward: Loss | None = None,
    ) -> None:
        self._plain, self._settings, self._processes = plain, settings, processes
        self._backward = backward or partial(_backward, loss, processes)
        self.batches = shard(batches, processes.rank, processes.size)
        self.model, self.optimisers = processes.prepare(plain, make_optimisers(plain, settings))
        self.model.train()
        self._weights = list(trainable(plain).values())  # after `prepare`: FSDP replaces them
        self.forget()

    def forget(self) -> None:
        """Nothing is averaged or remembered yet, and the next batch is the one of the place."""
        decay = self._settings.average
        self.average = Average(trainable(self._plain), decay) if decay else None
        self._stream: Iterator[Batch] | None = None
        for optimiser in self.optimisers:
            optimiser.state.clear()

    def update(self, step: int, rate: float) -> Tensor:
        """Change the weights once; (loss sum, tokens, norm of the gradient), a tensor (3,).

        Sums are over the batches of all processes; the norm is 0 where nothing is clipped.
        """
        set_rate(self.optimisers, rate)
        sums = self._processes.sum(self._accumulate())
        # Processes average their gradients, which are of sums: hence times their number.
        norm = self._scale(self._processes.size / sums[1].clamp(min=1))
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(step)
        return torch.cat([sums, norm.reshape(1)])

    def _accumulate(self) -> Tensor:
        """Add up the gradients of an update's batches; (loss sum, tokens) as a tensor (2,)."""
        sums = torch.zeros(2, device=self._processes.device)
        for number in range(1, self._settings.accumulate + 1):
            batch = self._next_batch()
            with self._processes.accumulating(self.model, last=number == self._settings.accumulate):
                loss, tokens = self._backward(self.model, batch)
            sums[0] += loss.detach()
            sums[1] += tokens
        return sums

    def _scale(self, scale: Tensor) -> Tensor:
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        if not gradients:
            raise InputError(
                "loss: expected a gradient for some weight, found none; does it call the model?"
            )
        if self._processes.sharded:
            return self._scale_sharded(gradients, scale)
        norm = scale_gradients(gradients, scale, self._settings.clip)
        return torch.zeros((), device=self._processes.device) if norm is None else norm

    def _scale_sharded(self, gradients: list[Tensor], scale: Tensor) -> Tensor:
        torch._foreach_mul_(gradients, float(scale))
        if self._settings.clip is None:
            return torch.zeros((), device=self._processes.device)
        parameters = self.model.parameters()
        norm = self._processes.accelerator.clip_grad_norm_(parameters, self._settings.clip)
        return whole(norm).to(self._processes.device)

    def _next_batch(self) -> Batch:
        if self._stream is None:
            self._stream = iter(self.batches)
        batch = next(self._stream, None)
        if batch is None:
            raise InputError(
                "batches: the stream ended; expected an endless one, which begins again by "
                "itself; is the data empty, or less than a batch?"
            )
        return self._processes.on_device(batch)


def _backward(
    loss: Loss, processes: Processes, model: nn.Module, batch: Batch
) -> tuple[Tensor, Tensor | int]:
    """The gradients of a batch's loss, by autograd."""
    with processes.autocast():
        total, tokens = loss(model, batch)
    processes.accelerator.backward(total)
    return total, tokens
