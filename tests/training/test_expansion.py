"""The experiment's plan, runner and table: what needs what, what is run again, what is counted."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import expansion_beside as beside
from bench.expansion import Runner, in_document
from bench.expansion_plan import LANGUAGES, METHODS, Plan, Task
from bench.expansion_table import Cell, counts, difference, mean_ratio
from bench.expansion_transfer import METHODS as TRANSFERRED
from bench.expansion_transfer import Transfer
from bench.expansion_words import compared, words
from data.errors import InputError
from data.options import flag_of, options_of
from data.tagged import read_tagged
from tests.training.tagged_texts import SWAHILI, labelled, options, tokenizer_folder, write
from training.tag import tag
from training.tagging.config import TagConfig
from training.tagging.scoring import BASELINE, MODEL, Frequencies
from training.tagging.tagger import load_tagger


def test_every_command_comes_after_what_it_needs_and_none_twice(tmp_path: Path) -> None:
    for task in ("pos", "ner"):
        tasks = Plan(task, LANGUAGES, METHODS, (1, 2, 3), tmp_path).tasks()
        seen: set[str] = set()
        for one in tasks:
            assert set(one.needs) <= seen, one.name
            assert one.name not in seen
            seen.add(one.name)
        assert len({one.done for one in tasks}) == len(tasks)


def test_cells_share_an_encoder_where_text_and_seed_are_the_same(tmp_path: Path) -> None:
    names = [t.name for t in Plan("pos", LANGUAGES, METHODS, (1, 2, 3), tmp_path).tasks()]
    encoders = [name for name in names if name.startswith("encoder-")]
    taggers = [name for name in names if name.startswith("tagger-")]
    assert len(encoders) == 3 * (1 + 6 + 1 + 6), "English, pseudo, inflected (Swahili), real"
    assert len(taggers) == 3 * (1 + 6 + 6 + 6 + 1 + 6)


def test_nothing_of_a_target_language_but_its_test_set_reaches_a_to_e(tmp_path: Path) -> None:
    """Test sentences are scored; dev is the source's; real text is for f alone."""
    for task in Plan("pos", LANGUAGES, METHODS, (1,), tmp_path).tasks():
        words = list(task.command)
        named = [w for w in words if any(f":{code}" in w for code in LANGUAGES)]
        allowed = {words[words.index("--test") + 1]} if "--test" in words else set()
        if "-f-" not in task.name and "real" not in task.name:
            assert set(named) <= allowed, task.name
        if "training.tag" in words:
            assert words[words.index("--dev") + 1] == "ewt:dev:en"
            flags = {flag_of(TagConfig, name) for name in options_of(TagConfig)}
            assert {word for word in words[3:] if word[:2] == "--"} <= flags
        if "training.pretrain" in words:
            assert words[words.index("--keep-out") + 1] == "masakhapos,masakhaner2"


def test_what_is_done_is_not_run_again_and_what_needs_a_failure_fails(tmp_path: Path) -> None:
    def task(name: str, *needs: str, code: str = "") -> Task:
        done = tmp_path / name
        run = code or f"open({str(done)!r}, 'x').close()"
        return Task(name, (sys.executable, "-c", run), done, needs)

    tasks = [
        task("one"),
        task("two", "one"),
        task("bad", "one", code="raise SystemExit(3)"),
        task("after", "bad", "two"),
    ]
    assert Runner(tasks, 2, tmp_path / "logs").run() == ["bad", "after"]
    assert (tmp_path / "two").exists()
    assert not (tmp_path / "after").exists()
    tasks[2] = task("bad", "one")
    assert Runner(tasks, 2, tmp_path / "logs").run() == [], "mode x: 'one' would fail if run again"
    assert (tmp_path / "after").exists()
    assert shlex.quote("raise SystemExit(3)") in (tmp_path / "logs" / "bad.log").read_text()


def test_f1_of_spans_and_accuracy_are_one_ratio() -> None:
    assert counts(["NOUN", "VERB", "ADV"], ["NOUN", "VERB", "DET"], names=False) == [2, 3, 3]
    rows = [[1, 2, 1], [1, 1, 2]]  # 2 right of 3 predicted and 3 there, over both seeds alike
    total = np.sum([row + row for row in rows], axis=0)[:, None]
    assert mean_ratio(total.astype(float))[0] == pytest.approx(200 * 2 / 6)


