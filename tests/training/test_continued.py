"""Continued pretraining on synthetic text: the plan, a sentence's bits, cells kept, the tables."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import continued
from bench.continued_cell import BATCH_TOKENS, bits_of, topics_of
from bench.continued_plan import (
    ARMS,
    BITS,
    CARRIED,
    LANGUAGES,
    NONE,
    REAL,
    SCORES,
    SYNTHETIC,
    TOPICS,
    Continued,
    Settings,
    name_of,
)
from bench.continued_table import Results, table
from bench.continued_text import drawn, write_labelled
from data.errors import InputError
from data.options import flag_of, options_of
from lexaug.config import SynthesisConfig
from tests.training.texts import options, sentences, write_corpus
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig


def test_every_command_comes_after_what_it_needs_and_none_twice(tmp_path: Path) -> None:
    for score in SCORES:
        seen: set[str] = set()
        for one in Continued(list(LANGUAGES), ARMS, (1, 2), tmp_path, score=score).tasks():
            assert set(one.needs) <= seen, one.name
            assert one.name not in seen
            seen.add(one.name)
        models = [name for name in seen if name.startswith("model-")]
        apart = len(SYNTHETIC) - 2  # arms of all languages; two need tables, which four have
        assert len(models) == 2 * (1 + 10 * apart + 4 * 2 + 9), "English once; no Ilocano text"
        none = "bod-none" if score == CARRIED else "none"  # labels are of a language
        assert f"cells-{none}-1-{score}" in seen
        assert f"cells-{none}-2-{score}" not in seen, "what is not trained has no seed"


def test_real_text_is_of_one_arm_and_the_rest_is_trained_alike(tmp_path: Path) -> None:
    flags = {
        flag_of(kind, n) for kind in (PretrainConfig, SynthesisConfig) for n in options_of(kind)
    }
    alike = set()
    for one in Continued(list(LANGUAGES), ARMS, (1,), tmp_path).tasks():
        words = list(one.command)
        if words[2] == "bench.continued_text":
            assert words[3] == "lafand:train:en" or one.name.startswith(REAL)
        if words[2] in ("training.pretrain", "lexaug.synthesize"):
            assert {word.replace("--no-", "--") for word in words if word[:2] == "--"} <= flags
        if words[2] == "training.pretrain":
            at = words.index("--corpus")
            apart = {*words[at : at + 2], str(words[-1])}
            alike.add(tuple(word for word in words if word not in apart))
    assert len(alike) == 1


def test_a_cell_whose_line_is_kept_needs_no_command(tmp_path: Path) -> None:
    known = [name_of("bam", "ours", 1, BITS), name_of("wol", NONE, 1, BITS)]
    plan = Continued(("bam", "wol"), (NONE, "ours"), (1,), tmp_path, known=known)
    names = [task.name for task in plan.tasks()]
    assert not [name for name in names if "bam-ours" in name]
    [none] = [task for task in plan.tasks() if task.name == "cells-none-1-bits"]
    assert none.command[none.command.index("--languages") + 1] == "bam"
    topics = Continued(("bam",), ("ours",), (1,), tmp_path, score=TOPICS, known=known)
    assert [task.name for task in topics.tasks()][-1] == "cells-bam-ours-1-topics"


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a decoder of two layers."""
    folder = tmp_path_factory.mktemp("nano")
    corpus = write_corpus(folder / "text.txt")
    more = {"objective": "CLM", "config": "decoder-nano", "steps": 2}
    return pretrain(PretrainConfig(**options(corpus, folder / "run", **more))).folder


def opened(run: Path) -> tuple[Any, Any]:
    from models.tokenizer import open_fast_tokenizer
    from models.weights import open_weights

    model, _ = open_weights(run / "model", "AutoModelForCausalLM", "cannot be opened")
    return model.eval(), open_fast_tokenizer(run / "model")


def test_a_model_that_knows_nothing_pays_the_same_bits_for_every_piece(nano: Path) -> None:
    """Logits of zero: log2 of the vocabulary for each piece, the end of the sentence aside."""
    model, tokenizer = opened(nano)
    model.get_output_embeddings().weight.data.zero_()
    lines = [*sentences(5), "a", " ".join(sentences(40))]
    pieces = [len(tokenizer(line, add_special_tokens=False)["input_ids"]) for line in lines]
    vocabulary = model.get_output_embeddings().weight.shape[0]
    expected = [number * math.log2(vocabulary) for number in pieces]
    assert bits_of(model, tokenizer, lines) == pytest.approx(expected, rel=0.01)


def test_a_sentence_costs_the_same_beside_others(nano: Path) -> None:
    model, tokenizer = opened(nano)
    lines = sentences(80)
    assert sum(len(tokenizer(line)["input_ids"]) for line in lines) > BATCH_TOKENS
    alone = [bits_of(model, tokenizer, [line])[0] for line in lines[:5]]
    assert bits_of(model, tokenizer, lines)[:5] == pytest.approx(alone, rel=0.01)
    assert len(set(alone)) == 5


def test_lines_are_drawn_once_each_and_always_the_same() -> None:
    lines = [f"This is line number {n % 30}." for n in range(60)] + ["Too short.", "long " * 41]
    found = drawn(lines, 10, "toy")
    assert len(set(found)) == 10
    assert found == drawn(lines[::-1], 10, "toy")
    assert set(drawn(lines, 100, "toy")) == set(lines[:30])


