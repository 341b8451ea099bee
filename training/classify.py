"""Train a classifier of texts (topics, sentiment) on one language, and score it on others.

    python -m training.classify --model multilingual-e5-small --freeze encoder \\
        --train sib200:train:en --dev sib200:dev:en --test sib200:test:sw,sib200:test:am
    python -m training.classify --model runs/e5-swahili --train afrisenti:train:hau \\
        --dev afrisenti:dev:hau --test afrisenti:test:hau --steps 300 --evaluate-every 50
    python -m training.classify predict runs/classify-1f2e texts.txt      # or - for standard input

Labelled texts are a table with the columns text and label, JSON lines with the same names, or a set
of the catalog (NAME[:SPLIT][:LANGUAGE], the language may be "all"). Texts of the test sets that
stand in training data are dropped and counted. With --freeze the encoder stays as it is: its
vectors are computed once, and a logistic regression is trained on them. The folder gets
config.json, model/, predictions/, scores.json (accuracy and macro F1, beside the most frequent
label and character n-grams) and report.html. A killed run goes on when the same command is started
again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.cli import Parser, run, typed_lines
from training.classification.config import BUDGET, ClassifyConfig
from training.scored import ScoredRun
from training.settings import train_command

if TYPE_CHECKING:
    from training.progress import Progress

SCORES = {"results": [dict], "averages": [dict], "notes": [str], "data": [dict], "training": dict}
PREDICT = "predict"
CHUNK = 512  # texts at a time


class Classified(ScoredRun):
    """A classifier, trained and scored."""

    unit = "accuracy"


def classify(
    config: ClassifyConfig,
    access: Access | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> Classified:
    """Train and score the classifier that a configuration asks for, or go on with it.

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
    from training.classification.run import finish, prepare, train

    with prepare(config, access or Access.of(config)) as prepared:
        scores = prepared.folder / "scores.json"
        if not scores.exists():
            finish(prepared, train(prepared, progress), command or "python -m training.classify")
        told: dict[str, Any] = read_json(scores, SCORES)
        return Classified(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `classify` is the function beneath it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == [PREDICT]:
        return _predict(arguments[1:])
    about = ("training.classify", __doc__ or "")
    return train_command(*about, ClassifyConfig, BUDGET, classify, _show, arguments)


def _predict(arguments: Sequence[str]) -> int:
    """`predict MODEL FILE...`: a line a text, its label, a tab, the text."""
    parser = Parser("training.classify predict", "Label texts, a line each.")
    parser.add_argument("model", metavar="MODEL", help="a run of training.classify, or its model/")
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="- is the input")
    parser.add_common("-v")

    def command(given: argparse.Namespace) -> int:
        from runfolder.console import show
        from training.classification.classifier import load_classifier

        classifier = load_classifier(given.model)
        lines = (line for name in given.files for line in typed_lines(name))
        texts = (line for line in lines if line.strip())  # the others are no texts
        while chunk := list(islice(texts, CHUNK)):
            for label, text in zip(classifier.predict(chunk), chunk, strict=True):
                show(f"{label}\t{text}")
        return 0

    return run(parser, command, arguments)


def _show(done: Classified) -> None:
    """A line a test set and system, averages last; on standard output the model's folder."""
    from runfolder.console import aligned, say, show

    table = [("test", "system", "accuracy", "macro F1", "n")]
    for one in done.told["results"]:
        figures = [_figure(score) for score in one["scores"]]
        table.append((one["test"], one["system"], *figures, f"{one['texts']:,}"))
    for accuracy, macro in _pairs(done.told["averages"]):
        sets = f"{accuracy['score']['n']:,} sets"
        figures = [_figure(accuracy["score"]), _figure(macro["score"])]
        table.append(("mean", accuracy["system"], *figures, sets))
    for line in aligned(table):
        say(line)
    for one in done.told["data"]:
        for reason, number in one["dropped"].items():
            say(f"{one['name']}: {reason}: {number:,}")
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(str(done.model))


def _pairs(averages: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Accuracy and macro F1 of each system."""
    return zip(averages[0::2], averages[1::2], strict=True)


def _figure(score: Mapping[str, Any]) -> str:
    return f"{score['value']:.1f} [{score['low']:.1f}, {score['high']:.1f}]"


if __name__ == "__main__":
    raise SystemExit(main())
