"""The front door hands over to the rooms, and says which file of the user's stands in the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import kilolingua as kl
from kilolingua.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_under_its_own_name(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: kilolingua {name}")


def test_every_command_of_the_rooms_is_there() -> None:
    """A module with a `main` that `python -m` starts has a row."""
    started = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in (
            "data",
            "icl",
            "lexaug",
            "morph",
            "nlu",
            "probe",
            "training",
            "trust",
            "kilolingua",
        )
        for path in (*(ROOT / room).glob("[!_]*.py"), *(ROOT / room).glob("*/__main__.py"))
        if 'if __name__ == "__main__"' in path.read_text("utf-8")
    }
    rows = {name for name, _ in COMMANDS.values()}
    homes = {import_module(name).__name__ for name in rows}
    assert started - homes == set()


def test_errors_name_the_command_as_it_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lexicon", "show", "--lang", "xx-no-such"]) == 2
    assert capsys.readouterr().err.startswith("kilolingua lexicon: error: ")


def test_a_name_that_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evl"]) == 2
    assert capsys.readouterr().err == (
        'kilolingua: error: no command "evl" (did you mean eval?); see kilolingua --help\n'
    )


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_all(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_the_shell_completes_commands_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    ask = "_kilolingua; printf '%s ' \"${COMPREPLY[@]}\""
    lines = f"""{script}
COMP_WORDS=(kilolingua tra); COMP_CWORD=1; {ask}; echo
COMP_WORDS=(kilolingua eval --sh); COMP_CWORD=2; {ask}; echo
COMP_WORDS=(kilolingua catalog fetch --la); COMP_CWORD=3; {ask}"""
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["translate train translator ", "--shard --shots ", "--lang "]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_the_same_words(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert {"inventory", "keep-out", "fetch"} <= set(re.findall(r"[a-z]+(?:-[a-z]+)*", script))


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kilolingua {kl.__version__}\n"


def test_the_rooms_from_python() -> None:
    assert kl.language("swh_Latn").name == "Swahili"
    assert kl.lexicon("sw", name="sample").lookup("bread")[0].target == "mkate"
    with pytest.raises(ValueError, match="no-such"):
        kl.language("no-such")


def test_text_from_a_lexicon(tmp_path: Path) -> None:
    done = kl.synthesize("sw", "sample", lexicon="sample", inflect=False, out=tmp_path / "run")
    assert (tmp_path / "run" / "text.txt").read_text("utf-8").count("\n") > 0
    assert done.figures["token_coverage"] > 0


@pytest.mark.parametrize("room", ["data", "metrics"])
def test_a_folder_with_a_file_that_hides_a_room(room: str, tmp_path: Path) -> None:
    (tmp_path / f"{room}.py").write_text("mine = 1\n")
    done = subprocess.run(
        [sys.executable, "-c", "import kilolingua"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: {(tmp_path / room).resolve()}.py hides kilolingua's package `{room}`;"
        " rename it, or start Python in another folder"
    )


def test_the_import_is_light() -> None:
    code = (
        "import kilolingua, sys;"
        "print(sorted({'torch', 'polars', 'transformers', 'numba', 'streamlit'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
