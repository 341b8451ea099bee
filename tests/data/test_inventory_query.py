"""Selections, counts, gaps and rankings over a table small enough to count by hand.

pytest tests/data/test_inventory_query.py
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.inventory import KINDS, counts, gaps, select
from data.inventory.schema import schema
from data.language_names import fold, search_key

COLUMNS = ("name", "genus", "family", "scripts", "speakers_alone", "kinds", "category")
LANGUAGES = (
    (
        "Swahili",
        "Bantu",
        "Atlantic-Congo",
        ["Latn", "Arab"],
        700,
        ["test_set", "lexicon"],
        "spoken",
    ),
    ("Zulu", "Bantu", "Atlantic-Congo", ["Latn"], 300, ["test_set"], "spoken"),
    ("Èwe", "Gbe", "Atlantic-Congo", ["Latn"], None, [], "spoken"),
    ("Fon", "Gbe", "Atlantic-Congo", ["Latn"], 20, [], "spoken"),
    ("Amharic", "Semitic", "Afro-Asiatic", ["Ethi"], 400, ["tagged"], "spoken"),
    ("Basque", "Basque", None, ["Latn"], 70, [], "spoken"),
    ("Kenyan Sign Language", None, None, None, None, [], "sign"),
    ("Oung", None, None, None, 5, [], "bookkeeping"),
)


def row(number: int, cells: tuple[Any, ...]) -> dict[str, Any]:
    known = dict(zip(COLUMNS, cells, strict=True))
    return {
        **dict.fromkeys(schema()),
        **known,
        "glottocode": "swah1253" if known["name"] == "Swahili" else f"lang{number:04}",
        "is_isolate": None if known["category"] == "sign" else known["name"] == "Basque",
        "search": fold(known["name"]),
        "resource_class": len(known["kinds"]),
        "groups": ["Atlantic-Congo", "Bantoid"] if known["genus"] == "Bantu" else None,
        "countries": ["KE", "TZ"] if known["name"] == "Swahili" else ["ZA"],
        "macroarea": None if known["name"] == "Oung" else "Africa",
    }


TABLE = pl.DataFrame([row(*entry) for entry in enumerate(LANGUAGES)], schema=schema())


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({"genus": "Bantu"}, "Swahili Zulu"),
        ({"genus": ("Bantu", "Semitic"), "script": "Latn"}, "Swahili Zulu"),
        ({"genus": "Bantoid"}, "Swahili Zulu"),  # a group of the tree
        ({"genus": "(none)"}, "Kenyan"),
        ({"family": "(isolate)"}, "Basque"),
        ({"family": "(none)"}, "Kenyan"),
        ({"script": ("Arab", "Ethi")}, "Swahili Amharic"),
        ({"script": "(none)"}, "Kenyan"),
        ({"macroarea": "(none)"}, ""),  # bookkeeping entries are no languages
        ({"macroarea": "(none)", "category": "bookkeeping"}, "Oung"),
        ({"country": "TZ"}, "Swahili"),
        ({"has": ("test_set", "lexicon")}, "Swahili"),
        ({"missing": ("test_set", "tagged"), "category": "spoken"}, "Èwe Fon Basque"),
        ({"resource_class": (1, 2)}, "Swahili Zulu Amharic"),
        ({"text": "EWE"}, "Èwe"),
        ({"text": "lang  kenyan"}, "Kenyan"),
        ({"text": "swa.*li[a-z]"}, ""),  # words, no patterns
        ({"sign": True}, "Kenyan"),
        ({"sign": False, "genus": "(none)"}, ""),
        ({"genus": "Gbe", "limit": 1}, "Èwe"),
        ({}, "Swahili Zulu Èwe Fon Amharic Basque Kenyan"),
    ],
)
def test_conditions(conditions: dict[str, Any], names: str) -> None:
    assert [name.split()[0] for name in select(TABLE, **conditions)["name"]] == names.split()


@given(st.text(max_size=20))
def test_any_text_may_be_looked_for(text: str) -> None:
    found = select(TABLE, text=text)
    assert all(word in line for line in found["search"] for word in search_key(text).split())


def test_what_is_unknown_is_neither_there_nor_missing() -> None:
    unknown = TABLE.with_columns(pl.lit(None, dtype=pl.List(pl.String)).alias("kinds"))
    assert select(unknown, has="lexicon").height == 0
    assert select(unknown, missing="lexicon").height == 0
    assert gaps(unknown)["lexicon"].is_null().all()


def test_counts() -> None:
    assert counts(TABLE, "family").rows() == [
        ("Atlantic-Congo", 4, 1020, 1),
        ("(isolate)", 1, 70, 0),
        ("(none)", 1, None, 0),  # the sign language; the bookkeeping entry is no language
        ("Afro-Asiatic", 1, 400, 0),
    ]
    assert counts(TABLE, "script").rows()[:2] == [("Latn", 5, 1090, 1), ("(none)", 1, None, 0)]
    assert dict(counts(TABLE, "genus").select("value", "massive").rows())["Bantu"] == 1


def test_gaps() -> None:
    found = gaps(TABLE, "genus")
    assert found.columns == ["value", "languages", *KINDS]
    assert found.rows()[:2] == [("Bantu", 2, 2, 1, 0, 0, 0, 0, 0), ("Gbe", 2, 0, 0, 0, 0, 0, 0, 0)]


def test_words_that_mean_nothing() -> None:
    with pytest.raises(InputError) as caught:
        select(TABLE, missing="lexica")
    assert str(caught.value) == (
        "expected a kind of resource (test_set, lexicon, inflection, tagged, parallel, "
        'utterances, labelled, text, speech, pronunciation, word_list, scripture), found "lexica"'
    )
    with pytest.raises(InputError, match="expected one of genus, family, script to group by, fou"):
        counts(TABLE, "colour")
