"""Results: runs are found and read, damaged ones named, two systems put side by side."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.results import ORDERS, find_runs, newest_pair, ordered, title
from icl.pairing import pair_runs
from metrics.score import Score


def html(test: Any) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_runs_are_read_and_damaged_ones_named(runs: Path) -> None:
    comparison, damaged = runs / "compare-1", runs / "icl-sw-2"
    for folder, content in ((comparison, '{"comparisons": []}'), (damaged, '{"results": [{}]}')):
        folder.mkdir()
        (folder / "scores.json").write_text(content, "utf-8")
    found, unread = find_runs(runs)
    assert [run.folder.name for run in found] == ["icl-sw-1"]
    assert found[0].systems == ["copy", "gloss"]
    assert [line.partition(": expected")[0] for line in unread] == [str(damaged / "scores.json")]


def test_a_model_that_was_trained_here_has_its_scores(
    tmp_path: Path, run_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of nlu.train, which has scores, beside one of training.tag, which has one."""
    score = Score("slot F1", 45.5, 40.0, 50.25, "F1:spans", 500, "95 %").to_dict()
    rows = [
        {"test": "xsid:test:de", "language": "de", "system": "model", "scores": [score]},
        {"test": "xsid:test:de", "system": "<b>free</b>", "score": score | {"value": 3.0}},
    ]
    folder = tmp_path / "runs" / "nlu-1"
    folder.mkdir(parents=True)
    (folder / "scores.json").write_text(json.dumps({"results": rows, "notes": ["few seeds"]}))
    [run], unread = find_runs(tmp_path / "runs")
    assert (title(run), unread) == ("xsid:test:de · nlu-1", [])
    monkeypatch.chdir(tmp_path)
    page = run_page("results")
    assert not page.exception
    assert not page.warning
    shown = html(page)
    for part in ("test set", "45.5 <small>[40.0, 50.2]", "3.0", "&lt;b&gt;free"):
        assert part in shown
    assert not any("side by side" in one.value for one in page.subheader)


@pytest.mark.parametrize(
    "text", ['{"results": [{"test": 3}]}', "", "[]", "null", '{"results": 3}', '{"results": ["x"]}']
)
def test_no_file_breaks_the_page(runs: Path, text: str) -> None:
    (runs / "icl-sw-1" / "scores.json").write_text(text, "utf-8")
    found, unread = find_runs(runs)
    assert not found
    assert len(unread) <= 1


def test_a_run_is_called_by_languages_model_and_set(runs: Path) -> None:
    [run] = find_runs(runs)[0]
    assert title(run) == "Swahili into English, copy, three-lines · icl-sw-1"


def test_the_newest_comparable_pair_opens(runs: Path) -> None:
    older = runs / "icl-sw-1"
    newer, other = runs / "icl-sw-2", runs / "icl-sw-3"
    for at, folder in enumerate((newer, other), 1):
        shutil.copytree(older, folder)
        os.utime(folder / "scores.json", (2e9 + at, 2e9 + at))
    config = (other / "config.json").read_text("utf-8")
    (other / "config.json").write_text(config.replace("three-lines", "four-lines"), "utf-8")
    found = find_runs(runs)[0]
    assert [run.folder.name for run in found] == ["icl-sw-3", "icl-sw-2", "icl-sw-1"]
    # The newest asked other sentences: its own systems can be compared, no other run with it.
    assert newest_pair(found) == (("icl-sw-3", "gloss"), ("icl-sw-3", "copy"))
    assert newest_pair(found[1:]) == (("icl-sw-1", "copy"), ("icl-sw-2", "copy"))


def test_the_order_of_segments(runs: Path) -> None:
    folder = runs / "icl-sw-1"
    pairing = pair_runs(folder, folder, ("copy", "gloss"))[0]
    plain, b_first, a_first = (ordered(pairing, "chrF++", order) for order in ORDERS)
    assert [segment.a["id"][-1] for segment in plain] == ["1", "2", "3"]
    assert b_first[0].b["output"] == "cat sleeps", "two of the reference's three words"
    assert [s.difference for s in a_first] == [s.difference for s in b_first][::-1]


def test_the_page_shows_intervals_and_outputs(
    runs: Path, run_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs.parent)
    test = run_page("results")
    assert not test.exception
    assert test.selectbox(key="system-A").value == "gloss"
    assert test.selectbox(key="system-B").value == "copy"
    test.selectbox(key="system-A").select("copy").run()
    assert "same system of the same run" in test.info[0].value
    test.selectbox(key="system-A").select("gloss").run()
    assert not test.exception
    page = html(test)
    score = json.loads((runs / "icl-sw-1" / "scores.json").read_text("utf-8"))["results"][1]
    chrf = score["scores"][1]
    assert f"{chrf['value']:.1f} <small>[{chrf['low']:.1f}, {chrf['high']:.1f}]</small>" in page
    assert "cat sleeps" in page
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page
    assert "<b>Hi</b>" not in page


def test_without_runs_the_page_says_how_to_make_one(
    tmp_path: Path, run_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page("results").code[0].value.startswith("python -m icl.eval --lang sw")
