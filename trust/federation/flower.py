"""The same clients and the same server under Flower (https://flower.ai), on machines of their own.

    write_app(config, Path("app"))       # a Flower app: `flwr run app`, one SuperNode a client

A SuperNode says which client it is: `--node-config "partition-id=0 num-partitions=2"`. The server
asks each for that, chooses as the simulation chooses, sends weights, and adds up what comes back in
the order of the clients; the folder of the run is the simulation's, with the same weights to the
last bit, and goes on where it was. Both sides read the same options: names of labels and the
tokenizer come from --train, of which a node trains on its own client's part.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.access import Access
from data.bounded import parse_json
from data.errors import InputError, UnavailableError
from data.files import write_whole
from data.options import from_json, to_json
from models.library import missing_package
from trust.federation.config import Federated
from trust.federation.rounds import Broadcast, Federation, Sent, one_thread
from trust.federation.run import begun_in, run

MODULE = "federated_app"
WAIT = 600.0  # seconds for all nodes to be there
CODE = '''"""Written by trust.federated --flower: the two halves of a Flower app."""

from trust.federation.flower import client_app, server_app

client = client_app()
server = server_app()
'''
PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "federated-{task}"
version = "1.0.0"
description = "Federated training of {task} by kilolingua"
license = "Apache-2.0"
dependencies = ["flwr>=1.42,<2"]

[tool.hatch.build.targets.wheel]
packages = ["."]

[tool.flwr.app]
publisher = "kilolingua"

[tool.flwr.app.components]
serverapp = "{module}:server"
clientapp = "{module}:client"

[tool.flwr.app.config]
options = {options}
"""


def write_app(config: Federated, folder: Path) -> None:
    """Write a Flower app of a run: pyproject.toml, which holds the options, and a module.

    Raises:
        InputError: the folder has another pyproject.toml.
    """
    path = folder / "pyproject.toml"
    if path.exists() and "tool.flwr.app" not in path.read_text("utf-8", "replace"):
        raise InputError(f"--flower {folder}: holds a pyproject.toml of something else; name a new"
                         " folder")  # fmt: skip
    options = {name: _absolute(value) for name, value in to_json(config).items()}
    options["flower"] = None
    options["out"] = str(Path(config.out or "runs/flower").absolute())
    about = {"task": config.task, "module": MODULE, "options": json.dumps(json.dumps(options))}
    write_whole(path, PROJECT.format(**about))
    write_whole(folder / f"{MODULE}.py", CODE)


def _absolute(value: Any) -> Any:
    """Names of files with their whole paths: the halves of an app start in folders of their own."""
    if isinstance(value, list):
        return [_absolute(one) for one in value]
    if not isinstance(value, str):
        return value
    before, sign, path = value.rpartition("=")
    if not sign:
        before, sign, path = (
            value.partition("file:") if value.startswith("file:") else ("", "", value)
        )
    return f"{before}{sign}{Path(path).absolute()}" if path and Path(path).exists() else value


@cache
def _federation(options: str) -> Federation:
    """A run as a node sees it; made once a process."""
    config = from_json(Federated, parse_json(options, "options", dict), "options")
    folder = Path(tempfile.mkdtemp(prefix="federated-"))
    begun = begun_in(config, Access.of(config), folder)
    opened = begun.task.open(begun.setting, begun.found.training)
    return Federation(config, opened, begun.parts, begun.periods, begun.identity)


def client_app(options: str = "") -> Any:
    """The half that has the data: a Flower ClientApp.

    Args:
        options: of the run, as JSON; by default those of the app's pyproject.toml.
    """
    flwr = _flwr()
    app = flwr.ClientApp()

    @app.query()  # type: ignore[untyped-decorator]
    def who(message: Any, context: Any) -> Any:
        told = flwr.ConfigRecord({"client": int(context.node_config["partition-id"])})
        return flwr.Message(flwr.RecordDict({"told": told}), reply_to=message)

    @app.train()  # type: ignore[untyped-decorator]
    def train(message: Any, context: Any) -> Any:
        federation = _federation(options or str(context.run_config["options"]))
        told, arrays = message.content["told"], message.content["arrays"]
        client = int(context.node_config["partition-id"])
        control = _tensor(arrays, "control")
        weights = _tensor(arrays, "weights")
        assert weights is not None  # noqa: S101  # the server always sends them
        sent = Broadcast(int(told["round"]), weights, control)
        own = _kept(context, len(weights)) if control is not None else None
        with one_thread():
            answer = federation.answer(client, list(told["asked"]), sent, own)
        if answer is not None and answer.control is not None:
            context.state["control"] = flwr.ArrayRecord({"own": _array(answer.control[0])})
        return flwr.Message(_written(answer), reply_to=message)

    return app


def _kept(context: Any, size: int) -> Tensor:
    """A node's control of SCAFFOLD, which Flower keeps between rounds; zeros at first."""
    if "control" in context.state.array_records:
        return torch.from_numpy(context.state["control"]["own"].numpy().copy())
    return torch.zeros(size)


