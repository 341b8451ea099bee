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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.pages import Tabular
from training.pretraining.config import BUDGET, PretrainConfig
from training.settings import train_command

if TYPE_CHECKING:
    from training.progress import Progress

SCORES = {"held_out": [dict], "notes": [str], "model": dict, "training": dict}


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
    access: Access | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> Pretrained:
    """Train the model that a configuration asks for, or go on where the same run was stopped.

    Args:
        access: how files are reached, and who is told what happens; by default as the
            configuration says, and nobody.
        progress: called at each line of the loop's log.
        command: for the model card.

    Raises:
        InputError: a wrong option, file, line or tokenizer; the message says where and what next.
        UnavailableError: a file, package or device cannot be had; the disk is full; the loss is
            not finite. The last checkpoint stands.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is written.
    """
    from training.pretraining.run import finish, prepare, train

    with prepare(config, access or Access.of(config)) as prepared:
        scores = prepared.folder / "scores.json"
        if not scores.exists():
            trained = train(prepared, progress)
            finish(prepared, trained, command or "python -m training.pretrain ...")
        told: dict[str, Any] = read_json(scores, SCORES)
        return Pretrained(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `pretrain` is the function beneath it."""
    about = ("training.pretrain", __doc__ or "")
    return train_command(*about, PretrainConfig, BUDGET, pretrain, _show, argv)


def _show(done: Pretrained) -> None:
    """The scores on held-out text and notes; on standard output where the model lies."""
    from runfolder.console import say, show

    for one in done.told["held_out"]:
        figures = [
            f"{s['name']} {s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]" for s in one["scores"]
        ]
        say(f"{one['corpus']}, {one['system']}: {', '.join(figures)}, n {one['scores'][0]['n']:,}")
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(str(done.model))


if __name__ == "__main__":
    raise SystemExit(main())
