"""What lists name: the table is whole, roles and religion are told apart, sizes are comparable.

pytest tests/data/test_listed.py
"""

from __future__ import annotations

from collections import Counter

import pytest

from data.catalog import catalog
from data.inventory.schema import KINDS
from data.resources.__main__ import main
from data.resources.listed import (
    DATA_KINDS,
    FACTS,
    SETS,
    Fact,
    ListedSet,
    facts,
    facts_of_codes,
    is_religious_only,
    iso_codes_of,
    kinds_of,
    listed_sets,
    sizes_of,
)


def fact(kind: str, size: float | None = None, **of: str) -> Fact:
    known = {"role": "data", "unit": "sentences", "religious": ""} | of
    empty = dict.fromkeys(ListedSet._fields, "")
    entry = ListedSet(**(empty | {"key": kind, "kind": kind} | known))
    return Fact(entry, "x", "xxx", "", size, "", "", "", "")


def test_every_fact_is_there_and_has_a_source() -> None:
    """36,461 facts of 78 data sets were gathered (the figures of their gatherer)."""
    found = facts()
    assert (len(found), len(listed_sets())) == (36_461, 78)
    assert len({one.iso639_3 for one in found if one.iso639_3}) == 7_814
    assert all(one.of.repository and one.path and one.source for one in found)
    assert all(one.link.startswith("https://") for one in found)
    assert FACTS.stat().st_size + SETS.stat().st_size <= 1_500_000


def test_the_quick_reader_says_what_the_strict_one_says() -> None:
    strict = Counter(facts())
    codes = {one.iso639_3 for one in facts() if one.iso639_3}
    quick = Counter(facts_of_codes(sorted(codes)))
    assert quick == Counter({one: n for one, n in strict.items() if one.iso639_3})


@pytest.mark.parametrize(
    ("of", "code", "size", "unit", "licence"),
    [  # read in the publishers' own files, not in ours
        ("ntrex-128", "wol", 1997, "sentences", "CC-BY-SA-4.0"),
        (
            "sib-200",
            "wol_Latn",
            1004,
            "sentences",
            "Apache-2.0 (repository LICENSE); sentences from FLORES-200",
        ),
        ("belebele", "wol_Latn", 900, "questions", "CC-BY-SA-4.0"),
        ("afrisenti", "amh", 9480, "sentences", ""),
    ],
)
def test_some_facts(of: str, code: str, size: int, unit: str, licence: str) -> None:
    [found] = [one for one in facts() if (one.of.key, one.code) == (of, code)]
    assert (found.size, found.of.unit, found.licence) == (size, unit, licence)


def test_what_is_loaded_is_in_the_catalog() -> None:
    names = {entry.loads for entry in listed_sets().values()} - {""}
    assert names <= set(catalog())
    assert {"sib200", "gatitos", "unimorph"} <= names


def test_models_software_and_descriptions_are_no_data() -> None:
    found = facts_of_codes(["wol"])
    assert {"speech_recognition", "translation"} <= set(kinds_of(found, "model"))
    assert "keyboard" in kinds_of(found, "software")
    assert kinds_of(found, "typology")
    data = kinds_of(found, "data")
    assert set(data) <= set(DATA_KINDS)
    assert {"speech", "lexicon", "text"} <= set(data)
    assert set(KINDS) <= set(DATA_KINDS)


def test_zero_is_not_there_and_unknown_is() -> None:
    assert kinds_of([fact("text", 0), fact("speech", None)], "data") == ["speech"]
    assert sizes_of([fact("lexicon", 0)]) == {}
    assert sizes_of([fact("lexicon", None)]) == {"lexicon": None}


def test_sizes_of_one_kind_are_not_added_up() -> None:
    found = [fact("test_set", 900), fact("test_set", 1000), fact("test_set", None)]
    assert sizes_of(found) == {"test_set": 1000}
    assert sizes_of([fact("tagged", 5000, unit="tokens")]) == {"tagged": None}, "no sentences"
    assert sizes_of([fact("text", 5, role="model")]) == {}


def test_religious_texts_alone() -> None:
    bible = fact("scripture", 100, religious="all")
    crawled = fact("text", 100, religious="mostly")
    assert is_religious_only([bible, crawled])
    assert not is_religious_only([bible, fact("text", 1)])
    assert not is_religious_only([])
    assert is_religious_only([bible, fact("keyboard", role="software")])


def test_codes_of_a_language() -> None:
    assert iso_codes_of("swh", ["sw"]) == ("swh", "swa")
    assert "zho" in iso_codes_of("cmn", ["zh"])
    assert set(iso_codes_of("hbs", ["sh", "hr"])) >= {"hbs", "hrv"}
    assert iso_codes_of(None, [None]) == ()


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["world", "--lang", "Wolof", "--role", "model"]) == 0
    *lines, total = capsys.readouterr().out.splitlines()
    assert all(line.startswith("model ") for line in lines)
    assert (
        total == f"{len(lines)} facts, {sum(' unknown ' in line for line in lines)} of unknown size"
    )
    assert main(["world"]) == 2
    assert "name a language: --lang wo" in capsys.readouterr().err
