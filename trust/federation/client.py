"""What a client does in a round: it trains the model that it got on its own examples.

    weights = flat(trainable weights)                    # (P,), all that travels
    answer = work(opened, members, weights, how)         # answer.update is what it changed

The work is `training.loop.fit`, the loop of every model of the project, over the batches that the
task's own command makes. So one client that has all the data does in one epoch what central
training does. What a client keeps between rounds is nothing, or SCAFFOLD's control.

FedProx and SCAFFOLD add a term to the loss whose gradient is what they ask for: mu (w - w') of the
distance from the weights that the client got, and c - c_i, the difference of controls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.batches import Batch
from training.loop import fit
from training.optimisers import trainable
from training.settings import Settings
from training.updates import Loss
from trust.federation.tasks import Opened


@dataclass(frozen=True)
class Work:
    """What a client is asked for.

    Attributes:
        settings: of the loop; their number of steps is not looked at.
        epochs: over its examples. share: of the work that it does, below 1 for a straggler.
        seed: of the order of its batches, and of what its model draws.
        proximal: mu of FedProx, 0: none.
        control, own: SCAFFOLD's controls of the server and of the client, (P,); None: none.
    """

    settings: Settings
    epochs: int
    seed: int
    share: float = 1.0
    proximal: float = 0.0
    control: Tensor | None = None
    own: Tensor | None = None


@dataclass(frozen=True)
class Answer:
    """What a client sends.

    Attributes:
        update: (P,) float32, the weights after its work less those before.
        steps: updates that it made.
        loss: the mean over what was scored in its work, in nats.
        control: under SCAFFOLD its new control, and by how much that changed.
    """

    update: Tensor
    steps: int
    loss: float
    control: tuple[Tensor, Tensor] | None = None


def flat(model: nn.Module) -> Tensor:
    """The weights that training changes, one after the other, (P,).

    >>> flat(nn.Linear(3, 2)).shape
    torch.Size([8])
    """
    return torch.cat([one.detach().flatten() for one in trainable(model).values()])


def put(model: nn.Module, weights: Tensor) -> None:
    """Give a model these weights."""
    start = 0
    with torch.no_grad():
        for one in trainable(model).values():
            one.copy_(weights[start : start + one.numel()].view_as(one))
            start += one.numel()


def work(opened: Opened, members: Sequence[int], weights: Tensor, how: Work) -> Answer:
    """Train on the examples of a client.

    Args:
        members: places of its examples; at least one.
        weights: (P,) that it got.
    """
    from dataclasses import replace

    model = opened.model
    put(model, weights)
    batches, number = opened.batches(sorted(members), how.seed)
    steps = max(1, round(how.share * how.epochs * number))
    seen = [0.0, 0.0]
    loss = _corrected(_noted(opened.loss, seen), model, weights, how)
    fit(model, batches, loss, replace(how.settings, steps=steps, seed=how.seed))
    update = flat(model) - weights
    return Answer(update, steps, seen[0] / max(1.0, seen[1]), _control(update, steps, how))


def _noted(loss: Loss, seen: list[float]) -> Loss:
    """The loss, whose sums are added up beside."""

    def noted(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor | int]:
        total, number = loss(model, batch)
        seen[0] += float(total.detach())
        seen[1] += float(number)
        return total, number

    return noted


def _corrected(loss: Loss, model: nn.Module, weights: Tensor, how: Work) -> Loss:
    """The loss with the terms of FedProx and SCAFFOLD; the gradient of its mean has theirs."""
    if not how.proximal and how.control is None:
        return loss
    moved = list(trainable(model).values())
    before = _split(weights, moved)
    shift = None if how.control is None else _split(how.control - _or_zero(how), moved)

    def corrected(model: nn.Module, batch: Batch) -> tuple[Tensor, Any]:
        total, number = loss(model, batch)
        terms = []
        if how.proximal:
            pairs = zip(moved, before, strict=True)
            terms += [how.proximal / 2 * (one - old).square().sum() for one, old in pairs]
        if shift is not None:
            terms += [(one * part).sum() for one, part in zip(moved, shift, strict=True)]
        return total + number * torch.stack(terms).sum(), number

    return corrected


def _or_zero(how: Work) -> Tensor:
    assert how.control is not None  # noqa: S101  # asked for in that case alone
    return torch.zeros_like(how.control) if how.own is None else how.own


def _split(flat_weights: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    parts = torch.split(flat_weights.to(like[0].device), [one.numel() for one in like])
    return [part.view_as(one) for part, one in zip(parts, like, strict=True)]


def _control(update: Tensor, steps: int, how: Work) -> tuple[Tensor, Tensor] | None:
    """SCAFFOLD's second option, c_i - c + (w' - w) / (steps x rate), with the sign of a descent."""
    if how.control is None:
        return None
    change = -how.control - update / (steps * how.settings.learning_rate)
    return _or_zero(how) + change, change
