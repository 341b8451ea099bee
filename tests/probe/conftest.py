"""A small encoder of the letters a, b and ŋ, and a table of many languages that it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.e5 import unpack_e5
from tests.models.test_e5 import packed

ROWS = 24
LANGUAGES = ("swh", "zul", "de", "nl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.bin").write_bytes(packed())
    out = tmp_path / "small"
    out.mkdir()
    unpack_e5(tmp_path / "small.bin", out)
    return out


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Four languages of a and b, each with a habit of its own, and two topics."""
    rng = np.random.default_rng(7)
    lines = ["\t".join((*LANGUAGES, "bod", "topic"))]
    for row in range(ROWS):
        word = "".join(rng.choice(list("ab"), size=6))
        lines.append(f"{word} a\tb {word}\t{word}\ta {word} b\tབོད་ཡིག\t{'xy'[row % 2]}")
    (tmp_path / "mine.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "mine.tsv"


# glottocode, tag, three letters, family, genus, latitude, longitude, the groups above it
KNOWN = """swah1253 sw swh Atlantic-Congo Bantu -8.3 37.6 atla1278,bant1294,swah1254
zulu1248 zu zul Atlantic-Congo Bantu -25.3 31.4 atla1278,bant1294,ngun1276
xhos1239 xh xho Atlantic-Congo Bantu -31.0 28.1 atla1278,bant1294,ngun1276
stan1295 de deu Indo-European Germanic 48.6 12.5 indo1319,germ1287,high1289
dutc1256 nl nld Indo-European Germanic 52.0 5.0 indo1319,germ1287,west2793
stan1293 en eng Indo-European Germanic 53.0 -1.0 indo1319,germ1287,angl1265
stan1290 fr fra Indo-European Romance 48.0 2.0 indo1319,roma1334
finn1318 fi fin Uralic Finnic 62.0 25.0 ural1272,finn1317
"""


@pytest.fixture
def small_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight languages with their families, places and trees, whatever a mirror has."""
    import polars as pl

    from data.inventory import Inventory
    from data.inventory.schema import schema

    names = ("glottocode", "bcp47", "iso639_3", "family", "genus", "latitude", "longitude")
    rows: list[dict[str, Any]] = []
    for line in KNOWN.splitlines():
        *cells, groups = line.split()
        row = dict.fromkeys(schema()) | dict(zip(names, cells, strict=True))
        place = {name: float(row[name]) for name in ("latitude", "longitude")}
        rows.append({**row, **place, "lineage": groups.split(","), "category": "spoken"})
    inventory = Inventory(pl.DataFrame(rows, schema=schema()), ())
    monkeypatch.setattr("data.inventory.load_inventory", lambda **_: inventory)
