"""What a promise costs by language: cells of toy vectors, and the tables that are made of them."""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bench.privacy_head import GROUPS, Cells, Material, Side, cell, parted

GIVEN = argparse.Namespace(steps=30, batch=64, learning_rate=0.1)


@pytest.fixture(scope="module")
def material() -> Material:
    """Two intents that one direction tells; what was not seen in training points elsewhere too."""
    draws = np.random.default_rng(1)

    def side(name: str) -> Side:
        number = 8000 if name == "train:en" else 300
        intents = draws.integers(2, size=number)
        vectors = draws.normal(size=(number, 8)).astype(np.float32)
        vectors[:, 0] += 4 * intents - 2
        return Side(vectors, intents)

    return cast("Material", SimpleNamespace(side=side, intents=["alarm", "weather"]))


def test_a_translation_of_a_member_is_no_other(material: Material) -> None:
    """Rows of dev parts say the same in all languages."""
    rows = Side(np.arange(300, dtype=np.float32)[:, None], np.zeros(300, np.int64))
    english = Side(np.zeros((8000, 1), np.float32), np.zeros(8000, np.int64))
    same: Any = SimpleNamespace(side=lambda name: english if name == "train:en" else rows)
    members, others = parted(same, 3)
    numbers = {code: set(one.vectors[:, 0].tolist()) for code, one in members.items()}
    left = {code: set(one.vectors[:, 0].tolist()) for code, one in others.items()}
    assert numbers["da"] == numbers["it"]
    assert numbers["kk"] < numbers["da"]
    assert not numbers["da"] & left["da"]
    assert left["da"] == left["kk"]
    assert (len(numbers["da"]), len(numbers["tr"]), len(left["tr"])) == (150, 20, 150)


def test_cells_and_tables(material: Material) -> None:
    """What is easy is learned with and without privacy, the same seed makes the same cell."""
    rows = [cell(material, epsilon, 1, GIVEN) for epsilon in (None, 8.0)]
    for row in rows:
        assert row["right"]["test:kk"].count("1") > 280
        assert row["auc"]["en"][1] < 52
        assert "ar" not in row["auc"]
    cells = Cells([*rows, {**rows[1], "seed": 2}])
    table = cells.table().splitlines()
    assert table[0].split(" | ")[2:4] == ["epsilon ∞", "epsilon 8"]
    assert len(table) == 2 + 1 + sum(len(codes) + 1 for codes in list(GROUPS.values())[1:])
    [english] = [line for line in table if line.startswith("| 6,000 | en |")]
    assert "± 0.0" in english
    head, _, lost = cells.lost().splitlines()
    assert "150 less 6,000" in head
    assert lost.startswith("| 8 | ")
