"""Train a tagger (parts of speech, names) on one language, and score it on others.

    python -m training.tag --model runs/encoder-bam --train ewt:train --dev ewt:dev \\
        --test masakhapos:bam,masakhapos:twi --time-budget 2m --evaluate-every 100 --patience 5
    python -m training.tag --model runs/encoder-bam --train ewt:train --pseudo runs/tags-bam \\
        --teacher runs/tag-english --test masakhapos:bam --steps 800 --out runs/tag-bam

A labelled set is a two-column file, a folder that lexaug.synthesize --mode tags wrote, or one of
the catalog (NAME[:SPLIT][:LANGUAGE]). Sentences of the test sets that stand in training data are
dropped and counted; the best weights are chosen on --dev, which is the source language's. The
folder gets config.json, model/ (which transformers' AutoModelForTokenClassification opens),
predictions/, scores.json and report.html. A killed run goes on when the same command is started
again, to the same weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.bounded import read_json
from data.cli import Parser, run
from data.pages import Interval, Plotted
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
    from training.tagging.config import TagConfig

SCORES = {"results": [dict], "notes": [str], "data": [dict], "training": dict}
BUDGET = "5m"  # where neither --steps nor --time-budget is given
LISTS = ("train", "pseudo", "unlabelled", "test", "keep_out")

OPTIONS: dict[str, dict[str, Any]] = {
    "--train": {"metavar": "NAMES", "help": "labelled sets to train on: ewt:train,FILE"},
    "--pseudo": {"metavar": "NAMES", "help": "pseudo-labelled sets to train on as well"},
    "--unlabelled": {"metavar": "NAMES", "help": "sets that --teacher labels"},
    "--dev": {"metavar": "NAME", "help": "the source language's dev set: chooses the weights"},
    "--test": {"metavar": "NAMES", "help": "sets to score: masakhapos:bam,masakhapos:twi"},
    "--model": {
        "metavar": "NAME",
        "help": "the encoder: a folder of training.pretrain, a catalog name, a hub id@commit",
    },
    "--config": {"metavar": "NAME", "help": "or random weights: encoder-tiny; with --tokenizer"},
    "--tokenizer": {"metavar": "FOLDER", "help": "of --config"},
    "--scheme": {
        "help": "of the labels in files: pos, bio, iob1, bioes, bmes or bilou (default: seen from "
        "them, and said); names become BIO"
    },
    "--skip-bad": {
        "action": "store_true",
        "help": "leave out sentences with a bad line or tag of a file, counted",
    },
    "--teacher": {
        "metavar": "FOLDER",
        "help": "a run of training.tag that sees to the labels of --pseudo (label distillation), "
        "and gives those of --unlabelled",
    },
    "--distil": {
        "default": "relabel",
        "help": "what the teacher does with --pseudo: relabel (default), agree (keep the sentences "
        "on which it agrees), keep (nothing)",
    },
    "--agreement": {
        "type": float,
        "default": 0.8,
        "help": "share of the words, for agree (default 0.8)",
    },
    "--keep-out": {"metavar": "NAMES", "help": "further test sets that leave the training data"},
    **loop_options(
        {
            "--batch-tokens": {"default": 2048},
            "--learning-rate": {"default": 5e-4},
            "--schedule": {"default": "linear"},
            "--warmup": {"default": 0.1},
            "--optimizer": {"default": "adamw"},
            "--time-budget": budget_option(BUDGET),
        }
    ),
}


@dataclass(frozen=True, repr=False)
class Tagged(Plotted):
    """A finished run: its folder, the model in it, and what scores.json says."""

    folder: Path
    model: Path
    told: Mapping[str, Any]

    def summary(self) -> str:
        """How many test sets were scored, and where the run lies."""
        sets = {result["test"] for result in self.told["results"]}
        return f"{len(sets)} test sets; {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a test set and system: the model, and the most frequent tag of each word."""
        return [
            {"test": result["test"], "system": result["system"]} | result["score"]
            for result in self.told["results"]
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The score of every test set and system."""
        rows = self.rows()
        return rows[0]["name"] if rows else "", [
            Interval(f"{row['test']}, {row['system']}", row["value"], row["low"], row["high"])
            for row in rows
        ]


def tag(
    config: TagConfig,
    say: Callable[[str], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> Tagged:
    """Train and score the tagger that a configuration asks for, or go on where it was stopped.

    Args:
        say: called with one line about what happens.
        progress: called at each line of the loop's log.
        command: for the model card.

    Raises:
        InputError: a wrong option, file, set or model; the message says where and what next.
        UnavailableError: a file, package or device cannot be had; the disk is full; the loss is
            not finite. The last checkpoint stands.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is written.
    """
    from training.tagging.prepare import prepare
    from training.tagging.running import finish, train

    prepared = prepare(config, say or (lambda _: None))
    scores = prepared.folder / "scores.json"
    if not scores.exists():
        finish(prepared, train(prepared, progress), command or "python -m training.tag ...")
    told: dict[str, Any] = read_json(scores, SCORES)
    return Tagged(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `tag` is the function beneath it."""
    import sys

    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = Parser("training.tag", __doc__ or "")
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.add_common("--limit", "--seed", "--out", "--offline", "-v")
    return run(parser, lambda options: _tag(options, arguments), argv)


def _tag(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    import shlex

    from training.pretraining.console import progress_bar, say
    from training.tagging.console import show

    command = shlex.join(["python", "-m", "training.tag", *arguments])
    config = _config(options)
    try:
        with progress_bar() as bar:
            if budget_is_default(options):
                bar.say(told_budget(BUDGET))
            done = tag(config, bar.say, bar.step, command)
    except KeyboardInterrupt as stopped:
        say(f"{str(stopped) or 'stopped'}; to go on: {command}")
        return 130
    show(done.told, done.model)
    return 0


def _config(options: argparse.Namespace) -> TagConfig:
    from training.tagging.config import TagConfig

    settings = {name: value for name, value in vars(options).items() if name != "verbose"}
    budget = settings.pop("time_budget")
    for name in LISTS:
        settings[name] = tuple(filter(None, (settings[name] or "").split(",")))
    seconds = seconds_of(budget) if budget else default_seconds(settings["steps"], BUDGET)
    return TagConfig(seconds=seconds, **settings)


if __name__ == "__main__":
    raise SystemExit(main())
