"""A model of intents that has learned a few utterances by heart, and canaries among them."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from data.labels.slots import Utterance

PLACES = ("nyeri", "kisumu", "moshi", "arusha", "kigali", "mwanza", "tanga", "lamu")
TIMES = ("five", "noon", "seven", "midnight", "nine", "dawn")
SONGS = ("malaika", "jambo", "taxi", "nakupenda", "kwaheri")


def utterances(number: int) -> list[Utterance]:
    """Different utterances whose intent is dealt out at random: only learning by heart helps."""
    draw, found = random.Random(7), dict[str, Utterance]()
    while len(found) < number:
        words = [draw.choice(PLACES), draw.choice(TIMES), draw.choice(SONGS)]
        draw.shuffle(words)
        words = ["please", *words, draw.choice(PLACES)]
        tags = tuple("B-time" if w in TIMES else "B-song" if w in SONGS else "O" for w in words)
        text = " ".join(words)
        intent = draw.choice(("alarm", "weather", "play"))
        found[text] = Utterance(str(len(found)), tuple(words), intent, tags, text)
    return list(found.values())


@dataclass(frozen=True)
class Toy:
    """What the tests attack.

    Attributes:
        run: the folder of the trained model; encoder: what it began with.
        planted: the folder of the canaries.
    """

    run: Path
    encoder: Path
    planted: Path

    @property
    def members(self) -> str:
        """Utterances that it was trained on."""
        return f"en={self.planted / 'members.tsv'}"

    @property
    def others(self) -> str:
        """Utterances like them."""
        return f"en={self.planted / 'others.tsv'}"

    @property
    def canaries(self) -> Path:
        """Planted utterances."""
        return self.planted / "canaries.jsonl"


def nlu_options(encoder: Path, data: Path, out: Path, steps: int = 200) -> dict[str, object]:
    """Options of a run that learns by heart."""
    return {
        "train": (str(data),),
        "model": str(encoder),
        "steps": steps,
        "learning_rate": 0.006,
        "schedule": "constant",
        "head_rate": 2.0,
        "batch_tokens": 256,
        "length": 32,
        "out": out,
    }


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """80 utterances parted by coins, two canaries ten times among them, a model of two layers."""
    from models.weights import save_safetensors
    from nlu.config import NluConfig
    from nlu.train import train
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, save_tokenizer, train_tokenizer
    from trust.canaries import Planting, plant
    from trust.targets import target
    from trust.targets.intents import example

    folder = tmp_path_factory.mktemp("toy")
    said = utterances(80)
    texts = [one.text for one in said]  # without digits, each of which is then a piece of its own
    tokenizer = framed(train_tokenizer(texts, 362).tokenizer, "encoder")
    encoder = folder / "encoder"
    save_safetensors(build("encoder-nano", SpecialIds(0, 2, 3), len(tokenizer), 1), encoder)
    save_tokenizer(tokenizer, encoder)
    data = folder / "all.tsv"
    kind = target("intents")
    kind.write(data, [replace(example(one), id=str(n)) for n, one in enumerate(said)])
    planting = Planting(
        "intents", (f"en={data}",), 2, (0, 10), 2, part=True, seed=3, out=folder / "planted"
    )
    done = plant(planting)
    train(NluConfig(**nlu_options(encoder, done.train, folder / "run")))  # type: ignore[arg-type]
    return Toy(folder / "run", encoder, done.folder)
