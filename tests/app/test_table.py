"""The table of Explore: its order over all rows, its pages, its cells. test_drawing.py draws it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app import table as shown
from app.table import COLUMNS, View, content, ordered


def names(table: Any, view: View) -> list[str]:
    return [name.split()[0] for name in ordered(table, view)["name"]]


def test_a_heading_sorts_one_way_then_the_other_then_not_at_all() -> None:
    view = View(page=3)
    orders = []
    for _ in range(3):
        view = view.sorted_by("name")
        orders.append((view.column, view.descending, view.page))
    assert orders == [("name", False, 0), ("name", True, 0), ("", False, 0)]
    assert View().sorted_by("speakers").descending  # of numbers the largest are asked for first
    assert View(page=3).sorted_by("no such column") == View(page=3)


def test_another_selection_begins_at_its_first_page_in_the_same_order() -> None:
    view = View("name", True, "Bantu", 4)
    assert view.of("Bantu") == view
    assert view.of("Indic") == View("name", True, "Indic", 0)


def test_what_is_not_known_comes_last_both_ways(table: Any) -> None:
    largest = ["Hindi", "Urdu", "Swahili", "Amharic", "Central", "Zulu", "Basque", "Adyghe"]
    unknown = ["N'Ko", "<script>alert(1)</script>"]  # in the order of the inventory
    assert names(table, View("speakers", descending=True)) == largest + unknown
    assert names(table, View("speakers")) == largest[::-1] + unknown


def test_equal_rows_stay_in_the_inventorys_order(table: Any) -> None:
    for descending in (False, True):
        families = ordered(table, View("family", descending))
        assert names(families.filter(families["family"] == "Indo-European"), View()) == [
            "Hindi",
            "Urdu",
        ]


def test_names_are_sorted_without_diacritics_case_and_apostrophes(table: Any) -> None:
    import polars as pl

    written = [
        "Zulu",
        "Äiwoo",
        "'Are'are",
        "abaza",
        "Ömie",
        "Oroch",
        "Éwé",
        "Ewondo",
        "!Xun",
        "Fon",
    ]
    named = table.with_columns(pl.Series("name", written))
    expected = ["!Xun", "abaza", "Äiwoo", "'Are'are", "Éwé", "Ewondo", "Fon", "Ömie", "Oroch"]
    assert names(named, View("name")) == [*expected, "Zulu"]


def test_endangerment_is_sorted_by_its_steps_and_lists_by_their_text(table: Any) -> None:
    import polars as pl

    steps = ["Vulnerable", None, "Extinct", "Not endangered", "Critically endangered"] * 2
    found = ordered(table.with_columns(pl.Series("endangerment", steps)), View("endangerment"))[
        "endangerment"
    ]
    assert found.to_list()[::2] == [
        "Not endangered",
        "Vulnerable",
        "Critically endangered",
        "Extinct",
        None,
    ]
    assert ordered(table, View("scripts"))["scripts"].to_list()[-1] == []


@pytest.mark.parametrize("column", [column.key for column in COLUMNS])
def test_every_column_can_be_sorted(table: Any, column: str) -> None:
    for descending in (False, True):
        found = ordered(table, View(column, descending))
        assert sorted(found["glottocode"]) == sorted(table["glottocode"])


def test_the_pages_hold_every_row_once(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "ROWS", 4)
    codes: list[str] = []
    for page in range(3):
        drawn = json.loads(content(table, View("name", page=page)))
        assert (drawn["page"], drawn["pages"], drawn["total"]) == (page, 3, 10)
        assert drawn["first"] == len(codes) + 1
        codes += [row["code"] for row in drawn["rows"]]
    assert codes == ordered(table, View("name"))["glottocode"].to_list()
    beyond = json.loads(content(table, View(page=9)))
    assert (beyond["page"], len(beyond["rows"])) == (2, 2)


def test_a_cell_tells_unknown_from_none(table: Any) -> None:
    drawn = json.loads(content(table, View()))
    keys = [column["key"] for column in drawn["columns"]]
    rows = {row["code"]: dict(zip(keys, row["cells"], strict=True)) for row in drawn["rows"]}
    assert (rows["nkoo1234"]["speakers"], rows["nkoo1234"]["lexicon"]) == (None, 0)
    assert rows["ughh1234"]["lexicon"] is None
    assert rows["ughh1234"]["scripts"] is None
    assert rows["urdu1245"]["scripts"] == "Arab"


def test_what_exists_and_nobody_has_counted_is_no_empty_cell(table: Any) -> None:
    import polars as pl

    rows = table.head(1).with_columns(
        pl.lit(None, dtype=pl.Int64).alias("lexicon"),
        pl.lit(None, dtype=pl.Int64).alias("tagged"),
        pl.Series("exists", [["lexicon"]]),
    )
    drawn = json.loads(content(rows, View()))
    keys = [column["key"] for column in drawn["columns"]]
    cells = dict(zip(keys, drawn["rows"][0]["cells"], strict=True))
    assert (cells["lexicon"], cells["tagged"]) == ("exists", None)
