"""Model card: a model of the runs with its figures by language, and a second one beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metrics.score import Score
from tests.app.test_results import html

pytest.importorskip("torch")
pytest.importorskip("transformers")


def model(folder: Path, value: float) -> None:
    """A run with a tiny encoder in it, scored in two languages."""
    from models.weights import save_safetensors
    from training.architectures import SpecialIds, build
    from training.tokenizer import framed, save_tokenizer, train_tokenizer

    texts = ["habari ya asubuhi", "good morning"]
    tokenizer = framed(train_tokenizer(texts, 357).tokenizer, "encoder")
    out = folder / "model"
    save_safetensors(build("encoder-nano", SpecialIds(0, 2, 3), len(tokenizer), 1), out)
    save_tokenizer(tokenizer, out)
    (folder / "config.json").write_text(json.dumps({"command": "nlu.train", "run": {}}), "utf-8")
    rows = [
        {"test": f"xsid:test:{code}", "language": code, "system": "model"}
        | {"scores": [Score("intent accuracy", at, at - 2, at + 2, "", 500, "95 %").to_dict()]}
        for code, at in (("sw", value), ("de", 90.0))
    ]
    (folder / "scores.json").write_text(json.dumps({"results": rows, "data": []}), "utf-8")


def test_models_side_by_side(
    tmp_path: Path, run_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("nlu-1", 70.0), ("nlu-2", 75.5)):
        model(tmp_path / "runs" / name, value)
    monkeypatch.chdir(tmp_path)
    page = run_page("card", model="nlu-1", beside="nlu-2")
    assert not page.exception
    assert not page.error
    shown = html(page)
    for part in ("Swahili (sw)", "◂70.0▸ <small>[68.0, 72.0]", "75.5", "+5.5", "none: it was"):
        assert part in shown, part
    lines = [one.value for one in page.code]
    assert any(line.startswith("python -m trust.fairness --model") for line in lines)


def test_no_model(
    tmp_path: Path, run_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page("card").code[0].value.startswith("python -m nlu.train")
