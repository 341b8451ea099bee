"""Distil a small student out of a big model, on text without labels.

    python -m training.distil --teacher multilingual-e5-small --layers 3 \\
        --loss hidden,contrast:0.1 --corpus news.sw.txt --corpus runs/synthetic-sw \\
        --time-budget 10m --out runs/e5-of-three
    python -m training.distil --teacher smollm2-135m-instruct --layers 15 --loss soft:1,own:0.5 \\
        --corpus lafand:train:sw --cache yes --steps 500
    python -m training.distil --teacher runs/teacher-a,runs/teacher-b --student encoder-tiny \\
        --tokenizer runs/tokenizer-sw --loss hidden --corpus news.sw.txt --steps 2000

The student is some of the teacher's layers (--layers), a narrower model of its kind (--width,
--inner), a configuration with random weights or a folder (--student); with other pieces than the
teacher's too (docs/DISTILLATION.md). The folder gets config.json, metrics.jsonl, scores.json,
report.html and model/, which transformers opens, and every command of ours that takes a model. A
killed run goes on when the same command is started again, to the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.pages import Tabular
from training.distillation.config import BUDGET, DistilConfig
from training.settings import train_command

if TYPE_CHECKING:
    from training.distillation.teacher import View
    from training.progress import Progress

SCORES = {"held_out": [dict], "notes": [str], "model": dict, "teacher": dict, "training": dict}


@dataclass(frozen=True, repr=False)
class Distillation(Tabular):
    """A finished run: its folder, the student in it, and what scores.json says."""

    folder: Path
    model: Path
    told: Mapping[str, Any]

    def summary(self) -> str:
        """Where the student lies, and how large it is beside its teacher."""
        own, its = self.told["model"]["bytes"], self.told["teacher"]["bytes"]
        return f"{self.model}: {own / 1e6:.1f} MB of the teacher's {its / 1e6:.1f}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a score of held-out text: of the student, of what it began as, of the teacher."""
        return [
            {"corpus": part["corpus"], "system": part["system"]} | score
            for part in self.told["held_out"]
            for score in part["scores"]
        ]


def distil(
    config: DistilConfig,
    access: Access | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str | None = None,
    view: View | None = None,
) -> Distillation:
    """Train the student that a configuration asks for, or go on where the same run was stopped.

    Args:
        access: how files are reached, and who is told what happens; by default as the
            configuration says, and nobody.
        progress: called at each line of the loop's log.
        command: for the model card.
        view: what the teacher's probabilities become (`training.distillation.teacher.View`).

    Raises:
        InputError: a wrong option, file, model, layer map or cache; where and what next.
        UnavailableError: a file, package or device cannot be had; the disk is full; the loss is
            not finite. The last checkpoint stands.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is written.
    """
    from training.distillation.run import finish, prepare, train

    with prepare(config, access or Access.of(config), view) as prepared:
        scores = prepared.folder / "scores.json"
        if not scores.exists():
            trained = train(prepared, progress)
            finish(prepared, trained, command or "python -m training.distil ...")
        told: dict[str, Any] = read_json(scores, SCORES)
        return Distillation(prepared.folder, prepared.folder / "model", told)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `distil` is the function beneath it."""
    about = ("training.distil", __doc__ or "")
    return train_command(*about, DistilConfig, BUDGET, distil, _show, argv)


def _show(done: Distillation) -> None:
    """The scores on held-out text and sizes; on standard output where the student lies."""
    from runfolder.console import say, show

    for one in done.told["held_out"]:
        figures = [
            f"{s['name']} {s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]" for s in one["scores"]
        ]
        say(f"{one['corpus']}, {one['system']}: {', '.join(figures)}, n {one['scores'][0]['n']:,}")
    for name, value in done.told["training"]["metrics"].items():
        say(f"held out, {name}: {value:.4f}")
    say(done.summary())
    for note in done.told["notes"]:
        say(f"note: {note}")
    show(str(done.model))


if __name__ == "__main__":
    raise SystemExit(main())
