"""A private run: the noise that its guarantee takes, its batches, its backward pass, what it says.

    private = Private.of(config, units, identity, make)
    fitted = fit(model, private.batches, loss, settings, **private.hooks(model, loss))
    private.guarantee.told(fitted.steps)      # epsilon, delta, unit, accountant: for scores.json

The one place where clipping and noise enter training is `Private.backward`: it stands in for the
backward pass of the loop. All that follows (AdamW, averages, the best evaluation) sees a sum with
noise in it, and cannot take the guarantee back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from training.private.check import check, sample_to_try
from training.private.clip import Clip
from training.private.clipping import UNIT, Batch, Clipper, Loss
from training.private.guarantee import Guarantee
from training.private.noise import Chance, Secure, Seeded
from training.private.sampling import PARTS, Make, PoissonBatches, Samples


@dataclass(frozen=True)
class Private:
    """A private run.

    Attributes:
        guarantee: what it spends and says of itself.
        chance: what it draws from; batches: its updates.
    """

    guarantee: Guarantee
    chance: Chance
    batches: PoissonBatches

    @classmethod
    def of(
        cls,
        config: Any,
        units: Samples,
        identity: Mapping[str, Any],
        make: Make,
    ) -> Private:
        """Find the noise for a run.

        Args:
            config: with the options of `training.private.options.PrivateOptions`.
            units: the samples of each unit, by number.
            identity: what the run is; noise is keyed by it, see `training.private.noise`.
            make: batches of an update, see `training.private.sampling.PoissonBatches`.

        Raises:
            InputError: more units an update than there are, or a guarantee that no noise gives.
            UnavailableError: opacus is not installed.
        """
        guarantee = Guarantee.of(config.privacy, len(units), config.steps)
        privacy = guarantee.privacy
        chance: Chance = Secure() if privacy.secure else Seeded(config.seed, identity)
        batches = PoissonBatches(units, guarantee.rate, chance, make, most=privacy.most)
        return cls(guarantee, chance, batches)

    def hooks(self, model: nn.Module, loss: Loss) -> dict[str, Any]:
        """What `training.loop.fit` takes beside the batches."""
        backward = self.backward(model, loss)
        return {"backward": backward, "generators": self.chance.generators}

    def backward(self, model: nn.Module, loss: Loss) -> Loss:
        """The backward pass of an update: noise, then the shortened gradients of who is in it.

        Args:
            loss: a sum over samples. What is returned with the loss is the *expected* number of
                units, by which the loop divides.

        Raises:
            InputError: a layer whose gradients cannot be told apart by sample.
        """
        clipper = Clipper(model, loss, Clip.parse(self.guarantee.privacy.clip))
        deviation = self.guarantee.sigma * clipper.clip.sensitivity
        tried: list[bool] = []

        def backward(_: nn.Module, update: Batch) -> tuple[Tensor, int]:
            device = next(iter(clipper.weights.values())).device
            for weight in clipper.weights.values():
                weight.grad = torch.empty_like(weight)
                self.chance.normal_(weight.grad, deviation)
            total = torch.zeros((), device=device)
            for part in cast("Sequence[Batch]", update[PARTS]):
                batch = {name: tensor.to(device) for name, tensor in part.items()}
                if not tried and (few := sample_to_try(batch)):
                    check(clipper, few)
                    tried.append(True)
                total += _added(clipper, batch, tried=bool(tried))
            return total, self.guarantee.privacy.batch

        return backward


def _added(clipper: Clipper, batch: Batch, *, tried: bool) -> Tensor:
    """The loss of a batch, whose sum is added; before the trial a unit at a time, which is safe."""
    units = batch[UNIT]
    if tried:
        return clipper.add(batch)
    total = torch.zeros((), device=units.device)
    for unit in torch.unique(units):
        alone = {name: tensor[units == unit] for name, tensor in batch.items()}
        total += clipper.add(alone | {UNIT: torch.zeros_like(alone[UNIT])})
    return total
