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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.pages import Interval, Plotted
from training.settings import train_command
from training.tagging.config import BUDGET, TagConfig

if TYPE_CHECKING:
    from training.progress import Progress

SCORES = {"results": [dict], "notes": [str], "data": [dict], "training": dict, "privacy?": dict}


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
    access: Access | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> Tagged:
    """Train and score the tagger that a configuration asks for, or go on where it was stopped.

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
    from training.tagging.run import finish, prepare, train

    with prepare(config, access or Access.of(config)) as prepared:
        scores = prepared.folder / "scores.json"
        if not scores.exists():
            finish(prepared, train(prepared, progress), command or "python -m training.tag ...")
        told: dict[str, Any] = read_json(scores, SCORES)
        return Tagged(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `tag` is the function beneath it."""
    about = ("training.tag", __doc__ or "")
    return train_command(*about, TagConfig, BUDGET, tag, _show, argv)


def _show(done: Tagged) -> None:
    """A line a test set and system, and what was dropped; on standard output the model's folder."""
    from runfolder.console import say, show

    for one in done.told["results"]:
        score = one["score"]
        say(
            f"{one['test']}, {one['system']}: {score['name']} {score['value']:.1f}"
            f" [{score['low']:.1f}, {score['high']:.1f}], n {score['n']:,}"
        )
    for one in done.told["data"]:
        for reason, number in (*one["dropped"].items(), *one["repaired"].items()):
            say(f"{one['name']}: {reason}: {number:,}")
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(str(done.model))


if __name__ == "__main__":
    raise SystemExit(main())
