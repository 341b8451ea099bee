"""A run's tensors by name: in whole, wherever they are split, and back again.

Only what training changes is stored: weights that are trained, and buffers. Frozen weights (under
LoRA for instance) come from where the caller had them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.looping.optimisers import trainable


def whole(tensor: Tensor) -> Tensor:
    """The tensor on the CPU, put together if its parts are spread (FSDP)."""
    full = getattr(tensor, "full_tensor", None)
    return (full() if full is not None else tensor).detach().cpu()


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The trained weights and the stored buffers; under FSDP every process must come here."""
    stored = model.state_dict(keep_vars=True)
    buffers = {name: value for name, value in model.named_buffers() if name in stored}
    return {name: whole(tensor) for name, tensor in {**trainable(model), **buffers}.items()}


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], path: Path | None) -> None:
    """Give a model these weights; under FSDP every process must come here.

    Raises:
        InputError: a weight is missing, too many, or of another shape; the message names it.
    """
    expected: dict[str, Tensor] = {**trainable(model)}
    expected |= {n: b for n, b in model.named_buffers() if n in model.state_dict()}
    shapes = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted({*shapes, *found}):
        if shapes.get(name) != found.get(name):
            raise InputError(
                f"{path}: weights of another model: {name} is {found.get(name, 'absent')} there, "
                f"{shapes.get(name, 'absent')} in the model"
            )
    with torch.no_grad():
        for name, tensor in expected.items():
            tensor.copy_(split_like(tensor, tensors[name]))


def split_like(tensor: Tensor, value: Tensor) -> Tensor:
    """The whole value as this process has it: its part, where the tensor is split (FSDP)."""
    if not hasattr(tensor, "full_tensor"):
        return value
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(tensor, DTensor):
        return value
    return distribute_tensor(value.to(tensor.device), tensor.device_mesh, tensor.placements)


def optimiser_tensors(
    model: nn.Module, optimisers: Sequence[torch.optim.Optimizer]
) -> dict[str, Tensor]:
    """What optimisers remember, as "weight/memory": `layers.0.weight/exp_avg`.

    Under FSDP every process must come here.
    """
    names: dict[Tensor, str] = {weight: name for name, weight in trainable(model).items()}
    return {
        f"{names[weight]}/{key}": whole(value)
        for one in optimisers
        for weight, memory in one.state.items()
        for key, value in memory.items()
    }


def load_optimisers(
    model: nn.Module, optimisers: Sequence[torch.optim.Optimizer], tensors: Mapping[str, Tensor]
) -> None:
    """Give optimisers back what they remembered; under FSDP every process must come here."""
    memories: dict[str, dict[str, Tensor]] = {}
    for label, tensor in tensors.items():
        name, _, key = label.rpartition("/")
        memories.setdefault(name, {})[key] = tensor
    names: dict[Tensor, str] = {weight: name for name, weight in trainable(model).items()}
    for one in optimisers:
        for group in one.param_groups:
            for weight in group["params"]:
                for key, tensor in memories.get(names[weight], {}).items():
                    one.state[weight][key] = _as_memory(tensor, weight, key, group)


def _as_memory(tensor: Tensor, weight: Tensor, key: str, group: Mapping[str, Any]) -> Tensor:
    if key != "step":
        return split_like(weight, tensor).to(weight.device)
    # A fused optimiser counts its steps on the device, the others on the CPU.
    return tensor.to(weight.device) if group.get("fused") else tensor
