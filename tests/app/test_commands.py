"""The commands that a page shows are commands that exist, with options that exist."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest

from app.__main__ import SETTINGS
from app.language import commands
from app.texts import FONTS

ROOT = Path(__file__).parents[2]

EVERYTHING = {
    "test_set": "ntrex-128",
    "lexicon": "gatitos",
    "inflection": "unimorph",
    "tagged": "masakhapos",
    "parallel": "lafand",
}
NO_LEXICON = {"test_set": "ntrex-128", "parallel": "lafand"}
LINES = sorted(
    {
        command.line
        for datasets in (EVERYTHING, NO_LEXICON, {})
        for command in commands("sw", datasets, genus="Lower Sepik-Ramu")
    }
)


@functools.cache
def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command, "--help"], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("line", LINES)
def test_a_command_knows_its_options(line: str) -> None:
    words = shlex.split(line)
    assert words[:2] == ["python", "-m"]
    module, *arguments = words[2:]
    subcommand = [] if arguments[0].startswith("--") else arguments[:1]
    known = help_of(module, *subcommand)
    for option in (word for word in arguments if word.startswith("--")):
        assert option in known, f"{module} has no {option}"


def test_text_from_a_data_set_is_quoted() -> None:
    [line] = [c.line for c in commands("sw", {}, genus="x; rm -rf ~") if "--genus" in c.line]
    assert shlex.split(line)[4] == "x; rm -rf ~"


def test_the_command_starts_the_app_as_a_clone_does() -> None:
    stored = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    told = {f"{part}.{name}": value for part in stored for name, value in stored[part].items()}
    for mode in ("theme.light", "theme.dark"):
        told |= {f"{mode}.{name}": value for name, value in told.pop(mode).items()}
    assert told.pop("theme.font").startswith(FONTS.partition(", ")[0])
    written = {name: str(value) for name, value in told.items()}
    assert (
        written | {n: v.lower() for n, v in written.items() if v in ("True", "False")} == SETTINGS
    )


def test_the_app_answers_from_any_folder(tmp_path: Path) -> None:
    port = "8527"
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "--port", port, "--offline"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert _answer(f"http://127.0.0.1:{port}/_stcore/health", server) == b"ok"
    finally:
        server.terminate()
        server.wait(30)


def _answer(address: str, server: subprocess.Popen[bytes]) -> bytes:
    for _ in range(120):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read()
        except OSError:
            assert server.poll() is None, "the app ended by itself"
            time.sleep(0.5)
    raise AssertionError("the app did not answer")
