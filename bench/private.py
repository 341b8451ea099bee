"""What private updates cost beside plain ones, opacus' ghost clipping and a loop over sentences.

    python -m bench.private                     # a table; a line of JSON a case on standard output
    python -m bench.private --case e5 --updates 5

One run, the same model, data and batch, one thread, the sides in turns; an update is forward pass,
backward pass, clipping, noise and AdamW. Seconds are of the processor, medians. Memory is the most
that a process of its own holds above what it held before its first update.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.private.clip import Clip
from training.private.clipping import UNIT
from training.private.guarantee import Guarantee
from training.private.noise import Seeded
from training.private.options import Privacy
from training.private.run import Private
from training.private.sampling import PARTS
from training.processes import Processes, freed_memory_is_kept
from training.settings import Settings
from training.updates import Updater

SIGMA, CLASSES = 1.0, 12
SIDES = ("plain", "private", "opacus", "loop")
# vocabulary, width, layers, sentences, pieces
CASES = {
    "4000": (4_000, 128, 2, 32, 64),
    "30000": (30_000, 128, 2, 32, 64),
    "e5": (8_000, 384, 12, 16, 32),
}


class Layer(nn.Module):
    """Attention and two linear layers, of parts that opacus knows too."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to the same shape."""
        seen = self.before(x)
        parts = (layer(seen) for layer in (self.query, self.key, self.value))
        heads = (one.unflatten(2, (self.heads, -1)).transpose(1, 2) for one in parts)
        mixed = functional.scaled_dot_product_attention(*heads)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.narrow(functional.gelu(self.wide(self.between(x))))


