"""The command line of morph.inflect, in-process, on a table of a user's own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from morph.inflect import main

PAST = "V;PST;3;SG"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of three verbs, in a folder without runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "table.tsv"
    verbs = ["soma", "pika", "lala"]
    rows = [f"{one}\t{PAST}\tali{one}\n{one}\tV;NFIN\tku{one}\n" for one in verbs]
    path.write_text("".join(rows))
    return str(path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def test_one_question(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "sw", "--table", table, "soma", PAST, "--why"]) == 0
    assert lines(capsys) == [["soma", PAST, "alisoma", "table", "1.000", "-", "table.tsv"]]


def test_many_questions_from_a_file_or_a_pipe(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"\ufeffsoma\t{PAST}\r\n\r\nruka\t{PAST}\r\n".encode()
    (tmp_path / "ask.tsv").write_bytes(text)
    out = tmp_path / "out.tsv"
    assert main(["--lang", "sw", "--table", table, "--input", "ask.tsv", "--out", str(out)]) == 0
    first, second = (line.split("\t") for line in out.read_text().splitlines())
    assert first == ["soma", PAST, "alisoma", "table", "1.000"]
    assert second[2:4] == ["aliruka", "rule"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["--lang", "sw", "--table", table, "--input", "-"]) == 0
    assert lines(capsys) == [first, second]


def test_a_paradigm_and_the_way_back(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "sw", "--table", table, "--paradigm", "ruka"]) == 0
    assert [row[2] for row in lines(capsys)] == ["aliruka", "kuruka"]
    assert main(["--lang", "sw", "--table", table, "--analyse", "alipika"]) == 0
    assert main(["--lang", "sw", "--table", table, "--analyse", "aliruka"]) == 0
    assert lines(capsys) == [["alipika", "pika", PAST], ["aliruka", "-", "-"]]


def test_a_run_that_lies_there_can_be_refused(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "runs" / "morph-swa-1" / "model" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text("{}")
    question = ["--lang", "sw", "--table", table, "ruka", PAST]
    assert main(question) == 2, "the newest run is taken, and this one is broken"
    assert "morph-swa-1" in capsys.readouterr().err
    assert main([*question, "--no-model"]) == 0
    assert lines(capsys)[0][2:4] == ["aliruka", "rule"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ruka", r'ask.tsv:2: expected 2 columns (lemma, features), found 1 ("ruka")'),
        ("ruka\t", "ask.tsv:2: expected text in column features, found an empty cell"),
        (
            "ruka\tV;PSST",
            'ask.tsv:2: expected features that the data of Swahili have, found "PSST"',
        ),
        ("рука\tV;NFIN", 'ask.tsv:2: lemma "рука": expected the script of the data of Swahili'),
    ],
)
def test_a_bad_line_says_where(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    (tmp_path / "ask.tsv").write_text(f"soma\t{PAST}\n{line}\n")
    asked = ["--lang", "sw", "--table", table, "--input", "ask.tsv"]
    assert main(asked) == 2
    assert message in capsys.readouterr().err
    assert main([*asked, "--skip-bad"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert "left out: 1 lines" in shown.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected one of LEMMA FEATURES, --input, --paradigm"),
        (["soma"], 'expected LEMMA FEATURES, found "soma" only; add the bundle'),
        (["soma", PAST, "--analyse", "alisoma"], "found LEMMA FEATURES and --analyse; ask one"),
        (["soma", PAST, "--beam", "0"], "--beam: expected 1 or more, found 0"),
        (["soma", PAST, "--model", "none"], "none: expected a run folder of morph.train"),
        (["--calibrate"], "calibration: expected a trained model, found none; give --model"),
    ],
)
def test_wrong_options_are_named(
    table: str, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["--lang", "sw", "--table", table, *options]) == 2
    assert message in capsys.readouterr().err
