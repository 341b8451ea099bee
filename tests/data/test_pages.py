"""Pages: text is escaped and its control characters spelt out, whatever way it takes there."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError

import runfolder.console
from data.errors import UnavailableError
from data.pages import Interval, Plotted, Tabular, page_environment, page_template

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
        ("morph.evaluate", "report.html.j2"),
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


@pytest.mark.parametrize("console", [runfolder.console])
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
    with runfolder.console.progress_bar() as bar:
        bar.advance(f"[/red] {ESCAPE}", 1, 2)
    assert r"[/red] \x1b]0;x\x07" in terminal.getvalue()


class Words(Plotted):
    """Some words with figures."""

    def __init__(self, count: int) -> None:
        self.count = count

    def summary(self) -> str:
        return f"{self.count} words\x1b"

    def rows(self) -> list[dict[str, Any]]:
        return [{"word": f"<w{n}>", "share": 12.34567, "note": None} for n in range(self.count)]

    def intervals(self) -> tuple[str, list[Interval]]:
        return "%", [Interval(f"w{n}" + "x" * 50 * n, 10.0 * n, 5.0, 25.0) for n in range(3)]


def test_a_table_shows_its_first_rows_and_how_many_more_there_are() -> None:
    page = Words(15)._repr_html_()
    assert repr(Words(15)).startswith("<Words: 15 words")
    assert "\x1b" not in repr(Words(15)) + page
    assert page.count("<tr>") == 1 + 12
    assert "3 more rows" in page
    assert "more rows" not in Words(12)._repr_html_()
    assert Words(0)._repr_html_().count("<td") == 0
    assert "12.35" in page
    assert "None" not in page
    assert "&lt;w0&gt;" in page


def test_a_picture_has_zero_round_numbers_and_short_labels(tmp_path: Path) -> None:
    picture = Words(3).plot()
    root = ElementTree.fromstring(picture.svg)
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text or "" for text in root.iter(f"{space}text")]
    assert texts[:4] == ["0", "10", "20", "30"]
    assert texts[4:6] == ["w0", "0.0"]
    assert texts[-1] == "%"
    [cut] = {text for text in texts if text.startswith("w1")}
    assert cut.endswith("x…")
    assert len(cut) < len("w1" + "x" * 50)
    assert [float(mark.get("cx", "")) for mark in root.iter(f"{space}circle")] == [
        250.0 + 390 * value / 30 for value in (0, 10, 20)
    ]
    assert "w0: 0.0 [5.0, 25.0]" in picture.svg
    assert repr(picture) == f"<Picture: {len(picture.svg):,} bytes of SVG; save(path)>"
    picture.save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text("utf-8") == picture.svg == picture._repr_html_()


def test_what_has_no_summary_or_rows_is_no_result() -> None:
    for made in (Tabular().summary, Tabular().rows, Plotted().intervals):
        with pytest.raises(NotImplementedError):
            made()


def test_a_frame_needs_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(UnavailableError, match=r'a frame needs polars.*"kilolingua\[app\]"'):
        Words(1).to_frame()
