"""Our loop beside `transformers.Trainer`: same model, batches, optimiser, schedule, in one run.

    python -m bench.transformers_trainer                            # encoder and decoder, 200 steps
    python -m bench.transformers_trainer --model encoder-tiny --rounds 5

Three sides take turns, each turn in a process of its own:

(a) Trainer   as its users have it: the model computes its loss, default optimiser (fused AdamW),
              nothing logged or saved on the way.
(b) ours      `training.loop.fit` with the loss of `training.losses`, as `training.pretrain` has it.
(c) loop only `fit` with the loss that the model computes itself: what the loop alone is worth.

All get ready batches (padded tensors), so that no side pays for collation. The
clock starts when a side asks for its batch number --warm and stops when training returns. CPU
seconds stand beside wall seconds: on a busy machine they are the fairer ones. The losses after
the last step, on a batch that nobody trained on, must agree.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from training.architectures import SpecialIds, build, named
from training.loop import Batch, Settings, fit
from training.losses import Loss, loss_for

SIDES = {"trainer": "(a) transformers.Trainer", "ours": "(b) ours", "loop": "(c) loop only"}
VOCABULARY = 8000
FIRST_WORD = 5  # pad, bos, eos, unk, mask stand before
MASKED = 0.15
RATE, DECAY = 1e-3, 0.01


def make_batches(count: int, rows: int, longest: int, masked: bool) -> list[dict[str, Tensor]]:
    """Batches (rows, T <= longest) of words by Zipf's law; two fifths repeat the word before."""
    draw = torch.Generator().manual_seed(1)
    ranks = torch.arange(1, VOCABULARY - FIRST_WORD + 1, dtype=torch.float64)
    made = []
    for _ in range(count):
        lengths = torch.randint(longest // 2, longest + 1, (rows,), generator=draw)
        width = int(lengths.max())
        words = torch.multinomial(1 / ranks, rows * width, replacement=True, generator=draw)
        ids = words.view(rows, width) + FIRST_WORD
        again = torch.rand(rows, width, generator=draw) < 0.4
        ids = torch.where(again, ids.roll(1, dims=1), ids)
        inside = torch.arange(width) < lengths[:, None]
        chosen = torch.rand(rows, width, generator=draw) < (MASKED if masked else 1.0)
        labels = torch.where(inside & chosen, ids, -100)
        ids = torch.where(labels >= 0, 4, ids) if masked else ids
        mask = inside.long()
        made.append({"input_ids": ids * mask, "attention_mask": mask, "labels": labels})
    return made


class Timed(IterableDataset[Batch]):
    """The batches once, and the clock's start when batch number `warm` is asked for."""

    def __init__(self, batches: Sequence[Batch], warm: int) -> None:
        self._batches, self._warm = batches, warm
        self.start = (0.0, 0.0)
        self.tokens = 0

    def __iter__(self) -> Iterator[Batch]:
        for number, batch in enumerate(self._batches):
            if number == self._warm:
                self.start, self.tokens = (time.perf_counter(), time.process_time()), 0
            self.tokens += int(batch["attention_mask"].sum())
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the bench never resumes."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to go on from."""


def with_trainer(
    model: nn.Module,
    items: Any,
    steps: int,
    *,
    bfloat16: bool = False,
    rows: int = 1,
    collate: Callable[[list[Any]], dict[str, Tensor]] = lambda items: dict(items[0]),
) -> None:
    """(a): Trainer's defaults but for what is asked of all sides.

    Args:
        items: of a data set; an item is a whole batch unless `rows` and `collate` make one of many.
    """
    from transformers import Trainer, TrainingArguments
    from transformers.utils import logging

    logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=rows,
            learning_rate=RATE,
            weight_decay=DECAY,
            lr_scheduler_type="linear",
            max_grad_norm=1.0,
            logging_steps=steps,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            bf16=bfloat16,
        )
        Trainer(model=model, args=arguments, train_dataset=items, data_collator=collate).train()


def own_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """The mean that the model computes, as a sum and a count."""
    labels = batch["labels"]
    scored = labels if "Masked" in type(model).__name__ else labels[:, 1:]
    count = (scored != -100).sum()
    return model(**batch).loss * count, count


