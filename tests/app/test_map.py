"""The map: a known projection, land where there is land, marks that stay with their families."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app import colouring
from app import map as world
from app.selection import Box
from data.errors import UnavailableError
from runfolder import base_map


@pytest.fixture
def outlines() -> Any:
    try:
        return base_map.outlines()
    except UnavailableError as error:
        pytest.skip(str(error))


def test_the_pole_stands_where_snyder_says() -> None:
    # J. P. Snyder, Map Projections: A Working Manual, table 14: y = 2.30341 at 90 degrees.
    assert base_map.northing(90) == pytest.approx(2.30341 * 180 / 3.14159265, abs=1e-3)
    assert base_map.northing(-30) == pytest.approx(-base_map.northing(30))


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "is_land"),
    [
        ("Naypyidaw", 19.75, 96.1, True),
        ("Kinshasa", -4.3, 15.3, True),
        ("Budapest", 47.5, 19.05, True),
        ("Ulaanbaatar", 47.9, 106.9, True),
        ("the Atlantic", 0.0, -30.0, False),
        ("the Bay of Bengal", 13.0, 88.0, False),
    ],
)
def test_land_is_where_it_is(
    outlines: Any, place: str, latitude: float, longitude: float, is_land: bool
) -> None:
    (x, y), inside = base_map.place(longitude, latitude), False
    for line in corners(outlines[0]):
        for (x1, y1), (x2, y2) in pairwise(line):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
    assert inside == is_land, place


def corners(path: str) -> Iterator[list[tuple[int, int]]]:
    """The lines of an SVG path that knows only M and l, each as its corners."""
    for line in path.split("M")[1:]:
        (x, y), *steps = [
            tuple(map(int, pair)) for pair in re.findall(r"(-?\d+) (-?\d+)", line.replace("l", " "))
        ]
        found = [(x, y)]
        for dx, dy in steps:
            found.append((found[-1][0] + dx, found[-1][1] + dy))
        yield found


def test_rings_are_closed(outlines: Any) -> None:
    assert all(line[0] == line[-1] for line in corners(outlines[0]))


def test_without_the_package_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_map, "PACKAGE", "no_such_package_of_maps")
    base_map.outlines.cache_clear()
    with pytest.raises(UnavailableError, match=r'the map has no land.*pip install -e "\.\[app\]"'):
        base_map.outlines()


def test_a_damaged_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "WorldMap.json"
    path.write_text('{"arcs": []}', "utf-8")
    monkeypatch.setattr(base_map, "_path", lambda: path)
    base_map.outlines.cache_clear()
    with pytest.raises(UnavailableError, match=r"WorldMap\.json: expected Natural Earth"):
        base_map.outlines()
    base_map.outlines.cache_clear()


def test_a_family_keeps_its_mark_in_every_selection(table: Any) -> None:
    import polars as pl

    everything = {mark.label: mark for mark in colouring.marks(table, table)}
    one = colouring.marks(table.filter(pl.col("genus") == "Bantu"), table)
    assert one == [everything["Atlantic-Congo"]]


def test_no_two_families_share_colour_and_shape() -> None:
    looks = [colouring.look(rank) for rank in range(80)]
    assert len(set(looks)) == 80
    assert len({shape for _, shape in looks[:8]}) == 8, "neighbours in the legend differ in shape"


def test_an_isolate_is_no_family(table: Any) -> None:
    names = {mark.label for mark in colouring.marks(table, table)}
    assert colouring.ISOLATES in names
    assert colouring.NO_FAMILY not in names


def test_only_languages_with_coordinates_are_sent(table: Any) -> None:
    placed = world.points(table)
    assert placed.height == table.height - 1
    assert placed.columns == ["glottocode", "name", "label", "x", "y"]


def test_what_the_browser_is_sent(table: Any) -> None:
    """Every language at its place, with its own family and that family's mark."""
    marks = colouring.marks(table, table)
    placed = world.points(table)
    sent = json.loads(world.content(table, table, "a map", focus="zulu1248", land=False))
    assert (sent["focus"], sent["alt"], sent["land"]) == ("zulu1248", "a map", "")
    looks = {mark.label: [mark.label, mark.colour, mark.shape] for mark in marks}
    where = {row["glottocode"]: row for row in table.iter_rows(named=True)}
    assert len(sent["codes"]) == placed.height
    columns = (sent[name] for name in ("codes", "names", "of", "x", "y"))
    for code, name, of, x, y in zip(*columns, strict=True):
        row = where[code]
        assert name == row["name"]
        assert (x, y) == base_map.place(row["longitude"], row["latitude"])
        family, mark = sent["labels"][of]
        assert family == (
            row["family"] or (colouring.ISOLATES if row["is_isolate"] else colouring.NO_FAMILY)
        )
        assert sent["marks"][mark] == looks[family]


def test_small_families_share_a_mark(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colouring, "SHOWN_FAMILIES", 1)
    marks = colouring.marks(table, table)
    sent = json.loads(world.content(table, table, "", land=False))
    named = {family: sent["marks"][mark][0] for family, mark in sent["labels"]}
    assert named.pop(marks[0].label) == marks[0].label
    assert named.pop(colouring.ISOLATES) == colouring.ISOLATES
    assert set(named.values()) == {colouring.OTHER}


def test_the_view_holds_what_is_selected(table: Any) -> None:
    import polars as pl

    placed = world.points(table.filter(pl.col("genus") == "Bantu"))
    west, east, middle = world.view(None, placed)
    assert west < 31.35
    assert east > 37.62
    assert base_map.northing(-25.33) < middle < base_map.northing(-8.26)


def test_a_drawn_box_is_in_degrees() -> None:
    y = [base_map.northing(13.0), base_map.northing(-6.0)]
    assert world.drawn_box([8.0, 32.0], y) == Box(8.0, -6.0, 32.0, 13.0)
    assert world.drawn_box([-500.0, 32.0], y).west == -180.0
