"""Names that do not exist are refused before anything is fetched, with what may be meant."""

from __future__ import annotations

from typing import Any

import pytest

from icl import prepare
from icl.eval import main as evaluate
from icl.translate import main as translate
from metrics.translation import metric, metric_names

WRONG = {
    "--engine": ("transfomers", "transformers"),
    "--metrics": ("bleu", "BLEU"),
    "--dtype": ("bfloat", "bfloat16"),
    "--select": ("BM25", "bm25"),
    "--template": ("palin", "plain"),
    "--direction": ("en-x", "en-xx"),
    "--device": ("cud", "cuda"),
    "--decoding": ("gredy", "greedy"),
}


@pytest.mark.parametrize("option", WRONG)
def test_the_name_is_refused_at_once(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(prepare, "choose_test_set", None)  # nothing is looked for
    monkeypatch.setattr(prepare, "find_language", None)
    wrong, meant = WRONG[option]
    commands = [evaluate] if option == "--metrics" else [evaluate, translate]
    for command in commands:
        sentence = [] if command is evaluate else ["Habari"]
        assert command(["--lang", "sw", option, wrong, *sentence]) == 2
        error = capsys.readouterr().err
        assert f'error: {option} "{wrong}": ' in error
        assert f"(did you mean {meant}?)" in error


def test_a_name_that_is_near_to_none(capsys: Any) -> None:
    assert evaluate(["--lang", "sw", "--engine", "ollama"]) == 2
    error = capsys.readouterr().err
    assert '--engine "ollama": expected one of auto, ctranslate2, transformers, openai' in error
    assert "did you mean" not in error


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--concurrency", "99999999999"),
        ("--shard", "٣/٤"),
        ("--shard", f"{'9' * 5000}/{'9' * 5000}"),
    ],
)
def test_numbers_that_cannot_be(option: str, value: str, capsys: Any) -> None:
    assert evaluate(["--lang", "sw", option, value]) == 2
    error = capsys.readouterr().err
    assert f"error: {option} " in error
    assert "expected" in error
    assert len(error) < 2000


def test_each_engine_has_its_own_types(capsys: Any) -> None:
    assert evaluate(["--lang", "sw", "--engine", "transformers", "--dtype", "int8"]) == 2
    assert '--dtype "int8": expected one of float32, bfloat16, float16' in capsys.readouterr().err


def test_the_names_of_metrics_are_those_that_there_are() -> None:
    assert [metric(name).name for name in metric_names() if name != "spBLEU"] == [
        "BLEU",
        "chrF++",
        "TER",
    ]
    with pytest.raises(ValueError, match=", ".join(metric_names()).replace("+", r"\+")):
        metric("none")
