"""Options that a frozen dataclass declares: parsed, checked, told, stored."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from data.cli import Parser
from data.errors import InputError
from data.options import (
    add_options,
    check,
    command,
    command_line,
    common,
    config_of,
    flag_of,
    from_json,
    identity_of,
    option,
    to_json,
)


def seconds(text: str) -> float:
    if not text.endswith("s"):
        raise InputError(f'--time "{text}": expected a time such as 9s')
    return float(text[:-1])


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration with an option of each kind."""

    lang: str | None = common("--lang", required=True)
    shots: int = option(1, "examples in the prompt", least=0, most=100, group="the prompt")
    select: str = option("random", "how they are chosen", choices=("random", "bm25"))
    clock: Literal["wall", "cpu"] = option("wall", "of a time", choices=("wall", "cpu"))
    metrics: tuple[str, ...] = option(
        ("BLEU",), "scores", choices=lambda: ("BLEU", "chrF++"), separator=","
    )
    corpora: tuple[str, ...] = option((), "text", flag="--corpus", repeated=True)
    files: tuple[Path, ...] = option((), "files to read")
    share: float | None = option(None, "of 100 %", least=0, most=1)
    packed: bool = option(False, "no padding")
    inflect: bool | None = option(None, "inflected forms")
    budget: float | None = option(None, "a time", flag="--time", parse=seconds)
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        check(self)


def parse(*argv: str) -> Config:
    parser = Parser("x.y", "")
    add_options(parser, Config)
    return config_of(Config, parser.parse_args(argv))


def test_every_kind_of_option_is_read() -> None:
    given = (
        "--lang sw --shots 4 --clock cpu --metrics chrF++,BLEU --corpus a:2 --corpus b --files x y"
        " --share 0.5 --packed --no-inflect --time 9s --seed 7 --out runs/x"
    )
    assert parse(*given.split()) == Config(
        lang="sw",
        shots=4,
        clock="cpu",
        metrics=("chrF++", "BLEU"),
        corpora=("a:2", "b"),
        files=(Path("x"), Path("y")),
        share=0.5,
        packed=True,
        inflect=False,
        budget=9.0,
        seed=7,
        out=Path("runs/x"),
    )


def test_what_is_not_given_has_its_default() -> None:
    assert parse("--lang", "sw") == Config("sw")
    assert (parse("--lang", "sw").inflect, parse("--lang", "sw").corpora) == (None, ())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "--lang is missing: language"),
        ("--lang sw --shots -1", "--shots -1: expected 0 or more, at most 100"),
        ("--lang sw --shots 101", "--shots 101: expected at most 100"),
        ("--lang sw --shots two", "--shots: expected a whole number, found 'two'"),
        ("--lang sw --shots 1_0", "--shots: expected a whole number, found '1_0'"),
        ("--lang sw --select bm52", "expected one of random, bm25 (did you mean bm25?)"),
        ("--lang sw --clock sun", '--clock "sun": expected one of wall, cpu'),
        ("--lang sw --metrics BLEU,chrf++", '--metrics "chrf++": expected one of'),
        ("--lang sw --share much", '--share "much": expected a number'),
        ("--lang sw --share nan", "--share nan: expected 0 or more, at most 1"),
        ("--lang sw --time 9", '--time "9": expected a time such as 9s'),
        ("--lang sw --shotz 1", "(did you mean --shots?)"),
    ],
)
def test_what_cannot_be_is_refused_by_the_options_name(given: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(*given.split())
    assert message in str(caught.value)


def test_python_is_checked_as_the_command_line_is() -> None:
    with pytest.raises(InputError, match="--select"):
        Config("sw", select="best")


def test_the_help_tells_defaults_choices_and_groups() -> None:
    parser = Parser("x.y", "")
    add_options(parser, Config)
    told = " ".join(parser.format_help().split())
    assert "how they are chosen: random, bm25 (default random)" in told
    assert "scores: BLEU, chrF++ (default BLEU)" in told
    assert "the prompt: --shots SHOTS examples in the prompt (default 1)" in told
    assert "of 100 %" in told
    assert "(default False)" not in told


def test_a_command_runs_over_its_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    got: list[Config] = []
    assert command("x.y", "", Config, got.append, ["--lang", "sw"]) == 0
    assert command("x.y", "", Config, got.append, ["--lang", "sw", "-v"]) == 0
    assert got == [Config("sw")] * 2
    assert command("x.y", "", Config, got.append, ["--select", "bm25"]) == 2
    assert "--lang is missing" in capsys.readouterr().err


def test_a_choice_of_options_is_enough_for_a_command() -> None:
    parser = Parser("x.y", "")
    add_options(parser, Config, only=("lang", "seed"))
    assert config_of(Config, parser.parse_args(["--lang", "sw"]), shots=3).shots == 3
    with pytest.raises(InputError, match="unrecognized"):
        parser.parse_args(["--shots", "1"])


def test_a_configuration_is_stored_and_read_back() -> None:
    given = "--lang sw --clock cpu --corpus a --files x --out runs/x"
    config = parse(*given.split())
    stored = json.loads(json.dumps(to_json(config)))
    assert from_json(Config, stored, "config.json") == config
    assert "out" not in identity_of(config)
    assert identity_of(config)["corpora"] == ["a"]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"lang": "sw", "beams": 3}, 'config.json: no option of this version is called "beams"'),
        ({"lang": "sw", "shots": "1"}, "config.json: expected a whole number in shots"),
        ({"lang": "sw", "shots": None}, "config.json: expected a whole number in shots"),
        ({"lang": "sw", "clock": 3}, "config.json: expected a text in clock"),
        ({"lang": "sw", "files": [3]}, "config.json: expected a text in files[0]"),
        ({"lang": "sw", "shots": 500}, "--shots 500: expected at most 100"),
    ],
)
def test_a_stored_configuration_is_not_trusted(stored: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(Config, stored, "config.json")
    assert message in str(caught.value)


def test_the_command_of_a_configuration_asks_for_it_again() -> None:
    config = parse(
        *[
            "--lang",
            "sw",
            "--corpus",
            "a",
            "--corpus",
            "b;c",
            "--files",
            "x",
            "y",
            "--no-inflect",
            "--packed",
        ]
    )
    told = command_line("x.y", config)
    assert told == (
        "python -m x.y --lang sw --corpus a --corpus 'b;c' --files x y --packed --no-inflect"
    )
    assert parse(*shlex.split(told)[3:]) == config
    assert "--out" not in command_line("x.y", parse("--lang", "sw", "--out", "runs/x"))


def test_the_name_of_an_option_is_that_of_its_field_or_its_own() -> None:
    assert flag_of(Config, "corpora") == "--corpus"
    assert flag_of(Config, "select") == "--select"
