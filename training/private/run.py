"""A private run: the noise that its guarantee takes, its batches, its backward pass, what it says.

    private = Private.of(config, units, identity, make)
    fitted = fit(model, private.batches, loss, settings, **private.hooks(model, loss))
    private.told(fitted.steps)          # epsilon, delta, unit, accountant: for scores.json

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

from data.errors import InputError
from runfolder.folder import version_of
from training.private.accounting import epsilon_of, group_epsilon, sigma_for
from training.private.card import lines
from training.private.check import check, sample_to_try
from training.private.clip import Clip
from training.private.clipping import UNIT, Batch, Clipper, Loss
from training.private.noise import Chance, Secure, Seeded
from training.private.options import Privacy
from training.private.sampling import PARTS, Make, PoissonBatches, Samples

GROUPS = (2, 5, 10)  # units of one person, for which the card says what holds


@dataclass(frozen=True)
class Private:
    """A private run.

    Attributes:
        number: the units of the training data.
        rate: the probability that a unit is in an update; sigma: the noise, in bounds.
        steps: the updates that the noise was found for.
    """

    privacy: Privacy
    number: int
    rate: float
    sigma: float
    steps: int
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
        privacy, steps = config.privacy, config.steps
        if privacy.batch > len(units):
            raise InputError(
                f"--dp-batch {privacy.batch}: expected at most the {len(units):,} units"
                f" ({privacy.unit}s) of the training data; give fewer"
            )
        rate = privacy.batch / len(units)
        sigma = sigma_for(
            epsilon=privacy.epsilon,
            delta=privacy.delta,
            rate=rate,
            steps=steps,
            accountant=privacy.accountant,
        )
        chance: Chance = Secure() if privacy.secure else Seeded(config.seed, identity)
        batches = PoissonBatches(units, rate, chance, make, most=privacy.most)
        return cls(privacy, len(units), rate, sigma, steps, chance, batches)

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
        clipper = Clipper(model, loss, Clip.parse(self.privacy.clip))
        deviation = self.sigma * clipper.clip.sensitivity
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
            return total, self.privacy.batch

        return backward

    def told(self, steps: int) -> dict[str, Any]:
        """What the run gave away after so many updates, and how: for scores.json and the card."""
        of, how = self.privacy, {"delta": self.privacy.delta, "rate": self.rate, "steps": steps}
        spent = epsilon_of(sigma=self.sigma, **how, accountant=of.accountant)  # type: ignore[arg-type]
        return {
            "epsilon": round(spent, 4),
            "target_epsilon": of.epsilon,
            "delta": of.delta,
            "unit": of.unit,
            "units": self.number,
            "accountant": f"opacus {version_of('opacus')} {of.accountant.upper()}",
            "sigma": self.sigma,
            "clip": of.clip,
            "rate": self.rate,
            "steps": steps,
            "noise": "secure" if of.secure else "seeded",
            "groups": {
                str(size): round(group_epsilon(size, sigma=self.sigma, **how), 2)  # type: ignore[arg-type]
                for size in GROUPS
            },
        }

    def card(self, steps: int, uncovered: Sequence[str] = ()) -> str:
        """The section of a model card."""
        return lines(self.told(steps), uncovered)

    def notes(self) -> list[str]:
        """What whoever reads the scores must know."""
        found = []
        if self.privacy.delta > 1 / self.number:
            found.append(
                f"--dp-delta {self.privacy.delta:g} is above 1/{self.number:,}: a model that gives"
                " away one unit whole would pass; give a smaller one"
            )
        if not self.privacy.secure:
            found.append(
                "the noise can be made again from the command and the data: for a model that is"
                " given away, --dp-secure"
            )
        return found


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
