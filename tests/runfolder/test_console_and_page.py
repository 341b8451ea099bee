"""Plain progress, the bar on a terminal, and the base that every report stands on."""

from __future__ import annotations

import io
import re
import sys

import pytest

from data.languages import resolve
from data.pages import page_environment
from metrics.score import Score
from runfolder import console
from runfolder.console import ProgressBar, progress_bar
from runfolder.page import language_attributes


def test_without_a_terminal_a_task_says_its_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        for done in range(9):
            progress.advance("copy", done, 8)
    assert capsys.readouterr().err == "copy: 8/8\n"


def test_a_long_task_says_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 2.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    progress = ProgressBar(unit="bytes")
    for done in (0, 20e6, 60e6, 70e6):
        progress.advance("synthesis", done, None)
    progress.advance("synthesis", 120e6, 120e6)
    assert capsys.readouterr().err.splitlines() == [
        "synthesis: 60 MB, 10 MB/s",
        "synthesis: 120/120 MB, 10 MB/s",
    ]


def test_what_a_task_says_of_itself_stands_in_place_of_the_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ProgressBar().advance("training", 5, 5, "step 5 of 5, loss 2.1")
    assert capsys.readouterr().err == "training: step 5 of 5, loss 2.1\n"


def test_data_in_a_bar_sends_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("bytes") as progress:
        progress.say("found \x1b[2Jhidden")
        progress.advance("evil\x1b]0;title\x07", 1, 2)
    assert "\\x1b[2Jhidden" in terminal.getvalue()
    assert "\x1b]0;" not in terminal.getvalue()


PAGE = (
    '{% extends "base.html.j2" %}'
    '{% from "macros.html.j2" import text, scroll, score_cell, scale %}'
    "{% block content %}{% call scroll() %}<table><tr>{{ score_cell(score, 40) }}"
    "<td>{{ text(word, language) }}</td></tr></table>{% endcall %}{{ scale({'BLEU': 40}) }}"
    "{% endblock %}"
)


def rendered(**values: object) -> str:
    page = page_environment({"x.j2": PAGE}, "runfolder").get_template("x.j2")
    settings = {"title": "A <title>", "version": "1.2", "command": "", "settings": {}}
    score = Score("BLEU", 20.0, 10.0, 30.0, "sig", 8, "95 %")
    hebrew = language_attributes(resolve("he"))
    return page.render(**{**settings, "score": score, "word": "שלום", "language": hebrew, **values})


def test_the_base_names_project_command_and_settings() -> None:
    page = rendered(command="python -m x.y --lang 'a b'", settings={"seed": 1})
    assert "kilolingua 1.2" in page
    assert "<h1>A &lt;title&gt;</h1>" in page
    assert "<pre>python -m x.y --lang &#39;a b&#39;</pre>" in page
    assert "<dt>seed</dt><dd>1</dd>" in page
    assert "<details>" not in rendered()


def test_bars_have_a_stated_scale_and_stay_in_it() -> None:
    page = rendered()
    assert "left:25.00%;width:50.00%" in page
    assert "left:50.00%" in page
    assert "Bars reach from 0 to 40 (BLEU)" in page
    far = rendered(score=Score("BLEU", 90.0, -5.0, 95.0, "sig", 8, "95 %"))
    assert "left:0.00%;width:100.00%" in far
    assert all(float(share) <= 100 for share in re.findall(r"left:([0-9.]+)%", far))


def test_no_scale_is_told_of_what_is_0_everywhere() -> None:
    template = '{% from "macros.html.j2" import scale %}{{ scale(tops) }}'
    page = page_environment({"x.j2": template}, "runfolder").get_template("x.j2")
    told = page.render(tops={"BLEU": 7.825274, "empty rate": 1e-9, "TER": 60.0})
    assert "Bars reach from 0 to 7.825 (BLEU), 60 (TER): the pale part" in told


def test_a_text_carries_its_language_and_direction() -> None:
    assert '<bdi lang="he" dir="rtl">שלום</bdi>' in rendered()
    assert '<span class="empty">empty</span>' in rendered(word="")


def test_the_page_needs_no_network_and_tables_scroll() -> None:
    page = rendered()
    assert not re.search(r"(src|href)=", page)
    assert '<div class="scroll" role="region"' in page


def test_a_line_is_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe keeps what is not flushed, and who reads it would wait for minutes."""
    told, flushed = io.StringIO(), list[str]()
    monkeypatch.setattr(told, "flush", lambda: flushed.append(told.getvalue()))
    monkeypatch.setattr(sys, "stdout", told)
    console.show("0.5 of 3")
    assert flushed == ["0.5 of 3\n"]