def with_fit(
    model: nn.Module, batches: Timed, steps: int, loss: Loss, *, bfloat16: bool = False
) -> None:
    """(b) and (c): the same settings, said to our loop."""
    settings = Settings(
        steps=steps,
        learning_rate=RATE,
        weight_decay=DECAY,
        schedule="linear",
        warmup=0,
        clip=1.0,
        device="cpu",
        dtype="bfloat16" if bfloat16 else "float32",
        log_every=steps,
    )
    fit(model, batches, loss, settings)


def turn(options: argparse.Namespace) -> dict[str, float]:
    """One side's turn in this process: tokens, wall and CPU seconds, loss afterwards."""
    torch.set_num_threads(options.threads)
    [name] = options.model
    architecture = named(name)[0].architecture
    masked = architecture == "encoder"
    *batches, held_out = make_batches(options.steps + 1, options.rows, options.length, masked)
    model = build(name, SpecialIds(pad=0, bos=1, eos=2), vocabulary=VOCABULARY, seed=1)
    stream = Timed(batches, options.warm)
    if options.side == "trainer":
        with_trainer(model, stream, options.steps)
    else:
        loss = loss_for(architecture) if options.side == "ours" else own_loss
        with_fit(model, stream, options.steps, loss)
    wall, cpu = time.perf_counter() - stream.start[0], time.process_time() - stream.start[1]
    model.eval()
    with torch.no_grad():
        held_out_loss = float(model(**held_out).loss)
    return {"tokens": stream.tokens, "wall": wall, "cpu": cpu, "loss": held_out_loss}


def turn_elsewhere(side: str, name: str, options: argparse.Namespace) -> dict[str, float]:
    """The same in a process of its own, so that no side inherits another's memory."""
    command = [sys.executable, "-m", "bench.transformers_trainer", "--side", side, "--model", name]
    for key in ("steps", "warm", "rows", "length", "threads"):
        command += [f"--{key}", str(getattr(options, key))]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(name: str, options: argparse.Namespace) -> None:
    """Let the sides take turns and print medians, ratios and losses."""
    turns: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side in SIDES:
            turns[side].append(turn_elsewhere(side, name, options))
    print(f"\n{name}, {options.steps} steps, {options.rows} rows of up to {options.length} tokens,")
    print(f"{options.threads} threads, medians of {options.rounds}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':26} {'tokens/s':>9} {'per CPU s':>10} {'x (a)':>6} {'x CPU':>6} {'loss':>12}")
    for side, label in SIDES.items():
        print(table_row(label, turns[side], turns["trainer"]))
    losses = [one["loss"] for some in turns.values() for one in some]
    print(f"losses after {options.steps} steps differ by at most {max(losses) - min(losses):.1e}")


def table_row(
    label: str, turns: Sequence[Mapping[str, float]], base: Sequence[Mapping[str, float]]
) -> str:
    """A line of the table: medians, and ratios to the base in the same round."""
    wall, cpu = (statistics.median(t["tokens"] / t[key] for t in turns) for key in ("wall", "cpu"))
    rounds = list(zip(turns, base, strict=True))
    by_wall = statistics.median(b["wall"] / t["wall"] for t, b in rounds)
    by_cpu = statistics.median(b["cpu"] / t["cpu"] for t, b in rounds)
    loss = turns[0]["loss"]
    return f"{label:26} {wall:9,.0f} {cpu:10,.0f} {by_wall:6.2f} {by_cpu:6.2f} {loss:12.7f}"


def main() -> None:
    """Measure all sides, or take one turn (--side)."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", action="append", help="a name of training.architectures")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--warm", type=int, default=10, help="steps before the clock starts")
    parser.add_argument("--rows", type=int, default=16, help="sentences a batch")
    parser.add_argument("--length", type=int, default=64, help="the longest sentence")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(turn(options)))
        return
    for name in options.model or ["encoder-small", "decoder-small"]:
        measure(name, options)


if __name__ == "__main__":
    main()
