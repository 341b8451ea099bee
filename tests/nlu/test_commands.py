"""nlu.predict, nlu.evaluate, nlu.submit and ONNX with a toy model; MASSIVE's 52 locales."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data.errors import InputError
from data.labels.bio import problem
from data.languages import codes_of
from data.utterances import HELD_OUT, read_xsid
from models.resolve import resolve_model
from nlu import evaluate, predict, sets, submit
from nlu.model import NluModel, Parsed, Shape, open_nlu
from nlu.sets import find_utterances
from nlu.submit import FULL, ZERO_SHOT, line_of, mmnlu22
from tests.nlu.conftest import held_out, massive


@pytest.fixture(scope="module")
def model(encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model in a folder, as nlu.train leaves one."""
    folder = tmp_path_factory.mktemp("run")
    made = open_nlu(
        resolve_model(encoder),
        Shape(("alarm_set", "play", "weather"), ("place", "song", "time")),
        length=32,
        seed=3,
    )
    (folder / "model").mkdir()
    made.save(folder / "model")
    data = {"role": "train", "name": "x", "language": "en-US", "utterances": 5, "licence": "CC0"}
    (folder / "scores.json").write_text(json.dumps({"data": [data | {"sha256": "0"}]}))
    return folder


@pytest.fixture
def loaded(model: Path) -> NluModel:
    from nlu.model import load_nlu

    return load_nlu(str(model))


def test_text_json_and_standard_input(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["wake me at noon", "", '{"utt": "play taxi", "id": "7"}', '{"tokens": ["a", "b"]}']
    path = tmp_path / "x.txt"
    path.write_text("\n".join(lines))
    assert predict.main([str(model), str(path), "--bench"]) == 0
    told = capsys.readouterr()
    found = [json.loads(line) for line in told.out.splitlines()]
    assert [one.get("utt") for one in found] == ["wake me at noon", "play taxi", None]
    assert found[1]["id"] == "7"
    assert all(set(one) >= {"pred_intent", "confidence", "pred_slots"} for one in found)
    assert "utterances/s" in told.err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("五点 jazz\n".encode())))
    assert predict.main([str(model), "--by-character"]) == 0
    assert json.loads(capsys.readouterr().out)["utt"] == "五点 jazz"
    path.write_text('{"id": "7"}\n')
    assert predict.main([str(model), str(path)]) == 2
    assert "x.txt:1: expected a text under utt, text, request" in capsys.readouterr().err
    assert predict.main([str(tmp_path), str(path)]) == 2


