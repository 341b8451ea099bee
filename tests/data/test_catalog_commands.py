"""python -m data.catalog list | show | fetch | verify, run in this process.

pytest tests/data/test_catalog_commands.py
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import data
import data.catalog as catalog_module
from data.access import cache_folder
from data.catalog import File, catalog, dataset
from data.catalog.__main__ import main

PREFIX = "python -m data.catalog: error: "


def errors(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr; nothing else may have been printed."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\n")
    assert len(captured.err.splitlines()) == 1
    return captured.err.removeprefix(PREFIX).rstrip("\n")


def test_list_has_a_line_for_every_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", *catalog()]
    flores = next(line for line in lines if line.startswith("flores-200"))
    assert flores.split()[:5] == ["flores-200", "test-set", "204", "0/409", "CC-BY-SA-4.0"]


def test_show_says_where_a_data_set_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "lafand"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "licence   CC-BY-NC-4.0" in lines
    assert "languages en hau lug swa tsn yor zul" in lines
    assert any(line.startswith("citation  Adelani et al. 2022") for line in lines)
    assert sum(line.startswith("  ") for line in lines) == 33


def test_show_says_what_is_not_pinned_and_which_licence_is_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["show", "massive-1.1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("  size unknown  not pinned")
    assert main(["show", "unimorph"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.endswith("slk.xz  size unknown  git:0e9cd6736d05  CC-BY-NC-SA-4.0") for line in lines
    )


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["show", "ntrex"], 2, 'no data set "ntrex" in the catalog (did you mean ntrex-128?); '),
        (
            ["fetch", "lafand", "--lang", "wo"],
            2,
            "lafand has no Wolof (wo); it has: en, hau, lug",
        ),
        (["fetch", "lafand", "--ofline"], 2, "unrecognized arguments: --ofline (did you mean --o"),
        (["list", "--offline"], 2, "unrecognized arguments: --offline"),
        (["fetch", "lafand", "--lang", "../../x"], 2, ""),
        (["fetch"], 2, "the following arguments are required: dataset; see python -m data.cata"),
        ([], 2, "the following arguments are required: list|show|fetch|verify; see python -m"),
        (["lst"], 2, "argument list|show|fetch|verify: invalid choice: 'lst' (choose from"),
        (["fetch", "spbleu-flores200", "--offline"], 1, "spbleu-flores200/flores200sacrebleuspm"),
    ],
)
def test_errors(
    argv: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code
    assert errors(capsys).startswith(message)


def test_v_shows_where_an_error_was_raised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "ntrex", "-v"]) == 2
    assert capsys.readouterr().err.startswith("Traceback (most recent call last):")


def test_verify_of_an_empty_cache(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    expected = f"0 files as the catalog names them, 0 wrong and deleted, in {cache_folder()}\n"
    assert capsys.readouterr().out == expected


def test_a_file_that_nobody_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "toy/toy.model"
    file = File("toy", "tokenizer", "", (), name, None, None, ())
    toy = replace(dataset("spbleu-flores200"), name="toy", files=(file,))
    monkeypatch.setattr(catalog_module, "catalog", lambda: {"toy": toy})
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"a model")
    monkeypatch.setenv("KILOLINGUA_MIRROR", str(tmp_path))
    assert main(["fetch", "toy"]) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path / name}  from mirror  (not pinned: its checksum is recorded, not known)\n"
    )
    shutil.copyfile(tmp_path / name, cache_folder() / name)
    assert main(["verify", "toy"]) == 0
    assert capsys.readouterr().out.startswith("1 files as the catalog names them, 0 wrong")
    (cache_folder() / name).write_bytes(b"another model")
    assert main(["verify", "toy"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"{cache_folder() / name}: expected sha256 ")
    assert captured.out.startswith("0 files as the catalog names them, 1 wrong and deleted")
    assert not (cache_folder() / name).exists()


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["lafand", "--lang", "sw"], {"dev.en", "dev.swa", "test.en", "test.swa", "train.en"}),
        (["gatitos", "--lang", "yue"], {"en_yue.tsv"}),
        (
            ["ntrex-128", "--lang", "sw"],
            {"newstest2019-src.eng.txt", "newstest2019-ref.swa.txt", "DOCUMENT_IDS.tsv"},
        ),
    ],
)
def test_one_language_with_what_it_is_aligned_with(
    argv: list[str], expected: set[str], mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", *argv, "--offline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.endswith("  from mirror") for line in lines)
    names = {Path(line.partition("  from")[0]).name for line in lines}
    assert names - {"train.swa"} == expected


def test_a_whole_data_set_of_the_mirror(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open(mirror / "MANIFEST.tsv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["dataset"] == "freedict"]
    there = [row["path"] for row in rows if row["path"].endswith((".index", ".dz"))]
    assert main(["fetch", "freedict", "--offline"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(there) + 1 == 37
    assert not cache_folder().exists() or not any(cache_folder().rglob("*.index"))


def test_help_reads_no_table_and_loads_nothing_heavy() -> None:
    """What takes time is counted, for the clock is not ours alone."""
    code = (
        "import sys\nfrom data import catalog, language_names\n"
        "from data.catalog.__main__ import main\nassert main(['--help']) == 0\n"
        "read = catalog.catalog.cache_info().misses + language_names.rows.cache_info().misses\n"
        "heavy = {'torch', 'transformers', 'numpy', 'polars', 'sacrebleu'} & {*sys.modules}\n"
        "print(read, len(heavy), len(sys.modules) < 700, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(data.__file__).parents[1])},
    )
    assert done.stdout.startswith("usage: python -m data.catalog")
    assert done.stderr == "0 0 True\n"


def test_what_the_mirror_lacks_does_not_stop_the_rest(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nine languages of NTREX-128 are not in the mirror: all else is brought."""
    assert main(["fetch", "ntrex-128", "--offline"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == len(dataset("ntrex-128").files) - 9
    [line] = captured.err.splitlines()
    assert line.startswith(
        f"{PREFIX}9 files could not be had; the first: ntrex/NTREX-128/newstest20"
    )
