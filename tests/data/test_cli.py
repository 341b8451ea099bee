"""The uniform command line: exit codes, one line for an error, suggestions, Ctrl-C, `head`.

pytest tests/data/test_cli.py
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import data
from data.cli import COMMON, Parser, called_as, did_you_mean, run
from data.errors import InputError, UnavailableError

ROOT = Path(data.__file__).parents[1]

Command = Callable[[argparse.Namespace], int | None]


def toy(command: Command, *argv: str) -> int:
    """A command with a subcommand, as `python -m data.catalog` is one."""
    parser = Parser("toy.words", "Counts words.")
    parser.add_common("--lang", "--seed", "-v")
    commands = parser.add_subparsers(dest="command", metavar="count|show")
    commands.add_parser("count").add_common("--offline", "--limit")
    commands.add_parser("show").add_argument("name")
    return run(parser, command, list(argv))


def raises(error: BaseException) -> Command:
    def command(_options: argparse.Namespace) -> int:
        raise error

    return command


def shell(code: str, after: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python in a shell pipeline, with the exit code of Python, not of the pipeline."""
    script = f'"$0" -c "$1" {after}; exit "${{PIPESTATUS[0]}}"'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    command = ["bash", "-c", script, sys.executable, code]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_commands_own_exit_code() -> None:
    assert toy(lambda _: None) == 0
    assert toy(lambda _: 1) == 1


def test_common_options_mean_the_same_everywhere() -> None:
    seen: list[argparse.Namespace] = []
    assert toy(seen.append, "--seed", "7", "count", "--offline", "--limit", "3") == 0
    options = seen[0]
    assert (options.seed, options.offline, options.limit, options.lang) == (7, True, 3, None)


def test_every_option_of_the_design_is_common() -> None:
    expected = "--lang --seed --out --offline --workers --limit --device --dtype -v"
    assert list(COMMON) == expected.split()


def test_a_users_mistake_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(InputError('--lang "xq": unknown language'))) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == 'python -m toy.words: error: --lang "xq": unknown language\n'


def test_a_failure_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(UnavailableError("no network"))) == 1
    assert capsys.readouterr().err == "python -m toy.words: error: no network\n"


def test_a_failure_of_the_system_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(lambda _: Path("/nowhere/at/all").unlink()) == 1
    error = capsys.readouterr().err
    assert error == (
        "python -m toy.words: error: [Errno 2] No such file or directory: '/nowhere/at/all'\n"
    )


def test_several_lines_become_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(InputError("cannot be opened:\n- gz\n- bz2"))) == 2
    assert capsys.readouterr().err == "python -m toy.words: error: cannot be opened: - gz - bz2\n"


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        toy(raises(ZeroDivisionError("a bug")))


def test_v_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(InputError("wrong")), "-v") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "python -m toy.words: error: wrong"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--sede=1", "count"], "unrecognized arguments: --sede=1 (did you mean --seed?)"),
        (["count", "--ofline"], "unrecognized arguments: --ofline (did you mean --offline?)"),
        (["count", "--xyzzy"], "unrecognized arguments: --xyzzy"),
        (["--see=1", "count"], "unrecognized arguments: --see=1 (did you mean --seed?)"),
        (
            ["show", "soma", "--offline"],
            "unrecognized arguments: --offline (--offline is an option of "
            "python -m toy.words count)",
        ),
        (["--seed", "one"], "argument --seed: invalid int value: 'one'"),
    ],
)
def test_options_that_are_not_known(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toy(lambda _: 0, *argv) == 2
    expected = f"python -m toy.words: error: {message}; see python -m toy.words --help\n"
    assert capsys.readouterr().err == expected


def test_a_subcommand_that_lacks_its_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(lambda _: 0, "show") == 2
    assert capsys.readouterr().err == (
        "python -m toy.words: error: the following arguments are required: name; "
        "see python -m toy.words show --help\n"
    )


@pytest.mark.parametrize("argv", [["--help"], ["count", "--help"]])
def test_help_is_no_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(AssertionError()), *argv) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("usage: python -m toy.words")
    assert captured.err == ""


def test_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


MANY_LINES = """
from data.cli import Parser, run
def command(options):
    for number in range(100_000):
        print("line", number)
raise SystemExit(run(Parser("toy", ""), command, []))
"""


def test_a_reader_that_has_seen_enough() -> None:
    done = shell(MANY_LINES, "| head -1")
    assert (done.stdout, done.stderr, done.returncode) == ("line 0\n", "", 0)


def test_a_reader_that_has_seen_enough_of_unbuffered_output() -> None:
    done = shell(
        f"import sys; sys.stdout.reconfigure(write_through=True)\n{MANY_LINES}", "| head -1"
    )
    assert (done.stdout, done.stderr, done.returncode) == ("line 0\n", "", 0)


def test_a_pipe_that_breaks_elsewhere_is_a_failure() -> None:
    """A server that hangs up must not look like a success."""
    done = shell(
        "from data.cli import Parser, run\n"
        "def command(options): raise BrokenPipeError(32, 'Broken pipe')\n"
        "raise SystemExit(run(Parser('toy', ''), command, []))"
    )
    assert done.returncode == 1
    assert done.stderr == "python -m toy: error: [Errno 32] Broken pipe\n"


def test_a_pipe_that_breaks_elsewhere_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(BrokenPipeError(32, "Broken pipe"))) == 1
    assert capsys.readouterr().err == "python -m toy.words: error: [Errno 32] Broken pipe\n"


def test_suggestions_do_not_mind_letter_case() -> None:
    assert did_you_mean("CHRF++", ["BLEU", "chrF++"]) == " (did you mean chrF++?)"
    assert did_you_mean(["--sede", "--ofline"], ["--seed", "--offline"]) == (
        " (did you mean --seed, --offline?)"
    )
    assert did_you_mean("zzz", ["BLEU"]) == did_you_mean([], ["BLEU"]) == ""


def test_a_subcommand_that_is_none_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser("toy")
    parser.add_subparsers(dest="command").add_parser("fetch")
    assert run(parser, lambda _options: 0, ["ftech"]) == 2
    assert "(did you mean fetch?)" in capsys.readouterr().err
    assert run(parser, lambda _options: 0, ["zzz"]) == 2
    assert "did you mean" not in capsys.readouterr().err


def test_memory_that_ran_out_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(raises(MemoryError())) == 1
    told = "python -m toy.words: error: not enough memory; give it less at a time\n"
    assert capsys.readouterr().err == told


def test_a_command_is_called_as_the_user_typed_it(capsys: pytest.CaptureFixture[str]) -> None:
    with called_as("kilolingua words"):
        assert run(Parser("toy.words"), raises(InputError("no")), []) == 2
    assert run(Parser("toy.words"), raises(InputError("no")), []) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "kilolingua words: error: no"
    assert second == "python -m toy.words: error: no"


def test_output_that_nobody_reads_any_more_is_no_failure(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is thrown away: Python would complain of it at the end."""
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stdout", stream)
    assert toy(raises(BrokenPipeError(32, "Broken pipe"))) == 1, "the reader is still there"
    os.close(reader)
    assert toy(raises(BrokenPipeError(32, "Broken pipe"))) == 0
    stream.write("more")
    stream.close()
    assert capfd.readouterr().err.count("error") == 1