def test_a_rewrite_stands_in_front_of_the_model(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share = [0.8, 0.9, 1.0]
    rewrite = {"request": "play maj", "rewrite": "play malaika", "intent": "play", "users": 9}
    rewrite |= {"probability": 0.9, "evidence": 20.0, "share": share, "success": share}
    (tmp_path / "rewrites.jsonl").write_text(json.dumps(rewrite | {"before": [0.0, 0.1, 0.2]}))
    path = tmp_path / "x.txt"
    path.write_text("Play maj!\nplay taxi\n")
    assert predict.main([str(model), str(path), "--rewrites", str(tmp_path)]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["utt"], first["rewrite"]) == ("Play maj!", "play malaika")
    assert "rewrite" not in second


def test_all_locales_of_massive_from_one_name_to_scores(
    model: Path, loaded: NluModel, tmp_path: Path
) -> None:
    """52 small files of MASSIVE's exact form: read, parsed, scored by both arithmetics."""
    codes = codes_of("massive-1.1")
    assert len(codes) == 52
    for number, code in enumerate(codes):
        lines = massive(4, number, "test", code)
        (tmp_path / f"{code}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    for code in codes:
        [test] = find_utterances(f"{tmp_path / code}.jsonl:test")
        assert test.code == code
        assert test.labels is not None
        found = loaded.parse(test.tokens)
        parses = [evaluate.Parse(one.intent, one.slots) for one in found]
        told = evaluate.evaluated(test, parses, [one.confidence for one in found], "model")
        assert [one["name"] for one in told["official"]] == [one["name"] for one in told["scores"]]


def test_the_submission_of_mmnlu_22(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    codes = codes_of("mmnlu-22")
    for code in codes:
        held_out(data, code)
    line = ["--task", "mmnlu22", "--model", str(model), "--data", str(data), "--out", str(out)]
    assert submit.main([*line, "--phase", "zero-shot"]) == 0
    written = [json.loads(one) for one in (out / "predictions.jsonl").read_text().splitlines()]
    keys = ["id", "locale", "utt", "pred_intent", "pred_slots", "pred_annot_utt"]
    assert len(written) == 51 * 3
    assert all(list(one) == keys for one in written)
    assert {one["locale"] for one in written} == set(codes)
    told = submit.read_settings(out)
    assert told["parameters"] == sum(w.numel() for w in _weights(model))
    assert [one["name"] for one in told["trained_on"]] == ["x"]
    assert "51 locales" in capsys.readouterr().err


def _weights(model: Path) -> list[torch.nn.Parameter]:
    from nlu.model import load_nlu

    return list(load_nlu(str(model)).network.parameters())


def test_a_copy_of_a_locale_by_another_name(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, line = tmp_path / "data", ["--task", "mmnlu22", "--model", str(model), "--out"]
    data.mkdir()
    held_out(data, "sw-KE")
    (data / "copy.jsonl").write_bytes((data / "sw-KE.jsonl").read_bytes())
    assert submit.main([*line, str(tmp_path / "out"), "--data", str(data)]) == 2
    assert "the locale sw-KE is there twice" in capsys.readouterr().err
    (data / "copy.jsonl").unlink()
    assert submit.main([*line, str(data / "sw-KE.jsonl"), "--data", str(data)]) == 2
    assert "sw-KE.jsonl: expected a folder, found a file" in capsys.readouterr().err


def test_a_model_that_saw_more_is_no_zero_shot(
    model: Path, loaded: NluModel, tmp_path: Path
) -> None:
    held_out(tmp_path, "sw-KE")
    [test] = find_utterances(f"{tmp_path}/sw-KE.jsonl:{HELD_OUT}")
    told = json.loads((model / "scores.json").read_text())
    told["data"][0]["language"] = "sw-KE"
    (tmp_path / "scores.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="--phase full"):
        mmnlu22(loaded, [test], phase=ZERO_SHOT, folder=tmp_path, out=tmp_path / "o")
    assert not (tmp_path / "o").exists()
    with pytest.raises(InputError, match="the locale sw-KE is there twice"):
        mmnlu22(loaded, [test, test], phase=FULL, folder=model, out=tmp_path / "o")


def test_lines_are_checked_against_the_unlabelled_file(tmp_path: Path) -> None:
    from nlu.model import Parsed

    held_out(tmp_path, "sw-KE", 1)
    [test] = find_utterances(f"{tmp_path}/sw-KE.jsonl:{HELD_OUT}")
    [one] = test.utterances
    parsed = Parsed("play", ("O",) * len(one.tokens), 1.0)
    good = submit.line_of(one.id, "sw-KE", one.tokens, parsed)
    submit.checked([good], test)
    for bad in (
        submit.line_of("99", "sw-KE", one.tokens, parsed),
        submit.line_of(one.id, "cy-GB", one.tokens, parsed),
        submit.line_of(one.id, "sw-KE", ("other",), Parsed("play", ("O",), 1.0)),
        submit.line_of(one.id, "sw-KE", one.tokens, Parsed("", parsed.slots, 1.0)),
    ):
        with pytest.raises(InputError, match="expected"):
            submit.checked([bad], test)


def test_the_submission_of_xsid_is_read_back(model: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    text = (
        "# id = 1\n# text = play taxi\n# intent = play\n1\tplay\tplay\tO\n2\ttaxi\tplay\tB-song\n"
    )
    (data / "sw.test.conll").write_text(f"{text}\n{text.replace('id = 1', 'id = 2')}")
    line = ["--task", "xsid", "--model", str(model), "--data", str(data), "--out", str(tmp_path)]
    assert submit.main(line) == 0
    found = list(read_xsid(tmp_path / "sw.test.conll"))
    assert [one.id for one in found] == ["1", "2"]
    assert found[0].text == "play taxi"


def test_scores_of_files_and_paired_tests(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [test] = find_utterances(f"{corpus}:test")
    right = [
        {"id": one.id, "pred_intent": one.intent, "pred_slots": list(one.slots), "confidence": 0.9}
        for one in test.utterances
    ]
    wrong = [one | {"pred_slots": ["O"] * len(one["pred_slots"])} for one in right]
    files = []
    for name, rows in (("right", right), ("wrong", wrong)):
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = ["--test", f"{corpus}:test", "--predictions", str(files[0]), "--against", str(files[1])]
    assert evaluate.main([*line, "--out", str(tmp_path / "s.json")]) == 0
    told = capsys.readouterr().out
    assert "exact match 100.0" in told
    assert "slot F1: +100.0 [+100.0, +100.0] against the other, p 0.001" in told
    assert "expected calibration error 10.0" in told
    files[1].write_text(files[1].read_text() + json.dumps(wrong[0]) + "\n")
    assert evaluate.main(line) == 2
    assert f"id {test.utterances[0].id} a second time" in capsys.readouterr().err
    short = [one | {"pred_slots": ["O"]} for one in right]
    files[0].write_text("".join(json.dumps(row) + "\n" for row in short))
    assert evaluate.main(line[:4]) == 2
    assert "tags, one a token, found 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (massive(3, 1, "test") + massive(1, 2, "dev", "sw-KE"), 'expected "en-US" as before'),
        (
            massive(3, 1, "test") + massive(1, 2, "test"),
            'each id once in test, found "test0" again',
        ),
    ],
)
def test_a_locale_or_an_id_twice_in_a_file(
    tmp_path: Path, lines: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "en-US.jsonl"
    path.write_text("\n".join(lines) + "\n")
    assert sets.main([f"{path}:test"]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert f"{path}:4: " in told
    assert sets.main(["--skip-bad", f"{path}:test"]) == 0
    assert capsys.readouterr().out.split()[-1] == "1"


def test_a_submission_of_many_locales_is_scored(tmp_path: Path) -> None:
    """The ids of all locales are the same; which is meant is the line's locale."""
    rows = []
    for code in ("en-US", "sw-KE"):
        lines = massive(6, 1, "test", code)
        (tmp_path / f"{code}.jsonl").write_text("\n".join(lines) + "\n")
        [test] = find_utterances(f"{tmp_path / code}.jsonl:test")
        for one in test.utterances:
            found = Parsed(one.intent if code == "sw-KE" else "other", one.slots, 1.0)
            rows.append(line_of(one.id, code, one.tokens, found).to_json())
    path = tmp_path / "predictions.jsonl"
    path.write_text("\n".join(rows) + "\n")
    parses, _ = evaluate.read_predictions(path, test)
    assert [one.intent for one in parses] == [one.intent for one in test.utterances]
    path.write_text('{"id": "test0", "pred_intent": "a", "pred_slots": [], "confidence": 7}\n')
    with pytest.raises(InputError, match=r"jsonl:1: expected a confidence of 0 to 1, found 7"):
        evaluate.read_predictions(path, replace(test, utterances=test.utterances[:1]))
    twice = replace(test, utterances=(test.utterances[0],) * 2)
    with pytest.raises(InputError, match="has an id twice"):
        evaluate.read_predictions(path, twice)


def test_what_sets_share(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sets.main([f"{corpus}:train", f"{corpus}:test"]) == 0
    told = capsys.readouterr().out
    assert "en-US.jsonl:test: " in told
    assert " utterances stand in " in told


@pytest.mark.parametrize("int8", [False, True])
def test_onnx_gives_the_same_answers(loaded: NluModel, tmp_path: Path, int8: bool) -> None:
    pytest.importorskip("onnxruntime")
    from nlu.onnx import export, with_graph

    path = tmp_path / "nlu.onnx"
    told = export(loaded, path, int8=int8)
    assert ("int8" in told) == int8
    utterances = [tuple(json.loads(line)["utt"].split()) for line in massive(40, 8, "test")]
    utterances += [("play",) * 90, ("\u200b", "taxi"), ("?",)]  # windows, a word without a piece
    mine, theirs = with_graph(loaded, path).parse(utterances), loaded.parse(utterances)
    for one, other in zip(mine, theirs, strict=True):
        assert len(one.slots) == len(other.slots)
        assert problem(one.slots) is None
        if not int8:  # how far 8 bits stray is the processor's affair
            assert (one.intent, one.slots) == (other.intent, other.slots)
            assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_a_graph_of_another_model_is_refused(
    model: Path, loaded: NluModel, encoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    from nlu.onnx import export

    other = open_nlu(resolve_model(encoder), Shape(("a", "b"), ()), length=32, seed=1)
    export(other, tmp_path / "other.onnx")
    (tmp_path / "damaged.onnx").write_bytes(b"graph")
    text = tmp_path / "x.txt"
    text.write_text("play taxi\n")
    for name, message in (
        ("other.onnx", "expected a graph of 3 intents and 7 tags, found 2 and 1"),
        ("damaged.onnx", "expected a graph of intents and slots, found another file"),
        ("nothing.onnx", "no such file; nlu.predict MODEL --onnx FILE writes one"),
    ):
        assert predict.main([str(model), str(text), "--graph", str(tmp_path / name)]) == 2
        assert message in capsys.readouterr().err
    export(loaded, tmp_path / "own.onnx")
    assert predict.main([str(model), str(text), "--graph", str(tmp_path / "own.onnx")]) == 0
    assert json.loads(capsys.readouterr().out)["utt"] == "play taxi"
    assert predict.main([str(model), str(text), "--int8"]) == 2
    assert "--int8: is of --onnx FILE" in capsys.readouterr().err
