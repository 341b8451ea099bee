"""Topics with labels that a lexicon carries over: kept lines, tables, what each arm learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import topics, topics_table
from bench.topics import Bench
from bench.topics_table import ARMS, Line, by_language, drawn, read_lines, summary, write_lines
from data.errors import InputError
from data.labelled import LabelledText


def line(language: str, english: str, said: str, seed: int = 1) -> Line:
    right = dict.fromkeys(ARMS, english) | {"said": said}
    return Line(language, "published", seed, "toy@1", 0.0, right)


def test_lines_come_back_in_their_order_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    lines = [line("wol_Latn", "10", "11"), line("bam_Latn", "00", "11")]
    write_lines(path, lines)
    assert read_lines(path) == lines[::-1]
    assert read_lines(tmp_path / "none.jsonl") == []
    path.write_text('{"language": "wol_Latn"}\n', "utf-8")
    with pytest.raises(InputError, match=r"lines.jsonl:1"):
        read_lines(path)


def test_a_difference_is_of_the_same_texts_and_of_all_seeds_of_them() -> None:
    one = drawn([line("wol_Latn", "0011", "0111")], "said")
    assert (one[0], len(one)) == (25, 1 + topics_table.RESAMPLES)
    assert one.min() >= 0, "no text is worse, so no resample is"
    both = [line("wol_Latn", "0011", "0111"), line("wol_Latn", "0011", "0001", seed=2)]
    assert drawn(both, "said")[0] == 0


def test_the_tables_say_what_the_lines_say() -> None:
    codes = ("bam_Latn", "wol_Latn", "tsn_Latn")
    lines = [line(code, "0011", "0111") for code in codes]
    assert "| wol_Latn | 50.0 | 75.0 | 50.0 | 50.0 |" in by_language(lines)
    assert "| mean of 3 | 50.0 | 75.0 | 50.0 |" in by_language(lines)
    unread = replace(line("bod_Tibt", "0000", "1111"), unknown=92.6)
    assert "| mean of 3 |" in by_language([*lines, unread])
    told = summary([*lines, unread, line("ilo_Latn", "1111", "0000")])
    assert "| all 4 languages | 62.5 | 56.2 | 62.5 |" in told
    assert "above `english` in 3 of 4 languages" in told
    assert "`said` less `foreign`, mean of 4: -6.2 [" in told
    assert "Least: ilo_Latn -100.0, " in told
    del lines[0].right["everyone"]
    assert "| mean of 3 | 50.0 | 75.0 | 50.0 | 50.0 |  | 50.0 |" in by_language(lines)


class Toy:
    """An encoder of two numbers: how many a's and how many b's."""

    depth, signature = 1, "toy@1"

    def layers(self, texts: Sequence[str], layers: Sequence[int]) -> Any:
        rows = [[one.count("a"), one.count("b")] for one in texts]
        return np.array([rows for _ in layers], np.float32)

    def unknown(self, texts: Sequence[str]) -> float:
        return 0.0 * len(texts)


def test_each_arm_learns_from_its_own_texts_and_no_test_text_is_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = {
        "sib200:train:eng_Latn": [("ab" * 3, "x"), ("bab", "y"), ("aaab", "x"), ("bbba", "y")],
        "sib200:dev:eng_Latn": [("aab", "x"), ("abb", "y")],
        "sib200:test:bam_Latn": [("aaaa", "x"), ("bbbb", "y")],
    }
    monkeypatch.setattr(topics, "texts_of", lambda name: [LabelledText(*one) for one in sets[name]])
    said = {"bam_Latn": [("aaaaa", "x"), ("bbbbb", "y")], "wol_Latn": [("aaaa a", "y")] * 2}
    learned: list[list[str]] = []

    def translated(bench: Bench, language: str) -> list[LabelledText]:
        texts = [LabelledText(*one) for one in said[language]]
        return list(bench.seen_texts(f"{language}-said", texts))

    def head(scores: Any, width: int, labels: Any, training: Any, dev: Any) -> Any:
        learned.append([one.text for one in training])
        return real(scores, width, labels, training, dev)

    real = topics.best_head
    monkeypatch.setattr(topics, "best_head", head)
    monkeypatch.setattr(Bench, "said", translated)
    bench = Bench(tmp_path, "published", 1)
    bench.__dict__["encoder"] = Toy()
    found = bench.line("bam_Latn", "wol_Latn")
    assert found.right["said"] == "11"
    [together] = bench.everyone([found])
    assert together.right == found.right | {"everyone": "11"}
    english, own = [one for one, _ in sets["sib200:train:eng_Latn"]], ["aaaaa", "bbbbb"]
    assert learned == [english, english + own, own, [*english, *["aaaa a"] * 2], english + own]
    assert sorted(path.name for path in (tmp_path / "vectors").iterdir()) == [
        "bam_Latn-said.npy",
        "bam_Latn-test.npy",
        "english-dev.npy",
        "english.npy",
        "wol_Latn-said.npy",
    ]


def test_a_language_without_a_lexicon_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert topics.lexicon_of("ace_Arab") is None, "GATITOS has it in Latin letters"
    monkeypatch.setattr(topics, "languages", lambda: ["bam_Latn", "wol_Latn"])
    with pytest.raises(InputError, match=r"--langs deu_Latn: .* such as bam_Latn, wol_Latn"):
        topics.run(Bench(tmp_path, "published", 1), ["deu_Latn"], tmp_path / "lines.jsonl")
