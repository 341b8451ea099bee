"""Pages: text is escaped and its control characters spelt out, whatever way it takes there."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

import icl.console
import runfolder.console
from data.pages import page_environment, page_template

ESCAPE, OVERRIDE = "\x1b]0;x\x07", "\u202egnp.exe"
WAYS = {
    "plain": "{{ text }}",
    "an attribute": '<p title="{{ text }}"></p>',
    "escaped by hand": "{{ text | e }}",
    "said to be safe": "{{ text | safe }}",
    "through a macro": "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(text) }}",
    "joined": "{{ [text, text] | join(', ') }}",
    "in a loop": "{% for x in [text] %}{{ x }}{% endfor %}",
    "as a path": "{{ path }}",
    "in a list": "{{ [text] }}",
    "as JSON": "{{ text | tojson }}",
}


@pytest.mark.parametrize("way", WAYS)
def test_no_control_character_reaches_a_page(way: str) -> None:
    page = page_environment({"x": WAYS[way]}).get_template("x")
    for text in (ESCAPE, OVERRIDE, "a\x00b", "a\x9bb", "a\u2066b"):
        shown = page.render(text=text, path=Path(text))
        assert not any(c < " " or "\x7f" <= c <= "\x9f" or c in "\u202e\u2066" for c in shown)


def test_text_is_no_html_and_letters_stay_as_they_are() -> None:
    page = page_environment({"x": "{{ a }}|{{ b }}|{{ n }}"}).get_template("x")
    assert page.render(a="<b>", b="می\u200cخواهم\n", n=2.5) == "&lt;b&gt;|می\u200cخواهم\n|2.5"


def test_what_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        page_environment({"x": "{{ text }}"}).get_template("x").render()


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("icl", "report.html.j2"),
        ("icl", "comparison.html.j2"),
        ("lexaug.synthesis", "coverage.html.j2"),
        ("morph.evaluation", "report.html.j2"),
        ("training", "report.html.j2"),
    ],
)
def test_every_report_is_such_a_page(package: str, name: str) -> None:
    environment = page_template(package, name).environment
    assert environment.finalize is not None
    assert environment.finalize(ESCAPE) == r"\x1b]0;x\x07"


def test_no_room_makes_an_environment_of_its_own() -> None:
    root = Path(__file__).parents[2]
    rooms = ("app", "data", "icl", "lexaug", "metrics", "models", "morph", "training")
    makers = [
        path.relative_to(root).as_posix()
        for room in rooms
        for path in (root / room).rglob("*.py")
        if "Environment(" in path.read_text("utf-8")
    ]
    # A model's own chat template is foreign text: it renders in a child process with limits.
    assert makers == ["data/pages.py", "icl/engines/chat_worker.py"]


class Terminal(io.StringIO):
    """What a person would see."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("console", [icl.console, runfolder.console])
def test_a_progress_bar_says_text_without_its_commands(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress_bar() as bar:
        bar.say(f"[/b] model {ESCAPE} {OVERRIDE}")
    shown = terminal.getvalue()
    assert r"[/b] model \x1b]0;x\x07 \u202egnp.exe" in shown
    assert ESCAPE not in shown
    assert "\x1b[" in shown, "the bar's own"


def test_a_bar_is_named_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with icl.console.progress_bar() as bar:
        bar.advance(f"[/red] {ESCAPE}", 1, 2)
    assert r"[/red] \x1b]0;x\x07" in terminal.getvalue()
