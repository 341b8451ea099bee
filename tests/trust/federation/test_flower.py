"""Beside Flower: its strategies' weights after three rounds, and its runtime with our clients.

tests/golden/flower.json has what flwr 1.42.0's strategies made of the same clients' answers; where
flwr is installed they are asked again. `python -m tests.trust.federation.test_flower` writes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from data.bounded import read_json
from training.batches import Batch, Shuffled
from training.settings import Settings
from trust.federation.client import Work, flat, work
from trust.federation.server import make_server

GOLDEN = Path(__file__).parents[2] / "golden" / "flower.json"
SIZES = (3, 12, 7, 30, 1)  # examples of the clients
ROUNDS = 3
STRATEGIES = {
    "fedavg": ("FedAvg", {}, 1.0),
    "fedprox": ("FedProx", {"proximal_mu": 0.5}, 1.0),
    "fedopt-adam": ("FedAdam", {"eta": 0.1}, 0.1),
    "fedopt-yogi": ("FedYogi", {"eta": 0.01}, 0.01),
}


class Small:
    """Three classes of points in four dimensions, one linear layer: 15 weights."""

    def __init__(self) -> None:
        draw = torch.Generator().manual_seed(7)
        self.model = nn.Linear(4, 3)
        with torch.no_grad():
            for one in self.model.parameters():
                one.copy_(torch.randn(one.shape, generator=draw) / 4)
        self._points = torch.randn(sum(SIZES), 4, generator=draw)
        self._classes = torch.randint(3, (sum(SIZES),), generator=draw)

    @staticmethod
    def loss(model: nn.Module, batch: Batch) -> tuple[torch.Tensor, int]:
        scores = model(batch["x"])
        lost = nn.functional.cross_entropy(scores, batch["y"], reduction="sum")
        return lost, len(batch["y"])

    def batches(self, members: list[int], seed: int) -> tuple[Shuffled, int]:
        groups = [members[at : at + 4] for at in range(0, len(members), 4)]
        made = [{"x": self._points[g], "y": self._classes[g]} for g in groups]
        return Shuffled(made, seed), len(made)


def updates(
    small: Small, weights: torch.Tensor, number: int, proximal: float
) -> list[torch.Tensor]:
    """What each client changes in a round."""
    settings = Settings(
        steps=1, learning_rate=0.3, schedule="constant", warmup=0, optimizer="sgd", device="cpu",
        log_every=0, checkpoint_every=0,
    )  # fmt: skip
    found, start = [], 0
    for client, size in enumerate(SIZES):
        how = Work(settings, epochs=2, seed=100 * number + client, proximal=proximal)
        answer = work(small, list(range(start, start + size)), weights, how)  # type: ignore[arg-type]
        found.append(answer.update)
        start += size
    return found


def ours(name: str) -> list[list[float]]:
    """The weights after each round."""
    small, server = Small(), make_server(name, STRATEGIES[name][2])
    weights, found = flat(small.model).double(), []
    for number in range(ROUNDS):
        changes = updates(small, weights.float(), number, 0.5 if name == "fedprox" else 0.0)
        total = sum(n * one.double() for n, one in zip(SIZES, changes, strict=True))
        weights = server.step(weights, total / sum(SIZES), number + 1)
        found.append(weights.tolist())
    return found


def flowers(name: str) -> list[list[float]]:
    """The same, by Flower's strategy of that name."""
    from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
    from flwr.serverapp import strategy
    from flwr.supercore.task_identity import TaskIdentity

    TaskIdentity.run_id = TaskIdentity.node_id = TaskIdentity.task_id = 1  # outside of its runtime
    kind, options, _ = STRATEGIES[name]
    chosen = getattr(strategy, kind)(**options)
    small, found = Small(), []
    weights = flat(small.model)
    for number in range(ROUNDS):
        changes = updates(small, weights, number, 0.5 if name == "fedprox" else 0.0)
        replies = []
        for client, (size, change) in enumerate(zip(SIZES, changes, strict=True)):
            arrays = ArrayRecord({"weights": Array((weights + change).numpy())})
            told = {"arrays": arrays, "metrics": MetricRecord({"num-examples": size})}
            replies.append(Message(RecordDict(told), dst_node_id=client, message_type="train"))
        chosen.current_arrays = {"weights": weights.numpy()}
        made, _ = chosen.aggregate_train(number + 1, replies)
        weights = torch.from_numpy(made["weights"].numpy()).float()
        found.append(weights.tolist())
    return found


