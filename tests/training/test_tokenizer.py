"""Tokenizers that are trained here: SentencePiece's own library and `tokenizers` must agree."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from data.errors import InputError, UnavailableError
from data.languages import resolve
from data.load import load_parallel
from data.tsv import read_lines
from training.tokenizer import (
    CLM,
    MASK,
    Trained,
    framed,
    literal_backend,
    open_fast_tokenizer,
    train_tokenizer,
)
from training.tokenizer.__main__ import main
from training.tokenizer.learning import converted, learn
from training.tokenizer.special import add_special, encoded, sentinel_ids

MODELS = ("unigram", "bpe")
# Ties, spaces, what is spelt in bytes, what looks like special tokens, byte pieces and markers.
ALPHABET = "aaabbeiknu '.,-0<>x4|[]CLM▁éŋ中\t\n\0ꙮ👩‍👧\u0301"
TEXTS = st.one_of(
    st.text(st.sampled_from(ALPHABET), max_size=60),
    st.text(max_size=30),
    st.lists(st.sampled_from(["<mask>", "</s>", "<0x41>", "kitabu", " ", "[CLM]", "a"])).map(
        "".join
    ),
)
RELAXED = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def sample() -> list[str]:
    pairs = load_parallel("sample", resolve("en"), resolve("sw")).pairs
    return [text for pair in pairs for text in (pair.source, pair.target)]


@pytest.fixture(scope="module")
def trained() -> dict[str, Trained]:
    return {model: train_tokenizer(sample(), 700, model=model, sentinels=2) for model in MODELS}


def reference(trained: Trained) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=trained.model)


@pytest.mark.parametrize("model", MODELS)
@RELAXED
@given(text=TEXTS)
def test_same_ids_as_sentencepiece(trained: dict[str, Trained], model: str, text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    [ids] = encoded(literal_backend(trained[model].tokenizer), [text])
    assert ids == reference(trained[model]).encode(text)


@pytest.mark.parametrize("model", MODELS)
@RELAXED
@given(text=TEXTS)
def test_text_comes_back(trained: dict[str, Trained], model: str, text: str) -> None:
    text = unicodedata.normalize("NFC", text.replace("▁", ""))
    [ids] = encoded(literal_backend(trained[model].tokenizer), [text])
    assert trained[model].tokenizer.decode(ids) == text


@pytest.mark.parametrize("model", MODELS)
def test_same_ids_on_real_text(mirror: Path, model: str) -> None:
    folder = mirror / "lafand" / "text_files" / "en-swa"
    lines = [text for _, text in read_lines(folder / "dev.swa")]
    trained = train_tokenizer(lines, 2000, model=model)
    test = [text for name in ("test.swa", "test.en") for _, text in read_lines(folder / name)]
    ours = list(encoded(literal_backend(trained.tokenizer), test))
    assert ours == reference(trained).encode(test)


def test_same_text_same_bytes(trained: dict[str, Trained]) -> None:
    again = train_tokenizer(sample(), 700, sentinels=2)
    assert again.model == trained["unigram"].model
    assert again.record == trained["unigram"].record
    lines = [line for line in sample() if line.strip()]
    assert again.record == {
        "model": "unigram",
        "size": 700,
        "sentinels": 2,
        "normal_form": "nfc",
        "character_coverage": 0.9999,
        "lines": 240,
        "characters": sum(map(len, lines)),
        "empty_lines": 0,
        "text_sha256": hashlib.sha256("".join(f"{x}\n" for x in lines).encode()).hexdigest(),
        "versions": again.record["versions"],
    }
    assert set(again.record["versions"]) == {"sentencepiece", "tokenizers"}


def test_a_folder_opens_with_the_same_ids(trained: dict[str, Trained], tmp_path: Path) -> None:
    made = trained["unigram"]
    made.save(tmp_path)
    opened = open_fast_tokenizer(tmp_path)
    assert opened(sample()).input_ids == made.tokenizer(sample()).input_ids
    assert [opened.pad_token_id, opened.unk_token_id, opened.bos_token_id] == [0, 1, 2]
    assert opened.eos_token_id == 3
    assert opened.convert_ids_to_tokens([4, 5]) == [MASK, CLM]
    assert sentinel_ids(opened) == (6, 7)
    assert json.loads((tmp_path / "tokenizer_training.json").read_text())["lines"] == 240


def test_frames_survive_saving(trained: dict[str, Trained], tmp_path: Path) -> None:
    trained["bpe"].save(tmp_path)
    expected = {"encoder": (2, 3), "decoder": (2, None), "encoder-decoder": (None, 3)}
    for architecture, (first, last) in expected.items():
        framed(open_fast_tokenizer(tmp_path), architecture).save_pretrained(tmp_path)
        ids = open_fast_tokenizer(tmp_path)("maji").input_ids
        assert (ids[0] if ids[0] == 2 else None, ids[-1] if ids[-1] == 3 else None) == (first, last)


@pytest.mark.parametrize("special", [MASK, CLM, "<extra_id_1>"])
def test_special_tokens_stand_for_words(
    trained: dict[str, Trained], special: str, tmp_path: Path
) -> None:
    trained["unigram"].save(tmp_path)
    tokenizer = open_fast_tokenizer(tmp_path)
    [before, after] = encoded(literal_backend(tokenizer), ["Ninapenda", "sana"])
    ids = tokenizer(f"Ninapenda {special} sana").input_ids
    assert ids == [*before, tokenizer.convert_tokens_to_ids(special), *after]


@pytest.mark.parametrize(
    ("texts", "size", "message"),
    [
        ([], 500, "expected text to learn a vocabulary from, found none"),
        (["", "  "], 500, "expected text to learn a vocabulary from, found none"),
        (["maji moto"], 5000, "5000 pieces are more than this text can give; ask for at most 3"),
        (["maji moto"], 100, "100 pieces are too few for the characters of this text; ask for 3"),
    ],
)
def test_impossible_sizes(texts: list[str], size: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        train_tokenizer(texts, size)


def test_a_bad_line_is_told_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"maji\nmoto \xff\n")
    out = str(tmp_path / "out")
    assert main(["train", "--text", str(bad), "--size", "400", "--out", out]) == 2
    assert "bad.txt:2: expected UTF-8, found byte 0xff at position 6" in capsys.readouterr().err


def test_train_and_measure_from_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "made"
    text.write_text("\n".join(sample()), "utf-8")
    options = ["--size", "600", "--model", "bpe", "--out", str(out)]
    assert main(["train", "--text", str(text), *options, "--architecture", "encoder"]) == 0
    assert "600 pieces from 240 lines" in capsys.readouterr().out
    assert main(["fertility", str(out), "--text", str(text)]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert "pieces per word" in header
    assert 1.0 < float(row.split()[3]) < 4.0


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a tokenizer beside the weights"):
        open_fast_tokenizer(tmp_path)
    with pytest.raises(InputError, match=r"nowhere: no such folder"):
        open_fast_tokenizer(tmp_path / "nowhere")


def test_bad_lines_are_left_out_on_request_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "text.txt"
    good = "".join(f"Mtu {n} anasoma kitabu {n * 3}.\n" for n in range(200)).encode()
    path.write_bytes(good + b"ma\xf1ana\n")
    asked = ["train", "--text", str(path), "--size", "380", "--out", str(tmp_path / "out")]
    assert main(asked) == 2
    assert "text.txt:201: expected UTF-8" in (told := capsys.readouterr().err)
    assert "or pass --skip-bad" in told
    assert not (tmp_path / "out").exists()
    assert main([*asked, "--skip-bad"]) == 0
    assert f"{path}: left out, " in (told := capsys.readouterr().err)
    assert told.rstrip().endswith(": 1")


def test_settings_that_are_none() -> None:
    for wrong in ({"model": "wordpiece"}, {"normal_form": "nfd"}):
        with pytest.raises(InputError, match=r"expected one of .*unigram.* and one of .*nfkc"):
            train_tokenizer(sample(), 400, **wrong)  # type: ignore[arg-type]


def test_normal_forms_of_a_vocabulary() -> None:
    """The ligature is one character but in NFKC; a letter and its mark are one in NFC."""
    texts = [f"ﬁsi ọ́ o\u0323\u0301 {line}" for line in sample()]
    ids = {}
    for form in ("nfc", "nfkc", "none"):
        made = train_tokenizer(texts, 700, normal_form=form)  # type: ignore[arg-type]
        ids[form] = list(
            encoded(literal_backend(made.tokenizer), ["fisi", "ﬁsi", "ọ́", "o\u0323\u0301"])
        )
        assert made.record["normal_form"] == form
    plain, ligature, one, two = ids["nfkc"]
    assert (plain == ligature, one == two) == (True, True)
    plain, ligature, one, two = ids["nfc"]
    assert (plain == ligature, one == two) == (False, True)
    plain, ligature, one, two = ids["none"]
    assert (plain == ligature, one == two) == (False, False)


def test_a_model_that_changes_text_by_a_table_of_its_own_is_refused() -> None:
    for rule, spaces in (("nmt_nfkc", False), ("identity", True)):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sample()),
            model_writer=model,
            vocab_size=200,
            normalization_rule_name=rule,
            remove_extra_whitespaces=spaces,
            minloglevel=3,
        )
        with pytest.raises(InputError, match=f'identity normaliser .* found "{rule}"; train it'):
            converted(model.getvalue(), "nfc")


def test_without_sentencepiece_and_what_it_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"SentencePiece could not learn 300 pieces: .*no_such"):
        learn(sample(), 300, model="unigram", no_such_option=1)
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(UnavailableError, match=r'"sentencepiece" is not installed; .*\[cpu\]'):
        train_tokenizer(sample(), 400)


def test_frames_and_special_tokens_that_a_tokenizer_lacks() -> None:
    bare = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"a": 0, "[UNK]": 1}, "[UNK]"))
    )
    with pytest.raises(InputError, match="expected a tokenizer with <s> and </s>; keep what its"):
        framed(bare, "encoder")
    assert add_special(bare, ["pad", "bos", "eos", "mask", "clm", "sentinels:2"]) == 7
    assert (bare.pad_token, bare.bos_token, bare.eos_token) == ("<pad>", "<s>", "</s>")
    assert (bare.mask_token, sentinel_ids(bare)) == (MASK, (7, 8))
    assert add_special(bare, ["pad", "bos", "eos", "mask", "clm", "sentinels:2"]) == 0
    framed(bare, "encoder")
    assert bare("a").input_ids != [0]
    assert list(encoded(literal_backend(bare), ["a", "<s>"])) == [[0], [1]], "text, without a frame"
    like_bert = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"[CLS]": 0, "[SEP]": 1}, "[SEP]")),
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    assert add_special(like_bert, ["bos", "eos"]) == 0, "they open and close a text already"
    assert add_special(like_bert, ["pad"]) == 1


def test_a_command_that_lacks_something_says_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("maji\n")
    assert main(["train", "--text", str(text)]) == 2
    assert "python -m training.tokenizer" in (told := capsys.readouterr().err)
    assert "error: --out is missing: folder to write to" in told
    assert main(["fertility", "no-such-model", "--text", str(text), "--offline"]) != 0
    assert "no-such-model" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "Train, extend, trim and measure tokenizers." in capsys.readouterr().out


def test_empty_lines_are_passed_over_and_counted() -> None:
    lines = [line for line in sample() if line.strip()]
    spaced = [" ", *lines[:9], "", "\t", *lines[9:]]
    made = train_tokenizer(spaced, 700, sentinels=2)
    assert (made.record["lines"], made.record["empty_lines"]) == (len(lines), 3)
    assert made.model == train_tokenizer(lines, 700, sentinels=2).model
