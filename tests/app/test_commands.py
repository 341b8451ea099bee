"""The commands that a page shows are commands that exist, with options that exist."""

from __future__ import annotations

import functools
import shlex
import subprocess
import sys

import pytest

from app.commands import commands

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
