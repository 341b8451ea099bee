"""What the loop says where it cannot go on: what, where, what next; the last checkpoint stands."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from data.errors import InputError, UnavailableError
from tests.icl.disk import small_disk
from tests.training.loop_toys import Reverser, loss, mean_loss, model, ready_batches
from training.checkpoints import Checkpoints, load_tensors, save_tensors
from training.loop import Batch, Settings, Shuffled, fit

SETTINGS = Settings(steps=10, device="cpu", checkpoint_every=4, log_every=2)


def batches() -> Shuffled:
    return Shuffled(ready_batches(), seed=3)


def newest(out: Path) -> Path:
    latest = Checkpoints(out).latest()
    assert latest is not None
    return latest


class Short:
    """A stream that ends."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[Batch]:
        yield from ready_batches(self._length)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass


class Spoilt:
    """A loss that is another value at one call, or calls something."""

    def __init__(self, call: int, value: float) -> None:
        self._left, self._value = call, value

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        self._left -= 1
        summed, tokens = loss(model, batch)
        return (summed * self._value if self._left == 0 else summed), tokens


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_at_its_step(tmp_path: Path, value: float) -> None:
    said = rf"step 7: the loss is {value}, .* the last checkpoint stands.*lower learning rate"
    with pytest.raises(UnavailableError, match=said):
        fit(model(), batches(), Spoilt(7, value), SETTINGS, out=tmp_path)
    latest = newest(tmp_path)
    assert latest.name == "step-00000004"
    assert all(t.isfinite().all() for t in load_tensors(latest / "model.safetensors").values())
    rarely = Settings(**{**SETTINGS.to_json(), "log_every": 10, "betas": (0.9, 0.999)})
    spoilt = Spoilt(2, value)
    with pytest.raises(UnavailableError, match=rf"step 2: the loss is {value}"):
        fit(model(), batches(), spoilt, rarely)
    assert spoilt._left == 0, "at once, where there is no device to wait for"
    healed, calm = model(seed=9), model()
    fit(healed, batches(), loss, SETTINGS, out=tmp_path)
    fit(calm, batches(), loss, SETTINGS)
    assert torch.equal(healed.embed.weight, calm.embed.weight)


def test_a_checkpoint_of_another_run_is_refused_with_the_keys(tmp_path: Path) -> None:
    fit(model(), batches(), loss, SETTINGS, out=tmp_path, identity={"data": "abc"})
    changed = Settings(**{**SETTINGS.to_json(), "betas": (0.9, 0.98), "seed": 4})
    with pytest.raises(InputError) as caught:
        fit(model(), batches(), loss, changed, out=tmp_path, identity={"data": "def"})
    assert "betas ([0.9, 0.999] there, [0.9, 0.98] now)" in str(caught.value)
    assert "data ('abc' there, 'def' now), seed (0 there, 4 now); choose" in str(caught.value)


def test_weights_of_another_model_are_refused_by_name(tmp_path: Path) -> None:
    fit(model(), batches(), loss, SETTINGS, out=tmp_path)
    other = Reverser()
    other.norm = nn.LayerNorm(8, elementwise_affine=False)
    with pytest.raises(InputError, match=r"norm\.bias is \(8,\) there, absent in the model"):
        fit(other, batches(), loss, SETTINGS, out=tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_accelerator_is_said() -> None:
    with pytest.raises(UnavailableError, match=r"device cuda: .* sees 0 CUDA .*--device cpu"):
        fit(model(), batches(), loss, Settings(steps=1, device="cuda"))
    with pytest.raises(InputError, match="device: expected auto, cpu, cuda or mps, found 'gpu'"):
        fit(model(), batches(), loss, Settings(steps=1, device="gpu"))


@pytest.mark.parametrize("length", [0, 3])
def test_a_stream_that_ends_is_refused(length: int) -> None:
    with pytest.raises(InputError, match="the stream ended; expected an endless one"):
        fit(model(), Short(length), loss, SETTINGS)


def test_a_loss_without_the_model_is_refused() -> None:
    def constant(_: nn.Module, __: Batch) -> tuple[Tensor, int]:
        return torch.zeros((), requires_grad=True) * 1, 1

    with pytest.raises(InputError, match="expected a gradient for some weight"):
        fit(model(), batches(), constant, SETTINGS)


def test_an_unknown_best_is_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match="best: expected one of loss, found 'accuracy'"):
        fit(model(), batches(), loss, SETTINGS, evaluate=mean_loss, best="accuracy")
    with pytest.raises(InputError, match="expected an evaluate function"):
        fit(model(), batches(), loss, SETTINGS, best="accuracy")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "expected steps or seconds"),
        ({"steps": 0}, "steps: expected a whole number from 1, found 0"),
        ({"steps": 1, "learning_rate": 0}, "learning_rate: expected a number above 0, found 0"),
        ({"steps": 1, "average": 1.0}, "average: expected a number from 0 to below 1"),
        ({"steps": 1, "schedule": "cosin"}, "schedule: expected constant, .* found 'cosin'"),
        ({"steps": 1, "warmup": float("nan")}, "warmup: expected a number from 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Settings(**options)


def test_a_full_disk_is_one_line_and_the_last_checkpoint_stands(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 400) as disk:
        out = disk / "run"
        filler = disk / "filler"

        def fill(trained: nn.Module) -> dict[str, float]:
            with suppress(OSError), open(filler, "wb", buffering=0) as file:
                while file.write(bytes(4096)) == 4096:
                    pass
            return {"x": 0.0}

        settings = Settings(**{**SETTINGS.to_json(), "evaluate_every": 6})
        with pytest.raises(UnavailableError, match="no space left on the disk; free some"):
            fit(model(), batches(), loss, settings, out=out, evaluate=fill)
        assert newest(out).name == "step-00000004"
        with pytest.raises(UnavailableError, match="no space left on the disk; free some") as said:
            fit(model(), batches(), loss, settings, out=out, evaluate=mean_loss)
        assert "\n" not in str(said.value)
        assert re.search(str(disk), str(said.value))
        filler.unlink()
        assert fit(model(), batches(), loss, settings, out=out, evaluate=mean_loss).steps == 10


def test_ctrl_c_ends_the_update_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    class Asking(Spoilt):
        def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
            if self._left == 1:
                signal.raise_signal(signal.SIGINT)
            return super().__call__(model, batch)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="stopped after step 3; the same call goes on"):
        fit(model(), batches(), Asking(3, 1.0), SETTINGS, out=tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    assert newest(tmp_path).name == "step-00000003"


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    def nested(trained: nn.Module) -> dict[str, float]:
        fit(model(), batches(), loss, SETTINGS, out=tmp_path)
        return {}

    with pytest.raises(InputError, match="another process trains here"):
        fit(model(), batches(), loss, SETTINGS, out=tmp_path, evaluate=nested)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("I/O error: No space left (os error 28)", "no space left on the disk; free some, then"),
        ("I/O error: Quota exceeded (os error 122)", "no space left on the disk; free some, then"),
        ("I/O error: refused (os error 13)", r"cannot write \(I/O error: refused"),
    ],
)
def test_what_the_library_says_of_a_disk(
    error: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch

    def fails(*_: object) -> None:
        raise safetensors.SafetensorError(error)

    monkeypatch.setattr(safetensors.torch, "save_file", fails)
    with pytest.raises(UnavailableError, match=rf"model\.safetensors: {said}"):
        save_tensors(tmp_path / "model.safetensors", {})
