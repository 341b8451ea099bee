"""Train a translator of one's own on parallel text, a lexicon and back-translated text; score it.

    python -m training.translate --pairs lafand:train:sw --lexicon auto:0.5 --dev lafand:dev:sw \\
        --test ntrex-128:test:sw --config m2m-small --tokenizer train:8000 --dtype bfloat16 \\
        --time-budget 60m --evaluate-every 500 --out runs/sw-en
    python -m training.translate --pairs mine.tsv --model runs/sw-en --steps 300 --out runs/mine
    python -m training.translate apply runs/sw-en --from sw --to en texts.txt     # or -

Pairs are named as `data.bitext` reads them; a set's languages are named by its codes. Both
directions are learned by one model, from random weights (--config) or from any encoder-decoder
(--model). --monolingual is text that --teacher, an earlier run, translates back. Sentences of --dev
and --test leave the training data. The folder gets config.json, model/, predictions/, scores.json
(BLEU and chrF++, beside copying and glossing) and report.html; `icl.eval --model FOLDER --template
m2m` opens it. A killed run goes on when the same command is started again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.cli import Parser, run, typed_lines
from data.pages import Interval, Plotted
from training.settings import train_command
from training.translation.config import BUDGET, TranslatorConfig

if TYPE_CHECKING:
    from training.progress import Progress

SCORES = {"results": [dict], "notes": [str], "data": [dict], "model": dict, "training": dict}
APPLY = "apply"
CHUNK = 512  # texts at a time


@dataclass(frozen=True, repr=False)
class TrainedTranslator(Plotted):
    """A finished run: its folder, the model in it, and what scores.json says."""

    folder: Path
    model: Path
    told: Mapping[str, Any]

    def summary(self) -> str:
        """How many test sets and directions were scored, and where the run lies."""
        judged = {(one["test"], one["direction"]) for one in self.told["results"]}
        return f"{len(judged)} sets and directions; {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a test set, direction, system and score."""
        return [
            {key: one[key] for key in ("test", "direction", "system")} | score
            for one in self.told["results"]
            for score in one["scores"]
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The chrF++ of every test set, direction and system."""
        rows = [row for row in self.rows() if row["name"] == "chrF++"]
        return "chrF++", [
            Interval(
                f"{row['test']} {row['direction']}, {row['system']}",
                row["value"],
                row["low"],
                row["high"],
            )
            for row in rows
        ]


def train_translator(
    config: TranslatorConfig,
    access: Access | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> TrainedTranslator:
    """Train and score the translator that a configuration asks for, or go on with it.

    Args:
        access: how files are reached, and who is told what happens; by default as the
            configuration says, and nobody.
        progress: called at each line of the loop's log.
        command: for the model card.

    Raises:
        InputError: a wrong option, file, set or model; the message says where and what next.
        UnavailableError: a file, package or device cannot be had; the disk is full; the loss is
            not finite. The last checkpoint stands.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is written.
    """
    from training.translation.run import finish, prepare, train

    with prepare(config, access or Access.of(config)) as prepared:
        scores = prepared.folder / "scores.json"
        if not scores.exists():
            finish(prepared, train(prepared, progress), command or "python -m training.translate")
        told: dict[str, Any] = read_json(scores, SCORES)
        return TrainedTranslator(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `train_translator` is the function beneath it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == [APPLY]:
        return _apply(arguments[1:])
    about = ("training.translate", __doc__ or "")
    return train_command(*about, TranslatorConfig, BUDGET, train_translator, _show, arguments)


def _apply(arguments: Sequence[str]) -> int:
    """`apply MODEL --from sw --to en FILE...`: a line a text, its translation."""
    parser = Parser("training.translate apply", "Translate texts, a line each.")
    parser.add_argument("model", metavar="MODEL", help="a run of training.translate, or its model/")
    parser.add_argument("--from", dest="source", required=True, metavar="CODE", help="a language")
    parser.add_argument("--to", dest="target", required=True, metavar="CODE", help="another one")
    parser.add_argument("--beam", type=int, default=5, metavar="N", help="width (default 5)")
    parser.add_argument("files", nargs="+", metavar="FILE", help="texts; - is standard input")
    parser.add_common("-v")

    def command(given: argparse.Namespace) -> int:
        from runfolder.console import show
        from training.translation.translator import load_translator

        translator = load_translator(given.model)
        translator.check(given.source, given.target)
        texts = (text for name in given.files for text in typed_lines(name))
        while chunk := list(islice(texts, CHUNK)):
            for text in translator.translate(chunk, given.source, given.target, beam=given.beam):
                show(text)
        return 0

    return run(parser, command, arguments)


def _show(done: TrainedTranslator) -> None:
    """A line a test set, direction and system; on standard output the model's folder."""
    from runfolder.console import aligned, say, show

    table = [("test", "direction", "system", "BLEU", "chrF++", "n")]
    for one in done.told["results"]:
        figures = [_figure(score) for score in one["scores"]]
        told = one["test"], one["direction"], one["system"]
        table.append((*told, *figures, f"{one['sentences']:,}"))
    if done.told["results"]:
        for line in aligned(table):
            say(line)
    for one in done.told["data"]:
        for reason, number in one["dropped"].items():
            say(f"{one['name']}: {reason}: {number:,}")
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(str(done.model))


def _figure(score: Mapping[str, Any]) -> str:
    return f"{score['value']:.1f} [{score['low']:.1f}, {score['high']:.1f}]"


if __name__ == "__main__":
    raise SystemExit(main())
