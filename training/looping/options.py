"""Options of every command that trains through `training.loop`, each described once.

>>> loop_options({"--length": {"default": 64}})["--length"]["default"]
64
>>> seconds_of("10m"), seconds_of("1.5h"), seconds_of("90")
(600.0, 5400.0, 90.0)
"""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from data.errors import InputError

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
OPTIONS: dict[str, dict[str, Any]] = {
    "--steps": {"type": int, "metavar": "N", "help": "updates of the weights"},
    "--time-budget": {"metavar": "TIME", "help": "90s, 10m, 1.5h: settles the number of updates"},
    "--clock": {"default": "wall", "help": "of --time-budget: wall or cpu (default %(default)s)"},
    "--length": {"type": int, "default": 128, "help": "pieces seen at once (default %(default)s)"},
    "--batch-tokens": {
        "type": int,
        "default": 4096,
        "help": "pieces a batch, padding included (default %(default)s)",
    },
    "--accumulate": {"type": int, "default": 1, "help": "batches an update (default %(default)s)"},
    "--learning-rate": {"type": float, "help": "at its highest (default %(default)s)"},
    "--schedule": {
        "default": "cosine",
        "help": "constant, linear, cosine, wsd, inverse_sqrt (default %(default)s)",
    },
    "--warmup": {
        "type": float,
        "default": 0.05,
        "help": "share of the updates, or their number (default %(default)s)",
    },
    "--optimizer": {"help": "adamw or muon (default %(default)s)"},
    "--average": {
        "type": float,
        "default": 0.0,
        "metavar": "D",
        "help": "decay of the weights' average (default: the last weights)",
    },
    "--evaluate-every": {"type": int, "default": 0, "help": "updates; the best weights are kept"},
    "--patience": {"type": int, "default": 0, "help": "stop after N evaluations without a better"},
    "--checkpoint-every": {"type": int, "default": 500, "help": "updates (default %(default)s)"},
    "--device": {"default": "auto", "help": "auto, cpu, cuda, cuda:1, mps (default %(default)s)"},
    "--dtype": {"help": "float32, bfloat16 (quick on CPUs that have it too); default: by device"},
}


def loop_options(changed: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The options as `argparse` takes them, by name.

    Args:
        changed: what a command says otherwise, such as another default.
    """
    return {name: {**settings, **changed.get(name, {})} for name, settings in OPTIONS.items()}


def seconds_of(text: str) -> float:
    """A length of time: 90, 90s, 10m, 1.5h, 1d.

    Raises:
        InputError: it is none.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)", text.strip())
    if not match or not float(match[1]):
        raise InputError(f'--time-budget "{text}": expected a time such as 90s, 10m or 1.5h')
    return float(match[1]) * UNITS[match[2]]


def budget_option(budget: str) -> dict[str, str]:
    """The help of `--time-budget` in a command that has a default.

    >>> budget_option("10m")["help"]
    '90s, 10m, 1.5h: settles the number of updates (default 10m, unless --steps is given)'
    """
    told = f"{OPTIONS['--time-budget']['help']} (default {budget}, unless --steps is given)"
    return {"help": told}


def default_seconds(steps: int | None, budget: str) -> float | None:
    """The budget of a run for which none was asked: none where the updates are counted.

    >>> default_seconds(None, "10m"), default_seconds(300, "10m")
    (600.0, None)
    """
    return seconds_of(budget) if steps is None else None


def budget_is_default(options: Namespace) -> bool:
    """Whether the user has said nothing of how long to train."""
    return options.steps is None and options.time_budget is None


def told_budget(budget: str) -> str:
    """The line that says so."""
    return f"training for {budget}; --time-budget TIME or --steps N says otherwise"
