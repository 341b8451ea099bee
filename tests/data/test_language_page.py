"""One language on a page of text: who could lend, how far they are, what is unknown."""

from __future__ import annotations

import importlib.metadata

import polars as pl
import pytest

from data.inventory import schema as inventory_schema
from data.inventory.language import page, shown
from data.inventory.schema import KINDS, Inventory, catalog_key, schema

# Glottocode, tag, nodes above it, place, kinds of resources.
LANGUAGES = (
    ("swah1253", "sw", ["atla", "bant", "swah"], (-6.0, 39.0), ["lexicon"]),
    ("zulu1248", "zu", ["atla", "bant"], (-25.0, 31.0), ["lexicon", "tagged"]),
    ("amha1245", None, ["afro"], (9.0, 39.0), ["tagged"]),
    ("basq1248", "eu", None, (None, None), ["tagged", "parallel"]),
    ("nort2641", "kmr", ["indo"], (None, None), None),
)


def row(glottocode: str, tag: str | None, lineage: list[str], place: tuple, kinds: list[str]):
    return {
        **dict.fromkeys(schema()),
        "glottocode": glottocode,
        "name": glottocode.title(),
        "bcp47": tag,
        "lineage": lineage,
        "kinds": kinds,
        "category": "spoken",
        "latitude": place[0],
        "longitude": place[1],
        "includes": [],
        "sources": dict.fromkeys(schema()["sources"].to_schema()),
    }


WORLD = Inventory(pl.DataFrame([row(*cells) for cells in LANGUAGES], schema=schema()), ())


def relatives_on(text: str) -> list[list[str]]:
    """The lines of the relatives, in columns."""
    lines = text.partition("nearest relatives that have what it lacks\n")[2].splitlines()
    return [[cell for cell in line.split("  ") if cell] for line in lines]


def test_relatives_with_steps_and_kilometres() -> None:
    """Zulu: two steps up, one down; 19 degrees south and 8 west. Amharic: 15 degrees north."""
    zulu, amharic, basque = relatives_on(page(WORLD, "swah1253"))
    assert [cell.strip() for cell in zulu[:2]] == ["zu", "Zulu1248"]
    tree, kilometres = zulu[2].split(", ")
    assert tree.strip() == "3 steps in the tree"
    south, west = 19 * 111.2, 8 * 111.2 * 0.962  # cos 15.8 degrees
    assert int(kilometres.removesuffix(" km").replace(",", "")) == pytest.approx(
        (south**2 + west**2) ** 0.5, rel=0.003
    )
    assert zulu[-1].strip() == "tagged", "a lexicon is what Swahili has itself"
    assert amharic[0].strip() == "amha1245", "a language without a tag goes by its glottocode"
    assert amharic[2].strip() == "another family, 1,668 km"  # 15 * 111.195
    assert [cell.strip() for cell in basque[2:]] == ["another family", "tagged, parallel"]


def test_a_language_that_nobody_can_lend_to() -> None:
    everything = Inventory(WORLD.table.filter(pl.col("bcp47") == "sw"), ())
    assert relatives_on(page(everything, "swah1253")) == [["none"]]


def test_what_it_lacks() -> None:
    lacking = ", ".join(kind for kind in KINDS if kind != "tagged")
    assert f"  lacks: {lacking}\n" in page(WORLD, "amha1245")
    assert "  lacks: unknown\n" in page(WORLD, "nort2641")


def test_cells_for_the_eye() -> None:
    assert [shown(value) for value in (1_000, 0, -6.2, True, "x", ["a", "b"])] == [
        "1,000",
        "0",
        "-6.2",
        "yes",
        "x",
        "a b",
    ]


def test_the_catalogs_key_without_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalog_key() == f"kilolingua-{importlib.metadata.version('kilolingua')}"

    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(inventory_schema.importlib.metadata, "version", absent)
    assert catalog_key() == "kilolingua"
