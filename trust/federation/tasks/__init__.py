"""Tasks that clients learn together: how their examples are read, trained on and scored.

    task = task_of("intents")
    opened = task.open(setting, examples)
    batches, number = opened.batches([0, 5, 7], seed=1)        # of a client's examples, an epoch
    fit(opened.model, batches, opened.loss, settings)

A task is a file with a class that has the methods of `Task`, and a row of TASKS. Models, batches
and losses are those of the command that trains the same centrally.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from data.access import Access
from data.errors import InputError
from trust.examples import Example

if TYPE_CHECKING:
    from metrics.ratios import Ratio
    from models.resolve import Model
    from training.batches import Batches
    from training.updates import Loss

TASKS = {
    "intents": "trust.federation.tasks.intents:Intents",
    "pos": "trust.federation.tasks.pos:PartsOfSpeech",
    "topics": "trust.federation.tasks.topics:Topics",
    "lm": "trust.federation.tasks.lm:LanguageModel",
    "inflection": "trust.federation.tasks.inflection:Inflection",
}
TOKENIZER, PIECES = "train:", "train:2000"
BEGUN = "begun"  # in the run's folder: what clients begin with, where it has random weights
Row = list[float]  # what a score is the ratio of: hits and items, bits and bytes


@dataclass(frozen=True, slots=True)
class Setting:
    """What a task is opened with: the options of `trust.federation.config.Federated` of its names.

    Attributes:
        folder: of the run.
    """

    model: str | None
    config: str | None
    tokenizer: str | None
    pooling: str
    freeze: bool
    hidden: int
    lora: int | None
    length: int
    batch_tokens: int
    seed: int
    folder: Path
    access: Access


class Opened(Protocol):
    """A task with its model and the training examples of all clients.

    Attributes:
        model: what training changes of it travels.
        metric: the score's name; ratio: how summed rows become it.
        notes: what a reader of the scores must know.
    """

    model: Any
    loss: Loss
    metric: str
    ratio: Ratio
    notes: Sequence[str]

    def batches(self, members: Sequence[int], seed: int) -> tuple[Batches, int]:
        """A stream over these examples, and how many batches an epoch of it has."""
        ...

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """What the model makes of each example that is scored."""
        ...

    def free(self, examples: Sequence[Example]) -> tuple[str, list[Row]]:
        """A baseline that costs nothing: its name, and what it makes of each."""
        ...

    def save(self, out: Path) -> None:
        """Write the model as its own command does."""
        ...


class Task(Protocol):
    """Something that clients learn.

    Attributes:
        train, test: sets of the catalog in several languages, where the user names none.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]

    def read(self, name: str, access: Access) -> list[Example]:
        """The examples of a file or a set of the catalog."""
        ...

    def label(self, example: Example) -> str:
        """The one label of an example, "" where it has none or many."""
        ...

    def open(self, setting: Setting, training: Sequence[Example]) -> Opened:
        """The model before the first round, with what all clients have to train on."""
        ...


def task_of(name: str) -> Task:
    """The task of that name, one of TASKS."""
    module, _, kind = TASKS[name].partition(":")
    made: Task = getattr(import_module(module), kind)()
    return made


def begin(setting: Setting, texts: Sequence[str], architecture: str) -> tuple[Model, list[str]]:
    """What clients begin with, as a folder, and what is to be said of it.

    Random weights and their tokenizer are made in the run's folder the first time.

    Raises:
        InputError: no such model, architecture or tokenizer; too little text for a tokenizer.
    """
    from models.resolve import resolve_model

    if setting.model is not None:
        return resolve_model(setting.model, setting.access), []
    folder, tokenizer = setting.folder / BEGUN, setting.tokenizer or PIECES
    if not (folder / "config.json").exists():
        name, own = setting.config or f"{architecture}-nano", setting.tokenizer is None
        _make(folder, name, tokenizer, texts, setting.seed, own=own)
    notes = []
    if tokenizer.startswith(TOKENIZER):
        notes.append(
            "the tokenizer was trained on the texts of all clients, which no server has: for real"
            " devices give --tokenizer of public text"
        )
    return resolve_model(str(folder), setting.access), notes


def _make(
    folder: Path, name: str, tokenizer: str, texts: Sequence[str], seed: int, *, own: bool
) -> None:
    """The beginning's folder; `own`: the tokenizer is ours to choose, as large as texts allow."""
    from models.tokenizer import open_fast_tokenizer
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build, named
    from training.tokenizer import framed, save_tokenizer, train_tokenizer

    family, _ = named(name)
    if tokenizer.startswith(TOKENIZER):
        size = tokenizer.removeprefix(TOKENIZER)
        if not size.isascii() or not size.isdigit() or len(size) > 7:
            raise InputError(f"--tokenizer {tokenizer}: write it as {PIECES}, or give a folder")
        try:
            made = train_tokenizer(texts, int(size), at_most=own).tokenizer
        except InputError as error:
            raise InputError(f"--tokenizer {tokenizer}: {error}") from error
    else:
        made = open_fast_tokenizer(Path(tokenizer))
    made = framed(made, family.architecture)
    ids = (made.pad_token_id, made.bos_token_id, made.eos_token_id)
    if None in ids:
        raise InputError(
            f"--tokenizer {tokenizer}: expected tokens of padding, beginning and end, found"
            f" {', '.join(made.all_special_tokens) or 'none'}; give train:2000"
        )
    model = build(name, SpecialIds(*map(int, ids)), len(made), seed)
    save_tokenizer(made, folder)
    save_safetensors(model, folder)


def most_frequent(labels: Sequence[str]) -> str:
    """The label that most have, of equals the first in the alphabet.

    >>> most_frequent(["b", "a", "b", "a"])
    'a'
    """
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))


def check_labels(labels: Sequence[str], what: str) -> None:
    """Refuse training data with fewer than two labels.

    Raises:
        InputError: says how many there are.
    """
    found = sorted({*labels} - {""})
    if len(found) < 2:
        raise InputError(
            f"--train: expected examples of two {what} or more, found {len(found)}"
            f" ({', '.join(found) or 'none has one'}); name labelled sets"
        )


def refuse(setting: Setting, task: str, names: Sequence[str]) -> None:
    """Refuse options that a task has no use for.

    Raises:
        InputError: names the first.
    """
    for name in names:
        if getattr(setting, name):
            raise InputError(f"--{name}: --task {task} has no use for it; leave it out")


def frozen(body: Any) -> None:
    """Leave all weights of a part as they are."""
    for weight in body.parameters():
        weight.requires_grad_(False)
