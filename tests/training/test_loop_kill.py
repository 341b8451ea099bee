"""SIGKILL at any point, the same call again: the same loss curve and weights to the last bit."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.loop_toys import run_to_kill
from training.checkpoints import WRITING

# Steps have two batches each; a checkpoint has 5 fsyncs (3 tensor files, state, folder, parent).
KILLS = [
    ("loss", 1),  # in the first step, with nothing but the initial checkpoint
    ("loss", 5),  # half-way through an update
    ("fsync", 3),  # a checkpoint half written
    ("fsync", 9),
    ("rename", 1),  # a checkpoint written but not in place
    ("rename", 2),
    ("rmtree", 2),  # in place, and the one before not yet removed
    ("mkdir", 4),
    ("loss", 16),
    ("loss", 20),
]


@pytest.fixture(scope="module")
def start() -> Callable[..., int]:
    """Run in a new process that has torch but no threads; returns its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.loop_toys"])

    def run(*args: object) -> int:
        process = context.Process(target=run_to_kill, args=args)
        process.start()
        process.join()
        return process.exitcode if process.exitcode is not None else 1

    return run


@pytest.mark.parametrize(("optimizer", "kills"), [("adamw", KILLS), ("muon", KILLS[1::3])])
def test_killed_runs_end_as_an_undisturbed_one(
    tmp_path: Path, start: Callable[..., int], optimizer: str, kills: list[tuple[str, int]]
) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    assert start(calm, "nowhere", 0, optimizer) == 0
    codes = [start(killed, where, count, optimizer) for where, count in kills]
    assert codes.count(-signal.SIGKILL) >= 0.8 * len(kills) - 1  # late ones may come after the end
    assert start(killed, "nowhere", 0, optimizer) == 0
    assert (killed / "metrics.jsonl").read_bytes() == (calm / "metrics.jsonl").read_bytes()
    assert (killed / "result.json").read_bytes() == (calm / "result.json").read_bytes()
    assert json.loads((calm / "result.json").read_text())["steps"] == 20
    assert [path.name for path in (killed / "checkpoints").iterdir()] == ["step-00000020"]


def test_half_written_checkpoints_are_swept_and_never_read(
    tmp_path: Path, start: Callable[..., int]
) -> None:
    assert start(tmp_path / "run", "fsync", 3) == -signal.SIGKILL
    left = list((tmp_path / "run" / "checkpoints").glob(f"{WRITING}*"))
    assert len(left) == 1
    assert start(tmp_path / "run", "nowhere", 0) == 0
    assert not list((tmp_path / "run" / "checkpoints").glob(f"{WRITING}*"))
    names = [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()]
    assert names == ["step-00000020"]
