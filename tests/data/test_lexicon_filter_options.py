"""Each filter of `python -m data.lexicon convert` alone, and what is printed of a lexicon."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.lexicon.__main__ import main

ENTRIES = (
    ("cow", "ng'ombe", "NOUN"),
    ("cow", "gombe", "NOUN"),
    ("dash", "kimbia", "VERB"),
    ("Kenya", "Kenya", "PROPN"),
    ("7 days", "siku 7", "NOUN"),
    ("-ness", "u-", "NOUN"),
    ("look after a child", "lea", "VERB"),
)


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "lexicon.tsv"
    rows = [("source", "target", "pos"), *ENTRIES]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    return path


def run(command: str, lexicon: Path, *options: str) -> int:
    return main([command, "--lang", "sw", "--offline", "--lexicon", str(lexicon), *options])


@pytest.mark.parametrize(
    ("options", "lost"),
    [
        ([], set()),
        (["--pos", "NOUN"], {"kimbia", "Kenya", "lea"}),
        (["--pos", "NOUN", "--pos", "VERB"], {"Kenya"}),
        (["--no-digits"], {"siku 7"}),
        (["--no-copies"], {"Kenya"}),
        (["--no-affixes"], {"u-"}),
        (["--max-words", "2"], {"lea"}),
        (["--max-words", "1"], {"lea", "siku 7"}),
        (["--max-translations", "1"], {"gombe"}),
    ],
    ids=lambda words: " ".join(sorted(words)),
)
def test_one_filter(options: list[str], lost: set[str], lexicon: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    assert run("convert", lexicon, "--out", str(out), *options) == 0
    _, *rows = [line.split("\t") for line in out.read_text("utf-8").splitlines()]
    targets = {row[1] for row in rows}
    assert targets == {target for _, target, _ in ENTRIES} - lost


def test_the_other_way_round(lexicon: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    assert run("convert", lexicon, "--out", str(out), "--inverted") == 0
    assert "lea\tlook after a child" in out.read_text("utf-8")


def test_words_are_looked_up(lexicon: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", lexicon, "cow", "horse") == 0
    assert capsys.readouterr().out.splitlines() == [
        "cow\tng'ombe\tNOUN\t-",
        "cow\tgombe\tNOUN\t-",
        "horse\t-",
    ]


def test_what_a_lexicon_holds(lexicon: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", lexicon, "--no-copies") == 0
    lines = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["entries", "6 of 5 headwords"]
    assert lines[2] == ["part", "of speech      NOUN 4, VERB 2"]
    assert lines[3][0] == "left"
    assert lines[3][1].startswith("out            1 ")
    assert lines[4] == ["cow", "ng'ombe\tNOUN"]


def test_characters_of_another_script_are_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Greek iotas in Mossi, for the letter iota of the Latin script."""
    path, out = tmp_path / "mos.tsv", tmp_path / "out.tsv"
    path.write_text("source\ttarget\ntree\ttιιga\n", "utf-8")
    command = ["convert", "--lang", "mos", "--offline", "--lexicon", str(path), "--out", str(out)]
    assert main([*command, "--respell"]) == 0
    assert "tree\ttɩɩga" in out.read_text("utf-8")
    assert capsys.readouterr().out.startswith("respelt             2 ")
    assert main(command) == 0
    assert "tree\ttιιga" in out.read_text("utf-8")
