"""A model and a loss are tried once, on a few samples, before a bound is promised for them.

What a table of layers cannot see shows here: a weight that is used without its layer's being called
(a tied matrix in `functional.linear`), a loss whose mean runs over all samples, tables that are
looked up once for all of them. Without the check the bound would be wrong and nothing would say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from data.errors import InputError
from training.checkpoints import torch_randomness_kept
from training.private.clipping import UNIT, Batch, Clipper

MOST = 7  # samples that are tried
FAR = 1e-3  # of the length of the whole gradient, or of the loss: more is no rounding


def sample_to_try(batch: Batch) -> dict[str, Tensor] | None:
    """A few samples of a batch, of a number that no other side of its tensors has; None: none.

    With such a number the axis of samples cannot be taken for another.

    >>> batch = {"ids": torch.zeros(4, 3), "unit": torch.arange(4)}
    >>> len(sample_to_try(batch)["ids"]), sample_to_try({n: t[:1] for n, t in batch.items()})
    (4, None)
    """
    sides = {side for tensor in batch.values() for side in tensor.shape[1:]}
    number = min(MOST, len(batch[UNIT]))
    while number > 1 and (number in sides or number + 1 in sides):  # a shifted text is one shorter
        number -= 1
    return {name: tensor[:number] for name, tensor in batch.items()} if number > 1 else None


def check(clipper: Clipper, samples: Mapping[str, Tensor]) -> None:
    """Whether gradients by sample add up to the gradient, and losses by sample to the loss.

    Raises:
        InputError: they do not; the message names the weight.
    """
    device = next(iter(clipper.weights.values())).device
    batch = dict(samples) | {UNIT: torch.arange(len(samples[UNIT]), device=device)}
    with _undone(clipper), torch_randomness_kept(device):
        _check_loss(clipper, batch)
        with torch_randomness_kept(device):  # what dropout silences, it silences again
            clipper.add(batch, clipped=False)
        summed = _gradients(clipper)
        total, _ = clipper.loss(clipper.model, _plain(batch))
        total.backward()  # type: ignore[no-untyped-call]
        _check_gradients(summed, _gradients(clipper))
    clipper.shared_is_known()


@contextmanager
def _undone(clipper: Clipper) -> Iterator[None]:
    """Gradients are as before after the block; there are zeros inside it."""
    kept = {name: weight.grad for name, weight in clipper.weights.items()}
    for weight in clipper.weights.values():
        weight.grad = torch.zeros_like(weight)
    try:
        yield
    finally:
        for name, weight in clipper.weights.items():
            weight.grad = kept[name]


def _gradients(clipper: Clipper) -> dict[str, Tensor]:
    """The gradients, which are zeros afterwards."""
    found = {}
    for name, weight in clipper.weights.items():
        assert weight.grad is not None  # noqa: S101
        found[name], weight.grad = weight.grad, torch.zeros_like(weight)
    return found


def _plain(batch: Batch) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in batch.items() if name != UNIT}


def _check_gradients(summed: Mapping[str, Tensor], plain: Mapping[str, Tensor]) -> None:
    whole = float(torch.stack([one.norm() for one in plain.values()]).norm())
    for name, one in plain.items():
        off = float((summed[name] - one).norm())
        if off > FAR * whole:
            raise InputError(
                f"{name}: its gradient by sample is not its gradient (off by {off:.2g}, of"
                f" {whole:.2g} in all): the weight is used without a call of its layer; freeze it,"
                " or leave --dp-epsilon out"
            )


def _check_loss(clipper: Clipper, batch: Batch) -> None:
    """The loss of a batch is the sum of its samples' losses."""
    model, number = clipper.model, len(batch[UNIT])
    training = model.training
    model.eval()
    with torch.no_grad():
        whole, _ = clipper.loss(model, _plain(batch))
        alone = [
            clipper.loss(model, {n: t[i : i + 1] for n, t in _plain(batch).items()})[0]
            for i in range(number)
        ]
    model.train(training)
    summed = float(torch.stack(alone).sum())
    if abs(summed - float(whole)) > FAR * max(abs(float(whole)), 1e-6):
        raise InputError(
            f"loss: expected the sum over samples, found {float(whole):.6g} of {number} together"
            f" and {summed:.6g} of each alone: one sample changes what another adds, so that no"
            " bound holds; take a loss that is a plain sum, or leave --dp-epsilon out"
        )


__all__ = ["check", "sample_to_try"]
