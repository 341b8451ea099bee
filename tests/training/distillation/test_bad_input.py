"""What cannot be distilled is refused: where, what was found, what to do next."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from tests.training.distillation.test_distil import config
from tests.training.texts import options
from training.distil import distil, main
from training.distillation.config import DistilConfig
from training.pretrain import pretrain
from training.pretraining.config import PretrainConfig

Make = Callable[..., str]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"temperature": 0.0}, "--temperature 0: expected a number above 0"),
        ({"temperature": float("nan")}, "--temperature nan: expected a number above 0"),
        ({"layers": None}, "expected --student NAME, or --layers N"),
        ({"student": "bert-nano"}, "found both"),
        ({"layer_map": "1-2"}, "--layer-map 1-2: expected pairs such as 1:6"),
        ({"layer_map": "1:1,1:2"}, "the student's layer 1 is there twice"),
        ({"tokenizer": "here"}, "--tokenizer goes with --student FAMILY-SIZE"),
    ],
)
def test_options_that_cannot_be(more: dict[str, Any], said: str) -> None:
    base: dict[str, Any] = {"corpora": ("a",), "teacher": ("b",), "layers": "1", "steps": 1}
    with pytest.raises(InputError, match=said):
        DistilConfig(**base | more)


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("bert", {"layers": "3"}, "--layers 3: expected 1 to 2"),
        ("bert", {"layers": "0,7"}, "the teacher has layers 0 to 1, found 7"),
        ("bert", {"layers": "1", "layer_map": "1:9"}, "the teacher has layers 0 .* to 2, found 9"),
        ("bert", {"layers": "1", "layer_map": "2:2"}, "the student has layers 0 .* to 1, found 2"),
        ("bert", {"width": 15}, "--width 15: expected a multiple of 16"),
        ("bert", {"layers": "1", "inner": 999}, "--inner 999: the teacher has 128"),
        ("bert", {"layers": "1", "loss": "relation", "relation_heads": 5}, "--relation-heads 5"),
        ("bert", {"student": "decoder-nano"}, "expected encoder, as the teacher .* found decoder"),
        ("bert", {"layers": "1", "cache": "yes", "targets": Path(__file__)}, "found a file"),
    ],
)
def test_students_that_do_not_fit(
    kind: str, more: dict[str, Any], said: str, text: Path, teacher: Make, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        distil(config(text, teacher(kind), tmp_path / "run", **more))


def test_text_that_the_teacher_cannot_read(text: Path, tmp_path: Path) -> None:
    """A vocabulary of Swahili's letters, without bytes, knows no Greek."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces.train([str(text)], trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), special, strict=True))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces, **{f"{name}_token": piece for name, piece in names.items()}
    )
    tokenizer.save_pretrained(tmp_path / "pieces")
    how: dict[str, Any] = {"config": "bert-nano", "tokenizer": str(tmp_path / "pieces"), "steps": 1}
    taught = pretrain(PretrainConfig(**options(text, tmp_path / "teacher", **how))).folder
    greek = tmp_path / "greek.txt"
    greek.write_text("".join(f"Καλημέρα κόσμε αριθμός {n}\n" for n in range(50)), "utf-8")
    with pytest.raises(InputError, match=r"the teacher has no piece for \d+ % of its characters"):
        distil(config(greek, str(taught), tmp_path / "run", layers="1"))


def test_teacher_and_student_without_common_text(text: Path, teacher: Make, tmp_path: Path) -> None:
    """A line is one word, and one piece of the teacher's: there is nothing to compare within it."""
    words = tmp_path / "words.txt"
    words.write_text("mwanafunzi\nmpishi\nmwalimu\n" * 20, "utf-8")
    how: dict[str, Any] = {"config": "bert-nano", "tokenizer": "train:360", "steps": 1}
    taught = pretrain(PretrainConfig(**options(words, tmp_path / "teacher", **how))).folder
    words.write_text("mwalimu\n" * 20, "utf-8")
    more = {"student": "bert-nano", "tokenizer": f"{teacher('bert', other=True)}/model"}
    with pytest.raises(InputError, match=r"without common text: .*\(--tokenizer\)"):
        distil(config(words, str(taught), tmp_path / "run", **more))


def test_what_is_kept_of_another_teacher_is_refused(
    text: Path, teacher: Make, tmp_path: Path
) -> None:
    kept: dict[str, Any] = {"targets": tmp_path / "kept", "layers": "1", "cache": "yes"}
    distil(config(text, teacher("decoder"), tmp_path / "one", **kept))
    distil(config(text, teacher("decoder"), tmp_path / "again", **kept, learning_rate=1e-4))
    other = teacher("decoder", seed=1, tokenizer="train:380")
    with pytest.raises(InputError, match=r"of another teacher: .*\(--targets\)"):
        distil(config(text, other, tmp_path / "two", **kept))
    with pytest.raises(InputError, match="of another soft"):
        distil(config(text, teacher("decoder"), tmp_path / "three", **kept, temperature=4.0))


def test_damaged_targets_are_refused(text: Path, teacher: Make, tmp_path: Path) -> None:
    kept: dict[str, Any] = {"targets": tmp_path / "kept", "layers": "1", "cache": "yes"}
    distil(config(text, teacher("decoder"), tmp_path / "one", **kept))
    shard = next((tmp_path / "kept").glob("shard-*"))
    shard.write_bytes(shard.read_bytes()[:-10])
    with pytest.raises(InputError, match="it was cut off or changed; remove the folder"):
        distil(config(text, teacher("decoder"), tmp_path / "two", **kept))
    header = tmp_path / "kept" / "targets.json"
    header.write_text(json.dumps({"version": 9, "identity": {}, "shards": {}}), "utf-8")
    with pytest.raises(InputError, match="expected version 1, found 9"):
        distil(config(text, teacher("decoder"), tmp_path / "three", **kept))
    header.write_text('{"version": 1', "utf-8")
    with pytest.raises(InputError, match=r"expected JSON.*remove the folder"):
        distil(config(text, teacher("decoder"), tmp_path / "four", **kept))


def test_another_run_in_the_folder_is_refused(text: Path, teacher: Make, tmp_path: Path) -> None:
    distil(config(text, teacher("bert"), tmp_path / "run", layers="1"))
    with pytest.raises(InputError, match=r"another run|other"):
        distil(config(text, teacher("bert"), tmp_path / "run", layers="1", seed=4))


def test_the_command_line_prints_one_line(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--teacher", str(tmp_path / "none"), "--layers", "1", "--corpus", str(text)]
    assert main([*command, "--steps", "1"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "--teacher" in said
