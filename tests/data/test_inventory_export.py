"""Exports: whole, with sources, safe in a spreadsheet, in the shape that CLDF asks for.

pytest tests/data/test_inventory_export.py
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.inventory import (
    Inventory,
    export_bibtex,
    export_cldf,
    export_csv,
    export_json,
    packed_cldf,
)
from data.inventory.card import card
from data.inventory.export import _entry, cell, source_keys
from data.inventory.schema import KINDS, SOURCED, Source, schema

WALS = Source("wals-1", "WALS {50 %}", "1", "CC-BY-4.0", "https://w.org/a_b", "Dryer et al. 2013")
UNUSED = Source("other", "Other", "2", "MIT", "", "Nobody 2026")


def row(**known: Any) -> dict[str, Any]:
    sources = {column: "wals-1" if known.get(column) is not None else None for column in SOURCED}
    return {**dict.fromkeys(schema()), "kinds": [], "includes": [], "sources": sources, **known}


SWAHILI = row(
    glottocode="swah1253",
    bcp47="sw",
    name="Swahili",
    endonym='=HYPERLINK("x")',
    latitude=-8.25,
    speakers=0,
    countries=["KE", "TZ"],
    is_isolate=False,
    lexicon=4000,
    kinds=["lexicon"],
    search="swahili",
)
NKO = row(glottocode="nkoa1234", name="@ߒߞߏ, \r\n\u202e<b>", category="spoken", search="nko")
WORLD = Inventory(
    pl.DataFrame([SWAHILI, NKO], schema=schema()), (WALS, UNUSED), ("genera are missing",)
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_csv_has_every_row_column_and_source() -> None:
    swahili, nko = read(export_csv(WORLD.table))
    named = {f"{kind}_{what}" for kind in KINDS for what in ("datasets", "licences")}
    sourced = {f"{name}_source" for name in SOURCED}
    assert set(swahili) == {*schema(), *sourced, *named} - {"search", "sources"}
    assert (swahili["latitude"], swahili["speakers"], swahili["lexicon"]) == ("-8.25", "0", "4000")
    assert (swahili["countries"], swahili["is_isolate"]) == ("KE;TZ", "false")
    assert (swahili["latitude_source"], swahili["genus_source"]) == ("wals-1", "")
    assert (nko["speakers"], nko["lexicon"]) == ("", ""), "unknown is empty, not zero"
    assert swahili["endonym"] == '\'=HYPERLINK("x")'
    assert nko["name"] == "'@ߒߞߏ, \r\n\u202e<b>"


@given(st.text() | st.text().map("=".__add__))
def test_no_text_is_a_formula(text: str) -> None:
    written = cell(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert written in (text, f"'{text}")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_numbers_stay_numbers(value: float) -> None:
    assert type(value)(cell(value)) == value


def test_json_says_null_where_nothing_is_known() -> None:
    whole = json.loads(export_json(WORLD))
    swahili, nko = whole["languages"]
    assert (swahili["endonym"], swahili["speakers"]) == ('=HYPERLINK("x")', 0)
    assert (nko["speakers"], nko["kinds"]) == (None, [])
    assert swahili["sources"]["name"] in whole["sources"]
    assert whole["sources"]["wals-1"]["licence"] == "CC-BY-4.0"
    assert whole["notes"] == ["genera are missing"]


def test_cldf_describes_its_table() -> None:
    """https://github.com/cldf/cldf: a LanguageTable has these columns, defined by these terms."""
    files = export_cldf(WORLD)
    assert set(files) == {"languages.csv", "cldf-metadata.json", "sources.bib"}
    metadata = json.loads(files["cldf-metadata.json"])
    assert metadata["dc:conformsTo"] == "http://cldf.clld.org/v1.0/terms.rdf#Generic"
    table = metadata["tables"][0]
    assert table["url"] == "languages.csv"
    assert table["dc:conformsTo"] == "http://cldf.clld.org/v1.0/terms.rdf#LanguageTable"
    columns = {column["name"]: column for column in table["tableSchema"]["columns"]}
    rows = read(files["languages.csv"])
    assert list(columns) == list(rows[0])
    assert table["tableSchema"]["primaryKey"] == ["ID"]
    assert (rows[0]["ID"], rows[0]["Glottocode"]) == ("swah1253", "swah1253")
    assert (rows[0]["Countries"], columns["Countries"]["separator"]) == ("KE;TZ", ";")
    assert rows[0]["Source"] == "wals-1"
    assert {kind.title() for kind in KINDS} < set(columns)


