"""Results show themselves: a line in a shell, a table and a picture in a notebook, a frame."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import kilolingua as kl
from data.pages import Interval, Tabular, interval_picture
from icl.pairing import Comparison, Comparisons
from icl.scoring import Evaluation, Result
from metrics.score import Score
from training.pretrain import Pretrained
from training.tag import Tagged

TABLE = "soma\tV;PST;3;SG\talisoma\nsoma\tV;PRS;3;SG\tanasoma\npika\tV;PST;3;SG\talipika\n"


def score(name: str, value: float, width: float = 2.0) -> Score:
    return Score(name, value, value - width, value + width, "tok:13a", 100, "95% bootstrap")


EVALUATION = Evaluation(
    Path("runs/x"),
    "sample, 100 of 120 sentences",
    (
        Result("model", "<b>model</b>", "sw-en", (score("BLEU", 5.0), score("chrF++", 13.2))),
        Result("copy", "copy", "sw-en", (score("BLEU", 2.6), score("chrF++", 17.8))),
    ),
)
TESTS = Comparisons(
    [
        Comparison("sw-en", "BLEU", 9, 1.0, 3.0, 2.0, 1.0, 3.0, 0.01, 0.02, 6, 3, True),
        Comparison("sw-en", "TER", 9, 90.0, 99.0, 9.0, -1.0, 12.0, 0.3, 0.02, 1, 8, False),
    ]
)
TAGGED = Tagged(
    Path("runs/t"),
    Path("runs/t/model"),
    {
        "results": [
            {"test": "swa", "system": name, "score": score("accuracy", value).to_dict()}
            for name, value in (("model", 80.0), ("most frequent tag", 70.0))
        ]
    },
)
HELD_OUT = {"corpus": "sw", "system": "trained", "scores": [score("perplexity", 9.0).to_dict()]}
PRETRAINED = Pretrained(Path("runs/p"), Path("runs/p/model"), {"held_out": [HELD_OUT]})


@pytest.mark.parametrize(
    ("result", "line", "shape"),
    [
        (EVALUATION, "<Evaluation: sample, 100 of 120 sentences; runs/x>", (4, 9)),
        (TESTS, "<Comparisons: 2 tests: B better in 1, A in 0>", (2, 14)),
        (TAGGED, "<Tagged: 1 test sets; runs/t>", (2, 9)),
        (PRETRAINED, "<Pretrained: runs/p/model>", (1, 9)),
    ],
)
def test_a_line_and_a_frame(result: Tabular, line: str, shape: tuple[int, int]) -> None:
    pytest.importorskip("polars", reason='needs pip install -e ".[app]"')
    assert (repr(result), result.to_frame().shape) == (line, shape)


def test_a_table_shows_what_names_say_and_runs_none_of_it() -> None:
    page = EVALUATION._repr_html_()
    assert "&lt;b&gt;model&lt;/b&gt;" in page
    assert "<b>" not in page
    assert page.count("<tr>") == 1 + 4
    assert "95% bootstrap" in page


def test_a_long_result_shows_its_beginning() -> None:
    page = kl.lexicon("sw", name="sample")._repr_html_()
    assert page.count("<tr>") == 1 + 12
    assert "388 more rows: to_frame()" in page


def test_a_picture_stands_to_scale() -> None:
    """Both systems on one axis from 0 to 20: chrF++ 13.2 and 17.8 with two points either way."""
    title, intervals = EVALUATION.intervals()
    assert title == "chrF++"
    svg = ElementTree.fromstring(EVALUATION.plot().svg)
    space = "{http://www.w3.org/2000/svg}"
    circles = [float(mark.get("cx", "")) for mark in svg.iter(f"{space}circle")]
    texts = [text.text for text in svg.iter(f"{space}text")]
    assert circles == [250 + 390 * one.value / 20 for one in intervals]
    assert [text for text in texts if re.fullmatch(r"\d+", text or "")] == [
        "0",
        "5",
        "10",
        "15",
        "20",
    ]
    assert {"<b>model</b>", "copy", "13.2", "17.8", "chrF++"} <= set(texts)


def test_a_difference_has_its_zero_in_the_picture(tmp_path: Path) -> None:
    picture = TESTS.plot()
    assert "TER (lower is better), sw-en: 9.0 [-1.0, 12.0]" in picture.svg
    picture.save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text("utf-8") == picture.svg == picture._repr_html_()


@pytest.mark.parametrize("intervals", [[], [Interval("x", 0.0, 0.0, 0.0)]])
def test_a_picture_of_nothing(intervals: list[Interval]) -> None:
    ElementTree.fromstring(interval_picture("BLEU", intervals).svg)


def test_a_paradigm_from_a_table_of_the_users(tmp_path: Path) -> None:
    path = tmp_path / "my_table.tsv"
    path.write_text(TABLE, "utf-8")
    words = kl.inflector("sw", table=str(path), newest=False, offline=True)
    paradigm = words.paradigm("soma")
    assert repr(paradigm) == "<Paradigm: 2 forms, 2 by table>"
    assert [row["form"] for row in paradigm.rows()] == ["alisoma", "anasoma"]
    assert repr(paradigm["V;PST;3;SG"]).startswith("<Answer: alisoma, by table, 1")


def test_a_frame_without_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(kl.UnavailableError, match=r'a frame needs polars.*"kilolingua\[app\]"'):
        TESTS.to_frame()


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: kl.evaluate("sw", shot=1), r"shot=: no such option \(did you mean shots\?\)"),
        (lambda: kl.tag("ewt:train", devs="x"), r"devs=: no such option \(did you mean dev\?\)"),
        (lambda: kl.pretrain("x.txt", "MLM", config="encoder-tin"), "did you mean encoder-tiny"),
        (lambda: kl.train("swa", "x", sead=3), r"sead=: no such option"),
    ],
)
def test_a_wrong_option_is_named(call: Any, complaint: str) -> None:
    with pytest.raises(kl.InputError, match=complaint):
        call()
