"""fairseq's files without fairseq: dictionary, numbers, units; bytes that fairseq itself wrote."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from training.fairseq import (
    Dictionary,
    Vocabulary,
    prepare_pairs,
    prepare_texts,
    read_binarised,
    units,
    write_binarised,
)

SYMBOLS = st.text(min_size=1, max_size=4).filter(lambda text: text.split() == [text])
WRITABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
QUICK = settings(max_examples=50, deadline=None)  # each example writes to the disk
NUMBERS = st.lists(st.lists(st.integers(0, 999), max_size=6), max_size=9)

# What fairseq-preprocess of fairseq-fixed 0.12.3.1 wrote for these five lines, with --only-source.
TEXT = ["a b c", "hello world a", "", "b b\t a", "<unk> ▁ é x"]
DICT = "a 3\nb 3\nc 1\nhello 1\nworld 1\nx 1\né 1\n▁ 1\n" + "".join(
    f"madeupword000{number} 0\n" for number in range(4)
)
BIN = "0400050006000200 0700080004000200 0200 0500050004000200 03000b000a0009000200"
IDX = (
    "4d4d49444944580000 0100000000000000 08 0500000000000000"
    "04000000 04000000 01000000 04000000 05000000"
    "0000000000000000 0800000000000000 1000000000000000 1200000000000000 1a00000000000000"
)


def test_the_bytes_are_those_of_fairseq(tmp_path: Path) -> None:
    prepared = prepare_texts({"train": [line.split() for line in TEXT]}, tmp_path)
    data = tmp_path / "data-bin"
    assert (data / "dict.txt").read_text("utf-8") == DICT
    assert (data / "train.bin").read_bytes().hex() == BIN.replace(" ", "")
    assert (data / "train.idx").read_bytes().hex() == IDX.replace(" ", "")
    size = prepared.sizes["train"]
    assert (size.sentences, size.tokens, size.longest, size.unknown) == (5, 18, 5, 0)


@QUICK
@given(st.dictionaries(SYMBOLS, st.integers(1, 9), max_size=12), st.integers(0, 5))
def test_dictionary_is_ordered_filled_up_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int], threshold: int
) -> None:
    dictionary = Dictionary.build(counts, threshold=threshold)
    assert len(dictionary) % 8 == 0
    kept = [symbol for symbol in dictionary.symbols if counts.get(symbol, 0) >= max(threshold, 1)]
    assert kept == sorted(kept, key=lambda symbol: (-counts[symbol], symbol))
    wanted = {symbol for symbol, seen in counts.items() if seen >= threshold}
    assert set(kept) == wanted - {"<s>", "<pad>", "</s>", "<unk>"}
    path = tmp_path_factory.mktemp("dictionary") / "dict.txt"
    dictionary.save(path)
    assert Dictionary.load(path) == dictionary
    assert dictionary.decode(dictionary.encode(kept)) == kept


def test_a_symbol_may_be_given_a_second_number(tmp_path: Path) -> None:
    """As `Dictionary.add_from_file` of fairseq reads the dictionary of Camembert."""
    path = tmp_path / "dict.txt"
    text = "<s> 0 #fairseq:overwrite\n<pad> -1 #fairseq:overwrite\nhaba 5\nna -2\nhaba +1"
    path.write_text(f"{text} #fairseq:overwrite\nya -0\n", "utf-8")
    found = Dictionary.load(path)
    assert found.symbols == ("<s>", "<pad>", "haba", "na", "haba", "ya")
    assert found.counts == (0, -1, 5, -2, 1, 0)
    assert len(found) == 10
    assert found.encode(["haba", "na", "<s>", "la"]) == [8, 7, 4, 3, 2]
    assert found.decode([6, 8, 7]) == ["haba", "haba", "na"]
    found.save(tmp_path / "again.txt")
    assert Dictionary.load(tmp_path / "again.txt") == found
    assert (tmp_path / "again.txt").read_text("utf-8").splitlines()[2:5] == [
        "haba 5",
        "na -2",
        "haba 1 #fairseq:overwrite",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("haba #fairseq:overwrite\n", "dict.txt:1: expected a symbol, a space and a count"),
        ("haba 1 #fairseq:other\n", "dict.txt:1: expected a symbol, a space and a count"),
        ("haba 1.5\n", "dict.txt:1: expected a symbol, a space and a count"),
        ("haba " + "9" * 5000, "dict.txt:1: expected a whole number"),
        ("<s> 1\n", "take the line out, or end it in #fairseq:overwrite"),
        ("haba 2\nna\n", r'dict.txt:2: expected a symbol, a space and a count, found "na"'),
        ("haba 2\nhaba 1\n", 'dict.txt:2: expected a symbol that was not there before, found "hab'),
        ("<unk> 2\n", 'dict.txt:1: expected a symbol that was not there before, found "<unk>"'),
    ],
)
def test_a_bad_dictionary_says_where(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        Dictionary.load(tmp_path / "dict.txt")


def test_a_dictionary_has_room_and_knows_its_numbers() -> None:
    assert Dictionary.build(Counter("aabbc"), size=6).symbols[:3] == ("a", "b", "madeupword0000")
    with pytest.raises(InputError, match=r"expected more than 4 symbols, .* found 4; raise it"):
        Dictionary.build({}, size=4)
    with pytest.raises(InputError, match="expected numbers of symbols from 0 to 7, found 8"):
        Dictionary.build({"a": 1}).decode([8])


@QUICK
@given(NUMBERS, st.sampled_from([1000, 65_499, 65_500, 100_000]))
def test_numbers_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[int]], vocabulary: int
) -> None:
    prefix = tmp_path_factory.mktemp("numbers") / "train.en-sw.sw"
    size = write_binarised(prefix, sentences, vocabulary)
    assert [array.tolist() for array in read_binarised(prefix)] == sentences
    assert (size.sentences, size.tokens) == (len(sentences), sum(map(len, sentences)))
    width = 2 if vocabulary < 65_500 else 4
    assert prefix.with_name("train.en-sw.sw.bin").stat().st_size == width * size.tokens


def test_damaged_numbers_are_refused(tmp_path: Path) -> None:
    prefix = tmp_path / "train"
    index, data = tmp_path / "train.idx", tmp_path / "train.bin"
    with pytest.raises(InputError, match=r"train: sentence 2: expected numbers from 0 to 9, found"):
        write_binarised(prefix, [[1], [4, 10]], 10)
    write_binarised(prefix, [[1, 2], [3]], 10)
    whole = index.read_bytes()
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"train.bin: expected 6 bytes, .* found 5; the two files"):
        list(read_binarised(prefix))
    for content, message in [
        (whole[:-1], r"train.idx: expected 50 bytes for 2 sentences, found 49"),
        (b"TNTIDX\x00\x00" + whole, r"expected fairseq's mmap format, found b'TNTIDX"),
        (whole[:17] + b"\x07" + whole[18:], "found version 1 and kind 7"),
    ]:
        index.write_bytes(content)
        with pytest.raises(InputError, match=message):
            list(read_binarised(prefix))


@QUICK
@given(WRITABLE)
def test_characters_bring_every_text_back(text: str) -> None:
    tokens = units("characters").split(text)
    assert "".join(tokens) == "".join("".join(tokens).split())  # no white space in a symbol
    assert " ".join(tokens).split() == tokens
    assert units("characters").join(tokens) == text


def test_pieces_of_a_sentencepiece_model(tmp_path: Path) -> None:
    sentencepiece = pytest.importorskip("sentencepiece", reason='needs pip install -e ".[cpu]"')
    text = "haba na haba hujaza kibaba\n"
    (tmp_path / "text").write_text(text * 9, "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "text"),
        model_prefix=str(tmp_path / "sentencepiece"),
        vocab_size=280,
        byte_fallback=True,
        hard_vocab_limit=False,
        minloglevel=3,
    )
    for name in (tmp_path, tmp_path / "sentencepiece.model"):
        way = units(str(name))
        tokens = way.split("kibaba\u00a0  字")
        assert tokens[0].startswith("▁")
        assert "<0xE5>" in tokens
        assert way.join(tokens) == "kibaba 字"
    shutil.copy(tmp_path / "text", tmp_path / "no.model")
    with pytest.raises(InputError, match=r"no.model: expected a SentencePiece model, found someth"):
        units(str(tmp_path / "no.model"))
    with pytest.raises(InputError, match="units: expected words, characters or a SentencePie"):
        units("letters")


def test_a_reused_dictionary_keeps_its_numbers(tmp_path: Path) -> None:
    pairs = [(["a", "b"], ["x"]), (["a"], ["y", "y"])]
    prepare_pairs({"train": pairs}, tmp_path / "one", ("en", "sw"))
    again = Vocabulary(reuse=tmp_path / "one" / "data-bin")
    two = prepare_pairs({"test": [(["b", "new"], ["x"])]}, tmp_path / "two", ("en", "sw"), again)
    [numbers] = read_binarised(tmp_path / "two" / "data-bin" / "test.en-sw.en")
    assert np.array_equal(numbers, [5, 3, 2])
    assert two.sizes["test.en-sw.en"].unknown == 1


def test_what_cannot_be_prepared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train: expected sentences, found no symbol"):
        prepare_texts({"train": [[], []]}, tmp_path)
    with pytest.raises(InputError, match="expected training text to make a dictionary from"):
        prepare_texts({"valid": [["a"]]}, tmp_path)
    for languages in [("en", "en"), ("en", "sw-KE"), ("en", "")]:
        with pytest.raises(InputError, match="expected two different languages of letters"):
            prepare_pairs({"train": [(["a"], ["b"])]}, tmp_path, languages)


def test_lengths_and_places_below_nothing_are_damage(tmp_path: Path) -> None:
    """The header takes 26 bytes: then a length of 4 bytes and a place of 8 for each sentence."""
    prefix, index = tmp_path / "train", tmp_path / "train.idx"
    write_binarised(prefix, [[1, 2], [3]], 10)
    whole = index.read_bytes()
    negative = (-1).to_bytes(8, "little", signed=True)
    for start, size in [(26, 4), (34, 8)]:
        index.write_bytes(whole[:start] + negative[:size] + whole[start + size :])
        with pytest.raises(InputError, match=r"train\.idx: expected lengths and places from 0"):
            list(read_binarised(prefix))


def test_words_and_symbols_of_a_dictionary(tmp_path: Path) -> None:
    assert units("words").join(["haba", "na", "haba"]) == "haba na haba"
    dictionary = Dictionary.build({"haba": 2})
    assert "haba" in dictionary
    assert "hujaza" not in dictionary