def terms(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The terms of a LanguageTable by column."""
    table = next(
        table
        for table in metadata["tables"]
        if table.get("dc:conformsTo", "").endswith("LanguageTable")
    )
    described = table["tableSchema"]["columns"]
    return {entry["name"]: entry["propertyUrl"] for entry in described if "propertyUrl" in entry}


def test_cldf_uses_the_terms_that_glottolog_uses(mirror: Path) -> None:
    theirs = terms(json.loads((mirror / "glottolog/cldf/cldf-metadata.json").read_text()))
    ours = terms(json.loads(export_cldf(WORLD)["cldf-metadata.json"]))
    shared = {"ID", "Name", "Macroarea", "Latitude", "Longitude", "Glottocode", "ISO639P3code"}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


def test_bibtex_names_what_is_used() -> None:
    text = export_bibtex(WORLD)
    assert text.startswith(
        "@misc{wals-1,\n  title = {WALS 50 \\%},\n  author = {Dryer and others},"
    )
    assert "https://w.org/a\\_b" in text
    assert "other" not in re.findall(r"@misc\{([^,]+),", text)


@pytest.mark.parametrize("kinds", [[], ["lexicon"]])
def test_bibtex_names_the_data_sets_of_the_languages(kinds: list[str]) -> None:
    wolof = row(glottocode="nucl1347", bcp47="wo", name="Wolof", kinds=kinds, search="")
    world = Inventory(pl.DataFrame([wolof], schema=schema()), (WALS,))
    assert "@misc{gatitos," in export_bibtex(world)
    assert "Jones and others" in export_bibtex(world)


def test_the_description_that_cldf_asks_for() -> None:
    files = export_cldf(WORLD)
    told = json.loads(files["cldf-metadata.json"])
    [table] = told.pop("tables")
    assert told.pop("dc:description").startswith("One row a language of Glottolog")
    assert told == {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:conformsTo": "http://cldf.clld.org/v1.0/terms.rdf#Generic",
        "dc:title": "kilolingua's inventory of languages and resources",
        "dc:source": "sources.bib",
        "dialect": {"commentPrefix": None},
    }
    assert (table["url"], table["dc:extent"]) == ("languages.csv", 2)
    assert table["dc:conformsTo"].endswith("#LanguageTable")
    assert table["tableSchema"]["primaryKey"] == ["ID"]
    columns = {column.pop("name"): column for column in table["tableSchema"]["columns"]}
    assert list(columns) == files["languages.csv"].splitlines()[0].split(",")
    terms = "http://cldf.clld.org/v1.0/terms.rdf#"
    assert columns["Glottocode"] == {
        "propertyUrl": f"{terms}glottocode", "datatype": "string", "required": True,
    }  # fmt: skip
    assert columns["Latitude"] == {"propertyUrl": f"{terms}latitude", "datatype": "decimal"}
    assert columns["Genus"] == {
        "dc:description": "genus in kilolingua's inventory", "datatype": "string",
    }  # fmt: skip
    assert columns["Countries"] == {
        "dc:description": "countries in kilolingua's inventory",
        "datatype": "string", "separator": ";",
    }  # fmt: skip


def test_a_source_as_bibtex() -> None:
    assert _entry(
        replace(WALS, note="in part", citation=f"{WALS.citation}, https://wals.info")
    ) == (
        "@misc{wals-1,\n"
        "  title = {WALS 50 \\%},\n"
        "  author = {Dryer and others},\n"
        "  year = {2013},\n"
        "  version = {1},\n"
        "  url = {https://w.org/a\\_b},\n"
        "  note = {licence: CC-BY-4.0; https://wals.info; in part},\n"
        "}\n"
    )
    undated = _entry(replace(WALS, citation="Dryer et al."))
    assert "year = " not in undated
    assert "author = {Dryer and others}" in undated


def test_resources_are_named_with_their_licences() -> None:
    from data.resources import resources

    swahili = read(export_csv(WORLD.table))[0]
    held = {one.dataset: one.licence for one in resources() if one.language == "sw"}
    names, licences = (swahili[f"lexicon_{what}"].split(";") for what in ("datasets", "licences"))
    assert names
    assert dict(zip(names, licences, strict=True)).items() <= held.items()
    [first, *_] = json.loads(export_json(WORLD))["languages"]
    assert {one["dataset"] for one in first["resources"]} == set(held)


def test_a_byte_order_mark_is_there_where_it_is_asked_for() -> None:
    plain = export_csv(WORLD.table)
    assert export_csv(WORLD.table, bom=True) == "\ufeff" + plain
    assert not plain.startswith("\ufeff")


def test_the_archive_holds_the_files_of_cldf() -> None:
    packed = packed_cldf(WORLD)
    assert packed == packed_cldf(WORLD)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    assert files == export_cldf(WORLD)


def test_a_card_is_html_that_names_hurt_nothing_in() -> None:
    table = WORLD.table.with_columns(name=pl.lit("<script>alert(1)</script>"))
    code = table["glottocode"][0]
    found = card(replace(WORLD, table=table), code, "https://example.org/?lang=sw&x=1")
    assert "<script" not in found
    assert 'href="https://example.org/?lang=sw&amp;x=1"' in found
    assert "lacking there:" in found
    assert "Sources: " in found
    assert "href" not in card(WORLD, code, "javascript:alert(1)")


def test_a_cell_with_several_sources_cites_all_of_them() -> None:
    row = {"sources": {"scripts": "linguameta-1;cldr-47", "genus": None, "name": "glottolog-5.1"}}
    assert list(source_keys(row)) == ["linguameta-1", "cldr-47", "glottolog-5.1"]
