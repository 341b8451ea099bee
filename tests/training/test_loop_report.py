"""The page of a training run: curves from the run's own files, text escaped, no network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.errors import InputError
from metrics.score import Score
from tests.training.loop_toys import loss, mean_loss, model, ready_batches
from training.loop import Settings, Shuffled, fit
from training.report import Curve, plot, write_report


def test_a_run_has_a_page_with_its_curves(tmp_path: Path) -> None:
    settings = Settings(steps=6, log_every=2, evaluate_every=3, device="cpu")
    batches = Shuffled(ready_batches(), seed=3)
    fitted = fit(model(), batches, loss, settings, out=tmp_path, evaluate=mean_loss)
    score = Score("accuracy", 61.2, 58.0, 64.1, "test:x", 900, "95% bootstrap")
    page = write_report(
        tmp_path, "Encoder <sw>", facts={"data": "a & b"}, scores=[score], notes=["<b>beware</b>"]
    ).read_text("utf-8")
    lines = re.findall(r'<polyline points="([^"]+)"', page)
    assert [len(line.split()) for line in lines] == [3, 2]  # log lines, evaluations
    assert f"{fitted.tokens:,}" in page
    assert "61.2" in page
    assert "Encoder &lt;sw&gt;" in page
    assert "a &amp; b" in page
    assert "<b>beware" not in page
    assert "http" not in page


def test_a_higher_value_stands_higher_and_a_later_step_further_right() -> None:
    svg = plot([Curve("loss", ((0, 1.0), (50, 4.0), (100, 2.0)))], y="nats")
    [points] = re.findall(r'points="([^"]+)"', svg)
    (x0, y0), (x1, y1), (x2, y2) = (map(float, p.split(",")) for p in points.split())
    assert x0 < x1 < x2
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y1 < y2 < y0  # from the top of the page
    assert y0 - y2 == pytest.approx((y0 - y1) / 3, abs=0.2)


def test_a_folder_without_a_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"metrics\.jsonl: not there; expected the folder of"):
        write_report(tmp_path, "Nothing")
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\nno\n')
    with pytest.raises(InputError, match=r"metrics\.jsonl:2: expected JSON"):
        write_report(tmp_path, "Broken")


def test_a_run_whose_loss_is_no_number_any_more_has_a_page(tmp_path: Path) -> None:
    rows = '{"step":1,"loss":2.5,"tokens":10}\n{"step":2,"loss":null,"tokens":20}\n'
    (tmp_path / "metrics.jsonl").write_text(rows, "utf-8")
    (tmp_path / "timing.jsonl").write_text('{"step":2,"seconds":null}\n', "utf-8")
    assert "not finite" in write_report(tmp_path, "A run").read_text("utf-8")


@pytest.mark.parametrize(
    "row",
    ['{"loss":2.5}', '{"step":"1"}', '{"step":1,"evaluation":3}', '{"step":1,"loss":[]}', "3"],
)
def test_a_row_that_no_run_wrote(row: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(f'{{"step":1,"loss":2.5}}\n{row}\n', "utf-8")
    (tmp_path / "timing.jsonl").write_text("", "utf-8")
    with pytest.raises(InputError, match=r"metrics\.jsonl:2: expected"):
        write_report(tmp_path, "A run")


def test_what_a_run_settled_and_saw_is_told(tmp_path: Path) -> None:
    rows = '{"step":4,"loss":2.5,"tokens":1000}\n{"step":1200,"loss":1.25,"tokens":45000}\n'
    (tmp_path / "metrics.jsonl").write_text(rows, "utf-8")
    times = '{"step":0,"settled":900}\n{"step":0,"settled":1500}\n{"step":4,"seconds":2.5}\n{"st'
    (tmp_path / "timing.jsonl").write_text(times, "utf-8")
    page = write_report(tmp_path, "A run").read_text("utf-8")
    for name, value in [
        ("updates", "1,200"),
        ("scored tokens", "45,000"),
        ("last loss", "1.2500 nats a token"),
        ("updates that the budget settled", "1,500"),
    ]:
        assert re.search(rf"{name}</dt><dd>{value}<", page), name
