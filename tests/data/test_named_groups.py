"""Groups by any name: of the tree, of genera, and names that Glottolog does not use.

pytest tests/data/test_named_groups.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from data.access import Access
from data.inventory import Inventory, load_inventory, select
from data.inventory.named_groups import group_names, groups_called, named_groups


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The real inventory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_inventory(access=Access(offline=True))


def test_every_group_that_is_named_is_in_glottolog(mirror: Path, world: Inventory) -> None:
    known = set(group_names(world.table)) | set(world.table["name"])
    for name, groups in named_groups().items():
        assert set(groups) <= known, (name, set(groups) - known)


@pytest.mark.parametrize("text", ["Niger-Congo", "niger congo", "NIGER-KORDOFANIAN"])
def test_niger_congo_is_atlantic_congo_and_more(mirror: Path, world: Inventory, text: str) -> None:
    assert groups_called(world.table, text)[0] == "Atlantic-Congo"
    found = select(world.table, family=text)
    core = select(world.table, family="Atlantic-Congo")
    assert set(core["glottocode"]) < set(found["glottocode"])
    assert {"Swahili", "Bambara", "Lafofa"} <= set(found["name"]), "an isolate among them"
    assert not {"Hausa", "Central Kanuri"} & set(found["name"])
    assert select(world.table, genus=text).height == found.height


@pytest.mark.parametrize("field", ["family", "genus"])
@pytest.mark.parametrize("text", ["Bantoid", "bantoid"])
def test_a_group_of_the_tree(mirror: Path, world: Inventory, field: str, text: str) -> None:
    found = select(world.table, **{field: text})
    assert found.height > 600
    assert all("Bantoid" in groups for groups in found["groups"])


def test_a_family_that_no_genus_is_called(mirror: Path, world: Inventory) -> None:
    nilotic = select(world.table, genus="Nilotic")
    assert {"Nuer", "Masai"} & set(nilotic["name"])
    assert set(nilotic["family"]) == {"Nilotic"}


@pytest.mark.parametrize("text", ["Bantou", "", "nonsense", "[a-z]*"])
def test_a_wrong_name_selects_nothing(mirror: Path, world: Inventory, text: str) -> None:
    assert groups_called(world.table, text) == ()
    assert select(world.table, genus=(text,)).height == 0