@pytest.mark.parametrize("name", STRATEGIES)
def test_three_rounds_are_flowers(name: str) -> None:
    golden: Mapping[str, Any] = read_json(GOLDEN, {"flwr": str, "weights": dict})
    mine = torch.tensor(ours(name))
    torch.testing.assert_close(mine, torch.tensor(golden["weights"][name]), rtol=0, atol=1e-6)
    assert (mine[2] - mine[0]).abs().max() > 1e-2


@pytest.mark.parametrize("name", STRATEGIES)
def test_flower_says_so_itself(name: str) -> None:
    pytest.importorskip("flwr", reason="the extra federated is not installed")
    torch.testing.assert_close(
        torch.tensor(ours(name)), torch.tensor(flowers(name)), rtol=0, atol=1e-6
    )


def test_an_app_has_whole_paths_and_spares_other_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.errors import InputError
    from trust.federation.config import Federated
    from trust.federation.flower import write_app

    data = tmp_path / "sw.txt"
    data.write_text("Mvua inanyesha.\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    config = Federated("lm", ("sw=sw.txt",), ("sib200:test:sw",), per_round=2)
    write_app(config, tmp_path / "app")
    text = (tmp_path / "app" / "pyproject.toml").read_text("utf-8")
    assert f"sw={data}" in text
    assert "sib200:test:sw" in text
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pyproject.toml").write_text("[project]\n", "utf-8")
    with pytest.raises(InputError, match="of something else"):
        write_app(config, tmp_path / "other")


@pytest.mark.real
def test_two_machines_make_the_simulation_s_weights(tmp_path: Path) -> None:
    """A SuperLink and two SuperNodes on this machine, SCAFFOLD and masks, byte for byte."""
    pytest.importorskip("flwr", reason="the extra federated is not installed")
    words = "--task intents --train xsid:dev:en,xsid:dev:kk --test xsid:test:kk --limit 60"
    words += " --clients 2 --per-round 2 --rounds 3 --tokenizer train:600 --server scaffold --masks"
    command = [sys.executable, "-m", "trust.federated", *words.split(), "--evaluate-every", "0"]
    subprocess.run([*command, "--out", tmp_path / "here" / "run"], check=True)
    app = ["--flower", tmp_path / "app", "--out", tmp_path / "there" / "run"]
    subprocess.run([*command, *app], check=True)
    home = tmp_path / "flower"
    home.mkdir()
    here = '[superlink]\ndefault = "here"\n\n[superlink.here]\naddress = "127.0.0.1:8123"\n'
    (home / "config.toml").write_text(f"{here}insecure = true\n", "utf-8")
    with_home = {**os.environ, "FLWR_HOME": str(home), "FLWR_TELEMETRY_ENABLED": "0"}
    link = ["flower-superlink", "--insecure", "--port", "8123"]
    started = [
        subprocess.Popen([*link, "--disable-runtime-dependency-installation"], env=with_home)
    ]
    try:
        for node in (0, 1):
            told = f"partition-id={node} num-partitions=2"
            command = ["flower-supernode", "--insecure", "--superlink", "127.0.0.1:8123"]
            command += ["--port", f"813{node}", "--node-config", told]
            time.sleep(5)
            started.append(subprocess.Popen(command, env=with_home))
        subprocess.run(["flwr", "run", tmp_path / "app"], env=with_home, check=True, timeout=120)
        until, scores = time.monotonic() + 600, tmp_path / "there" / "run" / "scores.json"
        while not scores.exists() and time.monotonic() < until:
            time.sleep(2)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=60)
    for name in (
        "rounds.jsonl",
        "scores.json",
        "model/model.safetensors",
        "model/heads.safetensors",
    ):
        paths = [tmp_path / side / "run" / name for side in ("here", "there")]
        assert paths[0].read_bytes() == paths[1].read_bytes(), name


if __name__ == "__main__":
    from importlib.metadata import version

    told = {"flwr": version("flwr"), "weights": {name: flowers(name) for name in STRATEGIES}}
    GOLDEN.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