def test_a_difference_is_that_of_the_means_over_seeds() -> None:
    """40 sentences of 2 words: seeds of a have 1 and 0 right, those of c have 2 and 1."""

    def seed(right: int) -> list[list[int]]:
        return [[right, 2, 2]] * 40

    base, better = Cell([seed(1), seed(0)], 0.0), Cell([seed(2), seed(1)], 0.0)
    assert base.values == [50.0, 0.0]
    found = difference(base, better)
    assert found is not None
    assert str(found) == "+50.0 [+50.0, +50.0]"
    assert not found.loses
    assert found.p < 0.01
    assert difference(base, Cell([seed(2)], 0.0)) is None, "other seeds do not compare"


def test_known_words_and_others_are_told_apart_over_all_seeds() -> None:
    free = Frequencies.of([(("a", "a", "b"), ("X", "X", "Y"))])
    found = compared(["A", "b", "c", "d"], ["X", "X", "X", "Z"], [list("XXXX"), list("XYZZ")], free)
    assert found == [50.0, 75.0, 50.0, 50.0, 50.0]


def test_no_run_gives_no_table_of_words(tmp_path: Path) -> None:
    assert words(Plan("pos", LANGUAGES, METHODS, (1,), tmp_path)) == ""


def test_the_table_goes_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text("# T\n<!-- table pos: begin -->\nold\n<!-- table pos: end -->\nrest\n")
    in_document(document, "pos", "| new \\1 |\n")
    expected = "# T\n<!-- table pos: begin -->\n| new \\1 |\n<!-- table pos: end -->\nrest\n"
    assert document.read_text() == expected
    with pytest.raises(InputError, match=r"doc\.md: expected the lines <!-- table ner: begin -->"):
        in_document(document, "ner", "")
    real = Path(__file__).parents[2] / "docs" / "EXPANSION.md"
    for task in ("pos", "ner"):
        assert f"<!-- table {task}: begin -->" in real.read_text("utf-8")


def test_on_a_pretrained_encoder_no_label_of_a_scored_language_is_read(tmp_path: Path) -> None:
    """Real text of method i is unlabelled; everything else of the language is its test set."""
    for name in ("pos", "ner"):
        tasks = Transfer(name, LANGUAGES, TRANSFERRED, (1, 2), tmp_path).tasks()
        seen: set[str] = set()
        for one in tasks:
            assert set(one.needs) <= seen, one.name
            assert one.name not in seen
            seen.add(one.name)
            words = list(one.command)
            if "training.tag" in words:
                trained = words[words.index("--train") + 1].split(",")
                assert not {label.split(":")[-1] for label in trained} & set(LANGUAGES)
                assert len(trained) == len(set(trained))
                flags = {flag_of(TagConfig, option) for option in options_of(TagConfig)}
                assert {word for word in words[3:] if word[:2] == "--"} <= flags
                assert ("--unlabelled" in words) is one.name.startswith("tagger-i-")
        assert len({one.done for one in tasks}) == len(tasks)
        shared = [one for one in seen if one.startswith(("tagger-a-", "tagger-g-"))]
        assert len(shared) == 2 * 2, "a tagger a seed for all languages"


def test_a_tagger_is_scored_with_a_dictionary_beside_it(tmp_path: Path) -> None:
    """English labels alone do not know Swahili; counts of its words do, as scores.json says."""
    tagger = tag(TagConfig(**options(tmp_path, tokenizer_folder(tmp_path / "tokenizer"))))
    listed = write(tmp_path / "listed.txt", labelled(SWAHILI, 100, seed=5))
    test, source = str(tmp_path / "sw-test.txt"), str(tmp_path / "en.txt")
    beside.main([str(tagger.folder), test, str(tmp_path / "beside"), "float32", source, listed])
    told = json.loads((tmp_path / "beside" / "scores.json").read_text("utf-8"))
    found = {one["system"]: one["score"]["value"] for one in told["results"]}
    alone = {one["system"]: one["score"]["value"] for one in tagger.told["results"]}
    assert found[MODEL] > alone[MODEL] + 2
    assert found[BASELINE] > 99
    [path] = (tmp_path / "beside" / "predictions").iterdir()
    found_there = [one.tags for one in read_tagged(path)]
    assert len(found_there) == 60
    words = [one.tokens for one in read_tagged(path)]
    again = load_tagger(str(tmp_path / "beside")).tag(words)
    assert [tuple(tags) for tags in again] == found_there, "it can teach: model/ has both"
