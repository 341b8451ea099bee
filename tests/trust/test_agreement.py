"""Correlations of intrinsic and extrinsic figures over runs: by hand, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metrics.score import Score
from trust.agreement import Agreement, agreement, main


def run(folder: Path, inner: float, outer: float) -> Path:
    folder.mkdir()
    rows = [
        {"measure": measure, "kind": kind, "what": what}
        | {"score": Score(name, value, value, value, "", 8, "").to_dict()}
        for measure, kind, what, name, value in (
            ("weat", "intrinsic", "a, b : c, d", "effect size", inner),
            ("flips", "extrinsic", "answers", "flips", outer),
        )
    ]
    (folder / "scores.json").write_text(json.dumps({"figures": rows}), "utf-8")
    return folder


def test_by_hand_over_five_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ranks 1 2 3 4 5 and 2 1 3 5 4: rho = 1 - 6 * 4 / 120 = .8."""
    values = [(0.1, 20.0), (0.2, 10.0), (0.3, 30.0), (0.4, 50.0), (0.5, 40.0)]
    folders = [run(tmp_path / str(n), *both) for n, both in enumerate(values)]
    [found] = agreement(Agreement(tuple(folders))).pairs
    assert found.rank == pytest.approx(0.8)
    assert found.pearson == pytest.approx(0.8)
    assert found.p == pytest.approx(16 / 120)  # 8 of 120 orders have .8 or more, and their mirrors
    assert found.low < 0 < found.high
    out = tmp_path / "agreed.json"
    assert main(["--runs", *map(str, folders), "--out", str(out)]) == 0
    assert "0.80 [" in capsys.readouterr().out
    assert json.loads(out.read_text())["pairs"][0]["n"] == 5


def test_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(run(tmp_path / str(n), n, n)) for n in range(4)]

    def refused(*given: str) -> str:
        assert main(["--runs", *given]) == 2
        return capsys.readouterr().err.strip().splitlines()[-1]

    assert "expected 4 or more, found 3" in refused(*folders[:3])
    assert "found no scores.json" in refused(*folders[:3], str(tmp_path))
    (tmp_path / "3" / "scores.json").write_text('{"results": []}', "utf-8")
    assert "not of trust.fairness" in refused(*folders)
    (tmp_path / "3" / "scores.json").write_text('{"figures": []}', "utf-8")
    assert "with the same --measures" in refused(*folders)
