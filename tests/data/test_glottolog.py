"""Glottolog's tables: trees, levels, pseudo-families.

pytest tests/data/test_glottolog.py
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.inventory.glottolog import leaves, read_classification, read_glottolog

TOY = Path(__file__).parent / "inventory_toy" / "glottolog" / "cldf"
LANGUAGES = (TOY / "languages.csv").read_text(encoding="utf-8")

Tree = str | list["Tree"]
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.just("leaf"), lambda children: st.lists(children, min_size=1, max_size=4), max_leaves=20
)


def test_levels_and_categories() -> None:
    world = read_glottolog(TOY / "languages.csv")
    assert len(world.languages) == 10
    assert world.dialects == {"sout3270": "zulu1248"}
    assert world.language_of("sout3270") == "zulu1248"
    assert world.language_of("atla1278") is None
    categories = {code: world.category(entry) for code, entry in world.languages.items()}
    assert categories.pop("keny1241") == "sign"
    assert categories.pop("oung1238") == "bookkeeping"
    assert set(categories.values()) == {"spoken"}
    assert world.families["swah1254"] == "Swahili (G.40), in all", "quoted cells are unquoted"
    swahili = world.languages["swah1253"]
    assert (swahili.countries, swahili.latitude) == (("KE", "TZ"), -8.0)


def test_only_a_dialect_is_of_a_language(tmp_path: Path) -> None:
    """The languoid in the cell Language_ID, which may be a language's own glottocode."""
    header, *lines = LANGUAGES.splitlines()
    place = header.split(",").index("Language_ID")
    swahili = next(line for line in lines if line.startswith("swah1253,"))
    cells = swahili.split(",")
    path = tmp_path / "languages.csv"
    itself = ",".join([*cells[:place], "swah1253", *cells[place + 1 :]])
    path.write_text(LANGUAGES.replace(swahili, itself), encoding="utf-8")
    world = read_glottolog(path)
    assert world.dialects == {"sout3270": "zulu1248"}
    assert "swah1253" in world.languages


def written(tree: Tree, numbers: list[int], above: tuple[str, ...], found: dict) -> str:
    """The tree in Newick's notation; leaves and the groups above them go into `found`."""
    numbers[0] += 1
    name = f"node{numbers[0]:04}"
    if isinstance(tree, str):
        found[name] = above
        return f"{name}:1"
    inside = ",".join(written(child, numbers, (*above, name), found) for child in tree)
    return f"({inside}){name}:1"


@given(TREES)
def test_leaves_of_any_tree(tree: Tree) -> None:
    expected: dict[str, tuple[str, ...]] = {}
    assert leaves(written(tree, [0], (), expected) + ";") == expected
    assert list(leaves(written(tree, [0], (), {}) + ";")) == list(expected), "in their order"


@pytest.mark.parametrize(
    ("newick", "problem"),
    [
        ("((a:1,b:1)c:1;", "a bracket that is not closed"),
        ("(a:1,b:1)d:1)c:1;", "a bracket that is not opened"),
        ("((a:1,b:1):1)c:1;", "a group without a name"),
        ("(" * 5000 + "a" + ")b" * 5000 + ";", "more than 200 levels"),
    ],
)
def test_trees_that_are_none(tmp_path: Path, newick: str, problem: str) -> None:
    path = tmp_path / "classification.nex"
    path.write_text(f"#NEXUS\nBEGIN TREES;\n    tree abcd1234 = [&R] {newick}\nEND;\n")
    with pytest.raises(InputError) as caught:
        read_classification(path)
    expected = f"{path}:3: expected a tree in Newick's notation, found {problem} in abcd1234"
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Level,", "Levl,", 'languages.csv:1: expected a column Level, found "ID,Name,'),
        (",38,swah", ",38 E,swah", ':5: expected a number in column Longitude, found "38 E"'),
        (",38,swah", ",nan,swah", ':5: expected a number in column Longitude, found "nan"'),
        (",38,swah", ",1e400,swah", ':5: expected a number in column Longitude, found "1e400"'),
        (",38,swah", ",٣٨,swah", ":5: expected a number in column Longitude, found"),
        (",38,swah", f",{'9' * 5000},swah", ":5: expected a number in column Longitude, found"),
        ("dialect", "accent", ':8: expected the level family, language or dialect, found "acc'),
        ("KE;TZ,atla", "KE,TZ,atla", ":5: expected 15 cells, found 16"),
        ('"Swahili (G.40)', '"Swahili" (G.40)', ":4: expected a CSV record, found: "),
        (",language,", ",family,", "expected languages, found none; fetch the file again"),
    ],
)
def test_tables_that_are_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "languages.csv"
    path.write_text(LANGUAGES.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_glottolog(path)
    assert message in str(caught.value)


def test_a_file_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "languages.csv"
    path.write_bytes(LANGUAGES.encode()[:900] + b"\xc3")
    with pytest.raises(InputError, match=r"languages\.csv:\d+: expected UTF-8, found byte 0xc3"):
        read_glottolog(path)


def test_the_real_table(mirror: Path) -> None:
    """Glottolog 5.1 states 8,605 languages; its list of trees names the same families."""
    world = read_glottolog(mirror / "glottolog/cldf/languages.csv")
    assert len(world.languages) == 8605
    lineages = read_classification(mirror / "glottolog/cldf/classification.nex")
    assert set(lineages) < set(world.languages)
    isolates = [entry for entry in world.languages.values() if entry.is_isolate]
    assert len(lineages) + len(isolates) == 8605, "a language is in a tree or an isolate"
    with open(mirror / "glottolog/cldf/trees.csv", encoding="utf-8", newline="") as file:
        roots = {row["ID"] for row in csv.DictReader(file)}
    assert {lineage[0] for lineage in lineages.values()} == roots
    for code, lineage in lineages.items():
        assert lineage[0] == world.languages[code].family
    categories = Counter(map(world.category, world.languages.values()))
    assert set(categories) == {
        "spoken", "sign", "pidgin", "mixed", "artificial", "register", "unattested",
        "unclassifiable", "bookkeeping",
    }  # fmt: skip
