"""Classification end to end with small encoders: it learns, goes on, transfers labels, predicts."""

from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data.access import Access
from data.errors import InputError
from data.labelled import LabelledText
from data.tsv import read_tsv, write_tsv
from metrics.labels import macro_f1
from models.weights import save_safetensors
from training.architectures import SpecialIds, build
from training.classification.classifier import load_classifier
from training.classification.config import ClassifyConfig
from training.classification.labelled import few, find_texts, find_unlabelled
from training.classification.logistic import DIMENSIONS, NGrams, fitted, hashed
from training.classification.scoring import averages
from training.classify import Classified, classify, main
from training.progress import Progress
from training.tokenizer import framed, save_tokenizer, train_tokenizer

TOPICS = {
    "farming": ("maize", "goat", "harvest", "seed", "soil", "farmer"),
    "sport": ("match", "goal", "team", "player", "stadium", "coach"),
    "travel": ("train", "ticket", "hotel", "island", "border", "tourist"),
}
COMMON = ("the", "a", "we", "saw", "today", "again", "near", "with")


def texts(number: int, seed: int, swap: bool = False) -> list[tuple[str, str]]:
    """Sentences with two words of a topic; `swap`: with a label that is wrong."""
    rng = random.Random(seed)
    found = []
    for _ in range(number):
        topic = rng.choice(list(TOPICS))
        words = [*rng.sample(TOPICS[topic], 2), *rng.sample(COMMON, 4)]
        rng.shuffle(words)
        wrong = rng.choice([one for one in TOPICS if one != topic])
        found.append((" ".join(words), wrong if swap else topic))
    return found


