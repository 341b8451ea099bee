"""Labels of words that are counted beside the model, and go with the tagger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from tests.training.tagged_texts import SWAHILI, labelled, options, tokenizer_folder, write
from training.tag import Tagged, tag
from training.tagging.config import TagConfig
from training.tagging.dictionary import FILE, Dictionary
from training.tagging.tagger import load_tagger

LABELS = ("ADJ", "NOUN", "VERB")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_folder(tmp_path_factory.mktemp("tokenizer"))


def run(folder: Path, pieces: Path, **more: Any) -> Tagged:
    return tag(TagConfig(**options(folder, pieces, **more)))


def value(done: Tagged, system: str = "model") -> float:
    [score] = [one["score"] for one in done.told["results"] if one["system"] == system]
    return float(score["value"])


def test_english_labels_and_a_dictionary_tag_swahili(tokenizer: Path, tmp_path: Path) -> None:
    """Nothing is trained on the dictionary's sentences; the tagger keeps it when it is opened."""
    listed = write(tmp_path / "listed.txt", labelled(SWAHILI, 100, seed=5))
    plain = run(tmp_path, tokenizer)
    known = run(
        tmp_path, tokenizer, dictionary=(listed,), dictionary_weight=3, out=tmp_path / "known"
    )
    assert value(known) > 95 > value(plain) + 20
    assert value(known, "most frequent label of each word") > 99
    assert [one["role"] for one in known.told["data"]] == ["train", "dictionary", "dev", "test"]
    weights = [(folder / "model.safetensors").read_bytes() for folder in (plain.model, known.model)]
    assert weights[0] == weights[1]
    sentence = ("MWALIMU", "ananunua", "kitabu")
    assert load_tagger(str(known.folder)).tag([sentence]) == [["NOUN", "VERB", "NOUN"]]


def test_a_weight_of_nothing_changes_nothing(tokenizer: Path, tmp_path: Path) -> None:
    listed = write(tmp_path / "listed.txt", labelled(SWAHILI, 100, seed=5))
    more: dict[str, Any] = {"dictionary": (listed,), "steps": 20}
    plain = run(tmp_path, tokenizer, steps=20)
    none = run(tmp_path, tokenizer, dictionary_weight=0, out=tmp_path / "none", **more)
    assert value(none) == value(plain)


def test_scores_are_smoothed_counts() -> None:
    known = Dictionary.of([(("a", "A"), ("NOUN", "VERB"))], LABELS, {"NOUN": 8, "VERB": 1}, 2)
    shares = [1 / 12, 9 / 12, 2 / 12]  # one more than counted, of 9 and 3 labels
    scores = known.scores("a")
    assert scores is not None
    expected = [(count + share) / 3 for count, share in zip((0, 1, 1), shares, strict=True)]
    import numpy as np

    assert scores == pytest.approx(2 * np.log(expected))
    assert known.scores("b") is None


def test_labels_that_training_has_not_do_not_count() -> None:
    known = Dictionary.of([(("a", "b"), ("X", "NOUN"))], LABELS, {"NOUN": 1}, 1)
    assert list(known.words["a"]) == [0, 0, 0]


def test_it_is_read_back(tmp_path: Path) -> None:
    known = Dictionary.of([(("a",), ("NOUN",))], LABELS, {"NOUN": 1}, 0.25)
    known.save(tmp_path)
    assert Dictionary.load(tmp_path, LABELS) == known
    assert Dictionary.load(tmp_path / "none", LABELS) is None


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["NOUN"]},
        {"words": {"a": [1]}},
        {"shares": [0.0, 0.5, 0.5]},
        {"shares": [1.0]},
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    Dictionary.of([(("a",), ("NOUN",))], LABELS, {"NOUN": 1}, 1).save(tmp_path)
    told = json.loads((tmp_path / FILE).read_text("utf-8"))
    (tmp_path / FILE).write_text(json.dumps({**told, **change}), "utf-8")
    with pytest.raises(InputError, match=r"dictionary.json: expected counts of the tagger's 3"):
        Dictionary.load(tmp_path, LABELS)


def test_a_weight_below_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"--dictionary-weight"):
        TagConfig(("ewt:train",), model="m", steps=1, dictionary_weight=-1)
