"""What is kept in the cache is what was made, or is made again: whatever happened to its file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.access import Access
from data.errors import InputError
from data.languages import resolve
from data.lexicon import Entry, Lexicon
from lexaug.kept import kept, key_of, sources
from lexaug.kernel.characters import SPECIAL, _made, _packed, _unpacked, character_table
from lexaug.paradigms import Inflection, find_inflection
from lexaug.phrases import compile_phrases

SHAPE = {"forms": [str]}
VALUE = {"forms": ["alisoma", "ŋaa"]}


def keep(cache: Path, value: Any = VALUE) -> tuple[Any, int]:
    """What `kept` gives, and how often it was made."""
    made = []

    def make() -> Any:
        made.append(value)
        return value

    def read(content: dict[str, list[str]]) -> list[str]:
        if not content["forms"]:
            raise InputError("expected forms, found none")
        return content["forms"]

    return kept("forms", key_of("a"), SHAPE, make, read, access=Access(cache=cache)), len(made)


def test_it_is_made_once(tmp_path: Path) -> None:
    assert keep(tmp_path) == (VALUE["forms"], 1)
    assert keep(tmp_path) == (VALUE["forms"], 0)


def rewritten(content: bytes) -> bytes:
    """Other content with the checksum that belongs to it, as somebody would write it by hand."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


@pytest.mark.parametrize(
    "damage",
    [
        lambda old: old[:-1],
        lambda old: old.replace(b"alisoma", b"alipika"),
        lambda _: b"",
        lambda _: b"\x80\x04\x95",
        lambda _: rewritten(b'{"forms":[1]}'),
        lambda _: rewritten(b'{"forms":[]}'),
        lambda _: rewritten(b"[" * 1000),
    ],
    ids=["cut", "changed", "empty", "pickle", "shape", "refused", "deep"],
)
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    keep(tmp_path)
    [path] = (tmp_path / "lexaug").iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert keep(tmp_path) == (VALUE["forms"], 1)
    assert path.read_bytes() == whole


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_cannot_be_written_to_does_no_harm(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert keep(tmp_path) == (VALUE["forms"], 1)
    tmp_path.chmod(0o700)


def test_a_cache_that_is_a_file_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    assert keep(tmp_path / "cache") == (VALUE["forms"], 1)


def test_keys_hang_on_every_part_and_sources_on_every_file() -> None:
    assert len({key_of("a", "b"), key_of("ab"), key_of("a", ["b"]), key_of("b", "a")}) == 4
    assert sources("lexaug/kept.py") != sources("lexaug/casing.py")
    assert sources("lexaug/kernel") != sources("lexaug/kernel", "lexaug/casing.py")


@pytest.mark.parametrize("language", ["en", "tr"])
def test_characters_are_kept_as_they_were_made(language: str) -> None:
    made = _made(language)
    for _ in range(2):
        character_table.cache_clear()
        found = character_table(language)
        for name, values in made._asdict().items():
            assert np.array_equal(getattr(found, name), values), name


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("lengths", lambda numbers: numbers[:-1]),
        ("lengths", lambda numbers: [numbers[0] + 1, *numbers[1:]]),
        ("lengths", lambda numbers: [-numbers[0], numbers[1] + 2 * numbers[0], *numbers[2:]]),
        ("lengths", lambda numbers: [0, numbers[0] + numbers[1], *numbers[2:]]),
        ("lengths", lambda numbers: [0x110001, numbers[0] + numbers[1] - 0x110001, *numbers[2:]]),
        ("kinds", lambda numbers: numbers[:-1]),
        ("kinds", lambda numbers: [-1, *numbers[1:]]),
        ("places", lambda numbers: [0x110000, *numbers[1:]]),
        ("places", lambda numbers: [-1, *numbers[1:]]),
        ("folds", lambda numbers: [0x110000, *numbers[1:]]),
        ("folds", lambda numbers: [ord("a") | 0x110000 << 21, *numbers[1:]]),
        ("folds", lambda numbers: [ord("a") | ord("a") << 21 | 0x110000 << 42, *numbers[1:]]),
        ("folds", lambda numbers: [0, *numbers[1:]]),
        ("folds", lambda numbers: numbers[1:]),
        ("pairs", lambda numbers: numbers[::-1]),
        ("pairs", lambda numbers: [numbers[0], *numbers]),
    ],
)
def test_numbers_that_compiled_code_must_not_see(
    name: str, change: Callable[[list[int]], list[int]]
) -> None:
    packed = _packed(character_table("en"))
    with pytest.raises(InputError, match="expected the characters of Unicode, found other numbers"):
        _unpacked({**packed, name: change(packed[name])})


