"""Pretrain a model on text of a language with little of it, real and synthetic, or go on with one.

    python -m training.pretrain --objective MLM --config encoder-small --tokenizer train:8000 \\
        --corpus news.sw.txt:2 --corpus runs/synthetic-sw --keep-out masakhapos,ntrex-128 \\
        --time-budget 10m --out runs/encoder-sw
    python -m training.pretrain --objective CLM --model smollm2-135m-instruct --lora 16 \\
        --tokenizer extend:2000 --corpus lafand:train:sw --steps 1000

A corpus is a text file (a document a line; .gz, .zst), .jsonl, .parquet, a folder that
lexaug.synthesize wrote, or one of the catalog (NAME:SPLIT:LANGUAGE), with :WEIGHT behind it. The
folder gets config.json, metrics.jsonl, scores.json, report.html and model/, which transformers'
`from_pretrained` and `icl.eval --model` open. A killed run goes on when the same command is
started again, to the same weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.bounded import read_json
from data.cli import Parser, run
from data.pages import Tabular
from training.looping.options import (
    budget_is_default,
    budget_option,
    default_seconds,
    loop_options,
    seconds_of,
    told_budget,
)

if TYPE_CHECKING:
    from training.looping.progress import Progress
    from training.pretraining.config import PretrainConfig

SCORES = {"held_out": [dict], "notes": [str], "model": dict, "training": dict}
BUDGET = "10m"  # where neither --steps nor --time-budget is given
OPTIONS: dict[str, dict[str, Any]] = {
    "--corpus": {
        "action": "append",
        "metavar": "NAME[:W]",
        "help": "text to train on, with a weight (default 1); once for each",
    },
    "--objective": {
        "metavar": "MIX",
        "help": "encoder: MLM; decoder: CLM; encoder-decoder: T5 (spans), BART, deshuffle, drop, "
        "CLM, MLM, alexatm (drop:0.8,clm:0.2); several with weights: T5:0.8,CLM:0.2",
    },
    "--config": {
        "metavar": "NAME",
        "help": "random weights: FAMILY-SIZE, of encoder, bert, decoder, encoder-decoder, bart and "
        "nano, tiny, small, medium",
    },
    "--model": {"metavar": "NAME", "help": "go on with: a folder, a catalog name, a hub id@commit"},
    "--tokenizer": {
        "metavar": "T",
        "help": "a folder, train:N (pieces, from the corpora), or with --model extend:N",
    },
    "--temperature": {
        "type": float,
        "default": 1.0,
        "help": "above 1: small corpora are drawn more often (default 1)",
    },
    "--packed": {"action": "store_true", "help": "fill every row with documents: no padding"},
    "--lora": {"type": int, "metavar": "R", "help": "train adapters of rank R; they are merged"},
    "--keep-out": {
        "metavar": "NAMES",
        "help": "test sets whose sentences leave the text: ntrex-128,masakhapos:twi,FILE",
    },
    "--held-out": {"type": float, "default": 0.02, "help": "share of documents scored (0.02)"},
    "--held-out-limit": {"type": int, "default": 1000, "help": "documents scored, at most (1000)"},
    "--skip-bad": {"action": "store_true", "help": "leave bad lines out and count them"},
    **loop_options(
        {
            "--learning-rate": {
                "help": "at its highest (default: muon 0.005, adamw 0.001; --model 0.0001, "
                "--lora 0.0002)"
            },
            "--optimizer": {"help": "muon (default with --config) or adamw (default with --model)"},
            "--time-budget": budget_option(BUDGET),
        }
    ),
}


@dataclass(frozen=True, repr=False)
class Pretrained(Tabular):
    """A finished run: its folder, the model in it, and what scores.json says."""

    folder: Path
    model: Path
    told: Mapping[str, Any]

    def summary(self) -> str:
        """Where the model lies."""
        return f"{self.model}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a score of held-out text, after the training and before."""
        return [
            {"corpus": part["corpus"], "system": part["system"]} | score
            for part in self.told["held_out"]
            for score in part["scores"]
        ]


def pretrain(
    config: PretrainConfig,
    say: Callable[[str], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> Pretrained:
    """Train the model that a configuration asks for, or go on where the same run was stopped.

    Args:
        say: called with one line about what happens.
        progress: called at each line of the loop's log.
        command: for the model card.

    Raises:
        InputError: a wrong option, file, line or tokenizer; the message says where and what next.
        UnavailableError: a file, package or device cannot be had; the disk is full; the loss is
            not finite. The last checkpoint stands.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is written.
    """
    from training.pretraining.prepare import prepare
    from training.pretraining.running import finish, train

    prepared = prepare(config, say or (lambda _: None))
    scores = prepared.folder / "scores.json"
    if not scores.exists():
        trained = train(prepared, progress)
        finish(prepared, trained, command or "python -m training.pretrain ...")
    told: dict[str, Any] = read_json(scores, SCORES)
    return Pretrained(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `pretrain` is the function beneath it."""
    import sys

    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = Parser("training.pretrain", __doc__ or "")
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.add_common("--lang", "--limit", "--seed", "--out", "--offline", "-v")
    return run(parser, lambda options: _pretrain(options, arguments), argv)


def _pretrain(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    import shlex

    from training.pretraining import console

    command = shlex.join(["python", "-m", "training.pretrain", *arguments])
    config = _config(options)
    try:
        with console.progress_bar() as bar:
            if budget_is_default(options):
                bar.say(told_budget(BUDGET))
            done = pretrain(config, bar.say, bar.step, command)
    except KeyboardInterrupt as stopped:
        console.say(f"{str(stopped) or 'stopped'}; to go on: {command}")
        return 130
    console.show(done.told["held_out"], done.told["notes"], done.model)
    return 0


def _config(options: argparse.Namespace) -> PretrainConfig:
    from data.errors import InputError
    from training.pretraining.config import PretrainConfig

    settings = {name: value for name, value in vars(options).items() if name != "verbose"}
    if settings["objective"] is None:
        raise InputError("--objective is missing; see python -m training.pretrain --help")
    budget, names = settings.pop("time_budget"), settings.pop("keep_out")
    return PretrainConfig(
        corpora=tuple(settings.pop("corpus") or ()),
        seconds=seconds_of(budget) if budget else default_seconds(settings["steps"], BUDGET),
        keep_out=tuple(filter(None, (names or "").split(","))),
        **settings,
    )


if __name__ == "__main__":
    raise SystemExit(main())
