"""One language: found by any of its codes, its relatives by tree and on the globe.

pytest tests/data/test_inventory_language.py
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from data.errors import InputError
from data.inventory import KINDS, Inventory, find, relatives, resources_of, row_of, where_from
from data.inventory.schema import schema

COLUMNS = ("glottocode", "bcp47", "lineage", "place", "kinds", "category")
LANGUAGES = (
    ("swah1253", "sw", ["atla", "bant", "swah"], (-6.2, 39.2), ["lexicon"], "spoken"),
    ("cong1236", "swc", ["atla", "bant", "swah"], (-4.0, 27.0), [], "spoken"),
    ("zulu1248", "zu", ["atla", "bant"], (-25.0, 31.0), ["lexicon", "tagged"], "spoken"),
    ("nucl1417", "ig", ["atla"], (5.0, 7.0), ["tagged"], "spoken"),
    ("yoru1245", "yo", ["atla"], (7.0, 4.0), ["tagged"], "spoken"),
    ("amha1245", "am", ["afro"], (9.0, 38.7), ["tagged"], "spoken"),
    ("basq1248", "eu", None, (43.0, -2.0), ["tagged"], "spoken"),
    ("keny1241", None, None, (-1.0, 37.0), ["lexicon", "tagged"], "sign"),
    ("oung1238", None, None, (-6.2, 39.2), ["lexicon", "tagged"], "bookkeeping"),
    ("nort2641", "kmr", ["indo"], (None, None), None, "spoken"),
    ("sout1528", "sh", ["indo"], (44.0, 19.0), [], "spoken"),
)


def row(cells: tuple[Any, ...]) -> dict[str, Any]:
    known = dict(zip(COLUMNS, cells, strict=True))
    latitude, longitude = known.pop("place")
    return {
        **dict.fromkeys(schema()),
        **known,
        "name": known["glottocode"],
        "iso639_3": {"nort2641": "kmr"}.get(known["glottocode"]),
        "macrolanguage": {"cong1236": "zza"}.get(known["glottocode"]),
        "latitude": latitude,
        "longitude": longitude,
        "includes": {"sout1528": ["hr", "croa1245"]}.get(known["glottocode"], []),
        "sources": dict.fromkeys(schema()["sources"].to_schema()),
    }


WORLD = Inventory(pl.DataFrame([row(cells) for cells in LANGUAGES], schema=schema()), ())


@pytest.mark.parametrize(
    ("text", "glottocode"),
    [
        ("Kiswahili", "swah1253"),
        ("swh_Latn", "swah1253"),
        ("keny1241", "keny1241"),
        ("hr", "sout1528"),  # a dialect in Glottolog
        ("ku", "nort2641"),  # a macrolanguage
    ],
)
def test_languages_are_found(text: str, glottocode: str) -> None:
    assert find(WORLD, text) == glottocode


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swahilli", "unknown language 'swahilli'; did you mean Swahili (sw)?"),
        ("fr", "French (fr) has no row in the inventory; give another code of it"),
        ("zza", "Zaza (zza) has no row in the inventory; its members have: swc"),
    ],
)
def test_languages_that_are_not_there(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        find(WORLD, text)
    assert str(caught.value) == message


def test_relatives_by_tree_then_by_kilometres() -> None:
    found = relatives(WORLD, "cong1236")
    assert found.select("bcp47", "tree_distance").rows() == [
        ("sw", 2),  # sisters
        ("zu", 3),  # up two, down one
        ("ig", 4),
        ("yo", 4),  # as near by tree, farther on the ground
        ("am", None),  # other families come last, by kilometres
        ("eu", None),
    ]
    assert found["lends"].to_list()[:2] == [["lexicon"], ["lexicon", "tagged"]]


def test_relatives_that_have_one_thing() -> None:
    assert relatives(WORLD, "cong1236", lacking="tagged", limit=2)["bcp47"].to_list() == [
        "zu",
        "ig",
    ]
    assert relatives(WORLD, "swah1253", lacking="lexicon").height == 0, "it has one"


def test_sign_languages_lend_to_sign_languages() -> None:
    assert "keny1241" not in relatives(WORLD, "cong1236")["glottocode"]
    assert relatives(WORLD, "keny1241").height == 0


def test_kilometres() -> None:
    """Zanzibar to Addis Ababa by hand: 15.2 degrees of 110.6 km north, half a one of 111 km west.

    The earth is flatter than a sphere, by less than 0.6 %.
    """
    found = relatives(WORLD, "swah1253", lacking="tagged")
    addis = dict(found.select("bcp47", "kilometres").rows())["am"]
    assert addis == pytest.approx(1682, rel=0.006)


def test_a_place_that_is_unknown() -> None:
    found = relatives(WORLD, "nort2641")
    assert found["kilometres"].is_null().all()


def test_resources_under_any_code_of_a_row() -> None:
    found = resources_of(WORLD, "sout1528")
    assert {("ntrex-128", "hr"), ("flores-200", "hr")} <= {
        *found.select("dataset", "language").rows()
    }
    order = [KINDS.index(kind) for kind in found["kind"]]
    assert order == sorted(order)
    assert resources_of(WORLD, "nort2641").height == 0, "unknown, since its kinds are"


def test_questions_that_have_no_answer() -> None:
    with pytest.raises(InputError, match='no language of the inventory has the glottocode "x"; py'):
        row_of(WORLD, "x")
    with pytest.raises(InputError, match='no column "colour" in the inventory; it has: glottocode'):
        where_from(WORLD, "swah1253", "colour")
    with pytest.raises(InputError, match=r'expected a kind of resource \(.*\), found "lexica"'):
        relatives(WORLD, "swah1253", lacking="lexica")
