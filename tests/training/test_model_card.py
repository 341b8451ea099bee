"""The card of a trained model, of a record made by hand; labels and their baseline."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from data.tagged import TaggedSentence
from metrics.labels import span_f1
from training.pretrain import Pretrained, _show
from training.pretraining.card import card, licence_of
from training.tagging.distillation import CHANGED, KEPT, _check_bio, agreeing, relabelled
from training.tagging.scoring import Frequencies, main_score, plain_value, scored
from training.tokenizer.fertility import COLUMNS, Fertility, rows

CORPUS: dict[str, Any] = {
    "name": "swahili.txt",
    "licence": "CC-BY-4.0",
    "synthetic": False,
    "weight": 0.5,
    "share": 0.25,
    "documents": 1200,
    "tokens": 34567,
    "held_out_documents": 50,
    "dropped": {},
}
MADE = {**CORPUS, "name": "made", "synthetic": True, "dropped": {"too long": 1500, "empty": 2}}
TOLD: dict[str, Any] = {
    "name": "tiny-sw",
    "architecture": "decoder",
    "languages": ["sw"],
    "run": {"keep_out": [], "objective": "clm", "learning_rate": 0.001, "lora": None, "steps": 5},
    "data": [CORPUS],
    "model": {
        "name": "gpt2",
        "revision": "abc",
        "lora": 0,
        "parameters": 1234567,
        "trained": 2345,
    },
    "training": {"tokens": 7654321, "steps": 9876},
    "notes": ["Beware."],
    "scores": [],
    "command": "python -m training.pretrain --x",
    "environment": {"packages": {"torch": "2.13", "peft": "not installed"}},
}


def front_of(told: dict[str, Any]) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load(card(told).split("---\n")[1])
    return found


@pytest.mark.parametrize(
    ("architecture", "pipeline", "kind"),
    [
        ("encoder", "fill-mask", "AutoModelForMaskedLM"),
        ("decoder", "text-generation", "AutoModelForCausalLM"),
        ("encoder-decoder", "text2text-generation", "AutoModelForSeq2SeqLM"),
    ],
)
def test_the_front_matter_and_how_to_open(architecture: str, pipeline: str, kind: str) -> None:
    told = {**TOLD, "architecture": architecture}
    assert front_of(told) == {
        "license": "cc-by-4.0",
        "language": ["sw"],
        "library_name": "transformers",
        "pipeline_tag": pipeline,
        "tags": ["low-resource"],
    }
    text = card(told)
    assert f"import AutoTokenizer, {kind}\n" in text
    assert f"model = {kind}.from_pretrained" in text
    assert ("python -m icl.eval" in text) == (architecture != "encoder")


def test_a_base_on_the_hub_synthetic_text_and_no_language() -> None:
    told = {**TOLD, "model": {**TOLD["model"], "name": "org/base"}, "languages": []}
    front = front_of({**told, "data": [CORPUS, MADE]})
    assert front["base_model"] == "org/base"
    assert front["tags"] == ["low-resource", "synthetic"]
    assert "language" not in front


def test_licences() -> None:
    assert licence_of(["MIT", "MIT"]) == "mit"
    assert licence_of(["MIT", "CC0-1.0"]) == licence_of(["not stated"]) == "other"


def test_where_the_model_comes_from() -> None:
    assert "from gpt2 at revision abc: 1,234,567 parameters, 2,345 of them trained on" in card(TOLD)
    assert "7,654,321 scored tokens in 9,876 updates." in card(TOLD)
    fresh = {**TOLD["model"], "revision": "random weights", "lora": 8}
    text = card({**TOLD, "model": fresh})
    assert "from `gpt2` with random weights with adapters of rank 8, merged: 1,234,567" in text


def test_the_tables() -> None:
    text = card({**TOLD, "data": [CORPUS, MADE]})
    for row in (
        "| corpus | licence | made | weight | share | documents | tokens | held out | dropped |",
        "| swahili.txt | CC-BY-4.0 | by people, or unknown | 0.5 | 25.0 % | 1,200 | 34,567 | 50 |"
        " none |",
        "| made | CC-BY-4.0 | by lexaug.synthesize | 0.5 | 25.0 % | 1,200 | 34,567 | 50 |"
        " too long: 1,500; empty: 2 |",
        "| learning rate | 0.001 |",
        "| steps | 5 |",
        "| torch | 2.13 |",
        "> Beware.",
    ):
        assert f"{row}\n" in text
    assert "| lora |" not in text
    assert "| peft |" not in text
    assert "Find out" not in text
    assert "No test set was kept out of the text" in text
    assert "No document was held out.\n" in text
    assert "```\npython -m training.pretrain --x\n```" in text


def test_what_a_reader_must_know() -> None:
    unknown = [{**CORPUS, "licence": "not stated"}, CORPUS]
    run = {**TOLD["run"], "keep_out": [{"name": "ntrex"}, {"file": "x"}, {"name": "flores"}]}
    text = card({**TOLD, "data": unknown, "run": run})
    assert "Find out under which licence these may be used: swahili.txt.\n" in text
    assert "Sentences of ntrex, flores were taken out of the text before training" in text


def test_scores_of_the_card() -> None:
    score = {"name": "perplexity", "value": 12.3456, "low": 11, "high": 14.5, "n": 4321}
    bits = {**score, "name": "bits per byte", "value": 1.5}
    trained = {"corpus": "a|b", "system": "trained", "scores": [score, bits]}
    unigram = {"corpus": "a|b", "system": "unigram", "scores": [score]}
    text = card({**TOLD, "scores": [trained, unigram]})
    shown = "12.346 [11.000, 14.500]"
    assert "| corpus | system | perplexity | bits per byte | n |\n| --- | --- | --- |" in text
    assert f"| a\\|b | trained | {shown} | 1.500 [11.000, 14.500] | 4,321 |\n" in text
    assert f"| a\\|b | unigram | {shown} | - | 4,321 |\n" in text


def test_the_most_frequent_label_first_in_the_alphabet_among_equals() -> None:
    found = Frequencies.of(
        [(("Ua", "ua", "ua", "la"), ("VERB", "NOUN", "NOUN", "X")), (("la",), ("ADJ",))]
    )
    assert dict(found.by_word) == {"ua": "NOUN", "la": "ADJ"}
    assert found.overall == "NOUN"
    assert found.tag([["UA", "paka"], []]) == [["NOUN", "NOUN"], []]


NAMES = [["B-PER", "I-PER", "O"], ["B-LOC", "O"]]
GUESSED = [["B-PER", "I-PER", "B-LOC"], ["O", "O"]]


def test_the_figure_between_two_updates_is_that_of_the_end() -> None:
    assert plain_value(NAMES, GUESSED, "bio") == pytest.approx(span_f1(NAMES, GUESSED).value)
    assert plain_value(NAMES, GUESSED, "bio") == 50.0  # one of two found, one of two right
    assert plain_value(NAMES, GUESSED, "pos") == 60.0  # three words of five
    assert plain_value([["O"]], [["O"]], "bio") == 0.0
    assert plain_value([], [], "pos") == 0.0
    assert main_score(NAMES, GUESSED, "bio").name == "span F1"
    assert main_score(NAMES, GUESSED, "pos").name == "token accuracy"


def test_scores_of_a_tagger_for_json() -> None:
    found = scored("toy", "model", NAMES, GUESSED, "bio", {"set": "toy"})
    assert (found["test"], found["system"], found["sentences"]) == ("toy", "model", 2)
    assert found["score"]["name"] == "span F1"
    assert found["score"]["signature"].endswith("set:toy")
    told = [
        {k: row[k] for k in ("label", "gold", "predicted", "correct")} for row in found["labels"]
    ]
    assert told == [
        {"label": "LOC", "gold": 1, "predicted": 1, "correct": 0},
        {"label": "PER", "gold": 1, "predicted": 1, "correct": 1},
    ]
    three = scored("toy", "model", [["A", "A", "A"]], [["A", "A", "B"]], "pos", {})
    [a, b] = three["labels"]
    assert (a["precision"], a["recall"], b["precision"]) == (100.0, 66.67, 0.0)


def sentence(*tags: str) -> TaggedSentence:
    return TaggedSentence("1", tuple("abcde"[: len(tags)]), tags)


def test_a_teacher_changes_labels_or_confirms_them() -> None:
    made = [sentence("N", "N", "V"), sentence("N", "V", "V", "V", "V")]
    seen = [["N", "V", "V"], ["N", "V", "V", "V", "N"]]
    counts: Counter[str] = Counter()
    assert [list(one.tags) for one in relabelled(made, seen, counts)] == seen
    assert counts == {CHANGED: 2, KEPT: 6}
    counts = Counter()
    assert agreeing(made, seen, 0.8, counts) == made[1:], "four of five are enough"
    assert counts == {"sentence on less than 0.8 of whose words the teacher agrees": 1}
    with pytest.raises(InputError, match='--teacher has the label "NOUN"'):
        _check_bio(["O", "B-X", "NOUN"])
    _check_bio(["O", "B-X", "I-X"])


def test_a_row_of_fertility() -> None:
    found = Fertility(3, 2000, 5000, 12500, 50, 3500, 500)
    [row] = rows([("tok", "txt", found)])
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "tokenizer": "tok",
        "text": "txt",
        "words": "2,000",
        "pieces per word": "1.75",
        "words in one piece %": "25.0",
        "bytes per piece": "2.50",
        "unknown or byte pieces %": "1.00",
    }


def test_a_run_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    score = {"name": "perplexity", "value": 9.0625, "low": 8.0, "high": 10.0, "n": 1234}
    parts = [("trained", [score, {**score, "name": "bits"}]), ("before", [score])]
    told = {
        "held_out": [{"corpus": "sw", "system": name, "scores": own} for name, own in parts],
        "notes": ["one thing"],
    }
    done = Pretrained(Path("runs/p"), Path("runs/p/model"), told)
    assert done.summary() == "runs/p/model"
    assert [(row["corpus"], row["system"], row["name"], row["value"]) for row in done.rows()] == [
        ("sw", "trained", "perplexity", 9.0625),
        ("sw", "trained", "bits", 9.0625),
        ("sw", "before", "perplexity", 9.0625),
    ]
    _show(done)
    shown = capsys.readouterr()
    assert shown.out == "runs/p/model\n"
    assert shown.err.splitlines() == [
        "sw, trained: perplexity 9.062 [8.000, 10.000], bits 9.062 [8.000, 10.000], n 1,234",
        "sw, before: perplexity 9.062 [8.000, 10.000], n 1,234",
        "note: one thing",
    ]
