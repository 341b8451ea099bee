"""SIGKILL anywhere in a distillation, the same call again: the same bytes, what is kept as well."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILLS = [
    ("ask", 1),  # before anything is kept
    ("ask", 3),  # two shards later
    ("fsync", 2),  # the header or a shard half written
    ("rename", 2),
    ("update", 4),  # nothing but the first checkpoints
    ("fsync", 3),  # a checkpoint half written
    ("rmtree", 1),
    ("update", 3),
    ("rename", 4),  # while the model, scores and the page are written
]
COMPARED = ("metrics.jsonl", "scores.json", "report.html", "before.json")


def test_killed_with_what_the_teacher_said_kept(
    text: Path, teacher: Callable[..., str], tmp_path: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.distillation.kill_runs"])
    base: dict[str, Any] = {"corpora": (str(text),), "teacher": (teacher("encoder"),)}
    base |= {"layers": "1", "loss": "soft,hidden", "cache": "yes", "held_out": 0.1, "length": 32}
    base |= {"steps": 8, "checkpoint_every": 2, "batch_tokens": 512, "device": "cpu"}

    def start(out: Path, where: str, count: int) -> int | None:
        from tests.training.distillation.kill_runs import run_to_kill

        process = context.Process(target=run_to_kill, args=(base | {"out": str(out)}, where, count))
        process.start()
        process.join()
        return process.exitcode

    calm, killed = tmp_path / "calm" / "run", tmp_path / "killed" / "run"
    assert start(calm, "nowhere", 0) == 0
    codes = [start(killed, *kill) for kill in KILLS]
    assert codes.count(-signal.SIGKILL) >= len(KILLS) - 2  # late ones may come after the end
    assert start(killed, "nowhere", 0) == 0
    files = [path for name in ("model", "targets") for path in (calm / name).rglob("*")]
    files = [path for path in files if path.is_file()] + [calm / name for name in COMPARED]
    assert len([path for path in files if path.name.startswith("shard-")]) > 3
    for path in files:
        own = (killed / path.relative_to(calm)).read_bytes()
        assert own.replace(b"/killed", b"/calm") == path.read_bytes(), path.name
