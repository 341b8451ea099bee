"""Filters and addresses: any selection comes back from its address; no address breaks a page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.selection import ADDRESS, Box, Filters, problems, shown, within

words = st.text(min_size=1, max_size=12).filter(str.strip)
several = st.lists(words, max_size=3, unique=True).map(tuple)
degrees = st.integers(-18_000, 18_000).map(lambda hundredths: hundredths / 100)
boxes = st.builds(
    lambda west, east, south, north: Box(west, min(south, north) / 2, east, max(south, north) / 2),
    *(degrees, degrees, st.integers(-180, 180), st.integers(-180, 180)),
)
filters = st.builds(
    Filters,
    text=words | st.just(""),
    family=several,
    genus=several,
    script=several,
    resource_class=st.lists(st.integers(0, 5), max_size=6, unique=True).map(tuple),
    missing=several,
    box=st.none() | boxes,
    focus=words | st.just(""),
)


@given(filters)
def test_an_address_gives_the_selection_back(chosen: Filters) -> None:
    assert Filters.from_address(chosen.to_address()) == chosen


@given(st.dictionaries(st.sampled_from([*ADDRESS.values(), "else"]), st.lists(st.text())))
def test_no_address_is_an_error(address: dict[str, list[str]]) -> None:
    Filters.from_address(address)
    assert all(isinstance(line, str) for line in problems(address))


def test_what_cannot_be_read_is_named() -> None:
    assert list(problems({"class": ["7"], "box": ["1,2"], "shade": ["red"]})) == [
        "class: “7” cannot be read",
        "box: expected west,south,east,north in degrees, such as 20,-10,35,5",
        "shade: no such filter",
    ]


def test_values_that_no_language_has_are_left_out_and_named() -> None:
    asked = Filters(genus=("Bantu", "Bantoo"))
    kept, lines = asked.offered({"genus": ["Bantu"]})
    assert kept == Filters(genus=("Bantu",))
    assert lines == ["genus: no language has “Bantoo”"]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (Filters(genus=("Bantu",)), {"Swahili", "Zulu"}),
        (Filters(genus=("Bantu",), missing=("lexicon",)), {"Zulu"}),
        (Filters(script=("Arab", "Nkoo")), {"Urdu", "N'Ko"}),
        (Filters(family=("(isolate)",)), {"Basque"}),
        (Filters(text="KHMER"), {"Central Khmer"}),
        (Filters(box=Box(30, -30, 40, 12)), {"Amharic", "Swahili", "Zulu"}),
        (Filters(box=Box(100, 0, -5, 20)), {"Central Khmer", "N'Ko"}),  # across 180 degrees
    ],
)
def test_filters_select(table: Any, chosen: Filters, names: set[str]) -> None:
    assert set(shown(table, chosen)["name"]) == names


def test_a_language_without_coordinates_is_in_no_box(table: Any) -> None:
    assert within(table, Box(-180, -90, 180, 90)).height == table.height - 1
