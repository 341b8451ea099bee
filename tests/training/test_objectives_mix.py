"""Mixes of objectives: how they are asked for, what a tokenizer must have, that workers agree."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from data.errors import InputError
from data.languages import resolve
from data.load import load_parallel
from training.objectives import (
    Special,
    check_names,
    collate,
    ensure_special,
    generator,
    parse_mix,
    parse_weights,
)
from training.tokenizer import framed, train_tokenizer

SPECIAL = Special(
    size=200, bos=1, eos=2, mask=3, clm=4, sentinels=tuple(range(5, 20)), start=(1,), end=(2,)
)
BARE = Special(size=200)


@pytest.mark.parametrize(
    ("text", "architecture", "message"),
    [
        ("mlm", "transformer", 'architecture "transformer": expected one of encoder, decoder'),
        ("mml", "encoder", r'objective "mml": expected .*: mlm, none \(did you mean mlm\?\)$'),
        ("mlm", "decoder", r'objective "mlm": expected .*: clm, none \(did you mean clm\?\)$'),
        ("drop:x", "encoder-decoder", 'objective "drop:x": expected NAME:WEIGHT'),
        ("drop:0", "encoder-decoder", 'objective "drop:0": .* a weight above 0'),
        ("drop:inf", "encoder-decoder", 'objective "drop:inf": expected NAME:WEIGHT'),
        ("drop:-1,clm", "encoder-decoder", 'objective "drop:-1": expected NAME:WEIGHT'),
        ("alexatm,clm", "encoder-decoder", 'objective "clm" stands twice'),
        ("", "decoder", 'objective "": expected for a decoder: clm'),
    ],
)
def test_mixes_that_cannot_be(text: str, architecture: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_weights(text, architecture)


@pytest.mark.parametrize(
    ("name", "architecture", "message"),
    [
        ("mlm", "encoder", "mlm: expected a tokenizer with a mask token, found none"),
        ("spans", "encoder-decoder", "with <extra_id_0>, <extra_id_1> ..., found 0"),
        ("clm", "encoder-decoder", r"clm: expected a tokenizer with the token \[CLM\], found none"),
        ("bart", "encoder-decoder", "bart: expected a tokenizer with a mask token"),
        ("drop", "encoder-decoder", "expected a tokenizer with an end-of-text token, found none"),
    ],
)
def test_tokens_that_are_lacking(name: str, architecture: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_mix(name, BARE, architecture)


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="options for bart, which the objective mlm does not"):
        parse_mix("mlm", SPECIAL, "encoder", options={"bart": {}})
    with pytest.raises(InputError, match=r"objective mlm: .*unexpected keyword argument 'rat'"):
        parse_mix("mlm", SPECIAL, "encoder", options={"mlm": {"rat": 0.3}})
    with pytest.raises(
        InputError, match=r"mlm: a rate of 1\.5; expected more than 0 and at most 1"
    ):
        parse_mix("mlm", SPECIAL, "encoder", options={"mlm": {"rate": 1.5}})
    with pytest.raises(InputError, match="a length of 2 leaves no room"):
        parse_mix("mlm", SPECIAL, "encoder", length=2)


def test_the_mix_of_alexatm() -> None:
    mix = parse_mix("AlexaTM", SPECIAL, "encoder-decoder", length=64)
    ids = np.arange(50, 110)
    kinds = [4 in mix(ids, generator(1, str(n))).input for n in range(3000)]
    assert 0.17 < np.mean(kinds) < 0.23


def test_documents_fill_the_length_and_no_more() -> None:
    assert parse_mix("mlm", SPECIAL, "encoder", length=64).longest == 62
    assert parse_mix("clm", SPECIAL, "decoder", length=64).longest == 62
    assert parse_mix("clm", SPECIAL, "decoder", length=64, packed=True).longest == 64
    assert parse_mix("drop", SPECIAL, "encoder-decoder", length=64).longest == 62
    mix = parse_mix("spans", SPECIAL, "encoder-decoder", length=64)
    example = mix(np.full(mix.longest, 60), generator(1))
    assert mix.longest == 69  # 10 of 69 are taken out in 3 spans: 59 + 3 + 2 = 64
    assert len(example.input) == 64
    with pytest.raises(InputError, match="a document of 70 tokens; expected 1 to 69"):
        mix(np.full(70, 60), generator(1))


def _example(number: int) -> tuple[bytes, bytes]:
    mix = parse_mix("alexatm", SPECIAL, "encoder-decoder", length=64)
    example = mix(np.arange(50, 60 + number % 50), generator(7, "corpus", str(number)))
    return example.input.tobytes(), example.labels.tobytes()


def test_one_worker_or_four_make_the_same() -> None:
    alone = [_example(number) for number in range(200)]
    with ProcessPoolExecutor(4, get_context("fork")) as workers:
        assert list(workers.map(_example, range(200), chunksize=7)) == alone


def test_a_tokenizer_gets_what_it_lacks() -> None:
    pairs = load_parallel("sample", resolve("en"), resolve("sw")).pairs
    tokenizer = train_tokenizer([pair.target for pair in pairs], 500).tokenizer
    assert ensure_special(tokenizer, "alexatm,bart", "encoder-decoder") == 0
    assert ensure_special(tokenizer, "spans", "encoder-decoder") == 100
    assert ensure_special(tokenizer, "spans", "encoder-decoder") == 0
    special = Special.of(framed(tokenizer, "encoder-decoder"))
    assert special.sentinels == tuple(range(500, 600))
    assert (special.pad, special.mask, special.clm, special.start, special.end) == (
        0,
        4,
        5,
        (),
        (3,),
    )
    assert not special.is_special[special.ordinary].any()
    ids = np.array(tokenizer("Maji ni uhai. Moto huchoma.", add_special_tokens=False).input_ids)
    assert special.ends_sentence[ids].sum() == 2
    example = parse_mix("spans", special, "encoder-decoder", 64)(ids, generator(1))
    batch = collate([example, example], special.pad)
    assert batch["input_ids"].shape == (2, len(example.input))
    assert batch["labels"].tolist()[0] == example.labels.tolist()


def test_shares_that_cannot_be_and_tokens_that_are_all_special() -> None:
    with pytest.raises(InputError, match=r"clm: a prefix of 0\.9 to 0\.1 of a document; expected"):
        parse_mix("clm", SPECIAL, "encoder-decoder", options={"clm": {"least": 0.9, "most": 0.1}})
    with pytest.raises(InputError, match=r"bart: a share of 1\.5; expected 0 to 1"):
        parse_mix("bart", SPECIAL, "encoder-decoder", options={"bart": {"infill": 1.5}})
    masked = parse_mix("mlm", SPECIAL, "encoder", options={"mlm": {"whole_words": True}})
    special = masked(np.array([1, 3, 2]), generator(1, "x"))
    assert (special.labels == -100).all()
    one = masked(np.array([50, 51, 52]), generator(1, "x"))
    assert (one.labels != -100).sum() == 1, "without spellings each id is a word"


def test_names_of_mixes_are_looked_at_before_anything_is_opened() -> None:
    check_names("clm, DROP:2,spans:0.5")
    for text, message in [
        ("clm,dorp:2", 'objective "dorp": expected one of .*did you mean drop'),
        ("clm,drop:0", 'objective "drop:0": expected NAME:WEIGHT'),
        ("drop:x", 'objective "drop:x": expected NAME:WEIGHT'),
    ]:
        with pytest.raises(InputError, match=message):
            check_names(text)


def test_what_a_document_costs_in_a_batch() -> None:
    """Ten tokens between a start and an end; an encoder-decoder reads and writes."""
    assert parse_mix("mlm", SPECIAL, "encoder").cost(10) == 12
    assert parse_mix("clm", SPECIAL, "decoder").cost(10) == 12
    assert parse_mix("drop", SPECIAL, "encoder-decoder").cost(10) == 12 + 11
    spans = parse_mix("spans", SPECIAL, "encoder-decoder")
    assert spans.cost(10) == (10 - 2 + 1 + 2) + (2 + 1 + 2)  # two tokens out, in one span
    both = parse_mix("spans,drop", SPECIAL, "encoder-decoder")
    assert both.cost(10) == 12 + 11, "the most of each side"


@pytest.mark.parametrize(
    ("objectives", "architecture", "added"),
    [
        ("mlm", "encoder", 1),
        ("clm", "decoder", 0),
        ("clm", "encoder-decoder", 3),  # padding, an end, [CLM]
        ("bart", "encoder-decoder", 3),
        ("drop,deshuffle", "encoder-decoder", 2),
        ("spans", "encoder-decoder", 102),
    ],
)
def test_tokens_that_a_bare_tokenizer_gets(objectives: str, architecture: str, added: int) -> None:
    words = Tokenizer(WordLevel({"a": 0, "[UNK]": 1}, "[UNK]"))
    bare = PreTrainedTokenizerFast(tokenizer_object=words)
    assert ensure_special(bare, objectives, architecture) == added
    assert len(bare) == 2 + added


@pytest.mark.parametrize("rate", [0.0, 0.51])
def test_more_than_half_of_a_document_in_spans_cannot_be(rate: float) -> None:
    with pytest.raises(
        InputError, match=f"spans: a rate of {rate}; expected more than 0 and at most 0.5"
    ):
        parse_mix("spans", SPECIAL, "encoder-decoder", options={"spans": {"rate": rate}})
