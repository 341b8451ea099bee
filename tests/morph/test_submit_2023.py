"""Handing in for the shared task of 2023, with its real covered files."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from morph.submit.__main__ import main


def run(*options: object) -> int:
    return main([str(option) for option in options])


def test_all_27_files_of_2023_line_by_line(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ("--system", "copy", "--copy", "--offline")
    assert run(*command, "--splits", "test", "--out", out) == 0
    printed = capsys.readouterr().out
    data = mirror / "sigmorphon2023" / "part1" / "data"
    covered = sorted(data.glob("*.covered.tst"))
    right: list[float] = []
    with zipfile.ZipFile(out / "copy.zip") as archive:
        names = {name for name in archive.namelist() if name.endswith(".tst")}
        assert names == {f"copy/{path.name.replace('.covered', '')}" for path in covered}
        for path in covered:
            name = path.name.replace(".covered", "")
            asked, gold = (file.read_text("utf-8").split("\n") for file in (path, data / name))
            answers = archive.read(f"copy/{name}").decode().split("\n")
            lemmas = [line.split("\t")[0] for line in asked]
            assert answers == [
                f"{line}\t{lemma}" if line else ""
                for line, lemma in zip(asked, lemmas, strict=True)
            ]
            pairs = [
                (mine.split("\t")[2].strip(), theirs.split("\t")[2].strip())
                for mine, theirs in zip(answers, gold, strict=True)
                if theirs
            ]
            right.append(sum(mine == theirs for mine, theirs in pairs) / len(pairs))
    [macro] = re.findall(r"macro over 27 test files: ([\d.]+)", printed)
    assert float(macro) == pytest.approx(100 * sum(right) / 27, abs=0.05)


def test_a_language_goes_by_any_name(mirror: Path, tmp_path: Path) -> None:
    command = ("--system", "copy", "--copy", "--offline", "--splits", "dev", "--out")
    assert run(*command, tmp_path / "out", "--lang", "sw,Hebrew,ja") == 0
    found = {path.name for path in (tmp_path / "out" / "copy").iterdir()}
    assert found == {"swa.dev", "heb.dev", "jap.dev", "settings.json"}
    assert run(*command, tmp_path / "two", "--lang", "heb_unvoc") == 0
    assert (tmp_path / "two" / "copy" / "heb_unvoc.dev").is_file()
