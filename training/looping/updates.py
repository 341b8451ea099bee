"""One update of the weights: gradients of some batches, scaled, clipped, applied, averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.looping import tensors
from training.looping.averaging import Average
from training.looping.batches import Batch, Batches, shard
from training.looping.optimisers import make_optimisers, scale_gradients, set_rate, trainable
from training.looping.settings import Settings
from training.looping.world import World

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
        self, plain: nn.Module, batches: Batches, loss: Loss, settings: Settings, world: World
    ) -> None:
        self._plain, self._loss, self._settings, self._world = plain, loss, settings, world
        self.batches = shard(batches, world.rank, world.size)
        self.model, self.optimisers = world.prepare(plain, make_optimisers(plain, settings))
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
        sums = self._world.total(self._accumulate())
        # Processes average their gradients, which are of sums: hence times their number.
        norm = self._scale(self._world.size / sums[1].clamp(min=1))
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(step)
        return torch.cat([sums, norm.reshape(1)])

    def _accumulate(self) -> Tensor:
        """Add up the gradients of an update's batches; (loss sum, tokens) as a tensor (2,)."""
        sums = torch.zeros(2, device=self._world.device)
        for number in range(1, self._settings.accumulate + 1):
            batch = self._next_batch()
            with self._world.accumulating(self.model, last=number == self._settings.accumulate):
                with self._world.autocast():
                    loss, tokens = self._loss(self.model, batch)
                self._world.accelerator.backward(loss)
            sums[0] += loss.detach()
            sums[1] += tokens
        return sums

    def _scale(self, scale: Tensor) -> Tensor:
        gradients = [weight.grad for weight in self._weights if weight.grad is not None]
        if not gradients:
            raise InputError(
                "loss: expected a gradient for some weight, found none; does it call the model?"
            )
        if self._world.sharded:
            return self._scale_sharded(gradients, scale)
        norm = scale_gradients(gradients, scale, self._settings.clip)
        return torch.zeros((), device=self._world.device) if norm is None else norm

    def _scale_sharded(self, gradients: list[Tensor], scale: Tensor) -> Tensor:
        torch._foreach_mul_(gradients, float(scale))
        if self._settings.clip is None:
            return torch.zeros((), device=self._world.device)
        parameters = self.model.parameters()
        norm = self._world.accelerator.clip_grad_norm_(parameters, self._settings.clip)
        return tensors.whole(norm).to(self._world.device)

    def _next_batch(self) -> Batch:
        if self._stream is None:
            self._stream = iter(self.batches)
        batch = next(self._stream, None)
        if batch is None:
            raise InputError(
                "batches: the stream ended; expected an endless one, which begins again by "
                "itself; is the data empty, or less than a batch?"
            )
        return self._world.place(batch)
