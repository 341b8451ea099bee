"""Every command that trains states what its private run gave away."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError

pytest.importorskip("opacus")
PRIVATE: dict[str, Any] = {"dp_epsilon": 8.0, "dp_accountant": "rdp"}
TAGS = {"mbwa": "NOUN", "paka": "NOUN", "analala": "VERB", "anakula": "VERB", "sana": "ADV"}


def pretrained(folder: Path, unit: str) -> Path:
    from training.pretrain import pretrain
    from training.pretraining.config import PretrainConfig

    config = PretrainConfig(
        ("sample:sw",),
        "MLM",
        "encoder-nano",
        tokenizer="train:400",
        steps=2,
        length=16,
        dp_batch=8,
        dp_unit=unit,
        out=folder,
        **PRIVATE,
    )
    pretrain(config)
    return folder


def test_pretraining_and_tagging(tmp_path: Path) -> None:
    from training.tag import tag
    from training.tagging.config import TagConfig

    encoder = pretrained(tmp_path / "encoder", "document")
    told = json.loads((encoder / "scores.json").read_text("utf-8"))["privacy"]
    assert (told["unit"], told["steps"]) == ("document", 2)
    assert told["epsilon"] <= 8
    draw = random.Random(1)
    sentences = [draw.choices(list(TAGS), k=draw.randint(2, 6)) for _ in range(60)]
    text = "\n".join("".join(f"{word} {TAGS[word]}\n" for word in one) for one in sentences)
    (tmp_path / "train.txt").write_text(text, "utf-8")
    config = TagConfig(
        (f"{tmp_path}/train.txt",),
        model=str(encoder),
        steps=3,
        dp_batch=10,
        out=tmp_path / "tagger",
        **PRIVATE,
    )
    done = tag(config)
    assert done.told["privacy"]["units"] == 60
    card = (done.model / "README.md").read_text("utf-8")
    assert "one sentence (opacus" in card
    assert "most frequent of the training data" in card


def test_inflection(tmp_path: Path) -> None:
    from morph.recipe import Recipe, TrainingConfig
    from morph.run import train_model

    rows = [f"{stem}a\tV;PST\tali{stem}a" for stem in ("som", "lal", "pig", "chez", "andik", "sem")]
    triples = tmp_path / "train.tsv"
    triples.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    recipe = Recipe(steps=2, width=16, inner=32, dp_batch=3, **PRIVATE)
    columns = ("lemma", "features", "form")
    config = TrainingConfig(("swa",), recipe, train=triples, dev=triples, columns=columns)
    done = train_model(config, tmp_path / "run")
    card = (done.folder / "model" / "README.md").read_text("utf-8")
    assert "against adding or removing one sentence" in card
    for given, told in (
        ({"networks": 2}, "--networks"),
        ({"backward": True}, "--backward"),
        ({"hallucinated": 9}, "--hallucinate"),
        ({"dp_unit": "speaker"}, "--dp-unit speaker"),
        ({"steps": None, "seconds": 9.0}, "needs --steps"),
    ):
        with pytest.raises(InputError, match=told):
            Recipe(**({"steps": 2, **PRIVATE} | given))
