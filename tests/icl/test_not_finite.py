"""A model with weights that are no numbers is refused by one line, whatever opens it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from icl.eval import main

LINE = "holds values that are not finite (NaN or infinite)"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("engine", ["transformers", "ctranslate2"])
def test_such_a_model_is_not_scored(
    engine: str,
    value: float,
    tiny_decoder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = Path(shutil.copytree(tiny_decoder, tmp_path / "model"))
    weights = load_file(model / "model.safetensors")
    name = sorted(weights)[-2]
    weights[name].view(-1)[3] = value
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    out = tmp_path / "run"
    options = ["--lang", "sw", "--test-set", "sample", "--limit", "2", "--model", str(model)]
    assert main([*options, "--engine", engine, "--offline", "--out", str(out)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"{model}: the weight {name} {LINE}" in error
    assert not (out / "scores.json").exists()
