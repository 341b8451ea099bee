"""Flower's simulation (on Ray) beside ours: the same clients, in one run, in turns.

toy: ten clients with a linear layer of 15 weights, three rounds of FedAvg: what asking a client
costs. Data and model are at hand on both sides; Flower's side has its own FedAvg.
command: the whole command on the two-layer model of intents; Flower's side runs our ServerApp and
ClientApp, whose weights must be the same to the byte.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from data.options import to_json
from runfolder.folder import version_of
from training.batches import Batch, Shuffled
from trust.federated import federate
from trust.federation.client import Work, flat, work
from trust.federation.config import Federated
from trust.federation.partition import Parts
from trust.federation.rounds import Federation

CLIENTS, ROUNDS, EXAMPLES, TURNS = 10, 3, 8, 3
BACKEND = {"client_resources": {"num_cpus": 1}}
TOY = Federated("topics", clients=CLIENTS, per_round=CLIENTS, rounds=ROUNDS, evaluate_every=0)
OPTIONS: dict[str, Any] = {
    "train": ("xsid:dev:en", "xsid:dev:kk"),
    "test": ("xsid:test:kk",),
    "limit": 150,
    "tokenizer": "train:600",
    "clients": CLIENTS,
    "per_round": CLIENTS,
    "rounds": ROUNDS,
    "evaluate_every": 0,
}


class Toy:
    """Points of three classes in four dimensions, eight a client, and a linear layer."""

    def __init__(self) -> None:
        draw = torch.Generator().manual_seed(1)
        self.model = nn.Linear(4, 3)
        with torch.no_grad():
            for one in self.model.parameters():
                one.copy_(torch.randn(one.shape, generator=draw))
        self._points = torch.randn(CLIENTS * EXAMPLES, 4, generator=draw)
        self._classes = torch.randint(3, (CLIENTS * EXAMPLES,), generator=draw)

    @staticmethod
    def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, int]:
        """Cross entropy, summed."""
        lost = nn.functional.cross_entropy(model(batch["x"]), batch["y"], reduction="sum")
        return lost, len(batch["y"])

    def batches(self, members: Sequence[int], seed: int) -> tuple[Shuffled, int]:
        """One batch."""
        chosen = list(members)
        return Shuffled([{"x": self._points[chosen], "y": self._classes[chosen]}], seed), 1


def members(client: int) -> tuple[int, ...]:
    """The examples of a client."""
    return tuple(range(client * EXAMPLES, (client + 1) * EXAMPLES))


def toy_here() -> Tensor:
    """The weights after three rounds."""
    toy, parts = Toy(), Parts(tuple(map(str, range(CLIENTS))), tuple(map(members, range(CLIENTS))))
    with tempfile.TemporaryDirectory() as folder:
        federation = Federation(TOY, toy, parts, [0] * CLIENTS * EXAMPLES, {"toy": 1})  # type: ignore[arg-type]
        list(federation.run(Path(folder), dict))
    return flat(toy.model)


def toy_there() -> Tensor:
    """The same by Flower: its simulation, its FedAvg, our client's work."""
    from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
    from flwr.clientapp import ClientApp
    from flwr.serverapp import ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation

    client, server, found = ClientApp(), ServerApp(), []

    @client.train()  # type: ignore[untyped-decorator]
    def train(message: Any, context: Any) -> Any:
        toy, number = Toy(), int(context.node_config["partition-id"])
        weights = torch.from_numpy(message.content["arrays"]["weights"].numpy().copy()).float()
        how = Work(TOY.settings(1, 0), epochs=1, seed=1)
        answer = work(toy, members(number), weights, how)  # type: ignore[arg-type]
        arrays = ArrayRecord({"weights": Array((weights + answer.update).numpy())})
        told = {"arrays": arrays, "metrics": MetricRecord({"num-examples": EXAMPLES})}
        return Message(RecordDict(told), reply_to=message)

    @server.main()  # type: ignore[untyped-decorator]
    def main(grid: Any, context: Any) -> None:  # noqa: ARG001  # as Flower calls it
        begin = ArrayRecord({"weights": Array(flat(Toy().model).numpy())})
        strategy = FedAvg(fraction_evaluate=0.0, min_available_nodes=CLIENTS)
        done = strategy.start(grid=grid, initial_arrays=begin, num_rounds=ROUNDS)
        found.append(torch.from_numpy(done.arrays["weights"].numpy().copy()).float())

    run_simulation(server, client, num_supernodes=CLIENTS, backend_config=BACKEND)
    weights: Tensor = found[0]
    return weights


def here() -> Tensor:
    """The command's own run."""
    with tempfile.TemporaryDirectory() as folder:
        return _weights(federate(Federated(**OPTIONS, out=Path(folder) / "run")).folder)


def there() -> Tensor:
    """The same run, whose clients are Flower's simulated SuperNodes."""
    from flwr.simulation import run_simulation

    from trust.federation.flower import client_app, server_app

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        options = json.dumps(to_json(Federated(**OPTIONS, out=run)))
        apps = (server_app(options), client_app(options))
        run_simulation(*apps, num_supernodes=CLIENTS, backend_config=BACKEND)
        return _weights(run)


def _weights(run: Path) -> Tensor:
    from safetensors.torch import load_file

    found = load_file(run / "model" / "model.safetensors")
    return torch.cat([found[name].flatten() for name in sorted(found)])


SIDES: dict[str, tuple[Callable[[], Tensor], Callable[[], Tensor]]] = {
    "toy": (toy_here, toy_there),
    "command": (here, there),
}


def both(what: str) -> dict[str, Any]:
    """Seconds of both sides, the ratio of their medians, and how far their weights are apart."""
    times: tuple[list[float], list[float]] = ([], [])
    weights: list[Tensor] = []
    for _ in range(TURNS if what == "toy" else 1):
        for side, run in enumerate(SIDES[what]):
            clock = time.perf_counter()
            weights.append(run())
            times[side].append(round(time.perf_counter() - clock, 3))
    return {
        "here": times[0],
        "flower": times[1],
        "ratio": round(median(times[1]) / median(times[0]), 1),
        "apart": max(float((one - weights[0]).abs().max()) for one in weights),
        "load": round(os.getloadavg()[0], 1),
        "flwr": version_of("flwr"),
        "ray": version_of("ray"),
    }
