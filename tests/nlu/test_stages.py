"""One report on several models of intents and slots: what they are worth, and what they cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nlu.config import NluConfig
from nlu.predict import main as predict
from nlu.stages import main
from nlu.train import train


def test_runs_and_a_graph_in_one_report(
    encoder: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    options: dict[str, Any] = {"train": (f"{corpus}:train",), "test": (f"{corpus}:test",)}
    options |= {"model": encoder, "steps": 4, "batch_tokens": 256, "out": tmp_path / "run"}
    run = str(train(NluConfig(**options)).folder)
    lines = tmp_path / "lines.txt"
    lines.write_text("wake me at five\n", "utf-8")
    graph = tmp_path / "small.onnx"
    assert predict([run, str(lines), "--onnx", str(graph), "--int8"]) == 0
    capsys.readouterr()
    out = tmp_path / "report"
    test = f"{corpus}:test"
    command = [run, f"{run}={graph}", "--test", test, "--limit", "20", "--out", str(out)]
    assert main(command) == 0
    assert capsys.readouterr().out.strip() == str(out / "report.html")
    whole, small = json.loads((out / "stages.json").read_text("utf-8"))
    assert min(small["megabytes"], whole["megabytes"]) > 0  # a graph has its own overhead
    assert whole["median"] <= whole["slow"]
    assert set(whole["means"]) == {"intent accuracy", "slot F1", "exact match"}
    assert whole["exact"].keys() == {test}
    assert "Exact match by language" in (out / "report.html").read_text("utf-8")


def test_a_graph_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "Traceback" not in capsys.readouterr().err
