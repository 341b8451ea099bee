"""Tokenizers that are trained here: SentencePiece's own library and `tokenizers` must agree."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.languages import resolve
from data.load import load_parallel
from data.tsv import read_lines
from training.tokenizer import (
    CLM,
    MASK,
    Trained,
    as_data,
    framed,
    open_fast_tokenizer,
    train_tokenizer,
)
from training.vocabulary.commands import main
from training.vocabulary.special import encoded, sentinel_ids

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
    [ids] = encoded(as_data(trained[model].tokenizer), [text])
    assert ids == reference(trained[model]).encode(text)


@pytest.mark.parametrize("model", MODELS)
@RELAXED
@given(text=TEXTS)
def test_text_comes_back(trained: dict[str, Trained], model: str, text: str) -> None:
    text = unicodedata.normalize("NFC", text.replace("▁", ""))
    [ids] = encoded(as_data(trained[model].tokenizer), [text])
    assert trained[model].tokenizer.decode(ids) == text


@pytest.mark.parametrize("model", MODELS)
def test_same_ids_on_real_text(mirror: Path, model: str) -> None:
    folder = mirror / "lafand" / "text_files" / "en-swa"
    lines = [text for _, text in read_lines(folder / "dev.swa")]
    trained = train_tokenizer(lines, 2000, model=model)
    test = [text for name in ("test.swa", "test.en") for _, text in read_lines(folder / name)]
    ours = list(encoded(as_data(trained.tokenizer), test))
    assert ours == reference(trained).encode(test)


def test_same_text_same_bytes(trained: dict[str, Trained]) -> None:
    again = train_tokenizer(sample(), 700, sentinels=2)
    assert again.model == trained["unigram"].model
    assert again.record == trained["unigram"].record


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
    [before, after] = encoded(as_data(tokenizer), ["Ninapenda", "sana"])
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
    with pytest.raises(InputError, match=r"no usable tokenizer"):
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
