"""The bench of a shared task: what a folder or a file of lines holds is not done again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench import inflection
from data.files import canonical_json

ASKED = ["--suite", "sigmorphon2023", "--time-budget", "60s", "--networks", "1", "--units", "sme"]
SYSTEM = "60 s, networks 1"


def found(system: str = SYSTEM, value: float = 81.25) -> dict[str, object]:
    """What a language's file says, of a system with such an accuracy."""
    score = {"value": value, "low": value - 2, "high": value + 2, "n": 100}
    numbers = {"steps": [10], "cpu seconds": 61.0, "test items a second": 200.0}
    scores = dict.fromkeys(("both", "test", "rules", "baseline"), score)
    return {"unit": "sme", "system": system, "recipe": {"seconds": 60}, **numbers, **scores}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command's options; no process may be started."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be trained")

    monkeypatch.setattr("subprocess.run", refused)
    return [*ASKED, "--out", str(tmp_path / "out"), "--lines", str(tmp_path / "lines.jsonl")]


def command(monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    """The bench as its command."""
    monkeypatch.setattr(sys, "argv", ["bench.inflection", *asked])
    inflection.main()


def test_what_a_folder_holds_comes_into_the_lines(
    asked: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sme.json").write_text(canonical_json(found()), "utf-8")
    command(monkeypatch, asked)
    [line] = map(json.loads, (tmp_path / "lines.jsonl").read_text("utf-8").splitlines())
    assert (line["unit"], line["system"], line["both"]["value"]) == ("sme", SYSTEM, 81.25)
    assert "| sme | **81.2** |" in capsys.readouterr().out
    (tmp_path / "out" / "sme.json").unlink()  # the line is enough
    command(monkeypatch, asked)
    assert "| sme | **81.2** |" in capsys.readouterr().out


def test_another_systems_line_is_not_this_ones(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lines.jsonl").write_text(canonical_json(found("200 s")) + "\n", "utf-8")
    with pytest.raises(AssertionError, match="nothing is to be trained"):
        command(monkeypatch, asked)
