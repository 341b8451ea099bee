"""The inventory's rows: a small world written by hand, then the real one.

pytest tests/data/test_inventory.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.inventory import KINDS, Inventory, counted, find, load_inventory, row_of, where_from
from data.inventory.build import Ingredients, build_table
from data.inventory.genus import read_wals
from data.inventory.glottolog import SPOKEN, read_classification, read_glottolog
from data.inventory.references import read_linguameta
from data.inventory.sources import all_sources
from data.resources import Resource

TOY = Path(__file__).parent / "inventory_toy"


def resource(language: str, kind: str, size: int | None, glottocode: str | None = None) -> Resource:
    return Resource(glottocode, language, kind, "toy", language, size, "x", "CC0-1.0", "", "")


RESOURCES = (
    resource("sw", "test_set", 600),
    resource("sw", "lexicon", None),
    resource("sw", "lexicon", 1500),
    resource("nr", "tagged", None, "sout3270"),
    resource("ber", "lexicon", 4000),
)


def ingredients() -> Ingredients:
    world = read_glottolog(TOY / "glottolog/cldf/languages.csv")
    lineages = {
        code: lineage
        for code, lineage in read_classification(TOY / "glottolog/cldf/classification.nex").items()
        if world.category(world.languages[code]) == SPOKEN
    }
    return Ingredients(
        glottolog=replace(world, lineages=lineages),
        genera=tuple(read_wals(TOY / "wals/cldf/languages.csv")),
        linguameta=tuple(read_linguameta(TOY / "linguameta/linguameta.tsv")),
        resources=RESOURCES,
        keys={name: source.key for name, source in all_sources().items()},
    )


@pytest.fixture(scope="module")
def rows() -> Mapping[str, Mapping[str, Any]]:
    table, _ = build_table(ingredients())
    return {row["glottocode"]: row for row in table.iter_rows(named=True)}


def test_a_row_for_every_language_and_for_dialects_with_a_code(
    rows: Mapping[str, Any],
) -> None:
    assert len(rows) == 11
    assert rows["zulu1248"]["includes"] == ["nr", "sout3270"]
    assert "isindebele" in rows["zulu1248"]["search"]


def test_a_dialect_with_a_code_of_its_own_has_its_own_facts(rows: Mapping[str, Any]) -> None:
    """ISO 639-3 counts Southern Ndebele as a language, Glottolog as a dialect of Zulu."""
    dialect, zulu = rows["sout3270"], rows["zulu1248"]
    assert (dialect["bcp47"], dialect["name"], dialect["category"]) == (
        "nr",
        "South Ndebele",
        "dialect",
    )
    assert (dialect["endonym"], dialect["speakers"]) == ("isiNdebele", 40)
    assert (dialect["genus"], dialect["family"]) == (zulu["genus"], zulu["family"])
    assert dialect["groups"] == ["Atlantic-Congo", "Bantoid", "Zulu"]
    assert dialect["kinds"] == zulu["kinds"] == ["tagged"], "its resources count for both"
    assert dialect["speakers_alone"] is None, "Zulu's row counts them"


def test_countries_are_those_of_its_dialects_too() -> None:
    world = ingredients()
    meta = tuple(
        replace(row, countries=("ZA", "LS")) if row.bcp47 == "nr" else row
        for row in world.linguameta
    )
    table, _ = build_table(replace(world, linguameta=meta))
    zulu = next(row for row in table.iter_rows(named=True) if row["bcp47"] == "zu")
    assert zulu["countries"] == ["ZA", "LS"]
    assert zulu["sources"]["countries"] == "glottolog-5.1;linguameta-452a21a"


def test_swahili_stands_for_its_macrolanguage(rows: Mapping[str, Any]) -> None:
    swahili = rows["swah1253"]
    assert (swahili["bcp47"], swahili["macrolanguage"]) == ("sw", "sw")
    assert (swahili["endonym"], swahili["speakers"]) == ("Kiswahili", 900)
    assert swahili["sources"]["speakers"] == "linguameta-452a21a-macrolanguage"
    assert swahili["scripts"] == ["Latn", "Arab"], "its own, and those of the macrolanguage"
    assert swahili["sources"]["scripts"] == "linguameta-452a21a;linguameta-452a21a-macrolanguage"
    assert swahili["countries"] == ["KE", "TZ"]


def test_nobody_is_counted_twice(rows: Mapping[str, Any]) -> None:
    """Of the 900 speakers of the macrolanguage, 200 stand under Congo Swahili."""
    assert rows["swah1253"]["speakers_alone"] == 700
    assert rows["cong1236"]["speakers_alone"] == rows["cong1236"]["speakers"] == 200


def test_a_macrolanguage_smaller_than_its_members_leaves_them_out() -> None:
    world = ingredients()
    meta = tuple(
        replace(row, speakers=100) if row.bcp47 == "sw" else row for row in world.linguameta
    )
    table, _ = build_table(replace(world, linguameta=meta))
    swahili = next(row for row in table.iter_rows(named=True) if row["bcp47"] == "sw")
    assert (swahili["speakers"], swahili["speakers_alone"]) == (100, 100)


@pytest.mark.parametrize(
    ("glottocode", "genus", "inferred"),
    [
        ("swah1253", "Bantu", False),
        ("stan1293", "Germanic", False),  # WALS names it by ISO code only
        ("cong1236", "Bantu", True),
        ("zulu1248", "Bantu", True),  # one group further up
        ("scot1243", "Germanic", True),  # the creoles in its group do not speak against it
        ("jama1262", None, None),  # WALS calls it a creole
        ("sran1240", None, None),  # in a group of which only creoles are known
        ("basq1248", "Basque", False),
        ("keny1241", None, None),
        ("oung1238", None, None),
    ],
)
def test_genera(rows: Mapping[str, Any], glottocode: str, genus: str, inferred: bool) -> None:
    row = rows[glottocode]
    assert (row["genus"], row["genus_inferred"]) == (genus, inferred)
    source = {True: "wals-2020.4-inferred", False: "wals-2020.4", None: None}[inferred]
    assert row["sources"]["genus"] == source


def test_entries_of_wals_that_disagree_are_no_evidence() -> None:
    world = ingredients()
    other = replace(world.genera[0], wals_code="swx", genus="Mande")
    table, _ = build_table(replace(world, genera=(*world.genera, other)))
    genera = dict(table.select("glottocode", "genus").rows())
    assert genera["swah1253"] is genera["zulu1248"] is None


def test_families_and_what_is_none(rows: Mapping[str, Any]) -> None:
    facts = {
        code: (row["family"], row["is_isolate"], row["category"], row["lineage"])
        for code, row in rows.items()
    }
    assert facts["basq1248"] == (None, True, "spoken", None)
    assert facts["keny1241"] == (None, False, "sign", None)
    assert facts["oung1238"] == (None, False, "bookkeeping", None)
    assert facts["zulu1248"] == ("Atlantic-Congo", False, "spoken", ["atla1278", "bant1294"])
    assert rows["zulu1248"]["groups"] == ["Atlantic-Congo", "Bantoid"]
    assert rows["zulu1248"]["family_glottocode"] == "atla1278"


def test_unknown_is_not_zero(rows: Mapping[str, Any]) -> None:
    assert rows["jama1262"]["endangerment"] is rows["keny1241"]["speakers"] is None
    assert rows["sran1240"]["speakers"] == 0
    assert rows["oung1238"]["countries"] is None
    assert rows["keny1241"]["scripts"] is None or rows["keny1241"]["scripts"]


def test_resources_are_counted_by_kind(rows: Mapping[str, Any]) -> None:
    swahili, zulu, basque = rows["swah1253"], rows["zulu1248"], rows["basq1248"]
    assert [swahili[kind] for kind in KINDS] == [600, 1500, 0, 0, 0, 0, 0]
    assert (swahili["kinds"], swahili["resource_class"]) == (["test_set", "lexicon"], 2)
    assert (zulu["tagged"], zulu["kinds"], zulu["resource_class"]) == (None, ["tagged"], 1)
    assert (basque["tagged"], basque["kinds"], basque["resource_class"]) == (0, [], 0)


def test_resources_of_groups_of_languages_are_told() -> None:
    _, unplaced = build_table(ingredients())
    assert [entry.language for entry in unplaced] == ["ber"]


def test_resources_that_cannot_be_read_are_unknown() -> None:
    table, _ = build_table(replace(ingredients(), resources=None))
    for column in (*KINDS, "kinds", "resource_class"):
        assert table[column].is_null().all(), column


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The real inventory; skipped without the mirror."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_inventory(access=Access(offline=True))


def test_the_real_world(mirror: Path, world: Inventory) -> None:
    table = world.table
    assert table.height == 8605 + 269, "languages, and dialects with a code of their own"
    assert counted(table).height == 8605 - 382, "without bookkeeping entries"
    assert table["bcp47"].drop_nulls().is_unique().all()
    assert not world.builtin
    # Checked by hand against glottolog.org, wals.info and the three publications.
    swahili = row_of(world, find(world, "Kiswahili"))
    assert (swahili["glottocode"], swahili["genus"], swahili["macroarea"]) == (
        "swah1253",
        "Bantu",
        "Africa",
    )
    assert (swahili["speakers"], swahili["speakers_date"]) == (73_000_000, "2019")
    assert row_of(world, find(world, "hr"))["name"] == "Croatian"
    assert row_of(world, find(world, "sh"))["glottocode"] == "sout1528"
    assert row_of(world, find(world, "ku"))["iso639_3"] == "kmr"
    assert row_of(world, find(world, "pcm"))["genus"] is None


def test_every_cell_of_the_real_world_has_a_source(mirror: Path, world: Inventory) -> None:
    keys = {source.key for source in world.sources}
    for row in world.table.sample(200, seed=1).iter_rows(named=True):
        for column, key in row["sources"].items():
            assert (row[column] is None) == (key is None), (row["glottocode"], column)
            assert key is None or set(key.split(";")) <= keys
    source = where_from(world, "yoru1245", "speakers")
    assert source is not None
    assert (source.version, source.licence) == ("452a21a", "CC-BY-SA-4.0")
    lexicons = where_from(world, "swah1253", "lexicon")
    assert lexicons is not None
    assert lexicons.title == "kilolingua's catalog of data sets"
    assert where_from(world, "swah1253", "search") is None
