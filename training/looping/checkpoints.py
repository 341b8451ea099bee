"""Checkpoints: folders that appear whole, without a pickle.

    checkpoints/step-00000500/  model.safetensors      what training changes
                                optimizer.safetensors  its averages, by weight
                                average.safetensors    the moving average, where there is one
                                state.json             place in the data, randomness, settings
    checkpoints/best-00000400/  model.safetensors      the best evaluation's weights

A folder is written aside, every file fsynced, and renamed; only then is the one before removed. A
run that is killed at any point finds the last folder whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from data.bounded import read_json
from data.errors import InputError, UnavailableError
from data.files import canonical_json, raise_if_disk_full, removed

WRITING = ".writing-"
STATE = {
    "config": dict,
    "data": dict,
    "random": [dict],
    "metrics_bytes": int,
    "step": int,
    "total": int,
    "tokens": int,
    "seconds": float,
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
            state: JSON.
            best: the step whose best weights are still needed, if any.
        """
        target = self._folder / f"step-{step:08d}"
        with _folder_appears_whole(target) as folder:
            for name, content in tensors.items():
                save_tensors(folder / f"{name}.safetensors", content)
            _write_text(folder / "state.json", canonical_json(state) + "\n")
        self._remove_all_but({target} if best is None else {target, self.best(best)})

    def save_best(self, step: int, weights: Mapping[str, Tensor]) -> None:
        """Write the best weights; the ones before stay until the next checkpoint."""
        with _folder_appears_whole(self.best(step)) as folder:
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
    """The state.json of a checkpoint."""
    path = checkpoint / "state.json"
    try:
        state: dict[str, Any] = read_json(path, STATE)
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
    """Write a safetensors file and see it on the disk.

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
    _sync(path)


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


@contextmanager
def _folder_appears_whole(target: Path) -> Iterator[Path]:
    aside = target.with_name(f"{WRITING}{target.name}-{os.getpid()}")
    try:
        target.parent.mkdir(exist_ok=True)
        aside.mkdir()
        yield aside
        _sync(aside)
        if target.exists():  # a resumed run is here again; its files are the same
            shutil.rmtree(target)
        aside.rename(target)
        _sync(target.parent)
    except OSError as error:
        if not target.parent.parent.is_dir():
            raise removed(target.parent.parent) from error
        raise_if_disk_full(error, target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
