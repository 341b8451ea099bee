"""What a translation is worth: the figures by hand, the run's folder, the pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.results import find_runs
from localize.score import main, read_segments
from localize.work import WorkSaved, differences, marked, saved

EN = "# Oaks\n\nAn oak is a tree.\n\nIt is old.\n\n* One $x$\n"
MACHINE = "# Meseler\n\nBir mese bir agac.\n\nO eski.\n\n* Bir $x$\n"
PERSON = "# Meseler\n\nBir mese bir agactir.\n\nO yaslidir.\n\n* Bir $x$\n"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name, text in (("en", EN), ("machine", MACHINE), ("tr", PERSON)):
        (tmp_path / name / "guide").mkdir(parents=True)
        (tmp_path / name / "guide" / "oaks.md").write_text(text, "utf-8")
    return tmp_path


def run(folders: Path, *more: str) -> int:
    sides = [str(folders / name) for name in ("en", "machine", "tr")]
    return main([*sides, "--lang", "tr", "--out", str(folders / "runs" / "score"), *more])


def test_the_share_that_need_not_be_typed() -> None:
    # Kept: Bir mese bir . of Bir mese bir agactir . (by hand: 3 + 4 + 3 + 1 of 18).
    assert saved("Bir mese bir agac.", "Bir mese bir agactir.") == (11, 18)
    assert saved("", "Bir") == (0, 3)
    assert saved("我喜欢", "我很喜欢") == (3, 4)
    assert WorkSaved().aggregate([11, 18]) == pytest.approx(61.1111, abs=1e-4)
    assert WorkSaved().aggregate([0, 0]) == 0


def test_differences_join_to_both_sides() -> None:
    before, after = "An  old oak, $x$!", "The oak of old, $x$ <b>"
    pieces = differences(before, after)
    assert "".join(p.text for p in pieces if p.kind != "new") == before
    assert "".join(p.text for p in pieces if p.kind != "gone") == after
    assert "&lt;" in marked(before, after)
    assert "<b>" not in marked(before, after)


def test_a_run(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folders) == 0
    told = capsys.readouterr().out
    assert "guide/oaks.md" in told
    assert "source copied" in told
    folder = folders / "runs" / "score"
    content = json.loads((folder / "scores.json").read_text("utf-8"))
    [model, copy] = content["results"]
    figures = {one["name"]: one["value"] for one in model["scores"]}
    assert figures["untouched"] == 50.0
    assert figures["work saved"] == pytest.approx(100 * (7 + 11 + 2 + 6) / (7 + 18 + 10 + 6))
    assert {one["name"]: one["value"] for one in copy["scores"]}["untouched"] == 0
    assert [one.place for one in read_segments(folder)] == [
        *("guide/oaks.md:1", "guide/oaks.md:3", "guide/oaks.md:5", "guide/oaks.md:7"),
    ]
    page = (folder / "pages" / "guide" / "oaks.md.html").read_text("utf-8")
    assert "<del>agac</del>" in page
    assert "2 of 4 texts stayed as they were" in page
    assert 'href="pages/guide/oaks.md.html"' in (folder / "report.html").read_text("utf-8")
    [known], unread = find_runs(folders / "runs")
    assert not unread
    assert [name for name, _ in known.documents] == ["guide/oaks.md"]


def test_what_one_side_lacks(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folders / "machine" / "guide" / "oaks.md").write_text(MACHINE.replace("O eski.\n\n", ""))
    assert run(folders) == 0
    assert [one.before for one in read_segments(folders / "runs" / "score")][2] == ""
    (folders / "tr" / "guide" / "oaks.md").unlink()
    assert run(folders, "--seed", "2") == 2
    assert "no other document is in all three folders" in capsys.readouterr().err
