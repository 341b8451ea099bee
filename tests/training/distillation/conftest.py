"""Teachers of two layers, made once: of text and pieces that tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.texts import options, sentences, write_corpus
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

OTHER_TEXT = [*sentences(60, seed=7), "rafiki amesoma gazetini", "wanunuzi wa samaki wanapika"] * 3
KINDS = {
    "decoder": ("CLM", "decoder-nano"),
    "encoder": ("MLM", "encoder-nano"),
    "bert": ("MLM", "bert-nano"),
    "t5": ("BART", "encoder-decoder-nano"),
}


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("distil") / "text.txt")


@pytest.fixture(scope="session")
def teacher(text: Path) -> Callable[..., str]:
    """The folder of a teacher of that kind."""
    made: dict[str, str] = {}

    def make(kind: str, seed: int = 0, *, other: bool = False, **more: Any) -> str:
        """`other`: with pieces learned from other text."""
        name = "-".join([kind, str(seed), str(other), *map(str, more.values())]).replace(":", "")
        if other:
            path = text.with_name("other.txt")
            path.write_text("".join(f"{line.lower()}\n" for line in OTHER_TEXT), "utf-8")
            more = {"corpora": (str(path),), "tokenizer": "train:390", **more}
        if name not in made:
            objective, config = KINDS[kind]
            how = {"objective": objective, "config": config, "seed": seed, "steps": 8, **more}
            done = pretrain(PretrainConfig(**options(text, text.parent / name, **how)))
            made[name] = str(done.folder)
        return made[name]

    return make
