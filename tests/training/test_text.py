"""Streams of text: everything once an epoch, the shares asked for, resumed to the token."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from data.errors import InputError, UnavailableError
from training import documents as documents_module
from training.documents import Packed, Position, Sentences, shuffled_position
from training.objectives import Mix, Special, parse_mix
from training.text import Encoded, Item, TextBatches, by_length, encode_texts, evaluation_batches


def byte_tokenizer() -> Any:
    """A token a byte, and <pad>, </s>, <mask>."""
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({piece: n for n, piece in enumerate(pieces)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    special = {"pad_token": "<pad>", "eos_token": "</s>", "mask_token": "<mask>"}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


TOKENIZER = byte_tokenizer()
SPECIAL = Special.of(TOKENIZER)
EOS = SPECIAL.eos or 0
LINES = ["maji " * (1 + n % 9) + str(n) for n in range(200)]


def corpus(lines: list[str] = LINES, name: str = "a", weight: float = 1.0) -> Encoded:
    return encode_texts(lines, TOKENIZER, None, name=name, weight=weight, key={"lines": lines})


def decoder(length: int = 64, packed: bool = False) -> Mix:
    return parse_mix("clm", SPECIAL, "decoder", length, packed=packed)


def texts(batches: Iterator[dict[str, torch.Tensor]], count: int) -> list[str]:
    """The texts of the next batches, padding left out."""
    found = []
    for batch in islice(batches, count):
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
            found.append(TOKENIZER.decode(ids[mask > 0]))
    return found


@given(size=st.integers(1, 3000), key=st.integers(0, 2**64 - 1))
@settings(max_examples=30, deadline=None)
def test_places_are_permuted(size: int, key: int) -> None:
    assert sorted(shuffled_position(n, size, key) for n in range(size)) == list(range(size))


@given(
    lines=st.lists(st.text("ab", min_size=1, max_size=40), min_size=1, max_size=12),
    size=st.integers(1, 15),
    packed=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_an_epoch_holds_every_token_once(lines: list[str], size: int, packed: bool) -> None:
    made = corpus(lines)
    cut = Packed(made, size, 1, EOS) if packed else Sentences(made, size, 1)
    position, seen = Position(), Counter[int]()
    expected = Counter(made.ids.tolist()) + Counter({EOS: len(lines) * packed})
    while position.epoch == 0:
        ids = cut.ids(position)
        length, after = cut.step(position)
        assert length == len(ids) <= size
        assert length == size or not packed
        if after.epoch == 0 or not packed:
            seen += Counter(ids.tolist())
        position = after
    if packed:
        assert not seen - expected, "a token came twice"
    else:
        assert seen == expected


def test_packed_blocks_join_up() -> None:
    made = corpus(["maji", "moto", "mlima"])
    cut, position, ids = Packed(made, 4, 1, EOS), Position(), []
    for _ in range(8):  # two epochs of 13 + 3 tokens
        ids += cut.ids(position).tolist()
        position = cut.step(position)[1]
    pieces = TOKENIZER.decode(ids).split("</s>")
    assert sorted(pieces[:3]) == sorted(pieces[3:6]) == ["maji", "mlima", "moto"]
    assert position == Position(2, 0, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_no_batch_is_too_large_and_nothing_is_lost(packed: bool) -> None:
    batches = TextBatches([corpus()], decoder(packed=packed), tokens=256, packed=packed)
    seen: Counter[str] = Counter()
    for batch in islice(batches, 40):
        assert batch["input_ids"].numel() <= 256
        assert batch["labels"].shape == batch["input_ids"].shape
        seen.update(texts(iter([batch]), 1))
    if not packed:
        assert {f"{line}</s>" for line in LINES} <= set(seen)
    again = TextBatches([corpus()], decoder(packed=packed), tokens=256, packed=packed)
    assert sum(map(len, texts(iter(again), 40))) == sum(map(len, seen.elements()))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("stop", [0, 1, 7, 30])
def test_a_stream_goes_on_where_it_stood(packed: bool, stop: int) -> None:
    def stream() -> TextBatches:
        two = [corpus(), corpus(LINES[:20], "b", weight=2.0)]
        options = {"tokens": 256, "packed": packed, "temperature": 2.0, "seed": 3}
        return TextBatches(two, decoder(packed=packed), **options)

    whole = texts(iter(stream()), 60)
    first = stream()
    begun = texts(iter(first), stop)
    state = json.loads(json.dumps(first.state_dict()))
    second = stream()
    second.load_state_dict(state)
    assert begun + texts(iter(second), 60 - stop) == whole


def test_processes_divide_a_stream() -> None:
    def stream() -> TextBatches:
        return TextBatches([corpus()], decoder(), tokens=256)

    whole = [texts(iter([batch]), 1) for batch in islice(stream(), 90)]
    parts = [stream().shard(rank, 3) for rank in range(3)]
    begun = [[texts(iter([batch]), 1) for batch in islice(part, 10)] for part in parts]
    for rank, part in enumerate(begun):
        assert part == whole[rank:30:3]
    resumed = stream().shard(2, 3)
    resumed.load_state_dict(parts[0].state_dict())
    assert [texts(iter([batch]), 1) for batch in islice(resumed, 20)] == whole[32::3]


@pytest.mark.parametrize(
    ("temperature", "weight", "share"), [(1.0, 1.0, 0.1), (2.0, 1.0, 0.25), (1.0, 3.0, 0.25)]
)
def test_corpora_get_their_shares(temperature: float, weight: float, share: float) -> None:
    large, small = corpus(["a" * 20] * 450, "large"), corpus(["b" * 20] * 50, "small", weight)
    stream = TextBatches([large, small], decoder(), tokens=256, temperature=temperature)
    assert stream.shares["small"] == pytest.approx(share)
    first = torch.cat([batch["input_ids"][:, 0] for batch in islice(stream, 160)])
    [b] = TOKENIZER("b").input_ids
    assert float((first == b).float().mean()) == pytest.approx(share, abs=0.01)


def test_held_out_batches_are_always_the_same() -> None:
    mix = parse_mix("mlm", SPECIAL, "encoder", 64)
    one, two = (evaluation_batches([corpus()], mix, tokens=512, seed=5) for _ in range(2))
    assert sum(len(batch["input_ids"]) for batch in one) == 200
    assert all(torch.equal(a["labels"], b["labels"]) for a, b in zip(one, two, strict=True))
    [few] = evaluation_batches([corpus()], mix, tokens=512, limit=3)
    assert len(few["input_ids"]) == 3


def test_text_is_tokenised_once(tmp_path: Path) -> None:
    read = []

    def lines() -> Iterator[str]:
        for line in ["maji", "", "<mask> ŋ"]:
            read.append(line)
            yield line

    for _ in range(2):
        made = encode_texts(lines(), TOKENIZER, tmp_path, name="a", key={"sha256": "1"})
    assert len(read) == 3
    assert (made.documents, made.empty, made.bytes, made.characters) == (2, 1, 13, 12)
    assert made.tokens == 13  # "<mask>" in a corpus is six letters
    assert TOKENIZER.decode(made.document(1)) == "<mask> ŋ"
    other = encode_texts(["moto"], TOKENIZER, tmp_path, name="a", key={"sha256": "2"})
    assert other.documents == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_reader_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "maji"
        raise InputError("swa.txt:2: expected UTF-8")

    with pytest.raises(InputError, match=r"swa\.txt:2"):
        encode_texts(lines(), TOKENIZER, tmp_path, name="a", key={})
    assert list(tmp_path.iterdir()) == []


def test_streams_that_cannot_be() -> None:
    with pytest.raises(InputError, match=r"a: expected text, found no document with a token"):
        corpus(["", ""])
    with pytest.raises(InputError, match="a: a weight of 0; expected a number above 0"):
        corpus(weight=0)
    with pytest.raises(InputError, match="corpora a, a: expected one or more of different names"):
        TextBatches([corpus(), corpus()], decoder(), tokens=256)
    with pytest.raises(InputError, match="60 tokens a batch: one document of full length takes 64"):
        TextBatches([corpus()], decoder(), tokens=60)
    with pytest.raises(InputError, match=r"temperature 0\.5: expected 1"):
        TextBatches([corpus()], decoder(), tokens=256, temperature=0.5)


def test_a_place_in_another_stream() -> None:
    state = TextBatches([corpus()], decoder(), tokens=256, seed=1).state_dict()
    with pytest.raises(InputError, match="a position in another stream of text"):
        TextBatches([corpus()], decoder(), tokens=256, seed=2).load_state_dict(state)


def test_packed_text_needs_an_end() -> None:
    """Without one, documents could not be told apart."""
    special = Special(size=260, mask=258)
    mix = parse_mix("clm", special, "decoder", 64, packed=True)
    with pytest.raises(InputError, match="packed text needs an end-of-text token, and this"):
        TextBatches([corpus()], mix, tokens=256, packed=True)
    TextBatches([corpus()], mix, tokens=256)


def test_of_two_processes_that_make_ids_one_is_kept(tmp_path: Path) -> None:
    """The other's are the same; a folder of something else in the way is a failure."""
    made, place = tmp_path / "made", tmp_path / "place"
    for folder in (made, place):
        folder.mkdir()
        (folder / "ids.bin").write_bytes(b"")
    with pytest.raises(OSError, match="not empty"):
        documents_module._settle(made, place)
    (place / "corpus.json").write_text("{}")
    documents_module._settle(made, place)
    assert (place / "corpus.json").exists()


