"""A tiny model, batches of two lengths and a run that can be killed, for the tests of the loop."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.loop import Batch, Fitted, Settings, Shuffled, fit

WORDS = 30
KILLED = ("mkdir", "fsync", "rename", "rmtree")


class Reverser(nn.Module):
    """Each position names a word; dropout, a norm, a tied output layer and a buffer."""

    def __init__(self, dropout: float = 0.1, tied: bool = True) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, 8)
        self.layers = nn.ModuleList([nn.Linear(8, 8)])
        self.norm = nn.LayerNorm(8)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8, WORDS, bias=False)
        if tied:
            self.head.weight = self.embed.weight
        self.register_buffer("offset", torch.full((8,), 0.5))

    def forward(self, ids: Tensor) -> Tensor:  # (B, T) -> (B, T, WORDS)
        hidden = self.embed(ids) + self.offset
        for layer in self.layers:
            hidden = hidden + self.dropout(torch.tanh(layer(hidden)))
        return self.head(self.norm(hidden))


def model(seed: int = 0, **options: Any) -> Reverser:
    """The model with the same weights for the same seed."""
    torch.manual_seed(seed)
    return Reverser(**options)


def ready_batches(count: int = 7, seed: int = 1) -> list[Batch]:
    """Batches (4, 3) and (4, 5), every label scored but one in four."""
    draw = torch.Generator().manual_seed(seed)
    made = []
    for number in range(count):
        ids = torch.randint(WORDS, (4, 3 + 2 * (number % 2)), generator=draw)
        labels = ids.flip(1).clone()
        labels[torch.rand(ids.shape, generator=draw) < 0.25] = -100
        made.append({"ids": ids, "labels": labels})
    return made


def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Cross-entropy summed over scored positions, and their number."""
    logits, labels = model(batch["ids"]), batch["labels"]
    summed = nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum"
    )
    return summed, (labels != -100).sum()


def mean_loss(model: nn.Module) -> dict[str, float]:
    """An evaluation, which draws from torch's randomness on purpose."""
    torch.rand(1)
    pairs = [loss(model, batch) for batch in ready_batches(seed=2)]
    return {"loss": float(sum(s for s, _ in pairs) / sum(n for _, n in pairs))}


class Noisy:
    """Batches with labels that a generator of the caller's changes now and then."""

    def __init__(self, generator: random.Random) -> None:
        self._inner, self._generator = Shuffled(ready_batches(), seed=3), generator

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._inner:
            labels = batch["labels"].clone()
            labels[0, 0] = self._generator.randrange(WORDS)
            yield {**batch, "labels": labels}

    def state_dict(self) -> dict[str, Any]:
        return self._inner.state_dict()

    def load_state_dict(self, state: Any) -> None:
        self._inner.load_state_dict(state)


KILL_SETTINGS = Settings(
    steps=20,
    learning_rate=0.01,
    accumulate=2,
    average=0.9,
    device="cpu",
    evaluate_every=4,
    checkpoint_every=3,
    log_every=2,
)


def run_to_kill(out: Path, where: str, count: int, optimizer: str = "adamw") -> None:
    """A run in a process of its own that kills itself at the count-th call of something."""
    torch.set_num_threads(1)
    hooks: dict[str, Callable[[], None]] = {"loss": lambda: None}
    if where == "loss":
        hooks["loss"] = killer(count)
    elif where in KILLED:
        kill_before(where, count)

    def deadly(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        hooks["loss"]()
        return loss(model, batch)

    settings = KILL_SETTINGS.to_json() | {"optimizer": optimizer, "betas": (0.9, 0.999)}
    draw = random.Random(5)
    trained = model(seed=os.getpid())  # a resumed run must not hang on the caller's weights
    if not (out / "checkpoints").exists():
        trained = model()
    fitted = fit(
        trained,
        Noisy(draw),
        deadly,
        Settings(**settings),
        out=out,
        evaluate=mean_loss,
        best="-loss",
        generators=[draw],
    )
    write_result(out, trained, fitted)


def write_result(out: Path, trained: nn.Module, fitted: Fitted) -> None:
    """What a run gave, to the last bit."""
    weights = {name: tensor.tolist() for name, tensor in trained.state_dict().items()}
    result = {"weights": weights, "steps": fitted.steps, "best": fitted.best_step}
    (out / "result.json").write_text(json.dumps(result))


def killer(count: int) -> Callable[[], None]:
    """What kills this process when it is called for the count-th time."""
    left = [count]

    def call() -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return call


def kill_before(where: str, count: int) -> None:
    """Kill this process before the count-th fsync, rename ... of anything."""
    import shutil

    owner: Any = {"fsync": os, "rmtree": shutil}.get(where, Path)
    real, kill = getattr(owner, where), killer(count)

    def deadly(*args: Any, **options: Any) -> Any:
        kill()
        return real(*args, **options)

    setattr(owner, where, deadly)
