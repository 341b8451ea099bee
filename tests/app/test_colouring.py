"""The map's colours: a label a row, a mark a label, and figures that are read from runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app import accuracy, colouring
from app import map as world
from app.selection import Filters, Line, inside, shown
from data.errors import InputError
from data.typology import Feature, Typology, Value

ORDER = Feature("81A", "Order of Subject, Object and Verb", "Word Order", {1: "SOV", 2: "SVO"})
TYPOLOGY = Typology(
    {"81A": ORDER},
    {
        "hind1269": {"81A": Value(1, "SOV", "hin")},
        "swah1253": {"81A": Value(2, "SVO", "swa")},
        "zulu1248": {"81A": Value(2, "SVO", "zul")},
    },
)


def _checked(found: colouring.Colouring, table: Any) -> dict[str, str]:
    """The label of each language; every label has a mark, no two marks look the same."""
    names = [mark.label for mark in found.marks]
    assert set(found.labels) == set(names)
    assert len({(mark.colour, mark.shape) for mark in found.marks}) == len(names)
    return dict(zip(table["glottocode"], found.labels, strict=True))


def test_a_feature_of_wals(table: Any) -> None:
    found = colouring.by_feature("81A", table, TYPOLOGY)
    labels = _checked(found, table)
    assert (labels["hind1269"], labels["swah1253"]) == ("SOV", "SVO")
    assert labels["basq1248"] == "not in WALS"
    assert found.title == "81A Order of Subject, Object and Verb"
    with pytest.raises(InputError, match='WALS has no feature "999A"'):
        colouring.by_feature("999A", table, TYPOLOGY)


def test_a_resource_and_what_nobody_knows(table: Any) -> None:
    labels = _checked(colouring.by_kind("lexicon", table), table)
    assert labels["swah1253"] == "has lexicon"
    assert labels["ughh1234"] == "not known"
    assert labels["basq1248"] not in (labels["swah1253"], labels["ughh1234"])


def test_steps_of_a_scale_stay_in_order(table: Any) -> None:
    found = colouring.by_column("class", table)
    _checked(found, table)
    steps = [mark.label for mark in found.marks if mark.label.isdecimal()]
    assert steps == sorted(steps)


def test_shares_fall_into_bands(table: Any) -> None:
    shares = {"sw": 0.0, "zu": 0.2, "hi": 1.0, "ur": 0.59}
    labels = _checked(colouring.by_share("x", table, shares), table)
    found = [labels[code] for code in ("swah1253", "zulu1248", "hind1269", "urdu1245", "basq1248")]
    assert found == ["0–20 %", "20–40 %", "80–100 %", "40–60 %", "not measured"]


def test_what_is_not_known_is_drawn_below_the_rest(table: Any) -> None:
    found = colouring.by_feature("81A", table, TYPOLOGY)
    sent = json.loads(world.content(table, table, "", land=False, colouring=found))
    drawn = [sent["labels"][of][0] for of in sent["of"]]
    assert drawn == sorted(drawn, key=lambda label: label != "not in WALS")
    assert sent["title"] == found.title
    assert dict(zip(sent["codes"], drawn, strict=True))["hind1269"] == "SOV"


def test_a_line_keeps_what_is_inside_it(table: Any) -> None:
    africa = Line([(-20.0, -35.0), (52.0, -35.0), (52.0, 30.0), (-20.0, 30.0)])
    kept = set(inside(table, africa)["glottocode"])
    assert kept == {"amha1245", "nkoo1234", "swah1253", "zulu1248"}
    dented = Line([*africa[:1], (30.0, -20.0), *africa[1:]])  # a dent from below, round Zulu
    assert set(inside(table, dented)["glottocode"]) == kept - {"zulu1248"}
    address = Filters(line=africa).to_address()
    assert Filters.from_address(address) == Filters(line=africa)
    assert set(shown(table, Filters(line=africa), {"swah1253", "urdu1245"})["glottocode"]) == {
        "swah1253"
    }


def _run(folder: Path, at: float, **languages: tuple[int, float]) -> None:
    folder.mkdir()
    listed = [
        {"language": tag, "n": n, "scores": [{"name": "accuracy", "value": value}]}
        for tag, (n, value) in languages.items()
    ]
    (folder / "scores.json").write_text(json.dumps({"languages": listed}), "utf-8")
    os.utime(folder / "scores.json", (at, at))


def test_accuracy_is_that_of_the_newest_run(tmp_path: Path) -> None:
    assert accuracy.newest(tmp_path) is None
    _run(tmp_path / "old", 1e9, sw=(100, 10.0))
    _run(tmp_path / "new", 2e9, sw=(100, 73.6), zu=(10, 250.0))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "scores.json").write_text('{"results": []}', "utf-8")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "scores.json").write_text("[", "utf-8")
    found = accuracy.newest(tmp_path)
    assert found is not None
    assert found.title == "accuracy, new"
    assert found.shares == {"sw": pytest.approx(0.736), "zu": 1.0}
