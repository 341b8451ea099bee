"""The inventory from the cache, built anew, with sources missing or broken, and with none.

pytest tests/data/test_inventory_load.py
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from data.access import Access
from data.catalog import DATASET_COLUMNS, FILE_COLUMNS, read_catalog
from data.errors import UnavailableError
from data.files import sha256_file
from data.inventory import Inventory, find, load_inventory, search
from data.inventory.sources import inventory_path

TOY = Path(__file__).parent / "inventory_toy"
FILES = {
    "glottolog/cldf/languages.csv": "languages",
    "glottolog/cldf/classification.nex": "classification",
    "wals/cldf/languages.csv": "languages",
    "linguameta/linguameta.tsv": "languages",
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with the small world, and a catalog that names its files."""
    mirror = tmp_path / "mirror"
    shutil.copytree(TOY, mirror)
    lines = [
        f"{path.partition('/')[0]}\t{role}\t-\t-\t{path}\t-\t{sha256_file(TOY / path)}\t-\t"
        "https://example.invalid/x"
        for path, role in FILES.items()
    ]
    names = ("glottolog", "wals", "linguameta")
    cells = "reference\tcsv\tCC0-1.0\thttps://example.invalid"
    sets = [f"{name}\t{cells}\tToy {name} 1.0\tNobody 2026\t-" for name in names]
    for name, columns, rows in (("f", FILE_COLUMNS, lines), ("d", DATASET_COLUMNS, sets)):
        (tmp_path / name).write_text("\n".join(["\t".join(columns), *rows, ""]))
    entries = read_catalog(tmp_path / "d", tmp_path / "f")
    monkeypatch.setattr("data.catalog.catalog", lambda: entries)
    monkeypatch.setenv("KILOLINGUA_MIRROR", str(mirror))
    return mirror


def load(**settings: bool) -> tuple[Inventory, list[str]]:
    """The inventory, and what was said meanwhile."""
    said: list[str] = []
    return load_inventory(access=Access(offline=True, report=said.append), **settings), said


BUILDING = "building the inventory of languages"


def test_it_is_built_once_and_then_kept(toy: Path) -> None:
    first, said = load()
    assert (first.table.height, said) == (11, [BUILDING])
    second, said = load()
    assert said == []
    assert second.table.equals(first.table)
    assert (second.sources, second.notes) == (first.sources, first.notes)
    assert load(rebuild=True)[1] == [BUILDING]


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing", None])
def test_a_kept_one_that_is_damaged_is_built_again(toy: Path, content: bytes | None) -> None:
    load()
    whole = inventory_path(Access()).read_bytes()
    inventory_path(Access()).write_bytes(whole[: len(whole) // 2] if content is None else content)
    found, said = load()
    assert (found.table.height, said) == (11, [BUILDING])


def test_without_wals_the_genera_are_missing_until_it_comes(toy: Path) -> None:
    path = toy / "wals/cldf/languages.csv"
    text = path.read_bytes()
    path.unlink()
    found, _ = load()
    assert found.table["genus"].is_null().all()
    assert found.table["family"].is_not_null().any()
    assert found.notes[:2] == (
        "without wals, which could not be had: no genera",
        "python -m data.catalog fetch wals && python -m data.inventory --rebuild",
    )
    again, said = load()
    assert (said, again.notes) == ([], found.notes), (
        "nothing is tried again until something changes"
    )
    path.write_bytes(text)
    found, said = load()
    assert said == [BUILDING]
    assert found.table["genus"].is_not_null().any()


@pytest.mark.parametrize(
    ("path", "empty", "full"),
    [
        ("linguameta/linguameta.tsv", "endangerment", "genus"),
        ("glottolog/cldf/classification.nex", "lineage", "genus"),
    ],
)
def test_a_broken_file_leaves_its_cells_empty(toy: Path, path: str, empty: str, full: str) -> None:
    (toy / path).write_text("broken\n")
    found, _ = load()
    assert found.table.height == 11
    assert found.table[empty].is_null().all()
    assert found.table[full].is_not_null().any()
    assert any("expected sha256" in note and "--rebuild" in note for note in found.notes)
    assert load()[1] == [], "kept, for the broken file is still the same"


def test_with_nothing_at_hand_there_are_three_short_notes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    found, _ = load()
    assert len(found.notes) == 3
    assert max(map(len, found.notes)) < 250
    assert found.notes[0].startswith("without glottolog, wals, linguameta, which could not be had")
    assert found.notes[2].startswith("these are only the 51 languages of MASSIVE")


def test_without_glottolog_there_is_massive(toy: Path) -> None:
    (toy / "glottolog/cldf/languages.csv").unlink()
    found, _ = load()
    assert found.builtin
    assert found.table.height == 51
    assert any("only the 51 languages of MASSIVE" in note for note in found.notes)
    rows = {row["bcp47"]: row for row in found.table.iter_rows(named=True)}
    assert rows["en"]["speakers"] == 5000, "what is left is used: LinguaMeta is there"
    assert rows["sw"]["genus"] == "Bantu", "and WALS"
    assert rows["fi"]["family"] == "Uralic"
    assert rows["fi"]["sources"]["family"] == "massive-1.1"
    assert rows["fi"]["family_glottocode"] is None
    assert not inventory_path(Access()).exists()


def test_with_nothing_at_all(toy: Path) -> None:
    shutil.rmtree(toy)
    found, _ = load()
    assert found.builtin
    assert found.table["genus"].n_unique() == 29
    assert found.table["endangerment"].is_null().all()
    keys = {row["speakers"] for row in found.table["sources"]}
    assert keys == {"langcodes-3.5.1", "override-sw-speakers"}, "CLDR's, and a row of ours"
    assert found.table["test_set"].is_not_null().any() or found.table["kinds"].list.len().sum() > 0


def test_a_cache_that_cannot_be_written(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    inventory_path(Access()).unlink()
    inventory_path(Access()).parent.rmdir()
    inventory_path(Access()).parent.write_text("a file where the folder should be")
    found, _ = load()
    assert found.table.height == 11
    assert "could not be kept" in found.notes[-1]


def test_without_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "polars" else found(name)
    )
    with pytest.raises(UnavailableError) as caught:
        load_inventory(access=Access(offline=True))
    assert str(caught.value) == (
        'the inventory needs polars, which is not installed; pip install -e ".[app]"'
    )


def test_alternative_names_of_glottolog(toy: Path) -> None:
    """`names.csv` counts where it is; a row of a group, which has none of ours, does no harm."""
    found, _ = load()
    assert search(found.table, "Isizulu sakwaZulu") == []
    (toy / "glottolog/cldf/names.csv").write_text(
        "ID,Language_ID,Name,Provider,lang\n"
        "1,zulu1248,Isizulu sakwaZulu,multitree,\n"
        '2,zulu1248,"Zulu, of Natal",lexvo,en\n'
        "3,bant1294,Bantu and more,multitree,\n"
    )
    found, _ = load()
    assert find(found, "isizulu SAKWAZULU") == "zulu1248"
    assert search(found.table, "zulu of natal")[0].how == "other name"


def test_a_table_of_names_that_is_damaged_is_told(toy: Path) -> None:
    (toy / "glottolog/cldf/names.csv").write_text("ID,Language\n")
    found, _ = load()
    assert any("alternative names are not read: " in note for note in found.notes)
    assert found.table.height == 11
