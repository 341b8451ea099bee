"""Optimisers (which weight goes to which, what decays) and learning-rate schedules.

AdamW for everything, or Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) for
the matrices between embedding and output layer with AdamW for the rest, as its author advises; or
plain gradient descent, which remembers nothing. Muon's update is scaled to AdamW's root mean
square (Liu et al. 2025, https://arxiv.org/abs/2502.16982), so that one learning rate serves both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.settings import Settings


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that training changes, by name; a tied one once."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def make_optimisers(model: nn.Module, settings: Settings) -> list[torch.optim.Optimizer]:
    """One optimiser, or with "muon" two; together they hold every weight that is trained.

    Raises:
        InputError: the model has no weight to train.
    """
    weights = list(trainable(model).values())
    if not weights:
        raise InputError(f"{type(model).__name__}: expected weights to train, found none")
    inner: list[nn.Parameter] = []
    if settings.optimizer == "muon":
        inner = list(inner_matrices(model))
    chosen = set(inner)
    rest = [weight for weight in weights if weight not in chosen]
    optimisers: list[torch.optim.Optimizer] = []
    if inner:
        optimisers.append(Muon(inner, settings.learning_rate, settings.weight_decay))
    if rest:
        make = _sgd if settings.optimizer == "sgd" else _adamw
        optimisers.append(make(rest, settings))
    return optimisers


def inner_matrices(model: nn.Module) -> Iterator[nn.Parameter]:
    """The matrices between the embeddings and the output layer.

    A matrix of one row or column counts as a vector. The output layer is a `Linear` outside the
    stack of layers (a `ModuleList`) with as many rows as an embedding has, tied to it or not.

    >>> stack = nn.ModuleList([nn.Linear(8, 8)])
    >>> parts = {"embed": nn.Embedding(40, 8), "layers": stack, "head": nn.Linear(8, 40)}
    >>> model = nn.ModuleDict(parts)
    >>> [tuple(matrix.shape) for matrix in inner_matrices(model)]
    [(8, 8)]
    """
    tables = [m.weight for m in model.modules() if isinstance(m, nn.Embedding)]
    stacks = [m for m in model.modules() if isinstance(m, nn.ModuleList)]
    stacked = {weight for stack in stacks for weight in stack.parameters()}
    heads = {
        module.weight
        for module in model.modules()
        if isinstance(module, nn.Linear) and module.weight not in stacked
        if any(module.weight.shape[0] == table.shape[0] for table in tables)
    }
    outside = {*tables, *heads}
    for weight in trainable(model).values():
        if weight.ndim == 2 and min(weight.shape) > 1 and weight not in outside:
            yield weight


def set_rate(optimisers: Sequence[torch.optim.Optimizer], rate: float) -> None:
    """Give every group of weights this learning rate, times its own factor."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)


def quicken(weights: Iterable[nn.Parameter], factor: float) -> None:
    """Let weights have `factor` times the learning rate under AdamW, such as a new layer's."""
    for weight in weights:
        weight.rate_factor = factor  # type: ignore[attr-defined]


def scale_gradients(
    gradients: list[Tensor], scale: float | Tensor, clip: float | None
) -> Tensor | None:
    """Multiply gradients by `scale`, and shorten them to `clip` where they are longer then.

    One pass over the memory for both. Returns the 2-norm after scaling and before clipping
    (0-dim), None where nothing is clipped.

    >>> gradient = torch.tensor([6.0, 8.0])
    >>> scale_gradients([gradient], 0.5, clip=1.0), gradient
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    if clip is None:
        torch._foreach_mul_(gradients, scale)
        return None
    norm = torch.nn.utils.get_total_norm(gradients) * scale
    torch._foreach_mul_(gradients, scale * (clip / (norm + 1e-6)).clamp(max=1.0))
    return norm


def _adamw(weights: list[nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        _groups(weights, settings),
        lr=settings.learning_rate,
        betas=settings.betas,
        fused=all(w.is_floating_point() and w.device.type in ("cpu", "cuda") for w in weights),
    )


def _sgd(weights: list[nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    return torch.optim.SGD(_groups(weights, settings), lr=settings.learning_rate)


def _groups(weights: list[nn.Parameter], settings: Settings) -> list[dict[str, Any]]:
    """Weights that decay alike and have the same factor of the rate."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for matrices in (True, False):
        decay = settings.weight_decay if matrices else 0.0
        for weight in (w for w in weights if (w.ndim >= 2) is matrices):
            key = decay, getattr(weight, "rate_factor", 1.0)
            groups.setdefault(key, []).append(weight)
    return [
        {"params": found, "weight_decay": decay, "factor": factor}
        for (decay, factor), found in groups.items()
    ]