def _written(answer: Sent | None) -> Any:
    """An answer as Flower sends it."""
    flwr = _flwr()
    if answer is None:
        return flwr.RecordDict({"told": flwr.ConfigRecord({"answered": False})})
    arrays = {"vector": _array(answer.vector)}
    if answer.control is not None:
        arrays |= {
            name: _array(o) for name, o in zip(("own", "change"), answer.control, strict=True)
        }
    told = {"answered": True, "share": answer.share, "travelled": answer.travelled}
    told |= {"steps": answer.steps, "loss": answer.loss}
    return flwr.RecordDict({"told": flwr.ConfigRecord(told), "arrays": flwr.ArrayRecord(arrays)})


def _read(content: Any) -> Sent | None:
    """What `_written` wrote."""
    told = content["told"]
    if not told["answered"]:
        return None
    arrays = content["arrays"]
    vector, own, change = (_tensor(arrays, name) for name in ("vector", "own", "change"))
    assert vector is not None  # noqa: S101  # of an answer it is there
    control = (own, change) if own is not None and change is not None else None
    numbers = (int(told["travelled"]), int(told["steps"]), float(told["loss"]))
    return Sent(vector, float(told["share"]), *numbers, control)


def server_app(options: str = "") -> Any:
    """The half that adds up: a Flower ServerApp, whose main is the run itself.

    Args:
        options: of the run, as JSON; by default those of the app's pyproject.toml.
    """
    flwr = _flwr()
    app = flwr.ServerApp()

    @app.main()  # type: ignore[untyped-decorator]
    def main(grid: Any, context: Any) -> None:
        told = parse_json(options or str(context.run_config["options"]), "options", dict)
        config = from_json(Federated, told, "options")
        ask = Nodes(grid, config)
        run(config, Access.of(config), None, ask)

    return app


class Nodes:
    """Asks the clients of a round over Flower's grid (`trust.federation.rounds.Ask`)."""

    def __init__(self, grid: Any, config: Federated) -> None:
        self._grid, self._config = grid, config
        self._nodes: dict[int, int] = {}

    def __call__(
        self, asked: Sequence[int], left: Sequence[int], sent: Broadcast
    ) -> Iterator[Sent | None]:
        """Answers in the order of the clients; None of one that cannot be reached."""
        flwr = _flwr()
        self._find(left)
        arrays = {"weights": _array(sent.weights)}
        if sent.control is not None:
            arrays["control"] = _array(sent.control)
        told = {"round": sent.round, "asked": list(asked)}
        content = flwr.RecordDict(
            {"arrays": flwr.ArrayRecord(arrays), "told": flwr.ConfigRecord(told)}
        )
        messages = [
            flwr.Message(content, dst_node_id=self._nodes[client], message_type="train")
            for client in left
        ]
        by_node: dict[int, Any] = {}
        for reply in self._grid.send_and_receive(messages):
            if reply.has_error():
                raise UnavailableError(f"a node failed: {reply.error.reason}; see its log")
            by_node[reply.metadata.src_node_id] = reply.content
        for client in left:
            content = by_node.get(self._nodes[client])
            yield None if content is None else _read(content)

    def _find(self, clients: Sequence[int]) -> None:
        """Wait until the nodes of these clients are there."""
        flwr, until = _flwr(), time.monotonic() + WAIT
        while any(client not in self._nodes for client in clients):
            new = [node for node in self._grid.get_node_ids() if node not in self._nodes.values()]
            messages = [
                flwr.Message(flwr.RecordDict(), dst_node_id=node, message_type="query")
                for node in new
            ]
            for reply in self._grid.send_and_receive(messages) if messages else ():
                if not reply.has_error():
                    client = int(reply.content["told"]["client"])
                    self._nodes[client] = reply.metadata.src_node_id
            if time.monotonic() > until:
                lacking = sorted(set(clients) - {*self._nodes})
                raise UnavailableError(
                    f"no node says that it is client {lacking[0]}; start one with --node-config"
                    f' "partition-id={lacking[0]}"'
                )
            if not messages:
                time.sleep(0.5)


def _array(tensor: Tensor) -> Any:
    return _flwr().Array(tensor.numpy())


def _tensor(arrays: Mapping[str, Any], name: str) -> Tensor | None:
    return torch.from_numpy(arrays[name].numpy().copy()) if name in arrays else None


@cache
def _flwr() -> Any:
    """What of Flower is used here, by name.

    Raises:
        UnavailableError: it is not installed.
    """
    from types import SimpleNamespace

    try:
        from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
        from flwr.clientapp import ClientApp
        from flwr.serverapp import ServerApp
    except ImportError as error:
        raise missing_package(error, "federated") from error
    return SimpleNamespace(
        Array=Array,
        ArrayRecord=ArrayRecord,
        ConfigRecord=ConfigRecord,
        Message=Message,
        RecordDict=RecordDict,
        ClientApp=ClientApp,
        ServerApp=ServerApp,
    )
