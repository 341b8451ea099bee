"""Languages side by side, and the features on which they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InputError
from data.inventory import load_inventory
from data.inventory.compare import compare, structure
from data.typology import Feature, Typology, Value

TYPOLOGY = Typology(
    {key: Feature(key, key, "Morphology", {1: "no", 2: "yes"}) for key in ("1A", "2A", "10A")},
    {
        "a": {"1A": Value(1, "no", "a"), "2A": Value(1, "no", "a"), "10A": Value(2, "yes", "a")},
        "b": {"1A": Value(1, "no", "b"), "2A": Value(2, "yes", "b")},
        "c": {"10A": Value(2, "yes", "c")},
    },
)


def test_features_of_two_or_more_in_the_atlas_order() -> None:
    found = structure(TYPOLOGY, ["a", "b", "c"])
    assert [(one.feature, one.differs) for one in found] == [
        ("1A", False),
        ("2A", True),
        ("10A", False),
    ]
    assert found[2].values[1] is None
    assert [one.feature for one in structure(TYPOLOGY, ["a", "b"], least=1)] == ["1A", "2A", "10A"]


def test_swahili_zulu_and_basque(mirror: Path) -> None:
    found = compare(load_inventory(), ["swah1253", "zulu1248", "basq1248"])
    assert found.facts["family"] == ("Atlantic-Congo", "Atlantic-Congo", None)
    near, far, _ = found.pairs
    assert (near.left, near.right, near.group) == ("swah1253", "zulu1248", "East Bantu")
    assert near.steps is not None
    assert (far.group, far.steps) == ("", None)
    assert far.kilometres == pytest.approx(6900, rel=0.05)  # Tanzania to the Bay of Biscay
    held = found.resources["tagged"]
    assert [one.dataset for one in held[0]][:1] == ["masakhaner2"]
    assert held[2] == ()


@pytest.mark.parametrize("codes", [["swah1253"], ["swah1253"] * 2, [f"x{at}" for at in range(7)]])
def test_two_to_six_different_ones(mirror: Path, codes: list[str]) -> None:
    with pytest.raises(InputError, match="expected 2 to 6 different languages to compare, found"):
        compare(load_inventory(), codes)
