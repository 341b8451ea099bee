"""A user's files with faults: left out and counted on request, advised with options that exist.

And notes on texts that are odd, though no line of them is wrong.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icl.diagnostics import invisible_notes
from icl.eval import main
from icl.translate import main as translate

GOOD = ["Mvua inanyesha.\tIt rains.", "Paka amelala.\tThe cat sleeps.", "Habari gani?\tWhat news?"]
OTHERS = ["Leo ni Jumatatu.\tToday is Monday.", "Karibu sana.\tYou are welcome."]
BAD = ["Kitabu", "\tempty", "ng\ufffdombe\tcow"]


def table(folder: Path, rows: list[str], name: str = "pairs.tsv", end: str = "\n") -> Path:
    path = folder / name
    path.write_text("sw\ten\n" + "".join(f"{row}\n" for row in rows) + end, "utf-8")
    return path


@pytest.fixture
def options(tiny_decoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("KILOLINGUA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return ["--lang", "sw", "--model", str(tiny_decoder), "--offline", "--max-new-tokens", "2"]


def told(folder: Path) -> list[str]:
    notes: list[str] = json.loads((folder / "scores.json").read_text("utf-8"))["notes"]
    return notes


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("role", ["--test-set", "--pool"])
def test_bad_lines_are_left_out_on_request(
    options: list[str], tmp_path: Path, bad: str, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = table(tmp_path, OTHERS, "good.tsv")
    path = table(tmp_path, [*GOOD, bad, "Asante.\tThanks."])
    files = {"--test-set": str(good), "--pool": str(good), role: str(path)}
    arguments = [*options, *(part for item in files.items() for part in item), "--out", "run"]
    assert main(arguments) == 2
    assert "pairs.tsv:5: expected" in (error := capsys.readouterr().err)
    assert error.rstrip().endswith(" or pass --skip-bad")
    assert main([*arguments, "--skip-bad"]) == 0
    [note] = [note for note in told(tmp_path / "run") if note.startswith("pairs.tsv: left out: ")]
    assert note.endswith(" (1)")
    assert f"note: {note}" in capsys.readouterr().out


def test_blank_lines_at_the_end_are_no_fault(options: list[str], tmp_path: Path) -> None:
    path = table(tmp_path, GOOD, end="\n\n\t\n")
    assert main([*options, "--test-set", str(path), "--pool", "none", "--shots", "0"]) == 0


def test_a_test_set_without_pairs_is_named(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, BAD)
    assert main([*options, "--test-set", str(path), "--skip-bad"]) == 2
    error = capsys.readouterr().err
    assert "pairs.tsv: expected sentence pairs to score, found none (pairs.tsv: left out: " in error


def test_one_sentence_with_a_pool_that_has_bad_lines(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, [*GOOD, *BAD])
    arguments = [*options, "--test-set", str(path), "--pool", str(path), "Habari?"]
    assert translate(arguments) == 2
    assert " or pass --skip-bad" in capsys.readouterr().err
    table(tmp_path, OTHERS, "other.tsv")
    arguments[arguments.index("--test-set") + 1] = "other.tsv"
    assert translate([*arguments, "--skip-bad"]) == 0
    assert "pairs.tsv: left out: " in capsys.readouterr().err


def test_cells_in_a_spreadsheet_s_quotes_are_noted(options: list[str], tmp_path: Path) -> None:
    path = table(tmp_path, [*GOOD, '"Alisema ""njoo"""\t"He said ""come"""'])
    command = [*options, "--test-set", str(path), "--pool", "none", "--shots", "0", "--out", "run"]
    assert main(command) == 0
    quoted = "pairs.tsv: cells in quotes as a spreadsheet writes them, kept with the quotes (1)"
    assert quoted in told(tmp_path / "run")


def test_a_side_without_letters_is_noted(options: list[str], tmp_path: Path) -> None:
    path = table(tmp_path, [*GOOD, "።\tHe said.", "Ndiyo.\t..."])
    command = [*options, "--test-set", str(path), "--pool", "none", "--shots", "0", "--out", "run"]
    assert main([*command, "--direction", "both"]) == 0
    notes = told(tmp_path / "run")
    for direction, source, reference in (("sw-en", '4: "።"', '5: "..."'), ("en-sw", "5", "4")):
        for side, segment in (("source", source), ("reference", reference)):
            begin = f"{direction}: 1 of 5 segments have no letter or digit in the {side} (segment "
            assert any(note.startswith(f"{begin}{segment}") for note in notes)


def test_invisible_characters_are_noted() -> None:
    records = [
        {"reference": "ភាសា\u200bខ្មែរ", "output": "ភាសាខ្មែរ"},
        {"reference": "ខ្មែរ", "output": "\u2060ខ្មែរ\u00ad"},
        {"reference": "می\u200cخواهم", "output": "می\u200cخواهم"},  # a joiner is spelling
    ]
    [note] = invisible_notes("en-km", "toy", records)
    assert note.startswith("en-km: 1 references and 1 outputs of toy, of 3, hold invisible")
    assert "(U+00AD, U+200B, U+2060)" in note
    assert list(invisible_notes("en-km", "toy", records[2:])) == []
