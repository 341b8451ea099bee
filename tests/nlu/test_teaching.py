"""A teacher's answers: hand-worked losses, averages, runs that learn from them, bad input."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data.access import Access
from data.errors import InputError
from nlu.config import NluConfig
from nlu.model import Shape, load_nlu
from nlu.teaching import Asked, ask, parse_teachers, soft_loss
from nlu.train import train


def test_the_loss_by_hand() -> None:
    """Two utterances, the second without an answer; one word with one; temperature 1, slots 0.5."""
    scores = torch.tensor([[0.25, 0.75], [0.9, 0.1]]).log()
    tags = torch.tensor([[[0.5, 0.25, 0.25]], [[0.1, 0.1, 0.8]]]).log()
    batch = {
        "soft_intents": torch.tensor([[0.5, 0.5], [0.0, 0.0]]),
        "soft_tags": torch.tensor([[[0.25, 0.5, 0.25]], [[0.0, 0.0, 0.0]]]),
    }
    intents = 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)
    words = 0.25 * math.log(0.5) + 0.5 * math.log(2)
    found = float(soft_loss(scores, tags, batch, 1.0, 0.5))
    assert found == pytest.approx(intents + 0.5 * words, abs=1e-6)


def test_somebody_is_asked_about_both_parts() -> None:
    with pytest.raises(
        InputError, match="nobody is asked about intents; add a run, or RUN:intents"
    ):
        parse_teachers(("runs/a:slots",))
    assert [one.part for one in parse_teachers(("a:slots", "b:intents"))] == ["slots", "intents"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"unlabelled": ("a.conll",)}, "--unlabelled needs --teacher"),
        ({"teacher": ("a",), "crf": True}, "--teacher goes with linear heads"),
        ({"teacher": ("a",), "temperature": 0.0}, "--temperature 0.0: expected 0.01 or more"),
    ],
)
def test_options_that_cannot_be(more: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        NluConfig(("xsid:train",), model="e5", steps=1, **more)  # type: ignore[arg-type]


def options(out: Path, encoder: str, corpus: Path, **more: Any) -> NluConfig:
    base: dict[str, Any] = {"train": (f"{corpus}:train",), "test": (f"{corpus}:test",)}
    base |= {"model": encoder, "learning_rate": 0.003, "head_rate": 2.0, "batch_tokens": 256}
    return NluConfig(**base | {"out": out} | more)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory, encoder: str, corpus: Path) -> str:
    folder = tmp_path_factory.mktemp("teacher") / "run"
    return str(train(options(folder, encoder, corpus, steps=130)).folder)


def test_a_student_learns_from_utterances_without_labels(
    teacher: str, encoder: str, corpus: Path, tmp_path: Path
) -> None:
    """Nine labelled utterances, and the teacher's answers on the others."""
    few = tmp_path / "few.jsonl"
    lines = corpus.read_text("utf-8").splitlines()
    few.write_text("\n".join(lines[:9]) + "\n", "utf-8")
    more: dict[str, Any] = {"train": (f"{few}:train",), "steps": 110}
    alone = train(options(tmp_path / "alone", encoder, corpus, **more))
    more |= {
        "teacher": (teacher,),
        "unlabelled": (f"{corpus}:train",),
        "answers": tmp_path / "kept",
    }
    taught = train(options(tmp_path / "taught", encoder, corpus, **more))

    def exact(done: Any) -> float:
        rows = [row for row in done.rows() if row["system"] == "model"]
        return float(rows[2]["value"])

    assert exact(taught) > exact(alone)
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 2  # a file a set of utterances
    again = train(options(tmp_path / "again", encoder, corpus, **more))
    weights = "heads.safetensors"
    assert (again.model / weights).read_bytes() == (taught.model / weights).read_bytes()
    kept = next((tmp_path / "kept").glob("*.npz"))
    kept.write_bytes(kept.read_bytes()[:50])
    with pytest.raises(InputError, match="a damaged file; remove it, and the same command asks"):
        train(options(tmp_path / "damaged", encoder, corpus, **more))


def test_answers_are_means_in_the_students_labels(teacher: str) -> None:
    """A label that the teacher lacks has probability 0; each row's sum is 1."""
    model = load_nlu(teacher)
    shape = Shape((*model.shape.intents, "never"), model.shape.slots)
    words = [("wake", "me", "at", "noon"), ("play", "taxi")]
    asked = [Asked(teacher), Asked(teacher, "slots")]
    said = ask(asked, [words], shape, temperature=1.0, own=[True], access=Access())
    assert said.intents.shape == (2, len(shape.intents))
    assert np.allclose(said.intents.sum(axis=1), 1, atol=1e-5)
    assert not said.intents[:, shape.intents.index("never")].any()
    assert [len(tags) for tags in said.tags] == [4, 2]
    told = model.parse(words)
    assert [shape.intents[n] for n in said.intents.argmax(axis=1)] == [one.intent for one in told]
    other = Shape(("a", "b"), ("c", "d"))
    with pytest.raises(InputError, match="has none of the labels of the training data"):
        ask(asked, [words], other, temperature=1.0, own=[True], access=Access())
