"""Train an inflection model: python -m morph.train

    python -m morph.train --lang swa --time-budget 10m
    python -m morph.train --lang qu --train quechua.tsv --networks 2
    python -m morph.train --lang tur,kaz,uzb --source unimorph --out runs/turkic
    python -m morph.train --lang kaz --from runs/turkic/model --time-budget 3m
    python -m morph.train --lang swa --way-back --time-budget 3m

Learns from lemma, features and form to inflect, or with --way-back to analyse (morph.analyse);
writes a run folder with the model, its predictions for the dev part, scores and a report. Ctrl-C or
a kill loses little: the same command goes on. Without a time budget or steps it takes ten minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.access import Access
from data.cli import Parser, run
from data.errors import InputError
from data.options import add_options, check, common, config_of, option
from morph.recipe import Recipe, TrainingConfig, run_name
from runfolder.folder import folder_name

ENGINES = ("transformer", "fairseq")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Where a training runs: what the result does not depend on, but for the engine."""

    engine: str = option("transformer", "what trains it", choices=ENGINES)
    threads: int = option(1, "cores", least=1, identity=False)
    out: Path | None = common("--out", help="folder (default: runs/morph-LANG-HASH)")
    device: str = common("--device")
    offline: bool = common("--offline")

    def __post_init__(self) -> None:
        check(self)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = Parser("morph.train", __doc__ or "")
    for options in (TrainingConfig, Recipe, RunOptions):
        add_options(parser, options)
    parser.add_common("-v")
    return run(parser, _train, argv)


def _train(given: argparse.Namespace) -> None:
    options = config_of(RunOptions, given)
    config = config_of(TrainingConfig, given, recipe=config_of(Recipe, given))
    kind = run_name(config.way_back)
    name = folder_name(f"{kind}-{'-'.join(config.units)}", config.to_json())
    out = options.out or Path("runs") / name
    print(f"{', '.join(config.units)}: training into {out}", flush=True)
    access = Access.of(options)
    if options.engine == "fairseq":
        if config.way_back:
            raise InputError(
                "--way-back: expected the engine transformer, found fairseq; leave one of them out"
            )
        from morph.fairseq import train_through_fairseq

        for unit, score in train_through_fairseq(config, out, access=access).items():
            print(f"{unit}  dev: {score}  n {score.n}")
    else:
        _train_transformer(config, options, out, access)


def _train_transformer(
    config: TrainingConfig, options: RunOptions, out: Path, access: Access
) -> None:
    import torch

    from morph.run import train_model
    from runfolder.console import progress_bar
    from training.loop import Progress

    torch.set_num_threads(options.threads)
    with progress_bar() as bar:

        def show(network: int, progress: Progress) -> None:
            bar.advance(f"network {network}", progress.step, progress.total, str(progress))

        try:
            trained = train_model(
                config, out, device=options.device, access=access, on_progress=show
            )
        except KeyboardInterrupt:
            print(f"stopped; the same command goes on, in {out}", file=sys.stderr)
            raise
    for unit, score in trained.accuracy.items():
        print(f"{unit}  dev: {score}  n {score.n}")
    if trained.calibration:
        figures = trained.calibration.figures
        print(f"with rules where they know better: {figures['accuracy both']:.1f}")
    if trained.ranking and not trained.ranking.has_network:
        print(
            "analogy is as good without it on these lemmas: morph.analyse will not use the network"
        )
    steps = ", ".join(map(str, trained.steps))
    print(f"steps {steps}; {trained.seconds:.0f} s; model in {trained.folder / 'model'}")
    print(f"next: {_next(config, trained.folder)}")


def _next(config: TrainingConfig, run: Path) -> str:
    """A command that opens what was trained; one that goes on, where nothing opens it yet."""
    language = f"--lang {config.units[0]}"
    if config.way_back and len(config.units) > 1:
        return f"python -m morph.train {language} --way-back --from {run / 'model'}"
    table = f" --table {config.train}" if config.train else ""
    if config.train and config.columns:
        table += f" --columns {','.join(config.columns)}"
    command = "analyse" if config.way_back else "inflect"
    return f"python -m morph.{command} {language} --model {run}{table} ..."


if __name__ == "__main__":
    raise SystemExit(main())
