"""docs/ARCHITECTURE.md's list of functions is the order in which a sentence comes to them."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from icl.engines import ENGINES, Engine
from icl.eval import main
from metrics.sacrebleu_metrics import SacrebleuMetric

ROOT = Path(__file__).parents[2]
MOST = 12


def listed() -> list[tuple[str, str]]:
    """(file, function) of each step."""
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    section = page.split("## The life of one sentence through icl\n")[1].partition("\n## ")[0]
    steps = re.findall(r"^([0-9]+)\. `([\w/]+\.py):([\w.]+)`", section, re.MULTILINE)
    assert [int(number) for number, _, _ in steps] == list(range(1, len(steps) + 1))
    return [(file, function) for _, file, function in steps]


def test_the_functions_exist() -> None:
    for file, function in listed():
        body: Any = ast.parse((ROOT / file).read_text("utf-8"))
        for name in function.split("."):
            named = [node for node in body.body if getattr(node, "name", None) == name]
            assert named, f"{file} has no {function}"
            body = named[0]


def test_a_run_enters_them_in_this_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With an engine of a test in place of ctranslate2's, which answers with the last word."""
    steps = listed()
    assert 8 <= len(steps) <= MOST
    monkeypatch.setitem(ENGINES, "lastword", Engine("tests.icl.toy_engine:LastWord"))
    engine = ("tests/icl/toy_engine.py", "LastWord.run")
    wanted = [engine if "engines/" in file else (file, function) for file, function in steps]
    paths = {str(ROOT / file): file for file, _ in wanted}
    entered: list[tuple[str, str]] = []
    chains: list[int] = []

    def enter(frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename in paths:
            step = (paths[code.co_filename], code.co_qualname)
            if step in wanted and step != (entered or [None])[-1]:
                entered.append(step)

    def aggregate(metric: Any, totals: Any, real: Any = SacrebleuMetric.aggregate) -> float:
        frames, frame = 0, sys._getframe()
        while frame.f_back:
            frame = frame.f_back
            frames += frame.f_code.co_filename.startswith(str(ROOT))
            if frame.f_code is main.__code__:
                break
        chains.append(frames)
        return real(metric, totals)

    monkeypatch.setattr(SacrebleuMetric, "aggregate", aggregate)
    options = ["--lang", "sw", "--test-set", "sample", "--limit", "2", "--engine", "lastword"]
    sys.setprofile(enter)
    try:
        assert main([*options, "--offline", "--out", str(tmp_path / "run")]) == 0
    finally:
        sys.setprofile(None)
    # The baselines answer before the model, so some are entered more than once.
    calls = iter(entered)
    assert [step for step in wanted if step not in calls] == []
    assert max(chains) <= MOST, "calls of ours that lie between the command and the figure"
