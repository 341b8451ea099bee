"""WALS's features: read, laid on languages, filtered by, and a distance worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.inventory import load_inventory
from data.inventory.genus import WalsLanguage
from data.typology import Feature, Typology, Value, laid_on, load_typology, read_values

ORDER = {1: "SOV", 2: "SVO"}
FEATURES = {
    key: Feature(key, f"Feature {key}", area, ORDER)
    for key, area in (
        ("1A", "Phonology"),
        ("2A", "Phonology"),
        ("3A", "Morphology"),
        ("3B", "Morphology"),
        ("13A", "Lexicon"),
    )
}


def _typology(**languages: str) -> Typology:
    """Languages whose values are digits in the order of FEATURES; 0 is none."""
    return Typology(
        FEATURES,
        {
            code: {
                key: Value(int(digit), ORDER[int(digit)], code)
                for key, digit in zip(FEATURES, digits, strict=True)
                if digit != "0"
            }
            for code, digits in languages.items()
        },
    )


def test_the_distance_is_the_share_of_shared_features_that_differ() -> None:
    # Of 1A, 2A and 3A; 3B repeats its chapter, 13A is of words.
    typology = _typology(own="12121", near="12212", part="10121", far="21022", none="00011")
    found = typology.alike("own", least=2)
    assert found.rows() == [
        ("part", 0.0, 0, 2),
        ("near", pytest.approx(1 / 3), 1, 3),
        ("far", 1.0, 2, 2),
    ]
    assert typology.alike("own", least=3)["glottocode"].to_list() == ["near"]
    assert typology.alike("unheard", least=1).is_empty()


def test_more_shared_features_come_first_where_distances_are_equal() -> None:
    typology = _typology(own="11111", few="01011", many="11011")
    assert typology.alike("own", least=1)["glottocode"].to_list() == ["many", "few"]


def test_a_distance_needs_a_feature() -> None:
    with pytest.raises(InputError, match="at least one feature to compare by, found 0"):
        _typology(own="11111").alike("own", least=0)


def test_values_of_one_feature_are_either_and_of_several_all() -> None:
    typology = _typology(a="11000", b="12000", c="22000", d="10000")
    assert typology.matching(["1A-1"]) == {"a", "b", "d"}
    assert typology.matching(["2A-1", "2A-2"]) == {"a", "b", "c"}
    assert typology.matching(["1A-1", "2A-2"]) == {"b"}
    assert typology.matching([]) == {"a", "b", "c", "d"}
    assert set(typology.having("2A")) == {"a", "b", "c"}


@pytest.mark.parametrize("code", ["1A-3", "1A", "99A-1", "1A-x", "", "1A-²", "1A-" + "1" * 9999])
def test_a_value_that_the_atlas_does_not_have_is_named(code: str) -> None:
    with pytest.raises(InputError, match="WALS has no value"):
        _typology(a="11000").matching([code])


def test_the_entry_with_most_values_counts_and_others_fill_in(inventory: object) -> None:
    stated = {
        "one": {"1A": Value(1, "SOV", "one")},
        "two": {"1A": Value(2, "SVO", "two"), "2A": Value(2, "SVO", "two")},
    }
    entries = [
        WalsLanguage("one", "A", "swah1253", ("swh",), "F", "G"),
        WalsLanguage("two", "B", "dial1234", ("swh",), "F", "G"),  # a dialect's code: by ISO
    ]
    values = laid_on(
        inventory, entries, {**stated, "one": {**stated["one"], "3A": stated["one"]["1A"]}}
    )  # type: ignore[arg-type]
    assert {key: value.wals_code for key, value in values["swah1253"].items()} == {
        "1A": "one",
        "2A": "two",
        "3A": "one",
    }


@pytest.fixture
def inventory() -> object:
    """One language."""
    import polars as pl

    from data.inventory import Inventory

    return Inventory(pl.DataFrame({"glottocode": ["swah1253"], "iso639_3": ["swh"]}), ())


def test_a_value_without_a_name_is_a_damaged_table(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("Language_ID,Parameter_ID,Value\nswa,1A,7\n", "utf-8")
    with pytest.raises(
        InputError, match=r'values.csv:2: expected a value of codes.csv, found "1A-7"'
    ):
        read_values(path, FEATURES)


def test_what_the_atlas_says(mirror: Path) -> None:
    """Read off wals.info's own pages of these languages."""
    typology = load_typology(load_inventory())
    assert len(typology.features) == 192
    for language, feature, name in (
        ("swah1253", "81A", "SVO"),
        ("stan1293", "85A", "Prepositions"),
        ("nucl1301", "81A", "SOV"),
        ("yoru1245", "13A", "Complex tone system"),
        ("hind1269", "81A", "SOV"),
    ):
        assert typology.of(language)[feature].name == name
    near = typology.alike("swah1253")["glottocode"].head(3).to_list()
    assert "shon1251" in near  # Shona, Bantu too
    assert list(typology.of("swah1253"))[:2] == ["1A", "2A"]
