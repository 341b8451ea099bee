"""Settings of the training loop, and the options by which every command that trains asks for them.

>>> Settings(steps=2000, warmup=100).schedule
'cosine'
>>> Settings(steps=2000, optimizer="adam")
Traceback (most recent call last):
data.errors.InputError: optimizer: expected adamw, muon, sgd, found 'adam' (did you mean adamw?)

A command adds its own options, and may change the default of one:

    @dataclass(frozen=True, slots=True)
    class TagConfig(LoopOptions):
        train: tuple[str, ...] = option((), "labelled sets to train on", separator=",")
        _: KW_ONLY
        length: int = changed("length", 64)
"""

from __future__ import annotations

import dataclasses
import math
import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from data.access import Access
from data.cli import Parser, did_you_mean, run
from data.errors import InputError
from data.options import add_options, common, config_of, option, options_of
from runfolder.console import progress_bar, say
from training.progress import OnProgress, shown_on

Clock = Literal["wall", "cpu"]
Schedule = Literal["constant", "linear", "cosine", "wsd", "inverse_sqrt"]
Optimizer = Literal["adamw", "muon", "sgd"]
Dtype = Literal["auto", "float32", "bfloat16"]
CHOICES = {
    "clock": get_args(Clock),
    "schedule": get_args(Schedule),
    "optimizer": get_args(Optimizer),
    "dtype": get_args(Dtype),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One run of `training.loop.fit`. The same settings, model and batches give the same weights.

    Args:
        steps: updates of the weights; this or `seconds` or both (then whichever ends first).
        seconds: a budget for the whole run, evaluations included. The speed of some trial steps,
            which are undone, settles the number of steps once; given as `steps`, that number
            makes the same weights on any machine. A run that is 1.25 times over is stopped.
        clock: of `seconds`: the wall's, or "cpu", the process's own (for a shared machine).
        stop_at: ends here although the schedule goes on to `steps`: what a stopped run says
            of itself, and a way to train in instalments.
        learning_rate: at its highest.
        schedule: what it does after the warm-up, see `training.optimisers`.
        warmup: updates on which the rate climbs: a share of all up to 1, a number above.
        optimizer: "adamw", or "muon" for the matrices inside and AdamW for the rest, or "sgd",
            which remembers nothing.
        betas: decay of AdamW's two averages; Muon's momentum is 0.95.
        weight_decay: decoupled; of matrices only, not of norms and biases.
        clip: the longest gradient (2-norm, of the mean loss a token); None: any.
        accumulate: batches an update; the gradient is of the mean over all their tokens.
        average: decay of a moving average of the weights, 0: none. The average is what is
            evaluated, kept and returned. Its first steps weigh less: min(decay, (1+t)/(10+t)).
        dtype: of the multiplications; the weights stay as they are. "auto" is bfloat16 on an
            accelerator that has it and else float32.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        seed: of what the model draws while it trains (dropout).
        evaluate_every, checkpoint_every, log_every: updates between two, 0: never. There is an
            evaluation and a checkpoint at the end in any case.
        patience: stop after so many evaluations in a row without a better one, 0: never.

    Raises:
        InputError: a value that cannot be; the message names the field.
    """

    steps: int | None = None
    seconds: float | None = None
    clock: Clock = "wall"
    stop_at: int | None = None
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    warmup: float = 0.05
    optimizer: Optimizer = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    clip: float | None = 1.0
    accumulate: int = 1
    average: float = 0.0
    dtype: Dtype = "auto"
    device: str = "auto"
    seed: int = 0
    evaluate_every: int = 0
    patience: int = 0
    checkpoint_every: int = 500
    log_every: int = 50

    def __post_init__(self) -> None:
        if self.steps is None and self.seconds is None:
            raise InputError("settings: expected steps or seconds, found neither")
        for name, choices in CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                near = did_you_mean(str(value), choices)
                raise InputError(f"{name}: expected {', '.join(choices)}, found {value!r}{near}")
        for name in ("steps", "stop_at", "accumulate"):
            _check(name, getattr(self, name), "a whole number from 1", whole=True, low=1)
        for name in ("evaluate_every", "patience", "checkpoint_every", "log_every"):
            _check(name, getattr(self, name), "a whole number from 0", whole=True)
        for name in ("seconds", "learning_rate", "clip"):
            _check(name, getattr(self, name), "a number above 0", above=True)
        for name in ("warmup", "weight_decay"):
            _check(name, getattr(self, name), "a number from 0")
        for name, value in (("average", self.average), *(("betas", b) for b in self.betas)):
            if not 0 <= value < 1:
                raise InputError(f"{name}: expected a number from 0 to below 1, found {value!r}")

    def warmup_steps(self, total: int) -> int:
        """Updates on which the rate climbs in a run of this many.

        >>> Settings(steps=1000).warmup_steps(1000), Settings(steps=9, warmup=40).warmup_steps(9)
        (50, 9)
        """
        steps = self.warmup * total if self.warmup <= 1 else self.warmup
        return min(total, round(steps))

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON has them."""
        return {
            field.name: list(value) if isinstance(value, tuple) else value
            for field in fields(self)
            for value in [getattr(self, field.name)]
        }


def check_device(name: str) -> None:
    """Raise `InputError` for what cannot be a device anywhere; whether it is here, torch knows.

    >>> check_device("cuda:1")
    >>> check_device("tensor")
    Traceback (most recent call last):
    data.errors.InputError: --device "tensor": expected auto, cpu, cuda, cuda:1 or mps
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,4})?", name):
        near = did_you_mean(name, ("auto", "cpu", "cuda", "mps"))
        raise InputError(f'--device "{name}": expected auto, cpu, cuda, cuda:1 or mps{near}')


def _check(
    name: str,
    value: float | None,
    expected: str,
    *,
    low: float = 0,
    whole: bool = False,
    above: bool = False,
) -> None:
    if value is None:
        return
    right_kind = isinstance(value, int) if whole else math.isfinite(value)
    if not right_kind or isinstance(value, bool) or value < low or (above and value == low):
        raise InputError(f"{name}: expected {expected}, found {value!r}")


UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
TRAINING = "training"  # the heading in the help


def seconds_of(text: str) -> float:
    """A length of time: 90, 90s, 10m, 1.5h, 1d.

    Raises:
        InputError: it is none.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)", text.strip())
    if not match or not float(match[1]):
        raise InputError(f'--time-budget "{text}": expected a time such as 90s, 10m or 1.5h')
    return float(match[1]) * UNITS[match[2]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoopOptions:
    """What a run of the training loop is asked for; see `training.settings.Settings`."""

    steps: int | None = option(None, "updates of the weights", metavar="N", group=TRAINING)
    seconds: float | None = option(
        None,
        "90s, 10m, 1.5h: settles the number of updates",
        flag="--time-budget",
        metavar="TIME",
        group=TRAINING,
        parse=seconds_of,
    )
    clock: str = option("wall", "of --time-budget", choices=CHOICES["clock"], group=TRAINING)
    length: int = option(128, "pieces seen at once", least=8, group=TRAINING)
    batch_tokens: int = option(4096, "pieces a batch, padding included", group=TRAINING)
    accumulate: int = option(1, "batches an update", group=TRAINING)
    learning_rate: float | None = option(None, "at its highest", group=TRAINING)
    schedule: str = option(
        "cosine", "of the learning rate", choices=CHOICES["schedule"], group=TRAINING
    )
    warmup: float = option(0.05, "share of the updates, or their number", group=TRAINING)
    optimizer: str | None = option(
        None, "of the matrices inside", choices=CHOICES["optimizer"], group=TRAINING
    )
    average: float = option(
        0.0,
        "decay of the weights' average (default: the last weights)",
        metavar="D",
        group=TRAINING,
    )
    evaluate_every: int = option(0, "updates; the best weights are kept", group=TRAINING)
    patience: int = option(0, "stop after N evaluations without a better", group=TRAINING)
    checkpoint_every: int = option(500, "updates", group=TRAINING, identity=False)
    device: str = common("--device", "auto", help="auto, cpu, cuda, cuda:1, mps", group=TRAINING)
    dtype: str | None = common(
        "--dtype",
        help="float32, bfloat16 (quick on CPUs that have it too); default: by device",
        choices=CHOICES["dtype"],
        group=TRAINING,
    )
    limit: int | None = common("--limit", least=1)
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline", identity=False)

    def loop_settings(self, optimizer: str, learning_rate: float) -> Settings:
        """Those of the loop.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        if self.steps is None and self.seconds is None:
            raise InputError("expected --steps N or --time-budget TIME, found neither")
        if self.batch_tokens < self.length:
            raise InputError(f"--batch-tokens {self.batch_tokens}: expected {self.length} or more")
        check_device(self.device)
        return Settings(
            steps=self.steps,
            seconds=self.seconds,
            clock=self.clock,  # type: ignore[arg-type]  # `Settings` checks its choices
            learning_rate=learning_rate,
            schedule=self.schedule,  # type: ignore[arg-type]
            warmup=self.warmup,
            optimizer=optimizer,  # type: ignore[arg-type]
            betas=(0.9, 0.98),  # RoBERTa's: a few thousand steps have no time for 0.999
            accumulate=self.accumulate,
            average=self.average,
            dtype=self.dtype or "auto",  # type: ignore[arg-type]
            device=self.device,
            seed=self.seed,
            evaluate_every=self.evaluate_every,
            patience=self.patience,
            checkpoint_every=self.checkpoint_every,
        )


def changed(name: str, default: Any, help: str | None = None) -> Any:  # noqa: A002  # argparse's word
    """An option of `LoopOptions` with another default, and perhaps other words, in a subclass.

    It stands below `_: KW_ONLY` there, so that options of the command keep their places.
    """
    about = options_of(LoopOptions)[name]
    if help is not None:
        about = dataclasses.replace(about, help=help)
    return dataclasses.field(default=default, metadata={"option": about})


def budget_option(budget: str) -> Any:
    """The option `--time-budget` of a command that trains for `budget` where nobody says."""
    told = options_of(LoopOptions)["seconds"].help
    return changed("seconds", None, f"{told} (default {budget}, unless --steps is given)")


def train_command(
    module: str,
    description: str,
    config: type[Any],
    budget: str,
    do: Callable[[Any, Access, OnProgress, str], Any],
    show: Callable[[Any], None],
    argv: Sequence[str] | None = None,
) -> int:
    """A whole command line that trains: options, a bar, Ctrl-C answered with how to go on.

    Args:
        module: as it is started: `training.tag`.
        config: the configuration, a subclass of `LoopOptions`.
        budget: how long it trains where nobody says.
        do: trains, given the configuration, the access to files, what is told of the progress,
            and the command as it was given.
        show: prints what `do` returned.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = Parser(module, description)
    add_options(parser, config)
    parser.add_common("-v")
    command = shlex.join(["python", "-m", module, *arguments])

    def train(given: Namespace) -> int:
        default = given.seconds is None and given.steps is None
        asked = config_of(config, given, seconds=seconds_of(budget) if default else given.seconds)
        try:
            with progress_bar() as bar:
                if default and getattr(given, "freeze", None) != "encoder":
                    bar.say(
                        f"training for {budget}; --time-budget TIME or --steps N says otherwise"
                    )
                done = do(asked, Access.of(asked, bar.say), shown_on(bar), command)
        except KeyboardInterrupt as stopped:
            say(f"{str(stopped) or 'stopped'}; to go on: {command}")
            return 130
        show(done)
        return 0

    return run(parser, train, argv)
