"""An encoder-decoder writes intents and slots: read back, trained, predicted, handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.labels.bio import problem
from nlu import evaluate, predict, submit
from nlu.config import NluConfig
from nlu.model import Shape, load_nlu
from nlu.text_to_text import load_parser, read, written
from nlu.train import main
from tests.nlu.conftest import held_out, massive

SHAPE = Shape(("alarm_set", "play", "weather"), ("place", "time"))
TAGS = st.sampled_from(("O", "B-time", "I-time", "B-place", "I-place"))


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An encoder-decoder with random weights, and a tokenizer of these words."""
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, save_tokenizer, train_tokenizer

    folder = tmp_path_factory.mktemp("sequence")
    lines = [json.loads(line)["annot_utt"] for line in massive(300, 5, "train")]
    tokenizer = framed(train_tokenizer(lines, 358).tokenizer, "encoder-decoder")
    ids = SpecialIds(tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    save_safetensors(build("m2m-nano", ids, len(tokenizer), 1), folder)
    save_tokenizer(tokenizer, folder)
    return str(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sequence: str, corpus: Path) -> Path:
    out = tmp_path_factory.mktemp("text") / "run"
    line = ["--text-to-text", "--model", sequence, "--train", f"{corpus}:train"]
    line += ["--dev", f"{corpus}:dev", "--test", f"{corpus}:test", "--out", str(out)]
    more = ["--steps", "300", "--learning-rate", "0.01", "--batch-tokens", "256"]
    assert main([*line, *more, "--length", "40"]) == 0
    return out


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), TAGS), min_size=1, max_size=8))
def test_what_is_written_is_read_back(rows: list[tuple[str, str]]) -> None:
    """Where no word stands twice, the tags are the same again."""
    tokens = [f"{letter}{number}" for number, (letter, _) in enumerate(rows)]
    tags: list[str] = []
    for _, tag in rows:
        before = tags[-1] if tags else "O"
        lost = tag.startswith("I-") and before[2:] != tag[2:]
        tags.append(f"B-{tag[2:]}" if lost else tag)
    assert read(written("play", tags, tokens), tokens, SHAPE) == ("play", tuple(tags))


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=5))
def test_whatever_is_written_is_read(text: str, tokens: list[str]) -> None:
    for answer in (text, f"play [time : {text}]", f"[time : {tokens[0]}] {text}"):
        intent, tags = read(answer, tokens, SHAPE)
        assert intent in SHAPE.intents
        assert len(tags) == len(tokens)
        assert problem(tags) is None


def test_slots_come_one_after_the_other() -> None:
    tokens = ("five", "to", "Five")
    _, tags = read("weather [time : five] [time : five]", tokens, SHAPE)
    assert tags == ("B-time", "O", "B-time")
    assert read("weather [time : five to six]", tokens, SHAPE) == ("weather", ("O", "O", "O"))


def test_it_is_trained_predicts_and_is_handed_in(
    run: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads((run / "scores.json").read_text())
    mine = next(one for one in told["results"] if one["system"] == "model")
    free = next(one for one in told["results"] if one["system"] == "most frequent intent")
    assert mine["scores"][0]["value"] > free["scores"][0]["value"]
    assert "an encoder-decoder that writes them" in (run / "model" / "README.md").read_text()
    model = load_parser(str(run))
    utterances = [("play", "taxi"), ("wake", "me", "at", "five", "?"), ("play",) * 90]
    found = model.parse(utterances)
    again = model.parse(utterances[::-1], tokens=16)[::-1]
    assert [(one.intent, one.slots) for one in again] == [(one.intent, one.slots) for one in found]
    for one, tokens in zip(found, utterances, strict=True):
        assert 0 <= one.confidence <= 1
        assert len(one.slots) == len(tokens)
    path = tmp_path / "x.txt"
    path.write_text("play taxi\n\nwake me at noon\n")
    assert predict.main([str(run), str(path), "--bench"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert evaluate.main(["--test", f"{corpus}:test", "--model", str(run)]) == 0
    assert "slot F1 of characters" in capsys.readouterr().out
    line = ["--task", "mmnlu22", "--model", str(run), "--data", str(tmp_path), "--out"]
    held_out(tmp_path, "en-US", 4)
    assert submit.main([*line, str(tmp_path / "handed")]) == 0
    assert len((tmp_path / "handed" / "predictions.jsonl").read_text().splitlines()) == 4


def test_where_heads_are_needed(
    run: Path, encoder: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match=r"writes its answers as text; nlu\.predict"):
        load_nlu(str(run))
    assert predict.main([str(run), "-", "--onnx", str(tmp_path / "x.onnx")]) == 2
    assert "here one with heads is needed" in capsys.readouterr().err
    line = ["--train", f"{corpus}:train", "--model", encoder, "--steps", "2", "--text-to-text"]
    assert main([*line, "--out", str(tmp_path / "x")]) == 2
    assert "expected an encoder-decoder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"crf": True}, "--crf"),
        ({"freeze": 1}, "--freeze"),
        ({"centre": True}, "--centre"),
        ({"words": "mean"}, "--words mean"),
        ({"consistency": 1.0}, "--consistency"),
    ],
)
def test_options_of_heads(more: dict[str, Any], name: str) -> None:
    with pytest.raises(InputError, match=f"--text-to-text goes without {name}"):
        NluConfig(("a",), model="m", steps=1, text_to_text=True, **more)
