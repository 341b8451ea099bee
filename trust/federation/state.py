"""Where a federated run is: one file that appears whole, and the controls of clients.

state.safetensors holds the weights, what the server remembers, and of a round that is under way the
sum so far; its header says which round that is and which clients have answered. A run that was
killed reads it and does what is left, to the same bytes. Its size does not depend on the number of
clients; SCAFFOLD's controls, a vector a client, lie in a sparse file and are read one at a time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from data.bounded import parse_json
from data.errors import InputError
from data.files import canonical_json, write_whole

STATE, CONTROLS = "state.safetensors", "controls.f32"
SHAPE = {
    "round": int,
    "done": int,
    "total": float,
    "answers": [list],
    "losses": {str: float},
    "journal": int,
    "sent": int,
    "received": int,
}


@dataclass
class State:
    """A run between two clients.

    Attributes:
        weights: (P,) float64, of the model that clients get.
        sum: (P,) of weighted updates of the round so far; float64, or whole numbers under masks.
        memory: of the server. pending: new controls of the round's clients, by number; change: the
            sum of what changed in them.
        round: rounds that are over; done: clients of the round that were gone through.
        total: weights of the clients in `sum`.
        answers: of the round: [client, examples, steps, loss, fate].
        losses: the last loss of each client that answered, for selection by it.
        journal: bytes of rounds.jsonl that are this run's.
        sent, received: bytes so far, from the server and to it.
    """

    weights: Tensor
    sum: Tensor
    memory: dict[str, Tensor] = field(default_factory=dict)
    pending: dict[int, Tensor] = field(default_factory=dict)
    change: Tensor | None = None
    round: int = 0
    done: int = 0
    total: float = 0.0
    answers: list[list[Any]] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)
    journal: int = 0
    sent: int = 0
    received: int = 0

    def save(self, folder: Path) -> None:
        """Write it."""
        from safetensors.torch import save

        tensors = {"weights": self.weights, "sum": self.sum}
        tensors |= {f"memory/{name}": one for name, one in self.memory.items()}
        tensors |= {} if self.change is None else {"change": self.change}
        tensors |= {f"control/{client}": one for client, one in self.pending.items()}
        told = {name: getattr(self, name) for name in SHAPE}
        content = save(
            {name: one.contiguous() for name, one in tensors.items()},
            metadata={"state": canonical_json(told)},
        )
        write_whole(folder / STATE, content)

    @classmethod
    def load(cls, folder: Path) -> State | None:
        """Read it; None of a run that has not begun.

        Raises:
            InputError: the file is damaged.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / STATE
        if not path.exists():
            return None
        try:
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                header: Mapping[str, str] = file.metadata() or {}
        except (OSError, SafetensorError) as error:
            raise InputError(
                f"{path}: expected the state of a federated run, found something else; remove the"
                " folder and start again"
            ) from error
        told = parse_json(header.get("state", ""), str(path), SHAPE)
        return cls(
            tensors["weights"],
            tensors["sum"],
            _under("memory/", tensors),
            {int(name): one for name, one in _under("control/", tensors).items()},
            tensors.get("change"),
            **told,
        )


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): one for n, one in tensors.items() if n.startswith(prefix)}


class Controls:
    """SCAFFOLD's controls of all clients, on disk; of a client that never answered all zeros.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     controls = Controls(Path(name), clients=1000, size=3)
    ...     controls.put({7: torch.tensor([1.0, 2.0, 3.0])})
    ...     controls[7].tolist(), controls[8].tolist()
    ([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    """

    def __init__(self, folder: Path, clients: int, size: int) -> None:
        self._path, self._size = folder / CONTROLS, size
        with open(self._path, "ab") as file:
            os.ftruncate(file.fileno(), 4 * clients * size)

    def __getitem__(self, client: int) -> Tensor:
        with open(self._path, "rb") as file:
            file.seek(4 * client * self._size)
            return torch.from_numpy(np.fromfile(file, np.float32, self._size))

    def put(self, controls: Mapping[int, Tensor]) -> None:
        """Write some; the same ones again change nothing."""
        with open(self._path, "r+b") as file:
            for client, control in controls.items():
                file.seek(4 * client * self._size)
                file.write(control.float().numpy().tobytes())
            file.flush()
            os.fsync(file.fileno())
