"""Train a model of intents and slots on one language, and score it on others.

    python -m nlu.train --model multilingual-e5-small --freeze 4 --dtype bfloat16 \\
        --train xsid:train --limit 2000 --dev xsid:dev:en --test xsid:test:all --steps 400
    python -m nlu.train --model runs/e5-trimmed --train xsid:train --dev xsid:dev:en \\
        --switch de,it,tr --switch-draws 2 --test xsid:test:all --time-budget 10m --clock cpu
    python -m nlu.train --model xlm-roberta-base@COMMIT --train massive-1.1:train:en-US \\
        --dev massive-1.1:dev:en-US --test massive-1.1:test:all --time-budget 2h

Utterances are a set of the catalog (NAME[:SPLIT][:LANGUAGE], the language may be "all") or a file
in the form of MASSIVE, SLURP, xSID, MultiATIS++, MTOP or Injongo (`nlu.sets`). Zero-shot is what it
is where --train and --dev are English: no label of another language is read before the scores.
Utterances of the test sets that stand in training data are dropped and counted. The folder gets
config.json, model/, predictions/, scores.json (intent accuracy, slot F1, exact match: as MASSIVE's
script has them and with intervals over utterances, beside what costs nothing) and report.html. A
killed run goes on when the same command is started again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from nlu.config import BUDGET, NluConfig
from training.scored import ScoredRun
from training.settings import train_command

if TYPE_CHECKING:
    from training.progress import Progress

SCORES = {
    "results": [dict],
    "averages": [dict],
    "notes": [str],
    "data": [dict],
    "training": dict,
    "privacy?": dict,
}


class Trained(ScoredRun):
    """Intents and slots, trained and scored."""

    unit = "exact match"


def train(
    config: NluConfig,
    access: Access | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
) -> Trained:
    """Train and score the model that a configuration asks for, or go on with it.

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
    from nlu.run import finish, prepare
    from nlu.run import train as fitted

    with prepare(config, access or Access.of(config)) as prepared:
        scores = prepared.folder / "scores.json"
        if not scores.exists():
            finish(prepared, fitted(prepared, progress), command or "python -m nlu.train")
        told: dict[str, Any] = read_json(scores, SCORES)
        return Trained(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `train` is the function beneath it."""
    return train_command("nlu.train", __doc__ or "", NluConfig, BUDGET, train, _show, argv)


def _show(done: Trained) -> None:
    """A line a test set and system, averages last; on standard output the model's folder."""
    from runfolder.console import aligned, say, show

    for line in aligned(table(done.told)):
        say(line)
    for one in done.told["data"]:
        for reason, number in (*one["dropped"].items(), *one["repaired"].items()):
            say(f"{one['name']}: {reason}: {number:,}")
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(str(done.model))


def table(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row a test set and system, then the means of each system."""
    rows: list[tuple[str, ...]] = [
        ("test", "system", "intent accuracy", "slot F1", "exact match", "n")
    ]
    for one in told["results"]:
        figures = [_figure(score) for score in one["scores"]]
        rows.append((one["test"], one["system"], *figures, f"{one['utterances']:,}"))
    means = [one["score"] for one in told["averages"]]
    systems = [one["system"] for one in told["averages"]][::3]
    for number, system in enumerate(systems):
        of_system = means[3 * number : 3 * number + 3]
        rows.append(
            ("mean", system, *(_figure(score) for score in of_system), f"{of_system[0]['n']} sets")
        )
    return rows


def _figure(score: Mapping[str, Any]) -> str:
    return f"{score['value']:.1f} [{score['low']:.1f}, {score['high']:.1f}]"


if __name__ == "__main__":
    raise SystemExit(main())