def write(path: Path, rows: list[tuple[str, str]]) -> str:
    if path.suffix == ".jsonl":
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    else:
        write_tsv(path, ("text", "label"), rows)
    return str(path)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A ModernBERT of two layers with random weights, and a tokenizer of these words."""
    folder = tmp_path_factory.mktemp("encoder")
    lines = [text for text, _ in texts(300, seed=5)]
    tokenizer = framed(train_tokenizer(lines, 380).tokenizer, "encoder")
    save_safetensors(build("encoder-nano", SpecialIds(0, 2, 3), len(tokenizer), 1), folder)
    save_tokenizer(tokenizer, folder)
    return str(folder)


def options(folder: Path, encoder: str, **more: Any) -> dict[str, Any]:
    base = {
        "train": (write(folder / "train.tsv", texts(150, seed=1)),),
        "dev": write(folder / "dev.jsonl", texts(30, seed=2)),
        "test": (write(folder / "test.tsv", texts(60, seed=3)),),
        "model": encoder,
        "steps": 60,
        "learning_rate": 0.01,
        "batch_tokens": 256,
        "length": 32,
        "device": "cpu",
        "out": folder / "run",
    }
    return {**base, **more}


def run(folder: Path, encoder: str, **more: Any) -> Classified:
    return classify(ClassifyConfig(**options(folder, encoder, **more)))


def value(done: Classified, system: str, name: str = "accuracy") -> float:
    rows = [row for row in done.rows() if (row["system"], row["name"]) == (system, name)]
    return float(rows[0]["value"])


def test_it_learns_saves_and_predicts(
    encoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(tmp_path, encoder, evaluate_every=20)
    assert value(done, "model") > 90
    assert value(done, "model", "macro F1") > 90
    assert value(done, "character n-grams") > 80
    assert value(done, "most frequent label") < 50
    assert done.told["training"]["dev"]["accuracy"] > 90
    [path] = (done.folder / "predictions").iterdir()
    rows = [row.cells for row in read_tsv(path, ("text", "label", "predicted"), header=True)]
    assert len(rows) == 60
    opened = load_classifier(str(done.folder))
    assert opened.labels == ("farming", "sport", "travel")
    assert opened.predict([row[0] for row in rows]) == [row[2] for row in rows]
    mine = tmp_path / "mine.txt"
    mine.write_text("we saw a goat near the maize\n\nthe coach saw a goal\n", "utf-8")
    capsys.readouterr()
    assert main(["predict", str(done.folder), str(mine)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == ["farming\twe saw a goat near the maize", "sport\tthe coach saw a goal"]


def test_a_frozen_encoder_gets_a_head_and_keeps_its_weights(encoder: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    done = run(tmp_path, encoder, freeze="encoder", steps=None)
    assert value(done, "model") > 60  # random weights, pooled
    assert value(done, "model") > value(done, "most frequent label")
    before, after = (load_file(Path(one) / "model.safetensors") for one in (encoder, done.model))
    kept = [name for name in before if name in after or f"model.{name}" in after]
    assert all(torch.equal(before[name], after[name]) for name in kept if name in after)
    [path] = (done.folder / "predictions").iterdir()
    rows = [row.cells for row in read_tsv(path, ("text", "label", "predicted"), header=True)]
    again = load_classifier(str(done.folder)).predict([row[0] for row in rows])
    same = [one == row[2] for one, row in zip(again, rows, strict=True)]
    assert sum(same) >= 58  # rounding may move one that lies between two labels
    other = run(tmp_path, encoder, freeze="encoder", steps=None, out=tmp_path / "again")
    assert other.rows() == [row | {"signature": mine["signature"]} for row, mine in zip(
        done.rows(), other.rows(), strict=True)]  # fmt: skip


def test_a_killed_run_goes_on_to_the_same_bytes(encoder: str, tmp_path: Path) -> None:
    whole = run(tmp_path, encoder, checkpoint_every=10, out=tmp_path / "one" / "run")

    def stop(progress: Progress) -> None:
        raise RuntimeError("pulled the plug")

    config = ClassifyConfig(
        **options(tmp_path, encoder, checkpoint_every=10, out=tmp_path / "two" / "run")
    )
    with pytest.raises(RuntimeError, match="pulled the plug"):
        classify(config, progress=stop)
    assert not (tmp_path / "two" / "run" / "scores.json").exists()
    again = classify(config)
    for name in ("scores.json", "model/head.safetensors", "model/model.safetensors"):
        assert (whole.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_few_texts_a_label_are_drawn_by_seed(encoder: str, tmp_path: Path) -> None:
    pool = [LabelledText(text, label) for text, label in texts(90, seed=1)]
    one, two = few(pool, 4, seed=1), few(pool, 4, seed=2)
    assert {label: sum(o.label == label for o in one) for label in TOPICS} == dict.fromkeys(
        TOPICS, 4
    )
    assert one == few(pool, 4, seed=1) != two
    done = run(tmp_path, encoder, freeze="encoder", steps=None, shots=200)
    assert done.told["training"]["texts"] == 150
    assert any("texts in the training data, fewer than --shots" in n for n in done.told["notes"])


def test_a_teacher_relabels_agrees_and_labels(encoder: str, tmp_path: Path) -> None:
    teacher = run(tmp_path, encoder, steps=60, out=tmp_path / "teacher")
    wrong = write(tmp_path / "wrong.jsonl", texts(80, seed=6, swap=True))
    plain = tmp_path / "plain.txt"
    plain.write_text("\n".join(text for text, _ in texts(40, seed=7)), "utf-8")
    how: dict[str, Any] = {"freeze": "encoder", "steps": None, "teacher": str(teacher.folder)}
    relabelled = run(tmp_path, encoder, pseudo=(wrong,), out=tmp_path / "a", **how)
    kept = run(tmp_path, encoder, pseudo=(wrong,), distil="agree", out=tmp_path / "b", **how)
    more = run(tmp_path, encoder, unlabelled=(str(plain),), out=tmp_path / "c", **how)
    [changed] = [one["dropped"] for one in relabelled.told["data"] if one["role"] == "pseudo"]
    assert changed["label changed by the teacher"] > 70
    assert relabelled.told["training"]["texts"] == 230
    assert kept.told["training"]["texts"] < 160
    assert more.told["training"]["texts"] == 190


def test_texts_of_the_test_set_leave_the_training_data(encoder: str, tmp_path: Path) -> None:
    shared = texts(60, seed=3)[:10]
    mixed = write(tmp_path / "mixed.tsv", [*texts(60, seed=1), *shared])
    done = run(tmp_path, encoder, train=(mixed,), freeze="encoder", steps=None)
    [row] = [one for one in done.told["data"] if one["role"] == "train"]
    assert row["texts"] == 60
    assert row["dropped"] == {f"text of {tmp_path / 'test.tsv'}": 10}


def test_the_regression_is_at_its_optimum() -> None:
    rng = np.random.default_rng(1)
    features = torch.from_numpy(np.c_[rng.normal(size=(80, 5)), np.ones(80)].astype(np.float32))
    gold = rng.integers(0, 3, 80).tolist()
    head = fitted(lambda weights: features @ weights, 6, gold, 3, penalty=0.05)
    shares = torch.softmax(features @ head, dim=1) - torch.eye(3)[gold]
    slope = features.T @ shares / 80
    slope[:-1] += 0.05 * head[:-1]
    assert float(slope.abs().max()) < 1e-4


def test_n_grams_are_weighted_by_hand() -> None:
    found = NGrams.of(["ab", "ab", "b"])
    [shared] = set(hashed("ab").tolist()) & set(hashed("b").tolist())  # "b " alone
    assert found.idf[shared] == pytest.approx(1)  # in all three: ln(4/4) + 1
    [first] = [n for n in hashed("a").tolist() if n in set(hashed("ab").tolist())]  # " a"
    assert found.idf[first] == pytest.approx(np.log(4 / 3) + 1)
    weights = torch.zeros(DIMENSIONS + 1, 1)
    weights[hashed("ab")] = 1
    [[score]] = found.scores(["ab"])(weights).tolist()
    values = found.idf[np.unique(hashed("ab"))]
    assert score == pytest.approx(float(values.sum() / np.sqrt((values**2).sum())), rel=1e-5)
    assert found.scores([""])(weights).shape == (1, 1)


def test_macro_f1_is_scikit_learns() -> None:
    """The example of its documentation: 0.26666."""
    gold, predicted = list("012012"), list("021001")
    assert macro_f1(gold, predicted).value == pytest.approx(100 * 0.8 / 3)


def test_averages_count_each_set_once() -> None:
    rows = [{"system": "model", "scores": [{"name": "accuracy", "value": v}]} for v in (60.0, 80.0)]
    [mean] = averages(rows)
    assert (mean["score"]["value"], mean["score"]["n"]) == (70, 2)
    assert (mean["score"]["low"], mean["score"]["high"]) == (60, 80)


BAD = {
    "model": ({"model": None}, "--model is missing"),
    "train": ({"train": ()}, "--train is missing"),
    "file": ({"test": ("{}/weird.csv",)}, "expected labelled texts in .tsv"),
    "set": ({"test": ("sib201:test:sw",)}, "no such file, and no labelled texts of the catalog"),
    "language": ({"test": ("sib200:test",)}, "say in which language"),
    "json": ({"test": ("{}/bad.jsonl",)}, "bad.jsonl:2: "),
    "empty": ({"test": ("{}/empty.tsv",)}, "expected labelled texts, found none"),
    "one label": ({"train": ("{}/one.tsv",)}, "expected texts of two labels or more, found 1"),
    "teacher": ({"teacher": "{}"}, "--teacher sees to the labels of"),
    "no classifier": ({"teacher": "ENCODER", "pseudo": ("{}/one.tsv",)}, "not a classifier"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_where_and_what(encoder: str, tmp_path: Path, case: str) -> None:
    more, expected = BAD[case]
    (tmp_path / "weird.csv").write_text("text,label\n", "utf-8")
    (tmp_path / "bad.jsonl").write_text('{"text": "a", "label": "b"}\n{"text": 3}\n', "utf-8")
    (tmp_path / "empty.tsv").write_text("text\tlabel\n", "utf-8")
    write(tmp_path / "one.tsv", [("goat", "farming"), ("seed", "farming")])

    def filled(one: Any) -> Any:
        if isinstance(one, tuple):
            return tuple(map(filled, one))
        return str(one).replace("{}", str(tmp_path)).replace("ENCODER", encoder) if one else one

    changed = {name: filled(one) for name, one in more.items()}
    with pytest.raises(InputError, match="^.*" + expected.replace(".", r"\.")):
        run(tmp_path, encoder, freeze="encoder", **changed)
    assert not (tmp_path / "run" / "scores.json").exists()


def test_a_text_of_blank_lines_has_nothing_to_label(tmp_path: Path) -> None:
    blank = tmp_path / "blank.txt"
    blank.write_text("\n \n", "utf-8")
    with pytest.raises(InputError, match=r"blank\.txt: expected text, found none; give another fi"):
        find_unlabelled(str(blank), None, Access(offline=True))
    blank.write_text("\na goat\n", "utf-8")
    [one] = find_unlabelled(str(blank), None, Access(offline=True)).texts
    assert (one.text, one.label) == ("a goat", "")


@pytest.mark.parametrize("damage", ["weights", "tokenizer", "head"])
def test_damaged_folders_say_what_is_wrong(encoder: str, tmp_path: Path, damage: str) -> None:
    done = run(tmp_path, encoder, freeze="encoder", steps=None)
    file = {
        "weights": "model.safetensors",
        "tokenizer": "tokenizer.json",
        "head": "head.safetensors",
    }
    path = done.model / file[damage]
    if damage == "tokenizer":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-100])
    expected = {"weights": "not a whole", "tokenizer": "tokenizer", "head": "not a whole"}[damage]
    with pytest.raises(InputError, match=expected):
        load_classifier(str(done.folder))


def test_standard_input_is_read(
    encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    done = run(tmp_path, encoder, freeze="encoder", steps=None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"the goat\nthe coach\n")))
    assert main(["predict", str(done.folder)]) == 0
    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()[-2:]] == [
        "the goat",
        "the coach",
    ]


@pytest.mark.real
def test_sets_of_the_catalog(mirror: Path) -> None:
    [topics] = find_texts("sib200:test:sw")
    assert (len(topics.texts), topics.language, topics.licence) == (204, "swh_Latn", "CC-BY-SA-4.0")
    [sentiment] = find_texts("afrisenti:test:hau")
    assert {one.label for one in sentiment.texts} == {"positive", "negative", "neutral"}