def test_the_smallest_table_of_characters() -> None:
    plain = {"lengths": [0x110000], "kinds": [3], "places": [], "folds": [], "pairs": []}
    found = _unpacked(plain)
    assert (found.several == np.arange(0x110000)).all()
    assert (found.cells == (3 << 21 | np.arange(0x110000))).all()
    assert found.pairs.tolist() == []
    at_the_ends = _unpacked({**plain, "places": [0, 0x10FFFF], "folds": [0x10FFFF, 1]})
    assert at_the_ends.several[[0, 0x10FFFF]].tolist() == [0x10FFFF, 1]


def test_only_what_hangs_on_its_neighbours_is_left_to_the_pure_function() -> None:
    """Rules of one character are in the table; those of several mark each of these."""
    for language, alone, together in (
        ("ar", "\u06a9\u06be", ""),
        ("bn", "", "\u09a4\u09cd\u200d"),
        ("ru", "", "cC"),
    ):
        cells = character_table(language).cells
        for characters, expected in ((alone, False), (together, True), ("ab’\u2010", False)):
            marked = [bool(cells[ord(c)] & SPECIAL) for c in characters]
            assert marked == [expected] * len(characters), (language, characters)


LEXICON = Lexicon((Entry("walk", "pembuka", pos="VERB"), Entry("dog", "mbwa")), "en", "sw")


@pytest.fixture
def inflection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Inflection]:
    """The tables of English and Swahili in the folder of the package unimorph; nothing else."""
    monkeypatch.delenv("KILOLINGUA_MIRROR", raising=False)
    monkeypatch.setenv("UNIMORPH", str(tmp_path / "unimorph"))
    for code, row in (("eng", "walk\twalked\tV;PST"), ("swa", "pembuka\talipembuka\tV;PST;3;SG")):
        path = tmp_path / "unimorph" / code / code
        path.parent.mkdir(parents=True)
        path.write_text(f"{row}\n", "utf-8")
    access = Access(cache=tmp_path / "cache", offline=True)
    return lambda: find_inflection(resolve("sw"), wanted=None, access=access)


def test_forms_are_learned_once(
    inflection: Callable[[], Inflection], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, float, float | None]] = []
    first = inflection().phrase_table(LEXICON, advance=lambda *step: steps.append(step))
    assert first.options["walked"][0].text == "alipembuka"
    assert steps[0] == ("inflecting Swahili", 0, None)
    assert steps[-1][1] == steps[-1][2], "the bar reaches its end"
    monkeypatch.setattr("lexaug.paradigms.load_predictor", pytest.fail)
    monkeypatch.setattr("lexaug.paradigms._triples", pytest.fail)
    again = inflection().phrase_table(LEXICON)
    assert again.options == first.options
    assert compile_phrases(LEXICON).options.keys() < again.options.keys()


def test_forms_of_another_lexicon_or_table_are_not_taken(
    inflection: Callable[[], Inflection], tmp_path: Path
) -> None:
    inflection().phrase_table(LEXICON)
    other = Lexicon((Entry("walk", "pembuka", pos="VERB"),), "en", "sw")
    inflection().phrase_table(other)
    with open(tmp_path / "unimorph" / "eng" / "eng", "a", encoding="utf-8") as file:
        file.write("walk\twalks\tV;PST\n")
    assert "walks" in inflection().phrase_table(LEXICON).options
    assert len(list((tmp_path / "cache" / "lexaug").glob("forms-sw-*.json"))) == 3


@pytest.mark.parametrize(
    ("name", "value"), [("entry", 2), ("entry", -1), ("rule", "guessed"), ("text", "two\nlines")]
)
def test_kept_forms_that_cannot_be_are_made_again(
    inflection: Callable[[], Inflection], tmp_path: Path, name: str, value: Any
) -> None:
    whole = inflection().phrase_table(LEXICON)
    [path] = (tmp_path / "cache" / "lexaug").glob("forms-*")
    rows = json.loads(path.read_bytes()[65:])
    rows[name][0] = value
    path.write_bytes(rewritten(json.dumps(rows).encode()))
    assert inflection().phrase_table(LEXICON).options == whole.options
