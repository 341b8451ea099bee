"""Two processes, one batch each an update, beside one process with two batches an update."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.loop_distributed import settings
from tests.training.loop_toys import loss, mean_loss, model, ready_batches
from training.checkpoints import load_tensors
from training.loop import Shuffled, fit

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
KINDS = ["ddp", "fsdp"]


def launch(kind: str, out: Path, *arguments: str) -> int:
    """Run the script in two processes; the launcher's exit code."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # --multi_gpu on a CPU: with --cpu the launcher wants MPI. The settings say "cpu": gloo then.
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"]
    command += ["--num_processes", "2", "--main_process_port", str(port)]
    command += [str(ROOT / "tests/training/loop_distributed.py"), kind, str(out), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and not arguments:
        pytest.fail(done.stderr[-3000:])
    return done.returncode


def one_process() -> tuple[list[dict[str, Any]], dict[str, torch.Tensor]]:
    trained = model(dropout=0.0, tied=False)
    batches = Shuffled(ready_batches(), seed=3)
    fitted = fit(trained, batches, loss, settings(2), evaluate=mean_loss, best="-loss")
    return [dict(row) for row in fitted.history], trained.state_dict()


def curve(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_compute_what_one_does_with_two_batches(tmp_path: Path, kind: str) -> None:
    launch(kind, tmp_path)
    history, weights = one_process()
    for ours, expected in zip(curve(tmp_path), history, strict=True):
        assert ours.pop("evaluation", None) == pytest.approx(expected.pop("evaluation", None))
        assert ours == pytest.approx(expected, rel=1e-5)
    stored = load_tensors(tmp_path / "checkpoints/step-00000012/model.safetensors")
    for name, tensor in stored.items():
        torch.testing.assert_close(tensor, weights[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_process_and_the_same_command_again(tmp_path: Path, kind: str) -> None:
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    assert launch(kind, killed, "8") != 0
    assert curve(killed)[-1]["step"] < 12
    launch(kind, killed)
    launch(kind, calm)
    assert (killed / "metrics.jsonl").read_bytes() == (calm / "metrics.jsonl").read_bytes()
