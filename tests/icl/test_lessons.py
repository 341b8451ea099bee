"""Pairs laid out as prompts with their answers: each pair once, as it will be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import InputError
from data.languages import resolve
from icl.lessons import LessonsConfig, lessons, main
from icl.prompt import Languages, render
from icl.templates import TEMPLATES
from lexaug.config import SynthesisConfig
from lexaug.synthesize import synthesize

SIDES = [("moja", "one"), ("mbili", "two"), ("tatu", "three"), ("nne", "four"), ("tano", "five")]
NAMES = Languages.of(resolve("sw"), resolve("en"))


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    path = tmp_path / "numbers.tsv"
    path.write_text("sw\ten\n" + "".join(f"{a}\t{b}\n" for a, b in SIDES), "utf-8")
    return f"{path}:sw-en"


def test_each_pair_once_and_as_it_will_be_asked(pairs: str) -> None:
    found = lessons(LessonsConfig("sw", pairs=(pairs,), shots=1))
    told = [line for text in found for line in text.splitlines() if line]
    wanted = [line for a, b in SIDES for line in (f"Swahili: {a}", f"English: {b}")]
    assert sorted(told) == sorted(wanted)
    assert sorted(text.count("Swahili:") for text in found) == [1, 2, 2]
    for text in found:
        asked = text.rpartition("Swahili: ")[2].split("\n")[0]
        prompt = render(TEMPLATES["plain"], [], asked, NAMES).text
        assert text.endswith(f"{prompt} {dict(SIDES)[asked]}")


def test_a_seed_is_an_order(pairs: str) -> None:
    first, again, other = (
        lessons(LessonsConfig("sw", pairs=(pairs,), seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_both_directions_have_their_own_dictionary(pairs: str, tmp_path: Path) -> None:
    words = tmp_path / "words.tsv"
    words.write_text("sw\ten\nmoja\tsingle\ntano\tquintet\n", "utf-8")
    config = LessonsConfig(
        "sw", pairs=(pairs,), shots=0, dictionary=str(words), direction="both", limit=1
    )
    assert sorted(lessons(config)) == [
        "English: one\nSwahili: moja",  # the dictionary has single, not one
        "Swahili: moja\nDictionary: moja = single\nEnglish: one",
    ]


def test_entries_and_synthetic_pairs(tmp_path: Path) -> None:
    words, text, folder = tmp_path / "words.tsv", tmp_path / "text.txt", tmp_path / "made"
    words.write_text("sw\ten\npaka\tcat\n", "utf-8")
    text.write_text("Cat.\n", "utf-8")
    synthesize(
        SynthesisConfig(
            "sw", str(text), lexicon=str(words), mode="parallel", keep_at_least=1, out=folder
        )
    )
    config = LessonsConfig("sw", pairs=(str(folder),), entries=str(words), shots=0)
    assert sorted(lessons(config)) == [
        "Swahili: Paka.\nEnglish: Cat.",
        "Swahili: paka\nEnglish: cat",
    ]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"lang": "sw"}, "--pairs is missing"),
        ({"pairs": ("sample:sw",)}, "--lang is missing"),
        ({"lang": "wo", "pairs": ("sample:sw",)}, "expected wo and en, found sw and en"),
        ({"lang": "sw", "pairs": ("sample:sw",), "template": "chat"}, "expected one of plain text"),
        ({"lang": "sw", "pairs": ("sample:sw",), "template": "nllb"}, "expected one of plain text"),
    ],
)
def test_what_is_refused(told: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        lessons(LessonsConfig(**told))  # type: ignore[arg-type]


def test_the_command(pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lessons.jsonl"
    assert main(["--lang", "sw", "--pairs", pairs, "--out", str(out)]) == 0
    assert "3 documents" in capsys.readouterr().out
    texts = [json.loads(line)["text"] for line in out.read_text("utf-8").splitlines()]
    assert texts == lessons(LessonsConfig("sw", pairs=(pairs,)))
