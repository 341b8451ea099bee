"""Training end to end with a toy encoder: it learns, goes on to the same bytes, predicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data.errors import InputError
from data.labels.bio import problem
from data.lexicon import Entry, Lexicon
from lexaug.phrases import compile_phrases
from models.resolve import resolve_model
from nlu.config import NluConfig
from nlu.model import NO_PIECE, Shape, collate, load_nlu, open_nlu, owners, valid
from nlu.sets import find_utterances
from nlu.switching import Table, glossed, switched
from nlu.train import main, train
from training.progress import Progress


def options(folder: Path, encoder: str, corpus: Path, **more: Any) -> NluConfig:
    base = {
        "train": (f"{corpus}:train",),
        "dev": f"{corpus}:dev",
        "test": (f"{corpus}:test",),
        "model": encoder,
        "steps": 150,
        "learning_rate": 0.003,
        "head_rate": 2.0,
        "batch_tokens": 256,
        "out": folder / "run",
    }
    return NluConfig(**(base | more))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, encoder: str, corpus: Path) -> Path:
    folder = tmp_path_factory.mktemp("run")
    done = train(options(folder, encoder, corpus))
    assert done.folder == folder / "run"
    return done.folder


def test_it_learns(run: Path) -> None:
    told = json.loads((run / "scores.json").read_text("utf-8"))
    model = next(one for one in told["results"] if one["system"] == "model")
    values = {score["name"]: score["value"] for score in model["scores"]}
    assert values["intent accuracy"] > 90
    assert values["slot F1"] > 75
    assert [score["name"] for score in model["official"]] == list(values)
    assert {one["system"] for one in told["results"]} == {
        "model",
        "n-grams, linear",
        "most frequent intent",
    }
    assert (run / "report.html").stat().st_size > 1000
    assert sum(one["dropped"].get(f"utterance of {model['test']}", 0) for one in told["data"]) > 0


def test_the_model_folder_parses(run: Path) -> None:
    model = load_nlu(str(run))
    assert -6 < model.shape.again < -3
    [found] = model.parse([("wake", "me", "at", "seven", "thirty")])
    assert (found.intent, found.slots[-2:]) == ("alarm_set", ("B-time", "I-time"))
    assert 0.3 < found.confidence <= 1


def test_a_long_utterance_is_cut_into_windows(run: Path) -> None:
    """100 kB: every word has a tag, the tags are valid, the intent is that of the beginning."""
    model = load_nlu(str(run))
    words = ("play", "malaika", *["please"] * 15_000, "at", "noon")
    [found] = model.parse([words])
    assert len(found.slots) == len(words)
    assert problem(found.slots) is None
    assert found.intent == "play"


class KilledError(Exception):
    pass


def killed_and_continued(at: int, config: NluConfig, other: Path) -> None:
    """Train, be killed at an update, go on: the same bytes as the run `other`."""

    def kill(progress: Progress) -> None:
        if progress.step >= at:
            raise KilledError

    with pytest.raises(KilledError):
        train(config, progress=kill)
    assert not (Path(str(config.out)) / "model").exists()
    again = train(config).folder
    for name in ("model/heads.safetensors", "model/model.safetensors", "predictions"):
        mine, whole = again / name, other / name
        for one in sorted(mine.iterdir()) if mine.is_dir() else [mine]:
            twin = whole / one.name if mine.is_dir() else whole
            assert one.read_bytes() == twin.read_bytes(), name


def test_a_killed_run_goes_on_to_the_same_bytes(
    tmp_path: Path, run: Path, encoder: str, corpus: Path
) -> None:
    killed_and_continued(100, options(tmp_path, encoder, corpus, checkpoint_every=40), run)


@pytest.mark.parametrize(
    "more",
    [
        {"intents": "kernel", "freeze": 1, "evaluate_every": 30},
        {"switched": True, "switch_draws": 2},
        {"switched": True, "consistency": 1.0, "centre": True},
        {"taught": True, "temperature": 2.0},
    ],
)
def test_killed_in_other_ways_to_train(
    tmp_path: Path, run: Path, encoder: str, corpus: Path, more: dict[str, Any]
) -> None:
    more = dict(more)
    if more.pop("switched", False):
        lexicon = tmp_path / "sw.tsv"
        lexicon.write_text("at\tsaa\nnoon\tsaa sita\nplay\tcheza\nplease\ttafadhali\n", "utf-8")
        more["switch"] = (f"sw={lexicon}",)
    if more.pop("taught", False):
        more |= {"teacher": (str(run),), "unlabelled": (f"{corpus}:dev",), "dev": None}
    more |= {"steps": 60, "checkpoint_every": 20}
    whole = train(options(tmp_path, encoder, corpus, out=tmp_path / "whole", **more)).folder
    killed_and_continued(50, options(tmp_path, encoder, corpus, **more), whole)


@pytest.mark.parametrize("more", [{"crf": True}, {"words": "mean"}, {"freeze": 2}, {"lora": 4}])
def test_other_ways_to_train(
    tmp_path: Path, encoder: str, corpus: Path, more: dict[str, Any]
) -> None:
    if "lora" in more:
        pytest.importorskip("peft")
    done = train(options(tmp_path, encoder, corpus, steps=4, **more))
    before, after = (load_file(folder) for folder in (Path(encoder), done.folder / "model"))
    names = {name.removeprefix("model."): name for name in before}
    same = [torch.equal(after[short], before[names[short]]) for short in names if short in after]
    assert len(same) > 10
    assert all(same) == ("freeze" in more)
    assert load_nlu(str(done.folder)).shape.crf == more.get("crf", False)


@pytest.mark.parametrize("more", [{}, {"freeze": 1}, {"freeze": 2}, {"centre": True}])
def test_intents_by_utterances_that_are_near(
    tmp_path: Path, encoder: str, corpus: Path, more: dict[str, Any]
) -> None:
    """The same answers from the folder, from ONNX, and again after a run that was killed."""
    done = train(options(tmp_path, encoder, corpus, steps=4, intents="kernel", **more))
    model = load_nlu(str(done.folder))
    assert model.shape.keys == model.network.get_buffer("keys").shape[0] > 50
    rows = [json.loads(line) for line in next(done.folder.glob("predictions/*")).open()]
    found = model.parse([row["tokens"] for row in rows])
    if not more.get("centre"):
        assert [one.intent for one in found] == [row["pred_intent"] for row in rows]
    right = [one.intent == row["intent"] for one, row in zip(found, rows, strict=True)]
    assert np.mean(right) > 0.6
    assert all(0 < one.confidence <= 1.0001 for one in found)
    weights = (done.folder / "model" / "heads.safetensors").read_bytes()
    (done.folder / "scores.json").unlink()
    train(options(tmp_path, encoder, corpus, steps=4, intents="kernel", **more))
    assert (done.folder / "model" / "heads.safetensors").read_bytes() == weights
    if more in ({}, {"freeze": 1}):
        pytest.importorskip("onnxruntime")
        onnx = pytest.importorskip("onnx")

        from nlu.onnx import export, with_graph

        export(model, tmp_path / "nlu.onnx")
        quick = with_graph(model, tmp_path / "nlu.onnx").parse([row["tokens"] for row in rows])
        assert [one.intent for one in quick] == [one.intent for one in found]
        assert [one.slots for one in quick] == [one.slots for one in found]
        graph = onnx.load(tmp_path / "nlu.onnx").graph
        layers = sum(node.op_type == "Softmax" for node in graph.node)
        assert layers == (3 if more else 4)  # two of the encoder, and the slots' own


def test_slots_have_layers_of_their_own_beside_a_kernel(
    tmp_path: Path, encoder: str, corpus: Path
) -> None:
    """The encoder stays as it is, the layers above --freeze are copied, tuned and kept."""
    done = train(options(tmp_path, encoder, corpus, steps=120, intents="kernel", freeze=1))
    before, after = (load_file(folder) for folder in (Path(encoder), done.folder / "model"))
    for name, weight in after.items():
        assert torch.equal(weight, before[f"model.{name}" if name not in before else name]), name
    model = load_nlu(str(done.folder))
    own = {name.split(".")[1] for name in model.network.heads() if name.startswith("reader.")}
    assert own == {"layers", "final_norm"}
    assert not any("layers.0." in name for name in model.network.heads())
    reader = model.network.reader
    assert reader is not None
    assert reader.get_input_embeddings().weight is (
        model.network.encoder.get_input_embeddings().weight
    )
    told = json.loads((done.folder / "scores.json").read_text("utf-8"))
    mine = next(one for one in told["results"] if one["system"] == "model")
    values = {score["name"]: score["value"] for score in mine["scores"]}
    assert values["slot F1"] > 40


def test_a_model_that_lacks_layers_of_its_own(tmp_path: Path, encoder: str, corpus: Path) -> None:
    from safetensors.torch import load_file as load
    from safetensors.torch import save_file

    done = train(options(tmp_path, encoder, corpus, steps=2, intents="kernel", freeze=1))
    path = done.folder / "model" / "heads.safetensors"
    kept = {name: tensor for name, tensor in load(path).items() if "final_norm" not in name}
    save_file(kept, path)
    with pytest.raises(InputError, match="expected the weights of 3 intents and"):
        load_nlu(str(done.folder))


def load_file(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file as load

    found: dict[str, torch.Tensor] = load(folder / "model.safetensors")
    return found


def test_centring_moves_a_language_to_the_training_texts(encoder: str) -> None:
    shape = Shape(("a", "b"), ("x",))
    model = open_nlu(resolve_model(encoder), shape, length=32, seed=1)
    english, other = [("play", "malaika"), ("wake", "me")], [("alarm", "at", "noon")]
    model.network.centre.copy_(model.mean(english))
    shift = model.shift_to(other)
    assert torch.allclose(model.mean(other) + shift, model.mean(english), atol=1e-5)
    assert torch.allclose(model.shift_to(english), torch.zeros_like(shift), atol=1e-5)


def test_words_and_their_pieces(encoder: str) -> None:
    model = open_nlu(resolve_model(encoder), Shape(("a", "b"), ("x",)), length=32, seed=1)
    words = ("kisumu", "qzx", "please")
    [window] = model.coder.windows([words])
    found = owners(window)
    assert found[0] == found[-1] == NO_PIECE
    assert sorted(set(found) - {NO_PIECE}) == [0, 1, 2]
    batch = collate([window], 0, [1], [[0, 1, 2]])
    assert batch["tags"].tolist() == [[0, 1, 2]]
    assert batch["intents"].tolist() == [1]


def test_tags_of_windows_put_together() -> None:
    assert valid(("O", "I-x", "I-x", "I-y")) == ("O", "B-x", "I-x", "B-y")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"train": ()}, "--train is missing"),
        ({"model": None}, "--model is missing"),
        ({"shots": 3}, "--few and --shots belong together"),
        ({"lora": 2, "freeze": 1}, "leave --freeze out"),
        ({"dev": None, "evaluate_every": 5}, "need --dev"),
        ({"words": "last"}, "--words"),
        ({"lora": 2, "intents": "kernel"}, "leave --lora out"),
        ({"consistency": 1.0, "crf": True}, "--consistency goes without"),
        ({"consistency": 0.0}, "--consistency"),
    ],
)
def test_options_that_cannot_be(
    tmp_path: Path, encoder: str, corpus: Path, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        options(tmp_path, encoder, corpus, **more)


def test_the_same_test_set_twice(
    tmp_path: Path, corpus: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "copy.jsonl"
    other.write_bytes(corpus.read_bytes())
    line = ["--train", f"{corpus}:train", "--model", encoder, "--steps", "2"]
    code = main([*line, "--test", f"{corpus}:test,{other}:test", "--out", str(tmp_path / "x")])
    assert code == 2
    assert "named twice as" in capsys.readouterr().err
    lines = corpus.read_text("utf-8").splitlines()
    other.write_text(f"{lines[-1]}\n", "utf-8")
    assert main([*line, "--test", f"{corpus}:test,{other}:test", "--out", str(tmp_path / "x")]) == 2
    assert f"locale en-US is there twice, {corpus}:test has it too" in capsys.readouterr().err


def test_sets_by_name(corpus: Path, tmp_path: Path) -> None:
    [found] = find_utterances(f"{corpus}:test")
    assert (found.code, len(found.utterances)) == ("en-US", 40)
    assert found.labels is not None
    assert all(len(a) == len(b) for a, b in zip(found.labels, found.tokens, strict=True))
    with pytest.raises(InputError, match="no such file, and no utterances of the catalog"):
        find_utterances("nowhere:test")
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(InputError, match="expected utterances, found none"):
        find_utterances(str(empty))


def test_switching_carries_slots(corpus: Path) -> None:
    entries = (Entry("wake me", "niamshe"), Entry("noon", "saa sita mchana"), Entry("at", "saa"))
    lexicon = Lexicon(entries, "en", "sw")
    table = Table("sw", lexicon, compile_phrases(lexicon))
    own = find_utterances(f"{corpus}:train")[0].utterances
    with_places = list(switched(own, [table], ratio=1.0, draws=1, seed=1))
    made = [copy for copy, _ in with_places]
    assert len({one.id for one in made}) == len(made) > 20
    noon = next(one for one in made if "sita" in one.tokens)
    place = noon.tokens.index("sita")
    assert noon.slots[place - 1 : place + 2] == ("B-time", "I-time", "I-time")
    assert all(problem(one.slots) is None for one in made)
    assert with_places == list(switched(own, [table], ratio=1.0, draws=1, seed=1))
    originals = {one.id: one for one in own}
    for copy, places in with_places:
        original = originals[copy.id.split("/")[0]]
        assert len(places) == len(original.tokens)
        for tag, place in zip(original.slots, places, strict=True):
            assert place == -1 or copy.slots[place] == tag


def test_glossing_says_which_word_stands_for_which() -> None:
    lexicon = Lexicon((Entry("saa", "o'clock"), Entry("niamshe", "wake me")), "sw", "en")
    [(words, origin)] = glossed([("niamshe", "saa", "tano")], compile_phrases(lexicon))
    assert words == ("wake", "me", "o'clock", "tano")
    assert origin == (0, 0, 1, 2)


def test_a_misspelt_split_is_told_from_a_language() -> None:
    with pytest.raises(InputError, match=r"trian is none of the splits dev, test, train; unknown"):
        find_utterances("xsid:trian")
    with pytest.raises(InputError, match=r"^xsid:test:zzq9: unknown language"):
        find_utterances("xsid:test:zzq9")


def test_the_size_of_batches_changes_no_answer(run: Path) -> None:
    model = load_nlu(str(run))
    asked = [("play", "malaika", *["please"] * n) for n in range(30)]
    few, many = (model.parse(asked, tokens=tokens) for tokens in (16, 100_000))
    assert [(one.intent, one.slots) for one in few] == [(one.intent, one.slots) for one in many]
    whole = list(model._groups(asked, None))
    assert len(whole) > 3
    assert [row for group in whole for row in group] == [
        row for group in model._groups(asked, 100_000) for row in group
    ]
