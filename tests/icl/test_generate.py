"""Sentences around a lexicon's words: what is asked, what is kept, nothing asked twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.languages import resolve
from icl.engines import ENGINES, Engine
from icl.generate import EXAMPLES, Bag, GenerateConfig, bags, fault, generate, main, used
from lexaug.synthesis.inputs import find_text
from tests.icl.writing_engine import Writer

WORDS = ["water", "book", "tree", "dog", "house", "stone"]


@pytest.fixture
def lexicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ENGINES, "writer", Engine("tests.icl.writing_engine:Writer"))
    monkeypatch.setattr(Writer, "asked", [])
    path = tmp_path / "en-wo.tsv"
    path.write_text("".join(f"{w}\t{w[::-1]}\n" for w in [*WORDS, "to be sure"]), "utf-8")
    return path


def config(lexicon: Path, out: Path, **more: object) -> GenerateConfig:
    told = {"lang": "wo", "lexicon": str(lexicon), "engine": "writer", "out": out, **more}
    return GenerateConfig(**told)  # type: ignore[arg-type]


def test_what_a_run_holds(lexicon: Path, tmp_path: Path) -> None:
    done = generate(config(lexicon, tmp_path / "run", sentences=20, words=2))
    lines = (done.folder / "sentences.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    reasons = [one["left_out"] for one in records]
    assert reasons[4] == "empty"
    assert reasons[3] == "too few of its words"
    assert reasons.count("empty") == 4
    assert done.kept == reasons.count("") == 12
    assert done.used == 1.0
    assert done.left_out == {"empty": 4, "too few of its words": 4}
    kept = [one["text"] for one in records if not one["left_out"]]
    assert (done.folder / "text.txt").read_text("utf-8").splitlines() == kept
    assert not any("over" in text for text in kept)  # the answer ends with its line
    dealt = [word for one in records for word in one["words"]]
    assert set(dealt) == set(WORDS)  # and no phrase
    assert max(map(dealt.count, WORDS)) - min(map(dealt.count, WORDS)) <= 1
    assert not (done.folder / "labels.tsv").exists()


def test_labels(lexicon: Path, tmp_path: Path) -> None:
    done = generate(config(lexicon, tmp_path / "run", sentences=8, about=("health", "farms")))
    rows = [line.split("\t") for line in (done.folder / "labels.tsv").open(encoding="utf-8")]
    assert rows[0] == ["category", "text\n"]
    assert {row[0] for row in rows[1:]} == {"health", "farms"}
    assert len(rows) == done.kept + 1


def test_a_stopped_run_asks_nothing_twice(
    lexicon: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = generate(config(lexicon, tmp_path / "whole", sentences=12)).folder
    monkeypatch.setattr(Writer, "asked", [])
    monkeypatch.setattr(Writer, "stops_after", 5)
    with pytest.raises(KeyboardInterrupt):
        generate(config(lexicon, tmp_path / "cut", sentences=12))
    monkeypatch.setattr(Writer, "stops_after", None)
    (tmp_path / "cut" / "answers.jsonl").open("ab").write(b'{"key": "5", "te')
    generate(config(lexicon, tmp_path / "cut", sentences=12))
    assert Writer.asked == [str(number) for number in range(12)]
    for name in ("sentences.jsonl", "text.txt"):
        assert (whole / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()


def test_lexaug_says_who_wrote_the_text(lexicon: Path, tmp_path: Path) -> None:
    done = generate(config(lexicon, tmp_path / "run", sentences=6))
    text = find_text(str(done.folder / "text.txt"), labelled=False, target=resolve("wo"))
    assert "written by a model" in text.note
    assert "revision 7" in text.note
    other = tmp_path / "text.txt"
    other.write_text("One sentence.\n", "utf-8")
    assert find_text(str(other), labelled=False, target=resolve("wo")).note == ""
    (done.folder / "config.json").write_text('{"run": 3}', "utf-8")
    assert find_text(str(done.folder / "text.txt"), labelled=False, target=resolve("wo")).note == ""


@given(st.integers(1, 9), st.integers(1, 60), st.integers(1, 12), st.integers(0, 5))
def test_no_word_twice_in_a_bag(number: int, count: int, size: int, seed: int) -> None:
    words = [f"w{n}" for n in range(number)]
    dealt = list(bags(words, count, size, (), seed))
    assert all(len(set(bag.words)) == len(bag.words) == min(size, number) for bag in dealt)
    every = [word for bag in dealt for word in bag.words]
    assert max(map(every.count, words)) - min(map(every.count, words)) <= 1


def test_forms_of_a_word_count() -> None:
    assert used(("city", "run", "wolf"), "Cities have running water.") == ("city",)
    assert used(("go",), "The goat is gone.") == ()
    assert used(("make up",), "They are making it up.") == ("make up",)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("", "empty"),
        ("Dogs bark.", "not 4 to 60 words"),
        ("The dog ran to the house.", ""),
        ("The cat ran to the barn.", "too few of its words"),
        (EXAMPLES[0][1], "copy"),
    ],
)
def test_why_a_sentence_goes(sentence: str, why: str) -> None:
    before = {EXAMPLES[0][1].casefold()}
    assert fault(Bag(("dog", "house")), sentence, 0.5, before) == why


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"lang": None}, "--lang is missing"),
        ({"shots": 9}, "--shots 9: there are 4 examples"),
        ({"about": ("a;b",)}, "--about 'a;b'"),
        ({"words": 0}, "--words 0"),
    ],
)
def test_bad_options(lexicon: Path, tmp_path: Path, more: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        config(lexicon, tmp_path / "run", **more)


def test_a_lexicon_of_phrases_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "phrases.tsv"
    path.write_text("to be\tnekk\n", "utf-8")
    command = ["--lang", "wo", "--lexicon", str(path), "--engine", "stub"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 2
    assert "no entry is a single English word" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.real
def test_a_small_model_writes_english(tmp_path: Path) -> None:
    path = tmp_path / "en-wo.tsv"
    path.write_text("".join(f"{word}\tx{word}\n" for word in WORDS), "utf-8")
    told = config(path, tmp_path / "run", engine="auto", sentences=8, words=2, max_new_tokens=30)
    done = generate(told)
    assert done.kept >= 2
    assert done.used > 0.5
