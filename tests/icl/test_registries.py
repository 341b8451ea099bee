"""docs/CONTRIBUTING.md followed from outside the tree: an engine and a template, a row each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from icl.engines import ENGINES, Engine
from icl.eval import main
from icl.pairing import pair_runs
from icl.store import read_records
from icl.templates import TEMPLATES, Template
from metrics import score as directions
from metrics import translation
from tests.test_walkthroughs import followed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lastword(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "lastword", Engine("tests.icl.toy_engine:LastWord", ("int8",)))


def run(out: Path, *more: str) -> int:
    options = ["--lang", "sw", "--test-set", "sample", "--limit", "6", "--model", "none"]
    return main([*options, "--offline", "--out", str(out), "--dtype", "int8", *more])


def test_a_run_is_scored_with_a_new_engine(lastword: None, tmp_path: Path) -> None:
    assert run(tmp_path, "--engine", "lastword") == 0
    records = [record for _, record in read_records(tmp_path / "segments.jsonl")]
    mine = [record for record in records if record["system"] == "model"]
    assert len(mine) == 6
    assert all(record["output"] == record["source"].split()[-1] for record in mine)
    results = json.loads((tmp_path / "scores.json").read_text("utf-8"))["results"]
    assert results[0]["scores"][0]["name"] == "BLEU"
    assert "engine:lastword" in results[0]["scores"][0]["signature"]
    before = (tmp_path / "segments.jsonl").read_bytes()
    assert run(tmp_path, "--engine", "lastword", "--batch-size", "1") == 0
    assert (tmp_path / "segments.jsonl").read_bytes() == before, "nothing is asked again"


def test_the_command_knows_a_new_engine(
    lastword: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--engine", "lastwrd") == 2
    assert (
        '--engine "lastwrd": expected one of auto, ctranslate2, transformers, openai, stub,'
        " lastword"
        " (did you mean lastword?)" in capsys.readouterr().err
    )
    assert main(["--help"]) == 0
    assert "openai, stub, lastword" in " ".join(capsys.readouterr().out.split())
    assert run(tmp_path, "--engine", "lastword", "--dtype", "float16") == 2
    assert '--dtype "float16": expected one of int8' in capsys.readouterr().err


def test_a_new_metric_is_asked_for_scored_and_compared(
    lastword: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "METRICS", dict(translation.METRICS))
    monkeypatch.setattr(translation, "STATED", stated := dict(directions.STATED))
    monkeypatch.setattr(directions, "STATED", stated)
    asked = ("--engine", "lastword", "--metrics", "BLEU,same sentence")
    assert run(tmp_path / "a", *asked) == 2
    followed("A metric")
    assert run(tmp_path / "a", *asked) == 0
    assert run(tmp_path / "b", *asked, "--shots", "0") == 0
    results = json.loads((tmp_path / "a" / "scores.json").read_text("utf-8"))["results"]
    names = [score["name"] for score in results[0]["scores"]]
    assert names[:2] == ["BLEU", "same sentence"]
    pairings = pair_runs(tmp_path / "a", tmp_path / "b", ("copy", "copy"))
    assert "same sentence" in pairings[0].metrics


def test_a_new_template(lastword: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = Template("arrow", "{source} →", " {target}", separator="\n")
    monkeypatch.setitem(TEMPLATES, "arrow", arrow)  # type: ignore[misc]
    assert run(tmp_path, "--engine", "lastword", "--template", "arrow") == 0
    results = json.loads((tmp_path / "scores.json").read_text("utf-8"))["results"]
    assert "template:arrow|" in results[0]["scores"][0]["signature"]


def test_the_walk_through_names_what_there_is() -> None:
    page = (ROOT / "docs" / "CONTRIBUTING.md").read_text("utf-8")
    section = page[page.index("## An engine") : page.index("## A template")]
    for name in ("special", "fits", "plan", "run", "identity"):
        assert f"`{name}`" in section
    assert re.search(r'"lastword": Engine\("icl\.engines\.lastword:LastWord"', section)
