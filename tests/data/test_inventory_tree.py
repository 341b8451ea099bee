"""The tree with its figures, gaps by speakers and kin, on a family of a dozen lines by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from data.inventory import KINDS, Inventory, counted, load_inventory, select
from data.inventory.glottolog import Languoid
from data.inventory.kin import dialects, lenders, load_dialects, nearest
from data.inventory.schema import schema
from data.inventory.tree import Tree, gaps_by_speakers

# glottocode, lineage, speakers, kinds, longitude
LANGUAGES = (
    ("swah", "atla bant", 100, "lexicon tagged", 37.0),
    ("zulu", "atla bant", 20, "lexicon", 31.0),
    ("yoru", "atla", 40, "", 4.0),
    ("deep", "atla bant saba", None, "", 38.0),
    ("hind", "indo", 600, "tagged", 77.0),
    ("basq", "", 1, "lexicon", -1.0),  # an isolate
    ("bsl", "", 5, "", 0.0),  # a sign language
    ("lost", "", 2, None, 0.0),  # nobody knows
    ("book", "", 9, "", 0.0),  # a bookkeeping entry
)


@pytest.fixture
def inventory() -> Inventory:
    import polars as pl

    rows = []
    for code, lineage, speakers, kinds, longitude in LANGUAGES:
        category = {"bsl": "sign", "book": "bookkeeping"}.get(code, "spoken")
        groups = lineage.split()
        row: dict[str, Any] = dict.fromkeys(schema()) | {
            "glottocode": code,
            "name": code.title(),
            "lineage": groups,
            "groups": [group.title() for group in groups],
            "family": groups[0].title() if groups else None,
            "is_isolate": code == "basq",
            "category": category,
            "speakers": speakers,
            "speakers_alone": speakers,
            "kinds": None if kinds is None else kinds.split(),
            "scripts": ["Latn", "Arab"] if code == "swah" else ["Latn"],
            "latitude": 0.0,
            "longitude": longitude,
            "resource_class": 0,
        }
        rows.append(row)
    return Inventory(pl.DataFrame(rows, schema=schema()), ())


def _rows(frame: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.select(columns).iter_rows()]


def test_the_top_has_families_isolates_and_what_is_no_family(inventory: Inventory) -> None:
    top = Tree(inventory.table).below()
    assert _rows(top, "glottocode", "level", "languages", "having", "speakers") == [
        ("atla", "group", 4, 2, 160),
        ("(none)", "group", 1, None, 2),
        ("indo", "group", 1, 1, 600),
        ("(isolate)", "group", 1, 1, 1),
        ("sign", "group", 1, 0, 5),
    ]


def test_a_node_counts_all_below_it(inventory: Inventory) -> None:
    tree = Tree(inventory.table, ("lexicon", "tagged"), "all")
    columns = ("glottocode", "level", "languages", "having", "speakers", "speakers_having")
    assert _rows(tree.below("atla"), *columns) == [
        ("bant", "group", 3, 1, 120, 100),
        ("yoru", "language", 1, 0, 40, 0),
    ]
    assert _rows(tree.below("bant"), *columns) == [
        ("saba", "group", 1, 0, None, None),  # the one language below it has no figure
        ("swah", "language", 1, 1, 100, 100),
        ("zulu", "language", 1, 0, 20, 0),
    ]
    assert tree.node("bant")["lexicon"] == 2
    assert tree.path("deep") == [
        ("atla", "Atla"),
        ("bant", "Bant"),
        ("saba", "Saba"),
        ("deep", "Deep"),
    ]


def test_any_of_several_kinds_will_do(inventory: Inventory) -> None:
    assert Tree(inventory.table, ("lexicon", "tagged")).node("bant")["having"] == 2


@pytest.mark.parametrize("ask", ["below", "node", "path"])
def test_a_node_that_is_not_there(inventory: Inventory, ask: str) -> None:
    with pytest.raises(InputError, match=r'"nowhere"; python -m data.inventory --lang'):
        getattr(Tree(inventory.table), ask)("nowhere")


def test_questions_that_are_none(inventory: Inventory) -> None:
    with pytest.raises(InputError, match=r'expected a kind of resource .* found "lexica"'):
        Tree(inventory.table, ("lexica",))
    with pytest.raises(InputError, match='expected any or all, found "some"'):
        Tree(inventory.table, (), "some")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r'expected one of family, .* found "planet"'):
        gaps_by_speakers(inventory.table, "planet")


def test_gaps_by_speakers_begin_where_most_people_are_without(inventory: Inventory) -> None:
    columns = ("value", "languages", "having", "speakers", "speakers_lacking")
    found = gaps_by_speakers(inventory.table, "family", ("lexicon",))
    assert _rows(found, *columns) == [
        ("Indo", 1, 0, 600, 600),
        ("Atla", 4, 2, 160, 40),
        ("(isolate)", 1, 1, 1, 0),
    ]
    nodes = gaps_by_speakers(inventory.table, "subgroup", ("lexicon",))
    assert _rows(nodes.filter(nodes["value"] == "bant"), *columns) == [("bant", 3, 2, 120, 0)]
    scripts = gaps_by_speakers(inventory.table, "script", ("tagged",))
    assert _rows(scripts.filter(scripts["value"] == "Arab"), *columns) == [("Arab", 1, 1, 100, 0)]


def test_the_nearest_are_kin_whatever_they_have(inventory: Inventory) -> None:
    found = nearest(inventory, "swah")
    assert _rows(found, "glottocode", "tree_distance") == [
        ("zulu", 2),
        ("deep", 3),
        ("yoru", 3),
    ]
    assert nearest(inventory, "basq").is_empty()


def test_lenders_by_kind(inventory: Inventory) -> None:
    found = lenders(inventory, "zulu", each=2)
    assert set(found) == set(KINDS) - {"lexicon"}
    assert [row["glottocode"] for row in found["tagged"]] == ["swah", "hind"]
    assert found["parallel"] == []


def test_dialects_are_those_of_their_language() -> None:
    def languoid(code: str, level: str, language: str | None) -> Languoid:
        return Languoid(code, code, level, None, None, None, None, (), None, language, False)

    entries = [
        languoid("b", "dialect", "swah"),
        languoid("a", "dialect", "swah"),
        languoid("swah", "language", None),
    ]
    assert {code: [one.name for one in own] for code, own in dialects(entries).items()} == {
        "swah": ["a", "b"]
    }


def test_the_whole_tree_adds_up(mirror: Path) -> None:
    inventory = load_inventory()
    tree = Tree(inventory.table, ("lexicon",))
    top = tree.below()
    spoken = counted(inventory.table)
    assert top["languages"].sum() == spoken.height
    assert top["speakers"].sum() == spoken["speakers_alone"].sum()
    assert top["lexicon"].sum() == select(spoken, has="lexicon").height
    for node in tree.groups["glottocode"].sample(50, seed=1):
        assert tree.below(node)["languages"].sum() == tree.node(node)["languages"]
    assert "Mvita" in [one.name for one in load_dialects()["swah1253"]]
