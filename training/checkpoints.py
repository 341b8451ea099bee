"""Checkpoints: folders that appear whole, without a pickle.

    checkpoints/step-00000500/  model.safetensors      what training changes
                                optimizer.safetensors  its averages, by weight
                                average.safetensors    the moving average, where there is one
                                state.json             place in the data, randomness, settings
                                seconds.json           that the run has taken so far
    checkpoints/best-00000400/  model.safetensors      the best evaluation's weights

A folder is written aside, every file fsynced, and renamed; only then is the one before removed. A
run that is killed at any point finds the last folder whole.

Only what training changes is stored: weights that are trained, and buffers, by name and in whole,
wherever they are split. Frozen weights (under LoRA for instance) come from where the caller had
them. The state of every generator that a run draws from is JSON, too:

>>> generator = random.Random(7)
>>> state = random_state([generator], torch.device("cpu"))
>>> drawn = generator.random()
>>> restore([generator], torch.device("cpu"), state)
>>> generator.random() == drawn
True
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from data.bounded import read_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json
from training.folders import WRITING, folder_appears_whole
from training.optimisers import trainable


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


SECONDS = "seconds"
STATE = {
    "config": dict,
    "data": dict,
    "random": [dict],
    "metrics_bytes": int,
    "step": int,
    "total": int,
    "tokens": int,
    "best_step?": int,
    "best_metrics": dict,
    "last_metrics": dict,
    "evaluated_step?": int,
    "stale": int,
    "pending": [[float]],
    "reason?": str,
}


class Checkpoints:
    """The checkpoints of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "checkpoints"

    def latest(self) -> Path | None:
        """The newest whole checkpoint; None where there is none."""
        found = sorted(self._folder.glob("step-*"))
        return found[-1] if found else None

    def best(self, step: int) -> Path:
        """Where the weights of the best evaluation stand, which was after this step."""
        return self._folder / f"best-{step:08d}"

    def save(
        self,
        step: int,
        tensors: Mapping[str, Mapping[str, Tensor]],
        state: Mapping[str, Any],
        *,
        best: int | None,
    ) -> None:
        """Write the checkpoint of this step, then remove what it replaces.

        Args:
            tensors: what goes into each file, by the file's name without suffix.
            state: JSON; its `seconds` go into a file of their own, the only one that is not the
                same when the run is.
            best: the step whose best weights are still needed, if any.
        """
        target = self._folder / f"step-{step:08d}"
        with folder_appears_whole(target) as folder:
            for name, content in tensors.items():
                save_tensors(folder / f"{name}.safetensors", content)
            parts = {
                "state.json": {name: each for name, each in state.items() if name != SECONDS},
                "seconds.json": {SECONDS: state.get(SECONDS, 0.0)},
            }
            for name, part in parts.items():
                (folder / name).write_text(canonical_json(part) + "\n", "utf-8")
        self._remove_all_but({target} if best is None else {target, self.best(best)})

    def save_best(self, step: int, weights: Mapping[str, Tensor]) -> None:
        """Write the best weights; the ones before stay until the next checkpoint."""
        with folder_appears_whole(self.best(step)) as folder:
            save_tensors(folder / "model.safetensors", weights)

    def sweep(self) -> None:
        """Remove what killed runs left half written."""
        for left in self._folder.glob(f"{WRITING}*"):
            shutil.rmtree(left)

    def _remove_all_but(self, kept: set[Path]) -> None:
        for kind in ("step-*", "best-*"):
            for folder in self._folder.glob(kind):
                if folder not in kept:
                    shutil.rmtree(folder)


def load_state(checkpoint: Path) -> dict[str, Any]:
    """The state of a checkpoint, as it was saved."""
    path = checkpoint / "state.json"
    try:
        state: dict[str, Any] = read_json(path, STATE)
        path = checkpoint / "seconds.json"
        state |= read_json(path, {SECONDS: float})
    except InputError as error:
        raise InputError(f"{error}: not the state of a checkpoint; remove {checkpoint}") from error
    return state


@contextmanager
def damage_is_named(checkpoint: Path) -> Iterator[None]:
    """What does not fit while a checkpoint is taken up becomes one line that names it.

    Raises:
        InputError: a place in the data, a state of chance or a tensor that is none.
    """
    try:
        yield
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise InputError(
            f"{checkpoint}: expected a whole checkpoint, found a damaged one ({told}); remove it,"
            " and the run goes on from the one before or begins again"
        ) from error


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not whole ({error}); remove {path.parent}") from error


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file.

    Raises:
        UnavailableError: the disk is full; the message names the file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    except SafetensorError as error:
        full = "os error 28" in str(error) or "os error 122" in str(error)  # ENOSPC, EDQUOT
        problem = "no space left on the disk; free some" if full else f"cannot write ({error})"
        raise UnavailableError(f"{path}: {problem}, then run the same command again") from error
    path.chmod(0o644)  # the library makes it for its owner only


def check_config(found: Mapping[str, Any], expected: Mapping[str, Any], checkpoint: Path) -> None:
    """Refuse a checkpoint that another run made.

    Raises:
        InputError: names every key that differs, with both values.
    """
    differing = [
        f"{key} ({found.get(key)!r} there, {expected.get(key)!r} now)"
        for key in sorted({*found, *expected})
        if found.get(key) != expected.get(key)
    ]
    if differing:
        raise InputError(
            f"{checkpoint}: made by another run; different: {', '.join(differing)}; choose "
            "another folder, or the same settings"
        )


Generator = random.Random | np.random.Generator | torch.Generator
ACCELERATORS = ("cuda", "mps")


def random_state(generators: Sequence[Generator], device: torch.device) -> dict[str, Any]:
    """torch's own state, that of the device, and that of these generators."""
    own = getattr(torch, device.type).get_rng_state() if device.type in ACCELERATORS else None
    return {
        "torch": _to_hex(torch.get_rng_state()),
        "device": None if own is None else _to_hex(own),
        "generators": [_state(generator) for generator in generators],
    }


def restore(
    generators: Sequence[Generator], device: torch.device, state: Mapping[str, Any]
) -> None:
    """Go on drawing from that state."""
    torch.set_rng_state(_from_hex(state["torch"]))
    if state["device"] is not None and device.type in ACCELERATORS:
        getattr(torch, device.type).set_rng_state(_from_hex(state["device"]))
    for generator, own in zip(generators, state["generators"], strict=True):
        _restore(generator, own)


@contextmanager
def torch_randomness_kept(device: torch.device) -> Iterator[None]:
    """What is drawn from torch inside the block does not count outside."""
    before = random_state([], device)
    try:
        yield
    finally:
        restore([], device, before)


def _state(generator: Generator) -> Any:
    if isinstance(generator, random.Random):
        version, words, gauss = generator.getstate()
        return [version, list(words), gauss]
    if isinstance(generator, torch.Generator):
        return _to_hex(generator.get_state())
    return generator.bit_generator.state


def _restore(generator: Generator, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate((state[0], tuple(state[1]), state[2]))
    elif isinstance(generator, torch.Generator):
        generator.set_state(_from_hex(state))
    else:
        generator.bit_generator.state = state


def _to_hex(state: Tensor) -> str:
    return state.numpy().tobytes().hex()


def _from_hex(text: str) -> Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)
