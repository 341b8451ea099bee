"""Nothing that data hold commands a terminal; every console can show what a command prints."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.cli import Parser, run, standard_input
from data.errors import LONGEST_MESSAGE, InputError
from data.terminal import bar_settings, one_line, printable, settled_streams

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "control", ["\x1b", "\x07", "\r", "\x7f", "\x9b", "\u202e", "\u2066", "\u2028", "\ud800"]
)
def test_controls_are_spelt_out(control: str) -> None:
    assert printable(f"a{control}b") == "a" + ascii(control)[1:-1] + "b"
    assert control not in one_line(f"a {control} b")


@pytest.mark.parametrize("text", ["Ẹ káàárọ̀\tbáwo\n", "می‌خواهم", "ക്‍", "አማርኛ", "👩‍👩‍👧"])
def test_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_both_streams_are_filtered_and_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with settled_streams():
        print("\x1b]0;pwned\x07")
        print("\x1b[2J", file=sys.stderr)
        with settled_streams():
            print("x\x1by")
    assert sys.stdout is before
    shown = capsys.readouterr()
    assert shown.out == "\\x1b]0;pwned\\x07\nx\\x1by\n"
    assert shown.err == "\\x1b[2J\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_that_lacks_letters(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, errors="strict"))
    with settled_streams():
        print("Ẹ káàárọ̀")
        sys.stdout.flush()
    assert raw.getvalue().decode(encoding).startswith("\\u1eb8 k")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_the_parent_closed(closed: str) -> None:
    command = f"'{sys.executable}' -m data.catalog list {closed}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize("stream", [None, io.StringIO("text without bytes")])
def test_a_standard_input_that_is_none(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", stream)
    with pytest.raises(InputError, match="found it closed; name a file"):
        standard_input()


def test_commands_that_read_a_closed_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lexaug.synthesize import main as synthesize
    from morph.inflect.__main__ import main as inflect

    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    table = tmp_path / "t.tsv"
    table.write_text("soma\tV;PST\talisoma\nsoma\tV;NFIN\tkusoma\npika\tV;PST\talipika\n")
    assert inflect(["--lang", "sw", "--table", str(table), "--no-model", "--input", "-"]) == 2
    words = ["--lang", "sw", "--lexicon", "sample", "--input", "-", "--out", "-", "--offline"]
    assert synthesize([*words, "--no-inflect"]) == 2
    assert capsys.readouterr().err.count("found it closed; name a file") == 2


def command_with(*options: str) -> Parser:
    parser = Parser("data.toy", "A toy.")
    subcommands = parser.add_subparsers()
    show = subcommands.add_parser("show")
    for option in options:
        show.add_argument(option, action="store_true")
    subcommands.add_parser("list").add_argument("--skip-bad", action="store_true")
    return parser


@pytest.mark.parametrize(
    ("options", "arguments", "advice"),
    [
        (["--skip-bad"], ["show"], " or pass --skip-bad"),
        (["--skip-bad"], ["show", "--skip-bad"], ""),
        (["--other"], ["show"], ""),
    ],
)
def test_advice_names_options_that_are_there(
    capsys: pytest.CaptureFixture[str], options: list[str], arguments: list[str], advice: str
) -> None:
    def fail(_: object) -> int:
        raise InputError("x.tsv:3: bad; fix the line", option="--skip-bad")

    assert run(command_with(*options), fail, arguments) == 2
    expected = f"python -m data.toy: error: x.tsv:3: bad; fix the line{advice}\n"
    assert capsys.readouterr().err == expected


def test_arguments_that_are_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command_with(), lambda _: 0, ["show", "\udcff.tsv"]) == 2
    assert "expected arguments in UTF-8, found '\\udcff.tsv'" in capsys.readouterr().err


@given(st.text())
def test_an_error_is_one_short_line_whatever_it_holds(text: str) -> None:
    message = str(InputError(f"x.tsv:1: found {text * 50}; fix the line"))
    assert len(message.splitlines()) == 1
    assert printable(message) == message
    assert len(message) <= LONGEST_MESSAGE + 3
    assert message.startswith("x.tsv:1: found")
    assert message.endswith("; fix the line")


def test_a_filtered_stream_says_what_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open(tmp_path / "out", "w", encoding="cp1252") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", None)
        with settled_streams():
            assert sys.stdout.writable()
            assert sys.stdout.encoding == "cp1252"
            assert sys.stdout.fileno() == stream.fileno()
            assert not sys.stdout.isatty()
            print("nobody reads this", file=sys.stderr)
            sys.stdout.buffer.write(b"\x1b")
        assert sys.stderr is None
    assert (tmp_path / "out").read_bytes() == b"\x1b"
    with open(tmp_path / "out") as text:
        monkeypatch.setattr(sys, "stdin", text)
        assert standard_input() is text.buffer


def test_a_bar_is_drawn_past_the_filter_and_leaves_other_output_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from rich.progress import Progress

    with settled_streams(), Progress(**bar_settings()) as bar:
        bar.add_task("work", total=3)
        print("\x1b[2J shown")
    shown = capsys.readouterr()
    assert shown.out == "\\x1b[2J shown\n"
    assert "work" in shown.err
