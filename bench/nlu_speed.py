"""Intents and slots as fast as they are told: torch, ONNX, 8 bits, and `transformers` pipelines.

    python -m bench.nlu_speed RUN --text xsid:test:de      # a run of nlu.train, or its model/
    python -m bench.nlu_speed RUN --text utterances.txt --rounds 5

Sides take turns on one thread, with the same utterances, in batches of 32 and one at a time:

(a) transformers   two pipelines, text-classification and token-classification, over the same
                   encoder in float32: the library has no pipeline for both at once. Their heads are
                   drawn at random, which costs the same.
(b) ours, torch    `NluModel.parse`: intents and slots in one pass, in float32.
(c) ours, ONNX     the graph of `nlu.predict --onnx`, in float32.
(d) ours, int8     the same with `--int8`.

Utterances a second of processor time, medians over rounds; ratios are taken within a round. What
share of answers (intent and all slots) are those of (b) stands beside (c) and (d).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from data.access import Access
from data.cli import Parser, run
from data.errors import InputError

BATCHES = (32, 1)
SIDES = ("transformers", "torch", "onnx", "int8")
Tokens = Sequence[str]
Side = Callable[[Sequence[Tokens]], Any]


def utterances(text: str, limit: int, access: Access) -> list[Tokens]:
    """The tokens of a set's utterances (`xsid:test:de`), or of a file's lines.

    Raises:
        InputError: none there.
    """
    from nlu.sets import find_utterances

    path = Path(text)
    if path.suffix == ".txt":
        found: list[Tokens] = [tuple(line.split()) for line in path.read_text("utf-8").splitlines()]
    else:
        sets = find_utterances(text, "test", access=access)
        found = [tuple(one.tokens) for part in sets for one in part.utterances]
    found = [tokens for tokens in found if tokens][:limit]
    if not found:
        raise InputError(f"--text {text}: expected utterances, found none")
    return found


def pipelines(model: Any) -> Side:
    """Two pipelines of `transformers` over an encoder like the model's own."""
    import transformers

    config = model.network.encoder.config
    heads = {
        "text-classification": transformers.AutoModelForSequenceClassification,
        "token-classification": transformers.AutoModelForTokenClassification,
    }
    asked = [
        transformers.pipeline(
            task, model=kind.from_config(config).eval(), tokenizer=model.tokenizer, device="cpu"
        )
        for task, kind in heads.items()
    ]

    def answers(some: Sequence[Tokens]) -> list[Any]:
        texts = [" ".join(tokens) for tokens in some]
        return [ask(texts, batch_size=len(texts)) for ask in asked]

    return answers


def sides(model: Any, folder: Path) -> dict[str, Side]:
    """Each side's way from utterances to answers."""
    from nlu.onnx import export, with_graph

    found: dict[str, Side] = {"transformers": pipelines(model), "torch": model.parse}
    for name in ("onnx", "int8"):
        print(export(model, folder / f"{name}.onnx", int8=name == "int8"), flush=True)
        found[name] = with_graph(model, folder / f"{name}.onnx").parse
    return found


def seconds(side: Side, tokens: Sequence[Tokens], batch: int) -> float:
    """Processor time of a pass over all utterances, a first batch before the clock starts."""
    side(tokens[:batch])
    began = time.process_time()
    for start in range(0, len(tokens), batch):
        side(tokens[start : start + batch])
    return time.process_time() - began


def told(model: Any, tokens: Sequence[Tokens], rounds: int, folder: Path) -> list[str]:
    """The table's lines."""
    ways = sides(model, folder)
    size = sum(weight.numel() for weight in model.network.parameters())
    lines = [f"{size:,} weights; {len(tokens):,} utterances; {rounds} rounds", ""]
    whole = list(ways["torch"](tokens))
    for name in ("onnx", "int8"):
        alike = sum(
            (one.intent, one.slots) == (other.intent, other.slots)
            for one, other in zip(ways[name](tokens), whole, strict=True)
        )
        lines.append(f"{name}: {100 * alike / len(whole):.1f} % of answers are those of torch")
    lines += ["", "| batch | side | utterances a second | torch's | transformers' |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for batch in BATCHES:
        some = tokens if batch > 1 else tokens[: max(1, len(tokens) // 8)]
        took = [{name: seconds(ways[name], some, batch) for name in SIDES} for _ in range(rounds)]
        for name in SIDES:
            pace = statistics.median(len(some) / one[name] for one in took)
            ratios = [
                statistics.median(one[base] / one[name] for one in took)
                for base in ("torch", "transformers")
            ]
            times = " | ".join(f"{ratio:.2f} times" for ratio in ratios)
            lines.append(f"| {batch} | {name} | {pace:,.0f} | {times} |")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = Parser("bench.nlu_speed", __doc__ or "")
    parser.add_argument("model", metavar="RUN", help="a run of nlu.train, or its model/")
    parser.add_argument("--text", default="xsid:test:de", metavar="SET", help="or a file .txt")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_common("--limit", "--offline", "-v")
    return run(parser, _bench, argv)


def _bench(given: argparse.Namespace) -> int:
    import torch

    from nlu.model import load_nlu

    torch.set_num_threads(1)
    access = Access(offline=given.offline, report=partial(print, flush=True))
    model = load_nlu(given.model, dtype="float32", access=access)
    tokens = utterances(given.text, given.limit or 256, access)
    with tempfile.TemporaryDirectory() as folder:
        for line in told(model, tokens, given.rounds, Path(folder)):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
