"""The command line of the inventory, in this process, on the built-in languages and the real ones.

pytest tests/data/test_inventory_commands.py
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.access import Access
from data.inventory import load_inventory, select
from data.inventory.__main__ import KINDS, _as_lines, main


@pytest.fixture
def builtin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can reach nothing."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)


def answer(capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    code = main([*options, "--offline"])
    out, err = capfd.readouterr()
    return code, out, err


def test_csv_of_a_selection(builtin: None, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer(capfd, "--script", "Arab", "Ethi", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert code == 0
    # LinguaMeta cannot be had here, so scripts are CLDR's.
    names = "Amharic Arabic Azerbaijani Indonesian Malay Mongolian Persian Turkish Urdu"
    assert {*names.split()} >= {row["name"] for row in rows} >= {"Amharic", "Persian", "Urdu"}
    assert rows[0]["genus_source"] == "massive-1.1"
    assert "note: these are only the 51 languages of MASSIVE, which are built in" in err
    assert f"{len(rows)} of 51 languages" in err


def test_json_and_a_file(builtin: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.json"
    code, out, _ = answer(capfd, "--genus", "Celtic", "--format", "json", "--out", str(path))
    assert (code, out) == (0, "")
    languages = json.loads(path.read_text(encoding="utf-8"))["languages"]
    assert [row["endonym"] for row in languages] == ["Cymraeg"]


def test_cldf_goes_into_a_folder(
    builtin: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answer(capfd, "--format", "cldf", "--out", str(tmp_path / "cldf"))
    names = sorted(path.name for path in (tmp_path / "cldf").iterdir())
    assert names == ["cldf-metadata.json", "languages.csv", "sources.bib"]
    code, out, err = answer(capfd, "--format", "cldf", "--limit", "1")
    assert (code, out.splitlines()[0].split(",")[:2]) == (0, ["ID", "Name"])
    assert "with --out FOLDER, cldf-metadata.json and sources.bib go beside it" in err


def test_a_table_for_the_eye(builtin: None, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = answer(capfd, "--text", "cymraeg")
    header, line = out.splitlines()
    assert header.split()[:4] == ["code", "tag", "name", "genus"]
    assert line.split()[:4] == ["wels1247", "cy", "Welsh", "Celtic"]
    assert " ? " in line, "speakers are unknown here"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--genus", "Romanse"], 'no language has the genus "Romanse"; did you mean Romance'),
        (["--country", "ZZ"], 'no language has the country "ZZ"; there are '),
        (["--missing", "lexica"], '--missing "lexica": expected one of test_set, lexicon'),
        (["--lang", "swahilli"], "unknown language 'swahilli'; did you mean Swahili (sw)?"),
        (["--scripts", "Latn"], "unrecognized arguments: --scripts Latn (did you mean --script?)"),
    ],
)
def test_mistakes(
    builtin: None, capfd: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    code, out, err = answer(capfd, *options)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_help_needs_no_polars() -> None:
    code = "import sys; from data.inventory.__main__ import main; main(['--help'])"
    code += "; print('polars' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_the_real_world(mirror: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer(
        capfd, "--genus", "Bantoid", "--script", "Latn", "--missing", "lexicon", "--format", "csv"
    )
    assert code == 0
    assert (
        'note: "Bantoid" is no genus; taken as the group of that name in Glottolog\'s tree' in err
    )
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    table = load_inventory(access=Access(offline=True)).table
    expected = select(table, genus="Bantoid", script="Latn", missing="lexicon")
    assert [row["glottocode"] for row in rows] == expected["glottocode"].to_list()
    assert len(rows) > 500
    code, out, _ = answer(capfd, "--lang", "sw")
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert code == 0
    assert lines["genus"].split() == ["genus", "Bantu", "wals-2020.4"]
    assert "73,000,000" in lines["speakers"]
    assert "1,997 segments  CC-BY-SA-4.0" in out


def test_a_table_for_the_eye_is_cut_to_a_terminal(
    builtin: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    polars = pytest.importorskip("polars")
    row = {
        "glottocode": "swah1253",
        "bcp47": None,
        "name": "n" * 40,
        "genus": "g" * 40,
        "scripts": ["Latn", "Arab", "Ethi", "Cyrl"],
        "speakers": 1_234_567,
        "resource_class": None,
    } | dict.fromkeys(KINDS, 1000)
    bare = row | {"bcp47": "sw", "name": "Swahili", "genus": None, "scripts": None}
    header, first, second = _as_lines(polars.DataFrame([row, bare])).splitlines()
    kinds = ["1,000"] * len(KINDS)
    cut = ["swah1253", "n" * 28, "g" * 22, "Latn", "Arab", "Ethi", "1,234,567", "?", *kinds]
    assert first.split() == cut
    assert second.split() == ["swah1253", "sw", "Swahili", "1,234,567", "?", *kinds]
    assert header.split() == [
        *("code", "tag", "name", "genus", "scripts", "speakers", "class"),
        *KINDS,
    ]
    columns = [first.index("n" * 28), second.index("Swahili"), header.index("name")]
    assert len(set(columns)) == 1
    path = tmp_path / "table.txt"
    assert answer(capfd, "--text", "cymraeg", "--out", str(path))[:2] == (0, "")
    assert path.read_text("utf-8").splitlines()[1].startswith("wels1247  cy   Welsh")


def test_advice_from_the_shell(builtin: None, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = answer(capfd, "--advise", "inflection", "--goal", "genera", "--limit", "2")
    assert code == 0
    assert 1 <= len(out.splitlines()) <= 2
    assert answer(capfd, "--advise", "lexica")[0] == 2
    assert answer(capfd, "--advise", "lexicon", "--goal", "fame")[0] == 2