MOMENTUM = 0.95
ORTHOGONAL_STEPS, ORTHOGONAL = 5, (3.4445, -4.775, 2.0315)  # Jordan et al. 2024
RMS = 0.2  # of AdamW's updates
LONG = 2  # times as many columns as rows: then it is quicker to multiply squares by squares


class Muon(torch.optim.Optimizer):
    """Each matrix goes along its momentum, of which only the directions are kept.

    `torch.optim.Muon` makes the same updates, but always multiplies in bfloat16, which takes a
    CPU without instructions for it 80 times longer than float32: of an update of `morph.train`'s
    network 1,050 ms of 1,120. Here a CPU takes float32; matrices of one shape go together, and long
    ones (`LONG`) by way of their squares.

    Args:
        weights: matrices. lr: the learning rate. weight_decay: decoupled.
    """

    def __init__(self, weights: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Update the weights that have gradients."""
        for group in self.param_groups:
            alike: dict[tuple[torch.Size, torch.device], list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    alike.setdefault((weight.shape, weight.device), []).append(weight)
            for (shape, _), weights in alike.items():
                ways = orthogonal(torch.stack([self._momentum(weight) for weight in weights]))
                torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
                rate = group["lr"] * RMS * math.sqrt(max(shape))
                torch._foreach_add_(weights, ways.to(weights[0].dtype).unbind(), alpha=-rate)

    def _momentum(self, weight: Tensor) -> Tensor:
        """The gradient, led by the mean of those before it (Nesterov's)."""
        assert weight.grad is not None  # noqa: S101  # `step` has looked
        memory = self.state[weight]
        if not memory:
            memory["momentum_buffer"] = torch.zeros_like(weight.grad)
        mean: Tensor = memory["momentum_buffer"].lerp_(weight.grad, 1 - MOMENTUM)
        return weight.grad.lerp(mean, MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices (N, R, C) with singular values near 1, by five Newton-Schulz iterations.

    >>> values = torch.linalg.svdvals(orthogonal(torch.randn(3, 8, 16)))
    >>> bool(((values > 0.5) & (values < 1.5)).all())
    True
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    x = matrices.bfloat16() if matrices.is_cuda else matrices.float()
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=1e-7)
    if not x.is_cuda and x.shape[2] >= LONG * x.shape[1]:
        ways: Tensor = _by_squares(x) @ x
        return ways
    first, third, fifth = ORTHOGONAL
    for _ in range(ORTHOGONAL_STEPS):
        square = x @ x.mT
        x = torch.baddbmm(
            x, torch.baddbmm(square, square, square, beta=third, alpha=fifth), x, beta=first
        )
    return x


def _by_squares(x: Tensor) -> Tensor:
    """What all iterations multiply long matrices (N, R, C) by, (N, R, R).

    An iteration multiplies by a polynomial of the square of what it was given, and these commute:
    so the squares go through the iterations alone. For float32: it is the less exact way.
    """
    first, third, fifth = ORTHOGONAL
    square = x @ x.mT
    every: Tensor | None = None
    for step in range(ORTHOGONAL_STEPS):
        one = torch.baddbmm(square, square, square, beta=third, alpha=fifth)
        one.diagonal(dim1=1, dim2=2).add_(first)
        every = one if every is None else one @ every
        if step < ORTHOGONAL_STEPS - 1:
            square = one @ square @ one
    assert every is not None  # noqa: S101  # there are iterations
    return every


COOLDOWN = 0.2  # share of a "wsd" run on which the rate falls (Hägele et al. 2024)


def rate_factor(schedule: str, step: int, total: int, warmup: int) -> float:
    """The share of the highest rate, 0 to 1, that update `step` (1 to `total`) gets.

    "constant" stays; "linear" and "cosine" (Loshchilov and Hutter 2017) fall to 0, which the
    update after the last would have; "wsd" stays, and falls as 1 - sqrt over the last fifth
    (Hägele et al. 2024, https://arxiv.org/abs/2405.18392); "inverse_sqrt" falls as 1/sqrt(step)
    (Vaswani et al. 2017).

    >>> [rate_factor("constant", step, 100, 4) for step in (1, 2, 3, 4, 5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    >>> rate_factor("inverse_sqrt", 400, 1000, 100)
    0.5
    """
    if step <= warmup:
        return step / warmup
    done = (step - 1 - warmup) / max(1, total - warmup)
    if schedule == "linear":
        return 1 - done
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "wsd":
        return _cooldown(step, total, warmup)
    if schedule == "inverse_sqrt":
        return math.sqrt(max(1, warmup) / step)
    return 1.0


def _cooldown(step: int, total: int, warmup: int) -> float:
    length = min(round(COOLDOWN * total), total - warmup)
    into = step - 1 - (total - length)
    return 1.0 if into <= 0 else 1 - math.sqrt(into / length)
