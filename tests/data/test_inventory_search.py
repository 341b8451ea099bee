"""The one search: codes of all kinds, names, spelling mistakes, and what is said of the rest.

pytest tests/data/test_inventory_search.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from data.access import Access
from data.errors import InputError
from data.inventory import Inventory, find, load_inventory, row_of, search, select, suggestions
from data.inventory.search import distance


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The real inventory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_inventory(access=Access(offline=True))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("sw-KE", "Swahili"),
        ("sw", "Swahili"),
        ("swa", "Swahili"),
        ("swh_Latn", "Swahili"),
        ("swah1253", "Swahili"),
        ("ger", "German"),  # ISO 639-2, the bibliographic code
        ("deu", "German"),
        ("zh-CN", "Mandarin Chinese"),
        ("zh-Hant-TW", "Mandarin Chinese"),
        ("chi", "Mandarin Chinese"),
        ("pt-BR", "Portuguese"),
        ("alb", "Northern Tosk Albanian"),
        ("nr", "South Ndebele"),
        ("nbl", "South Ndebele"),
        ("nd", "Zimbabwean Ndebele"),
        ("hr", "Croatian"),
        ("nb", "Norwegian Bokmål"),
        ("no", "Norwegian"),
        ("fa-AF", "Dari"),
        ("Kiswahili", "Swahili"),
        ("français", "French"),
        ("FRANCAIS", "French"),
        ("ภาษาไทย", "Thai"),
        ("Sepedi", "Pedi"),
        ("Northern Sotho", "Pedi"),  # CLDR's name, where Glottolog has another
        ("ǃXóõ", "East Taa"),
        ("Ngambay", "Ngambay"),
    ],
)
def test_any_code_and_any_name(mirror: Path, world: Inventory, text: str, name: str) -> None:
    assert row_of(world, find(world, text))["name"] == name
    assert search(world.table, text)[0].name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("swahilli", "Swahili"),
        ("yoruuba", "Yoruba"),
        ("Hasua", "Hausa"),
        ("Amahric", "Amharic"),
        ("Quechau", "Cusco Quechua"),
        ("Nortern Sotho", "Pedi"),
    ],
)
def test_spelling_mistakes_are_near(mirror: Path, world: Inventory, text: str, name: str) -> None:
    with pytest.raises(InputError, match="did you mean"):
        find(world, text)
    assert name in [hit.name for hit in suggestions(world, text)]
    assert {hit.how for hit in suggestions(world, text)} == {"near"}


def test_exact_ones_come_first(mirror: Path, world: Inventory) -> None:
    assert [hit.how for hit in search(world.table, "Ewe")][:2] == ["code", "part"]
    hits = search(world.table, "zulu", limit=20)
    assert hits[0].name == "Zulu"
    ranks = ["code", "name", "other name"]
    places = [ranks.index(hit.how) if hit.how in ranks else 3 for hit in hits]
    assert places == sorted(places)


def test_a_selection_by_a_code_is_that_language(mirror: Path, world: Inventory) -> None:
    assert select(world.table, text="sw-KE")["name"].to_list() == ["Swahili"]
    assert select(world.table, text="ger")["name"].to_list() == ["German"]
    assert select(world.table, text="ngambay")["name"][0] == "Ngambay"
    assert select(world.table, text="sw-KE", genus="Celtic").height == 0


def test_names_of_several_languages_are_told_apart(mirror: Path, world: Inventory) -> None:
    with pytest.raises(InputError, match=r"names several languages: .*Tonga .*; give a code"):
        find(world, "Tonga")
    with pytest.raises(InputError, match=r"Zimbabwean Ndebele \(nd\) or South Ndebele \(nr\)"):
        find(world, "Ndebele")


def test_a_macrolanguage_without_a_row_names_its_members(mirror: Path, world: Inventory) -> None:
    with pytest.raises(InputError, match=r"Zaza \(zza\) has no row .* members have: diq, kiu"):
        find(world, "zza")
    assert {hit.bcp47 for hit in suggestions(world, "zza")} == {"diq", "kiu"}


@pytest.mark.parametrize("text", ["", "   ", "a" * 500, "%%%", "(", "[a-z]*"])
def test_what_no_language_is_called(mirror: Path, world: Inventory, text: str) -> None:
    assert [hit.how for hit in search(world.table, text) if hit.how == "code"] == []
    with pytest.raises(InputError):
        find(world, text)


@pytest.mark.parametrize(
    ("left", "right", "faults"),
    [("hausa", "hausa", 0), ("hasua", "hausa", 1), ("kitten", "sitting", 3), ("ab", "", 2)],
)
def test_distances_by_hand(left: str, right: str, faults: int) -> None:
    assert distance(left, right, 5) == distance(right, left, 5) == faults


def test_names_of_wals_and_of_publishers(mirror: Path, world: Inventory) -> None:
    assert row_of(world, find(world, "Arabic (Kuwaiti)"))["name"] == "Gulf Arabic"
    assert row_of(world, find(world, "Naga, Tangshang"))["iso639_3"] == "nst"


def test_a_code_of_several_languages_leads_to_those_called_so(
    mirror: Path, world: Inventory
) -> None:
    with pytest.raises(InputError, match=r"no row in the inventory; did you mean .*Nahuatl"):
        find(world, "nah")
    assert all("Nahuatl" in hit.name for hit in suggestions(world, "nah")[:3])
