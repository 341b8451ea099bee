"""Train an inflection model: python -m morph.train

    python -m morph.train --lang swa --time-budget 10m
    python -m morph.train --lang qu --train quechua.tsv --networks 2
    python -m morph.train --lang tur,kaz,uzb --source unimorph --out runs/turkic
    python -m morph.train --lang kaz --from runs/turkic/model --time-budget 3m

Learns from lemma, features and form; writes a run folder with the model, its predictions for the
dev part, scores and a report. Ctrl-C or a kill loses little: the same command goes on. Without a
time budget or steps it takes ten minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.cli import COMMON, Parser, did_you_mean, run
from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.inflections.columns import order_of_option
from data.tsv import excerpt
from morph.architecture import FEATURE_MODES
from morph.graphemes import SCHEMES
from morph.recipe import Recipe
from training.settings import seconds_of

if TYPE_CHECKING:
    from morph.run import TrainingConfig
    from training.loop import Progress

DEFAULT_BUDGET = 600.0  # seconds
ENGINES = ("transformer", "fairseq")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_parser(), _command, argv)


def _parser() -> Parser:
    parser = Parser("morph.train", __doc__ or "")
    add = parser.add_argument
    add("--lang", required=True, help="language, or several with commas (trained jointly)")
    add("--source", help="sigmorphon2023 (default), unimorph, or package: its folder")
    add("--train", type=Path, metavar="FILE", help="triples to train on, instead of a data set")
    add("--dev", type=Path, metavar="FILE", help="triples to try it on (default: held-out lemmas)")
    add("--columns", help="of the files: lemma,form,features (default: found out, and printed)")
    add("--skip-bad", action="store_true", help="leave out bad lines of the files, counted")
    add("--examples", type=int, metavar="N", help="train on N triples drawn by seed")
    add("--time-budget", metavar="TIME", help="for all networks: 10m (default), 90s, 1h")
    add("--steps", type=int, help="updates of each network, instead of a time budget")
    add("--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time")
    add("--networks", type=int, default=Recipe().networks, help="that answer together")
    add("--threads", type=int, default=1, help="cores (default 1)")
    add("--batch", type=int, default=Recipe().batch, help="examples an update")
    add("--learning-rate", type=float, default=Recipe().learning_rate, help="at its highest")
    add("--dropout", type=float, default=Recipe().dropout, help="0 to below 1")
    add("--width", type=int, default=Recipe().width, help="of the network")
    add("--features", choices=FEATURE_MODES, default=Recipe().features, help="how they come in")
    add("--graphemes", choices=SCHEMES, default=Recipe().scheme, help="units of writing")
    add("--temperature", type=float, default=Recipe().temperature, help="of several languages")
    add("--hallucinate", type=int, metavar="N", help="invented triples (default: if there are few)")
    add(
        "--backward",
        action=argparse.BooleanOptionalAction,
        help="as many networks again that write from the end (default: if there are few triples)",
    )
    add("--from", dest="start", type=Path, metavar="FOLDER", help="a model to go on from")
    add("--engine", default=ENGINES[0], help=f"what trains it: {', '.join(ENGINES)}")
    add("--out", type=Path, help="folder (default: runs/morph-LANG-HASH)")
    parser.add_argument("--seed", **COMMON["--seed"])
    parser.add_common("--device", "--offline", "-v")
    return parser


def _command(options: argparse.Namespace) -> None:
    if options.engine not in ENGINES:
        raise InputError(
            f"--engine: expected one of {', '.join(ENGINES)}, found {excerpt(options.engine)}"
            f"{did_you_mean(options.engine, ENGINES)}; give one of these"
        )
    config = _config(options)
    out = options.out or _folder(config)
    print(f"{', '.join(config.units)}: training into {out}", flush=True)
    if options.engine == "fairseq":
        from morph.fairseq_run import train_through_fairseq

        for unit, score in train_through_fairseq(config, out, offline=options.offline).items():
            print(f"{unit}  dev: {score}  n {score.n}")
        return
    import torch

    from morph.run import train_model

    torch.set_num_threads(options.threads)
    watch = _Watch()
    try:
        trained = train_model(
            config, out, device=options.device, offline=options.offline, report=watch
        )
    except KeyboardInterrupt:
        print(f"stopped; the same command goes on, in {out}", file=sys.stderr)
        raise
    for unit, score in trained.accuracy.items():
        print(f"{unit}  dev: {score}  n {score.n}")
    if trained.calibration:
        figures = trained.calibration.figures
        print(f"with rules where they know better: {figures['accuracy both']:.1f}")
    steps = ", ".join(map(str, trained.steps))
    print(f"steps {steps}; {trained.seconds:.0f} s; model in {trained.folder / 'model'}")
    print(f"next: python -m morph.inflect --lang {config.units[0]} --model {trained.folder} ...")


def _config(options: argparse.Namespace) -> TrainingConfig:
    from morph.run import TrainingConfig

    budget = seconds_of(options.time_budget) if options.time_budget else None
    if budget is None and options.steps is None:
        budget = DEFAULT_BUDGET
    recipe = Recipe(
        steps=options.steps,
        seconds=budget,
        clock=options.clock,
        networks=options.networks,
        seed=options.seed,
        batch=options.batch,
        scheme=options.graphemes,
        temperature=options.temperature,
        hallucinated=options.hallucinate,
        backward=options.backward,
        learning_rate=options.learning_rate,
        width=options.width,
        dropout=options.dropout,
        features=options.features,
    )
    return TrainingConfig(
        tuple(options.lang.split(",")),
        recipe,
        options.source,
        options.train,
        options.dev,
        order_of_option(options.columns),
        options.examples,
        options.start,
        options.skip_bad,
    )


def _folder(config: TrainingConfig) -> Path:
    digest = sha256_text(canonical_json(config.to_json()))[:8]
    return Path("runs") / f"morph-{'-'.join(config.units)}-{digest}"


class _Watch:
    """Prints how far training is: a line that is written over on a terminal, else now and then."""

    def __init__(self) -> None:
        self._last = 0.0
        self._terminal = sys.stderr.isatty()

    def __call__(self, network: int, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < (0.5 if self._terminal else 30):
            return
        self._last = now
        line = f"network {network}: {progress}"
        print(
            f"\r{line}\033[K" if self._terminal else line,
            end="" if self._terminal else "\n",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    raise SystemExit(main())
