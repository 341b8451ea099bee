"""Sixty facts about forty languages, chosen from general references before the inventory was asked.

pytest tests/data/test_known_facts.py

The table beside this file names the reference of each. Speakers count as right within a factor of
two; scripts and countries where those of the reference are among the inventory's; asked by the code
of a macrolanguage, the figure of the macrolanguage is meant.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from data.access import Access
from data.inventory import Inventory, find, load_inventory, row_of

TABLE = Path(__file__).with_name("known_facts.tsv")
with TABLE.open(encoding="utf-8", newline="") as lines:
    FACTS = list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The real inventory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_inventory(access=Access(offline=True))


def test_there_are_sixty_about_forty_languages() -> None:
    assert len(FACTS) == 60
    assert len({fact["asked"] for fact in FACTS}) == 40
    assert {fact["fact"] for fact in FACTS} == {
        "speakers",
        "family",
        "genus",
        "scripts",
        "countries",
        "endonym",
    }


@pytest.mark.parametrize("known", FACTS, ids=lambda known: f"{known['asked']}-{known['fact']}")
def test_a_known_fact(mirror: Path, world: Inventory, known: dict[str, str]) -> None:
    row = row_of(world, find(world, known["asked"]))
    assert agrees(known, row), (known, row[known["fact"]])


def agrees(known: dict[str, str], row: dict[str, Any]) -> bool:
    """Whether a row says what the reference says."""
    fact, value = known["fact"], known["value"]
    if fact == "speakers":
        of_whole = row["macrolanguage"] == known["asked"]
        found = row["speakers_macrolanguage"] if of_whole else row["speakers"]
        return found is not None and int(value) / 2 <= found <= int(value) * 2
    if fact in ("scripts", "countries"):
        return set(value.split()) <= set(row[fact] or ())
    if value == "(isolate)":
        return row["is_isolate"] is True and row["family"] is None
    return row[fact] in value.split(" / ")