class Classifier(nn.Module):
    """A vocabulary, some layers, a mean, a class."""

    def __init__(self, vocabulary: int, width: int, layers: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        self.layers = nn.Sequential(*(Layer(width) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) to scores (B, CLASSES)."""
        return self.head(self.norm(self.layers(self.table(ids))).mean(dim=1))


class Bert(nn.Module):
    """BERT of multilingual-e5-small's sizes with frozen embeddings, a mean, a class."""

    def __init__(self, vocabulary: int, width: int, layers: int) -> None:
        super().__init__()
        from transformers import BertConfig, BertModel

        config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=12,
            intermediate_size=4 * width,
        )
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.encoder.embeddings.requires_grad_(False)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) to scores (B, CLASSES)."""
        return self.head(self.encoder(input_ids=ids).last_hidden_state.mean(dim=1))


def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, int]:
    """Cross entropy of classes, summed."""
    total = functional.cross_entropy(model(batch["ids"]), batch["classes"], reduction="sum")
    return total, len(batch["ids"])


def begun(case: str) -> tuple[nn.Module, dict[str, Tensor]]:
    """The model of a case, and its batch."""
    vocabulary, width, layers, sentences, pieces = CASES[case]
    torch.manual_seed(0)
    model = (Bert if case == "e5" else Classifier)(vocabulary, width, layers)
    ids = torch.randint(vocabulary, (sentences, pieces))
    return model.train(), {"ids": ids, "classes": torch.randint(CLASSES, (sentences,))}


class Same:
    """The same batch for ever."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield self._batch

    def state_dict(self) -> dict[str, Any]:
        """No place."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """No place."""


def updates(side: str, case: str) -> Callable[[], None]:
    """One update of a side, to be called again and again."""
    model, batch = begun(case)
    if side == "opacus":
        return _opacus(model, batch)
    if side == "loop":
        return _loop(model, batch)
    settings = Settings(steps=1, device="cpu", clip=1.0 if side == "plain" else None)
    stream, backward = Same(batch), None
    if side == "private":
        number = len(batch["ids"])
        privacy = Privacy(8.0, batch=number, clip="auto")
        private = Private(Guarantee(privacy, 32 * number, 1 / 32, SIGMA, 100), Seeded(0, {}), None)  # type: ignore[arg-type]
        backward = private.backward(model, loss)
        stream = Same({PARTS: [batch | {UNIT: torch.arange(number)}]})
    updater = Updater(model, stream, loss, settings, Processes(settings), backward)
    return lambda: _ignored(updater.update(1, 1e-4))


def _ignored(_: object) -> None:
    """Nothing."""


def _opacus(model: nn.Module, batch: Mapping[str, Tensor]) -> Callable[[], None]:
    from opacus.grad_sample import GradSampleModuleFastGradientClipping
    from opacus.optimizers.optimizer_fast_gradient_clipping import DPOptimizerFastGradientClipping
    from opacus.utils.fast_gradient_clipping_utils import DPLossFastGradientClipping

    number = len(batch["ids"])
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    private = GradSampleModuleFastGradientClipping(
        model, batch_first=True, loss_reduction="mean", max_grad_norm=1.0, use_ghost_clipping=True
    )
    optimiser = DPOptimizerFastGradientClipping(
        torch.optim.AdamW(trained, lr=1e-4, fused=True),
        noise_multiplier=SIGMA,
        max_grad_norm=1.0,
        expected_batch_size=number,
    )
    criterion = DPLossFastGradientClipping(
        private, optimiser, nn.CrossEntropyLoss(reduction="mean"), "mean"
    )

    def update() -> None:
        optimiser.zero_grad()
        criterion(private(batch["ids"]), batch["classes"]).backward()
        optimiser.step()

    return update


def _loop(model: nn.Module, batch: Mapping[str, Tensor]) -> Callable[[], None]:
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser, clip = torch.optim.AdamW(trained, lr=1e-4, fused=True), Clip.parse("auto")

    def update() -> None:
        total = [torch.randn_like(weight) * SIGMA for weight in trained]
        for row in range(len(batch["ids"])):
            optimiser.zero_grad()
            loss(model, {name: part[row : row + 1] for name, part in batch.items()})[0].backward()
            own = [weight.grad for weight in trained if weight.grad is not None]
            squared = torch.stack([one.square().sum() for one in own]).sum()
            factor = clip.factors(squared.reshape(1, 1))[0, 0]
            torch._foreach_add_(total, torch._foreach_mul(own, factor))
        for weight, one in zip(trained, total, strict=True):
            weight.grad = one / len(batch["ids"])
        optimiser.step()

    return update


def seconds(case: str, number: int, sides: Sequence[str]) -> dict[str, float]:
    """Seconds of the processor an update, the sides in turns; the loop in every fourth turn."""
    of = {side: updates(side, case) for side in sides}
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(number + 1):
        for side in sides:
            if side == "loop" and turn % 4 > 1:
                continue
            began = time.process_time()
            of[side]()
            if turn:
                taken[side].append(time.process_time() - began)
    return {side: median(each) for side, each in taken.items()}


def memory(case: str, side: str) -> float:
    """The most megabytes that a process of its own holds in updates, above what it began with."""
    command = [sys.executable, "-m", "bench.private", "--case", case, "--memory-of", side]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(told.strip().splitlines()[-1])


def _memory_of(case: str, side: str) -> None:
    """Linux alone: the most that was held can be set back there."""
    update = updates(side, case)
    before = _held("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    for _ in range(3):
        update()
    print(_held("VmHWM") - before)


def _held(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def main() -> None:
    """Time every case."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--updates", type=int, default=12)
    parser.add_argument("--side", choices=SIDES, action="append", help="these alone, plain first")
    parser.add_argument("--memory-of", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    if given.memory_of:
        _memory_of(given.case[0], given.memory_of)
        return
    for case in given.case or CASES:
        with freed_memory_is_kept():  # as `training.loop.fit` has it
            taken = seconds(case, given.updates, given.side or SIDES)
        row: dict[str, Any] = {"case": case, "shape": CASES[case], "plain_s": taken["plain"]}
        row |= {f"{side}/plain": each / taken["plain"] for side, each in taken.items()}
        if "opacus" in taken:
            row["opacus/private"] = taken["opacus"] / taken["private"]
            row["megabytes"] = {side: round(memory(case, side)) for side in SIDES[:3]}
        row["load"] = os.getloadavg()[0]
        print(json.dumps(row, default=lambda number: round(number, 3)), flush=True)


if __name__ == "__main__":
    main()
