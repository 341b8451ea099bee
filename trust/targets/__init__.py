"""Kinds of models that can be audited: how one is told, read for, asked, and trained once more.

    target = target_of(folder)          # by what the folder holds
    model = target.open(folder)
    target.observe(model, examples)     # a `Seen` each

A kind is a file with a class that has the methods of `Target`, and a row of TARGETS.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Protocol

from data.access import Access
from data.bounded import read_json
from data.cli import did_you_mean
from data.errors import InputError
from models.resolve import RUNS_MODEL, resolve_model
from trust.canary import Canary
from trust.examples import Example
from trust.observed import Seen

TARGETS = {
    "intents": "trust.targets.intents:Intents",
    "tagger": "trust.targets.tagger:Taggers",
    "decoder": "trust.targets.text:Decoders",
    "encoder": "trust.targets.text:Encoders",
    "inflection": "trust.targets.inflection:Inflection",
}
TEXT = ("decoder", "encoder")  # kinds whose candidates are running text


class Target(Protocol):
    """A kind of model.

    Attributes:
        kind: its name in TARGETS.
        command: what trains it, `nlu.train`.
        suffix: of the files that `write` writes.
    """

    kind: str
    command: str
    suffix: str

    def read(self, name: str, access: Access) -> list[Example]:
        """The examples of a file or a set of the catalog."""
        ...

    def write(self, path: Path, examples: Sequence[Example]) -> None:
        """A file that `read` and the command read as the same examples."""
        ...

    def open(self, folder: Path) -> Any:
        """The model of a folder, a run's or its model/."""
        ...

    def unknown(self, model: Any, example: Example) -> str:
        """What of an example's labels the model has not got, "" for nothing."""
        ...

    def observe(self, model: Any, examples: Sequence[Example]) -> list[Seen]:
        """What the model says of each; a label that it has not got is as likely as all others."""
        ...

    def train(self, run: TrainedRun, data: Path, out: Path, seed: int, steps: int) -> None:
        """Train a model as `run` was trained, on the examples of a file alone."""
        ...

    def labels(self, examples: Sequence[Example], secret: int, draw: Random) -> tuple[str, ...]:
        """How a canary whose secret has so many signs is labelled, drawn from labels in use."""
        ...

    def planted(self, canary: Canary, secret: Sequence[str]) -> Example:
        """The record of a canary, with its secret or another."""
        ...

    def pieces(self, model: Any, example: Example) -> Sequence[int]:
        """What the model reads of an example, as ids."""
        ...


class TrainedRun:
    """The folder of the run that made a model: what it was asked for, and what came of it.

    Raises:
        InputError: the folder is no run of the command, or its config.json is damaged.
    """

    def __init__(self, folder: Path, command: str) -> None:
        shape = {"command?": str, "run": dict, "options?": dict}
        told = read_json(folder / "config.json", shape)
        if told.get("command", command) != command:
            raise InputError(f"{folder}: a run of {told['command']}; expected one of {command}")
        self.folder = folder
        self.identity: dict[str, Any] = told["run"]
        self.options: dict[str, Any] = told.get("options") or {}

    @property
    def stated(self) -> tuple[float, float] | None:
        """Epsilon and delta that the run states, or None of a run without such a promise."""
        epsilon, delta = self.options.get("dp_epsilon"), self.options.get("dp_delta")
        if isinstance(epsilon, int | float) and epsilon > 0:
            return float(epsilon), float(delta or 0)
        return None

    def scores(self, shape: Any) -> Any:
        """What scores.json says."""
        return read_json(self.folder / "scores.json", shape)


def trained_run(folder: Path | None, command: str) -> TrainedRun | None:
    """The run that made a model by its kind's own command; None of other commands, whose recipe
    shadows cannot follow: trust.federated, training.distil.

    Raises:
        InputError: its config.json is damaged.
    """
    if folder is None:
        return None
    told = read_json(folder / "config.json", {"command?": str})
    return TrainedRun(folder, command) if told.get("command", command) == command else None


def target(kind: str) -> Target:
    """The kind of that name.

    Raises:
        InputError: there is none.

    >>> target("taggre")
    Traceback (most recent call last):
    data.errors.InputError: "taggre": expected a kind of model that can be audited, intents, \
tagger, decoder, encoder, inflection (did you mean tagger?)
    """
    if kind not in TARGETS:
        raise InputError(
            f'"{kind}": expected a kind of model that can be audited, {", ".join(TARGETS)}'
            f"{did_you_mean(kind, TARGETS)}"
        )
    module, _, name = TARGETS[kind].partition(":")
    made: Target = getattr(import_module(module), name)()
    return made


def find_model(name: str, access: Access) -> tuple[str, Path, Path | None]:
    """The kind of a model, the folder that holds it, and the run that made it, if it is one's.

    Raises:
        InputError: no such model, or one of a kind that is not audited.
    """
    path = Path(name)
    inner = path / RUNS_MODEL if (path / RUNS_MODEL).is_dir() else path
    if (inner / "config.json").is_file() and "alphabet" in read_json(inner / "config.json", dict):
        folder = inner
    else:
        folder = resolve_model(name, access).folder
    run = (
        inner.parent
        if inner.name == RUNS_MODEL and (inner.parent / "config.json").is_file()
        else None
    )
    return kind_of(folder, name), folder, run


def kind_of(folder: Path, name: str) -> str:
    """What a model folder holds.

    Raises:
        InputError: a model of another task.
    """
    if (folder / "nlu.json").is_file():
        return "intents"
    told = read_json(folder / "config.json", dict)
    if "alphabet" in told:
        return "inflection"
    for architecture in told.get("architectures") or ["no model"]:
        for ending, kind in (
            ("ForTokenClassification", "tagger"),
            ("ForCausalLM", "decoder"),
            ("LMHeadModel", "decoder"),
            ("ForMaskedLM", "encoder"),
        ):
            if str(architecture).endswith(ending):
                return kind
    raise InputError(
        f"{name}: a model of another task ({architecture}); audits take what training.pretrain"
        " (encoders, decoders), training.tag, nlu.train and morph.train make: name such a --model"
    )


def scaled(steps: int, trained_on: int, examples: int) -> int:
    """Updates for a run on other data, so that each example is seen as often.

    >>> scaled(400, 1000, 250)
    100
    """
    return max(1, round(steps * examples / max(1, trained_on)))
