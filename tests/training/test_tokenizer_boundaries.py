"""Vocabularies that are learned from words cut at their morphemes."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from data.errors import InputError
from training.tokenizer import train_tokenizer
from training.tokenizer.__main__ import main
from training.tokenizer.boundaries import DELIMITER, cut, cut_lines, read_boundaries

PERSONS, TENSES = ("ni", "tu", "u", "wa"), ("na", "li", "ta")
STEMS = ("soma", "pika", "kimbia", "tembea", "cheza", "andika")


def sentences() -> list[str]:
    """Text of words of three morphemes, some of them far more frequent than others."""
    rng = random.Random(1)
    words = [p + t + s for s in STEMS for t in TENSES for p in PERSONS]
    return [" ".join(rng.choice(words[: rng.randint(3, 72)]) for _ in range(8)) for _ in range(400)]


def boundaries() -> dict[str, tuple[int, ...]]:
    return {p + t + s: (len(p), len(p + t)) for s in STEMS for t in TENSES for p in PERSONS}


def crossing(pieces: list[str]) -> set[str]:
    """Pieces that hold a tense, or an end of it, and the first letters of a stem."""
    wholes = {p + t + s: len(p + t) for s in STEMS for t in TENSES for p in PERSONS}
    return {
        piece
        for piece in (one.lstrip("▁") for one in pieces)
        for word, stem in wholes.items()
        if len(piece) > 2 and 0 < stem - word.find(piece) < len(piece) and piece in word
    }


@pytest.mark.parametrize("model", ["unigram", "bpe"])
def test_no_piece_reaches_over_a_boundary(model: str) -> None:
    plain = train_tokenizer(sentences(), 420, model=model)
    marked = train_tokenizer(
        sentences(), 405 if model == "bpe" else 360, model=model, boundaries=boundaries()
    )
    before, after = (crossing(list(one.tokenizer.get_vocab())) for one in (plain, marked))
    assert before
    assert not after
    assert not any(DELIMITER in piece for piece in marked.tokenizer.get_vocab())
    assert marked.record["words"] == marked.record["words cut"] == 3200
    assert "words" not in plain.record
    assert marked.record["text_sha256"] == plain.record["text_sha256"]
    text = "tulikimbia ninasoma"
    assert (
        marked.tokenizer.decode(marked.tokenizer(text)["input_ids"], skip_special_tokens=True)
        == text
    )


def test_tables_in_any_order_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "segments.tsv"
    path.write_text(
        "form\tmorphemes\nTulisoma\tTu|li|soma\nwalk\twalks\tV|PRS\twalk|s\nsoma\tsoma\n||x\tx\n"
    )
    assert read_boundaries(path) == {"tulisoma": (2, 4), "walks": (4,), "x": ()}


def test_rows_whose_morphemes_are_not_the_word(tmp_path: Path) -> None:
    path = tmp_path / "segments.tsv"
    path.write_text("making\tmake|ing\nwalks\twalk|s\n")
    with pytest.raises(InputError, match=r"segments\.tsv:1: expected a word beside its morphemes"):
        read_boundaries(path)
    dropped = Counter[str]()
    assert read_boundaries(path, skip_bad=True, dropped=dropped) == {"walks": (4,)}
    assert dropped == {"row whose morphemes do not make up its word": 1}
    path.write_text("walks\twalk\n")
    with pytest.raises(InputError, match="expected words beside their morphemes"):
        read_boundaries(path)


def test_words_of_a_text_are_cut_and_nothing_else() -> None:
    counts = Counter[str]()
    known = {"tulisoma": (2, 4)}
    line = f"Tulisoma, tulisomana tulisoma2 x{DELIMITER}y"
    [found] = cut_lines([line], known, counts)
    assert found.replace(DELIMITER, "|") == "Tu|li|soma, tulisomana tulisoma2 x y"
    assert counts == {"words": 4, "cut": 1}
    assert cut("İstulisoma", {"i̇stulisoma": (2,)}) == "İstulisoma"  # small letters are more


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, table, out = tmp_path / "text.txt", tmp_path / "segments.tsv", tmp_path / "out"
    text.write_text("\n".join(sentences()))
    table.write_text("".join(f"{p}li{s}\t{p}|li|{s}\n" for p in PERSONS for s in STEMS))
    given = ["train", "--text", str(text), "--out", str(out), "--size", "390"]
    assert main([*given, "--boundaries", str(table)]) == 0
    record = json.loads((out / "tokenizer_training.json").read_text())
    assert f"{record['words cut']:,} of 3,200 words are cut" in capsys.readouterr().out
    assert 500 < record["words cut"] < 2500
    assert main([*given, "--boundaries", str(text)]) == 2
    assert "expected words beside their morphemes" in capsys.readouterr().err
