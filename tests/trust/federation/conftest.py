"""Sixty utterances in two languages, a tokenizer, and a run of a network of two layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from tests.trust.conftest import utterances
from trust.examples import Example
from trust.federation.config import Federated
from trust.federation.run import Material, material, setting_of
from trust.federation.tasks import Opened, task_of

WORDS = {"please": "tafadhali", "five": "tano", "noon": "mchana"}


@dataclass(frozen=True)
class Small:
    """What the tests train.

    Attributes:
        options: of a run that takes a second.
    """

    folder: Path
    options: dict[str, Any]

    def config(self, **changed: Any) -> Federated:
        """The options, some of them changed."""
        return Federated(**{**self.options, **changed})

    def material(self, **changed: Any) -> Material:
        """The examples."""
        return material(self.config(**changed), task_of("intents"), Access())

    def opened(self, **changed: Any) -> tuple[Opened, list[Example]]:
        """The task before its first round."""
        config = self.config(**changed)
        examples = list(self.material().training)
        task = task_of(config.task)
        return task.open(setting_of(config, self.folder, Access()), examples), examples


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """English, and Swahili that has a few words of its own; the last twelve of each are tested."""
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, save_tokenizer, train_tokenizer
    from trust.targets.intents import Intents, example

    folder = tmp_path_factory.mktemp("federation")
    english = utterances(60)
    swahili = [
        replace(one, tokens=(tokens := tuple(WORDS.get(t, t) for t in one.tokens)),
                text=" ".join(tokens))
        for one in english
    ]  # fmt: skip
    names = {"train": [], "test": []}
    for code, said in (("en", english), ("sw", swahili)):
        for part, chosen in (("train", said[:48]), ("test", said[48:])):
            path = folder / f"{part}-{code}.tsv"
            Intents().write(path, [replace(example(o), id=f"{code}{o.id}") for o in chosen])
            names[part].append(f"{code}={path}")
    tokenizer = framed(
        train_tokenizer([one.text for one in english + swahili], 362).tokenizer, "encoder"
    )
    encoder = folder / "encoder"
    save_safetensors(build("encoder-nano", SpecialIds(0, 2, 3), len(tokenizer), 1), encoder)
    save_tokenizer(tokenizer, encoder)
    options = {
        "task": "intents",
        "train": tuple(names["train"]),
        "test": tuple(names["test"]),
        "model": str(encoder),
        "clients": 8,
        "per_round": 4,
        "rounds": 3,
        "batch_tokens": 64,
        "length": 32,
        "evaluate_every": 2,
        "checkpoint_every": 1,
    }
    return Small(folder, options)
