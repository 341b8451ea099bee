"""Diagnostics: each fault on records made by hand, loops as a rule, and contamination."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from data.errors import InputError
from icl.diagnostics import FAULTS, diagnose, length_ratio, loop_length, looping
from icl.eval import main
from icl.options import RunConfig

GOOD = "The teachers came to the town early in the morning."


def record(output: str, *, finish: str = "stop", language: int = 1) -> dict[str, Any]:
    return {
        "id": "x",
        "source": "Walimu walifika mjini asubuhi na mapema.",
        "reference": "The teachers arrived in town early in the morning.",
        "output": output,
        "finish": finish,
        "statistics": {"language rate": [language, 1]},
    }


def faults(one: dict[str, Any]) -> list[str]:
    return [found.fault.name for found in diagnose([one])]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (record(GOOD), []),
        (record(""), ["empty"]),
        (record("\u200b \n", language=0), ["empty", "wrong language"]),
        (record("WALIMU walifika  mjini asubuhi na mapema."), ["copied"]),
        (record(GOOD, language=0), ["wrong language"]),
        (record(GOOD, finish="length"), ["cut off"]),
        (record("in the town in the town in the town in the town"), ["looping"]),
        (record("teachers"), ["odd length"]),
        (record(f"{GOOD} {GOOD.upper()} And more."), ["odd length"]),
        (record("in the town " * 30, finish="length"), ["cut off", "looping", "odd length"]),
    ],
)
def test_each_fault(one: dict[str, Any], expected: list[str]) -> None:
    assert faults(one) == expected


def test_a_run_without_language_identification_has_no_wrong_language() -> None:
    assert faults({**record(GOOD), "statistics": {}}) == []


def test_counts_shares_and_the_worst_first() -> None:
    records = [record("la " * times) for times in (4, 30, 3, 9)] + [record(GOOD)]
    found = {diagnosis.fault.name: diagnosis for diagnosis in diagnose(records, shown=2)}
    looped = found["looping"]
    assert (looped.count, looped.n, looped.share) == (3, 5, 60.0)
    assert looped.worst == (records[1], records[3])
    assert found["odd length"].worst[0] == records[2], "9 characters for 50 is worse than 90 for 50"
    assert list(found) == [fault.name for fault in FAULTS if fault.name in found]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("ndio ndio ndio ndio", 19),
        ("kwa hiyo ndio ndio ndio ndio na wengine", 19),
        ("ndio ndio ndio ndiyo", 0),
        ("no, no, no", 0),
        ("hahaha hahaha", 0),
        ("我们去我们去我们去我们去", 12),
        ("a b a b a b a b a", 17),
        ("x" * 11, 0),
        ("x" * 12, 12),
        ("", 0),
    ],
)
def test_loops_by_hand(text: str, length: int) -> None:
    assert (loop_length(text), looping(text)) == (length, length > 0)


WORDS = st.lists(st.sampled_from(["ya", "na", "mtu", "ndio", "kwa"]), min_size=1, max_size=8)


@given(WORDS)
def test_words_four_times_are_a_loop(words: list[str]) -> None:
    text = " ".join(words)
    assert looping(f"kisha {text} {text} {text} {text} mwisho")


@given(st.text(min_size=3, max_size=31))
def test_a_text_four_times_is_a_loop(text: str) -> None:
    assert looping(text * 4)
    assert loop_length(text * 4) >= min(12, len(" ".join((text * 4).split())))


@given(st.lists(st.text(alphabet="abcdefgh ", min_size=1, max_size=9), max_size=30))
def test_a_text_in_which_no_words_and_no_trigram_recur_never_loops(pieces: list[str]) -> None:
    text = " ".join(pieces)
    trigrams = [text[start : start + 3] for start in range(len(text) - 2)]
    assume(len(set(trigrams)) == len(trigrams))
    words = text.split()
    assume(len(set(words)) == len(words))
    assert not looping(text)


def test_length_ratio() -> None:
    assert length_ratio("habari", "hello there!") == 0.5
    assert length_ratio("", "abcd") == 0.25
    assert length_ratio("abcd", "") == 4.0


TESTS = ["Mvua inanyesha leo.", "Paka amelala.", "Ndiyo.", "Kitabu kipya."]


def run(model: Path, folder: Path, seen: str, *options: str) -> tuple[int, list[str]]:
    """The exit code and the notes of a run over four sentences and one shot."""
    rows = "".join(f"{text}\tEnglish {number}.\n" for number, text in enumerate(TESTS))
    (folder / "test.tsv").write_text(f"sw\ten\n{rows}", "utf-8")
    (folder / "pool.tsv").write_text("sw\ten\nAsante sana.\tThank you.\n", "utf-8")
    (folder / "corpus.txt").write_text(seen, "utf-8")
    files = {"--test-set": "test.tsv", "--pool": "pool.tsv", "--seen": "corpus.txt"}
    places = [part for name, file in files.items() for part in (name, str(folder / file))]
    base = ["--lang", "sw", "--model", str(model), "--max-new-tokens", "4", "--offline"]
    code = main([*base, "--out", str(folder / "run"), *places, *options])
    path = folder / "run" / "scores.json"
    return code, json.loads(path.read_text("utf-8"))["notes"] if path.exists() else []


def test_contamination_is_counted_by_direction(tiny_decoder: Path, tmp_path: Path) -> None:
    seen = "Habari.\r\nmvua  inanyesha LEO.\nEnglish 1.\nPaka amelala.\n\nthank you.\nNdiyo\n"
    code, notes = run(tiny_decoder, tmp_path, seen, "--direction", "both")
    assert code == 0
    for direction in ("sw-en", "en-sw"):
        told = "stand in corpus.txt, which the model may have seen"
        assert f"{direction}: 3 test segments {told}" in notes
        assert f"{direction}: 1 shots {told}" in notes


def test_no_contamination_is_told_too(tiny_decoder: Path, tmp_path: Path) -> None:
    _, notes = run(tiny_decoder, tmp_path, "Habari.\n")
    assert "no test segment and no shot stands in corpus.txt" in notes


def test_a_bad_corpus_is_told_before_the_work(
    tiny_decoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run(tiny_decoder, tmp_path, "Habari.\nAs\0ante.\n")
    assert code == 2
    assert "corpus.txt:2: " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=r"--seen no\.txt: no such file; give a corpus"):
        RunConfig("sw", seen=Path("no.txt"))