def test_a_disk_that_fills_up_while_ids_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(number: int) -> None:
        def write(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(documents_module, "_write", write)
        encode_texts(["maji"], TOKENIZER, tmp_path, name="a", key={})

    with pytest.raises(UnavailableError, match="no space left on the disk"):
        fails(errno.ENOSPC)
    with pytest.raises(PermissionError):
        fails(errno.EACCES)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_is_described_by_what_decides_its_batches() -> None:
    stream = TextBatches([corpus(weight=2.0)], decoder(), tokens=256, temperature=2, seed=9)
    told = stream.describe()
    assert told.pop("corpora") == [
        {
            "name": "a",
            "weight": 2.0,
            "share": 1.0,
            "documents": 200,
            "tokens": corpus().tokens,
            "sha256": corpus().sha256,
        }
    ]
    assert told == {
        "objectives": {"clm": 1.0},
        "length": 64,
        "tokens_a_batch": 256,
        "packed": False,
        "temperature": 2,
        "seed": 9,
    }


def test_batches_are_filled_by_length_and_come_in_another_order() -> None:
    """The cost of a document of eight is its own length: four fill 32 tokens, and none is over."""
    mix = decoder()
    items = [Item(0, Position(0, n), length) for n, length in enumerate([8, 3, 8, 8, 5, 8, 8, 2])]
    batches = list(by_length(items, mix, 4 * mix.cost(8)))
    assert [[item.length for item in batch] for batch in batches] == [[8, 8, 8, 8], [8, 5, 3, 2]]
    assert [item.position.number for item in batches[0]] == [0, 2, 3, 5]
    assert list(by_length([], mix, 99)) == []
    widths = [b["input_ids"].shape[1] for b in islice(TextBatches([corpus()], mix, tokens=256), 20)]
    assert widths != sorted(widths, reverse=True)
    other = TextBatches([corpus()], mix, tokens=256, seed=5)
    assert widths != [b["input_ids"].shape[1] for b in islice(other, 20)]
    TextBatches([corpus()], mix, tokens=mix.cost(mix.longest))


def test_places_of_no_stream() -> None:
    with pytest.raises(InputError, match=r"corpora \(none\): expected one or more of different"):
        TextBatches([], decoder(), tokens=256)


class Sized:
    """A tokenizer that says it has more pieces than it has."""

    def __init__(self, size: int) -> None:
        self._size, self.backend_tokenizer = size, TOKENIZER.backend_tokenizer

    def __len__(self) -> int:
        return self._size


@pytest.mark.parametrize(("size", "width"), [(65_536, 2), (65_537, 4)])
def test_ids_take_as_many_bytes_as_they_need(
    size: int, width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = encode_texts(LINES, Sized(size), tmp_path, name="a", key={})
    assert made.ids.dtype.itemsize == width
    [folder] = tmp_path.iterdir()
    assert (folder / "ids.bin").stat().st_size == width * made.tokens
    assert [made.length(n) for n in (0, 199)] == [len(LINES[n]) for n in (0, 199)]
    monkeypatch.setattr(documents_module, "_CHUNK", 7)
    in_memory = encode_texts(iter(LINES), Sized(size), None, name="b", weight=3.0, key={})
    assert in_memory.sha256 == made.sha256
    assert (in_memory.name, in_memory.weight, in_memory.documents) == ("b", 3.0, 200)
    assert in_memory.ids.tolist() == made.ids.tolist()
    assert in_memory.characters == sum(map(len, LINES))
