"""A tagger's training on a trimmed encoder, beside the untrimmed one and `transformers.Trainer`.

    python -m bench.tagging --model multilingual-e5-small --trimmed runs/e5-swahili
    python -m bench.tagging --model multilingual-e5-small --trimmed runs/e5-swahili --tokens 64 2048

Sides take turns, each turn in a process of its own, on the same sentences in the same batches, with
the same optimiser (fused AdamW on all weights), schedule, clipping and type:

untrimmed            `training.tag`'s model, batches, loss and loop on the whole model
trimmed              the same on the trimmed one
Trainer, trimmed     `transformers.Trainer` on the trimmed one, with the loss of the model itself
Trainer, untrimmed   and on the whole one
Trainer, own batches `transformers.Trainer` as its users have it, on the trimmed model: sentences
                     drawn one by one, as many a batch as ours have on average, padded by the
                     library's collator

The clock starts when a side asks for its batch number --warm. Ratios are of tokens a processor
second, which are the fairer ones on a busy machine; wall seconds stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor

from bench.transformers_trainer import Timed, with_fit, with_trainer
from data.randomness import stream as stream_of
from models.resolve import resolve_model
from training.architectures import seeded
from training.tagging.config import TagConfig
from training.tagging.labelled import find_labelled
from training.tagging.run import word_loss
from training.tagging.tagger import batches_of, labels_of, open_tagger

OWN = "Trainer, own batches"
SIDES = ("untrimmed", "trimmed", "Trainer, trimmed", "Trainer, untrimmed", OWN)
WHOLE = ("untrimmed", "Trainer, untrimmed")
Turn = Mapping[str, float]


def turn(options: argparse.Namespace) -> dict[str, float]:
    """One side's turn in this process: tokens, wall and processor seconds, the loss afterwards."""
    torch.set_num_threads(options.threads)
    [tokens] = options.tokens
    base = resolve_model(options.model if options.side in WHOLE else options.trimmed)
    sentences = find_labelled(options.train).sentences[: options.limit]
    labels = sorted({tag for one in sentences for tag in one.tags})
    config = TagConfig((options.train,), model=options.model, steps=options.steps, length=64)
    tagger = open_tagger(config, base, labels, labels[0])
    number = {label: n for n, label in enumerate(labels)}
    tags = [[number[tag] for tag in one.tags] for one in sentences]
    windows = tagger.coder.windows([one.tokens for one in sentences])
    every = batches_of(windows, tokens, tagger.coder.pad, tags, 1)
    rows = round(len(windows) / len(every))
    stream_of(1, "batches").shuffle(every)  # they are sorted by length
    *batches, held_out = every[: options.steps + 1]
    stream: Any = Timed(batches, options.warm)
    with seeded(1):
        how = {"bfloat16": options.dtype == "bfloat16"}
        if options.side == OWN:
            stream = Collator(tagger.tokenizer, options.warm, len(batches))
            items = [
                {"input_ids": list(one.ids), "labels": labels_of(one, tags[one.sentence])}
                for one in windows
            ]
            with_trainer(tagger.model, items, len(batches), rows=rows, collate=stream, **how)
        elif options.side.startswith("Trainer"):
            with_trainer(tagger.model, stream, len(batches), **how)
        else:
            with_fit(tagger.model, stream, len(batches), word_loss, **how)
    wall, cpu = perf_counter() - stream.start[0], process_time() - stream.start[1]
    tagger.model.eval()
    with torch.inference_mode():
        total, words = word_loss(tagger.model, held_out)
    return {"tokens": stream.tokens, "wall": wall, "cpu": cpu, "loss": float(total / words)}


class Collator:
    """The library's collator, with a clock that starts at batch number `warm`."""

    def __init__(self, tokenizer: Any, warm: int, steps: int) -> None:
        from transformers import DataCollatorForTokenClassification

        self._collate = DataCollatorForTokenClassification(tokenizer)
        self._warm, self._steps = warm, steps
        self._number = self.tokens = 0
        self.start = (0.0, 0.0)

    def __call__(self, items: list[Any]) -> dict[str, Tensor]:
        """A batch; those that are read ahead and never trained on do not count."""
        if self._number == self._warm:
            self.start = (perf_counter(), process_time())
        if self._warm <= self._number < self._steps:
            self.tokens += sum(len(item["input_ids"]) for item in items)
        self._number += 1
        return dict(self._collate(items))


def turn_elsewhere(side: str, tokens: int, options: argparse.Namespace) -> dict[str, float]:
    """The same in a process of its own, so that no side inherits another's memory."""
    command = [sys.executable, "-m", "bench.tagging", "--side", side, "--tokens", str(tokens)]
    for key in ("model", "trimmed", "train", "limit", "steps", "warm", "threads", "dtype"):
        command += [f"--{key}", str(getattr(options, key))]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(tokens: int, options: argparse.Namespace) -> None:
    """Let the sides take turns at one size of batches, and print medians and ratios."""
    turns: dict[str, list[Turn]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side in SIDES:
            turns[side].append(turn_elsewhere(side, tokens, options))
    print(f"\n{tokens} tokens a batch, {options.steps} updates, {options.dtype}, {options.threads}")
    print(f"threads, medians of {options.rounds}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':20} {'tokens/s':>9} {'per CPU s':>10} {'loss':>9}")
    for side, mine in turns.items():
        wall, cpu = (
            statistics.median(t["tokens"] / t[key] for t in mine) for key in ("wall", "cpu")
        )
        print(f"{side:20} {wall:9,.0f} {cpu:10,.0f} {mine[0]['loss']:9.5f}")
    for other in (side for side in SIDES if side != "trimmed"):
        by_cpu, by_wall = (_ratio(turns["trimmed"], turns[other], key) for key in ("cpu", "wall"))
        print(
            f"trimmed against {other}: {by_cpu:.2f} times by processor time, {by_wall:.2f} by wall"
        )
    sys.stdout.flush()


def _ratio(mine: list[Turn], other: list[Turn], key: str) -> float:
    """The median of the rounds' ratios of speed."""
    return statistics.median(b[key] / a[key] for a, b in zip(mine, other, strict=True))


def main() -> None:
    """Measure all sides, or take one turn (--side)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="multilingual-e5-small")
    parser.add_argument("--trimmed", required=True, help="the folder that trim wrote")
    parser.add_argument("--train", default="ewt:train", help="labelled sentences")
    parser.add_argument("--limit", type=int, default=4000, help="sentences")
    parser.add_argument("--tokens", type=int, nargs="+", default=[128, 512, 2048], help="a batch")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--warm", type=int, default=3, help="updates before the clock starts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="bfloat16", choices=("float32", "bfloat16"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(turn(options)))
        return
    for tokens in options.tokens:
        measure(tokens, options)


if __name__ == "__main__":
    main()
