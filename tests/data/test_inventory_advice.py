"""Advice: what for decides; endangerment weighs; doubtful figures and dead languages stay out.

pytest tests/data/test_inventory_advice.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.access import Access
from data.errors import InputError
from data.inventory import GOALS, Inventory, advise, load_inventory
from data.inventory.advice import MADE_FROM
from data.inventory.schema import schema
from data.resources.listed import DATA_KINDS

COLUMNS = ("name", "genus", "family", "endangerment", "speakers", "exists", "category")
SAFE, CRITICAL = "Not endangered", "Critically endangered"
LANGUAGES: tuple[tuple[Any, ...], ...] = (
    ("Big", "A", "One", SAFE, 900, [], "spoken"),
    ("Covered", "A", "One", SAFE, 5_000, ["lexicon"], "spoken"),
    ("Parallel", "B", "One", SAFE, 400, ["parallel"], "spoken"),
    ("Severe", "B", "One", "Severely endangered", 1_500, [], "spoken"),
    ("Grandparents", "C", "Two", CRITICAL, 800, [], "spoken"),
    ("Dead", "D", "Two", "Extinct", 0, [], "spoken"),
    ("Doubtful", "E", "Two", SAFE, None, [], "spoken"),
    ("Alone", None, None, None, 50, [], "spoken"),
    ("Dialect", "A", "One", SAFE, 99_999, [], "dialect"),
)


def row(cells: tuple[Any, ...]) -> dict[str, Any]:
    known = dict(zip(COLUMNS, cells, strict=True))
    return {
        **dict.fromkeys(schema()),
        **known,
        "glottocode": known["name"],
        "speakers_alone": known["speakers"],
        "speakers": 99_999_999 if known["name"] == "Doubtful" else known["speakers"],
        "speakers_doubt": "too many" if known["name"] == "Doubtful" else None,
        "is_isolate": known["name"] == "Alone",
    }


TABLE = pl.DataFrame([row(cells) for cells in LANGUAGES], schema=schema())


def advised(kind: str, goal: Any, table: pl.DataFrame = TABLE) -> list[str]:
    return advise(table, kind, goal)["name"].to_list()


def test_the_most_speakers_reached_weighed_by_endangerment() -> None:
    """900 x 1, 400 x 1, 1,500 x 0.2, 50 x 0.9."""
    assert advised("lexicon", "speakers") == ["Big", "Parallel", "Severe", "Alone"]


def test_a_genus_gets_one_language_and_only_if_it_has_none() -> None:
    """A has a lexicon; C and D have nobody who could make one; E's figure is doubtful."""
    found = advise(TABLE, "lexicon", "genera")
    assert found.select("name", "languages").rows() == [("Parallel", 2)]


def test_a_family_and_isolates_are_families() -> None:
    assert advised("lexicon", "families") == ["Alone"]
    assert advised("speech", "families") == ["Covered", "Alone"]


def test_what_is_cheapest_has_something_to_be_made_from() -> None:
    found = advise(TABLE, "lexicon", "cost")
    assert found.select("name", "from").rows() == [("Parallel", ["parallel"])]
    assert set(MADE_FROM) == set(DATA_KINDS)
    assert all(set(needed) <= set(DATA_KINDS) for needed in MADE_FROM.values())


def test_what_is_passing() -> None:
    assert advised("lexicon", "urgent") == ["Severe", "Grandparents"]


def test_what_is_unknown_is_no_gap() -> None:
    unknown = TABLE.with_columns(pl.lit(None, dtype=pl.List(pl.String)).alias("exists"))
    assert all(advised("lexicon", goal, unknown) == [] for goal in GOALS)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(InputError, match=r'expected a goal .* found "fame"'):
        advise(TABLE, "lexicon", "fame")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r'expected a kind of resource .* found "lexica"'):
        advise(TABLE, "lexica")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The real inventory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOLINGUA_CACHE", str(tmp_path_factory.mktemp("cache")))
        return load_inventory(access=Access(offline=True))


NONSENSE = {
    "Caribbean Javanese",
    "Tichurong",
    "Warrgamay",
    "Kokata",
    "Mandarin Chinese",
    "Portuguese",
    "Russian",
    "English",
    "Latin",
}


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("kind", ["lexicon", "text", "parallel", "tagged"])
def test_no_nonsense(mirror: Path, world: Inventory, kind: str, goal: Any) -> None:
    found = advise(world.table, kind, goal, n=50)
    assert found.height
    assert not NONSENSE & set(found["name"])
    doubtful = world.table.filter(pl.col("speakers_doubt").is_not_null())["name"]
    assert not set(doubtful) & set(found["name"])
    assert found["exists"].is_not_null().all()