def test_right_topics_are_read_from_predictions(tmp_path: Path) -> None:
    path = tmp_path / "predictions" / "sib200-test-bam_Latn.tsv"
    path.parent.mkdir()
    path.write_text("text\tlabel\tpredicted\na\tsports\tsports\nb\ttravel\tsports\n", "utf-8")
    assert topics_of(tmp_path, "bam_Latn") == "10"


def test_labels_stay_with_what_was_made_of_their_texts(
    mirror: Path,
    tmp_path: Path,
) -> None:
    """The first text was not kept, so that what comes first now is the second's."""
    path = mirror / "sib200" / "eng_Latn" / "train.tsv"
    labels = [row.split("\t")[1] for row in path.read_text("utf-8").splitlines()[1:3]]
    assert labels[0] != labels[1]
    said = tmp_path / "said"
    said.mkdir()
    (said / "text.jsonl").write_text('{"line": 2, "text": "mbili"}\n', "utf-8")
    write_labelled("sib200:train:eng_Latn", said, tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text("utf-8") == f"text\tlabel\nmbili\t{labels[1]}\n"


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench.continued", *arguments])
    continued.main()


def test_a_grid_goes_on_where_its_lines_are(
    mirror: Path,
    nano: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two cells with three updates each; then, with the run folders lost, none is run again."""
    lines = tmp_path / "lines.jsonl"
    asked = ["--langs", "bam", "--arms", "none,english", "--model", str(nano), "--steps", "3"]
    asked += ["--lines", str(lines), "--out"]
    run([*asked, str(tmp_path / "first")], monkeypatch)
    assert "4 commands, 4 to run" in capsys.readouterr().out
    kept = lines.read_bytes()
    none, english = map(json.loads, kept.splitlines())
    assert (none["arm"], english["arm"], english["settings"]["steps"]) == ("none", "english", 3)
    [test], [trained] = none["tests"].values(), english["tests"].values()
    assert len(test["bits"]) == len(test["bytes"]) == len(trained["bits"]) == 204
    assert min(test["bytes"]) > 20
    assert test["bits"] != trained["bits"]
    assert not (tmp_path / "first" / "models" / "english-1" / "model").exists(), "scored, so gone"
    run([*asked, str(tmp_path / "second")], monkeypatch)
    told = capsys.readouterr().out
    assert "0 commands, 0 to run" in told
    assert f"| bam | {sum(test['bits']) / sum(test['bytes']):.2f} |" in told
    assert lines.read_bytes() == kept
    with pytest.raises(InputError, match=r"lines\.jsonl: expected results of .* --lines"):
        run([*asked[:-4], "4", *asked[-3:], str(tmp_path / "third")], monkeypatch)


def line(language: str, arm: str, seed: int, bits: int, **more: Any) -> dict[str, Any]:
    """A cell of 40 sentences of the same bits, ten bytes each."""
    test: dict[str, Any] = {"bits": [bits] * 40} | ({"bytes": [10] * 40} if arm == NONE else {})
    told = {"language": language, "arm": arm, "seed": seed, "settings": {}}
    return told | (more or {"tests": {"t": test}})


def test_differences_are_in_per_cent_and_of_the_same_seed() -> None:
    lines = [
        line("bam", NONE, 1, 40),
        line("bam", "published", 1, 36),
        line("bam", "ours", 1, 30),
        line("bam", "ours", 2, 20),
        line("wol", NONE, 1, 50),
        line("wol", "ours", 1, 45),
    ]
    results = Results.of(lines, BITS)
    assert results.value("bam", "ours") == 2.5
    assert results.by_seed(NONE, "ours") == {1: pytest.approx([-10, -25]), 2: [-50.0]}
    told = table(lines)
    assert "| bam | 4.00 | 3.60 | 2.50 | -37.5 [-37.5, -37.5] | -16.7 [-16.7, -16.7] |" in told
    assert "| mean | 4.50 (2) | 3.60 (1) | 3.50 (2) | -23.8 [-23.8, -23.8] |" in told
    assert (
        "| our synthesis | none | ours | 2 | -23.8 [-23.8, -23.8] | 2 | -17.5 (2), -50.0 (1) |"
        in told
    )


def test_topics_are_paired_over_texts() -> None:
    lines = [
        line("bam", NONE, 1, 0, topics="0101" * 10),
        line("bam", "ours", 1, 0, topics="1101" * 10),
    ]
    assert Results.of(lines, BITS).cells == {}
    found = Results.of(lines, TOPICS).difference("bam", NONE, "ours")
    assert found is not None
    assert found[0] == 25
    assert found[1:].min() < 25 < found[1:].max(), "a fourth of the texts is drawn more or less"
    assert "| bam | 50.0 | 75.0 | +25.0 [" in table(lines)


def test_no_line_gives_no_table() -> None:
    assert table([]) == ""


def test_settings_of_a_cell_are_those_of_all(tmp_path: Path) -> None:
    other = line("bam", "ours", 1, 40) | {"settings": {"steps": 1}}
    with pytest.raises(InputError, match="bam-ours-1-bits"):
        continued.check_settings([other], Settings(), tmp_path / "lines.jsonl")
    continued.check_settings([line("bam", NONE, 1, 40)], Settings(), tmp_path / "lines.jsonl")
