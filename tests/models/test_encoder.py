"""Sentences as vectors: pooling, layers, batches, prefixes, and what cannot be asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from data.errors import InputError
from models.e5 import unpack_e5
from models.encoder import open_encoder
from tests.models.test_e5 import LAYERS, POSITIONS, WIDTH, packed

TEXTS = ["a", "ab ab ŋ", "b", "a b a b a b", "ŋ a"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.bin").write_bytes(packed())
    out = tmp_path / "small"
    out.mkdir()
    unpack_e5(tmp_path / "small.bin", out)
    return out


def test_a_vector_does_not_depend_on_what_stands_beside_it(folder: Path) -> None:
    encoder = open_encoder(str(folder), dtype="float32")
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    encoder.batch_tokens = 12
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together - encoder.encode(TEXTS)).max() < 1e-5
    assert np.linalg.norm(together, axis=1) == pytest.approx(1)
    assert together.dtype == np.float32


def test_pooling_is_the_mean_the_first_or_the_inner_pieces(folder: Path) -> None:
    import torch

    encoder = open_encoder(str(folder), prefix="", dtype="float32")
    [ids] = encoder.pieces(["ab ŋ"])
    with torch.inference_mode():
        states = encoder._model(torch.tensor([ids])).last_hidden_state[0].numpy()
    for pooling, expected in (
        ("mean", states.mean(axis=0)),
        ("first", states[0]),
        ("inner", states[1:-1].mean(axis=0)),
    ):
        found = encoder.layers(["ab ŋ", "a"], [LAYERS], pooling=pooling)[0, 0]
        assert found == pytest.approx(expected, abs=1e-5), pooling


def test_layers_come_in_the_order_they_are_asked_for(folder: Path) -> None:
    encoder = open_encoder(str(folder), dtype="float32")
    every = encoder.layers(TEXTS, range(LAYERS + 1))
    assert every.shape == (LAYERS + 1, len(TEXTS), WIDTH)
    assert np.array_equal(encoder.layers(TEXTS, [1, 0]), every[[1, 0]])
    assert np.abs(encoder.layers(TEXTS, [LAYERS])[0] - every[-1]).max() < 1e-6
    assert np.abs(every[0] - every[1]).max() > 0.01


def test_the_prefix_of_the_card_stands_before_each_text(folder: Path) -> None:
    assert open_encoder(str(folder)).prefix == "query: "
    assert open_encoder(str(folder), prefix="passage").prefix == "passage: "
    plain = open_encoder(str(folder), prefix="", dtype="float32")
    assert plain.pieces(["a"]) == [[0, 5, 2]]
    assert "|prefix:query:|" in open_encoder(str(folder)).signature
    (folder / "config_sentence_transformers.json").unlink()
    assert open_encoder(str(folder)).prefix == ""


def test_what_is_too_long_is_cut_and_counted(folder: Path) -> None:
    encoder = open_encoder(str(folder), prefix="")
    assert [len(ids) for ids in encoder.pieces(["a b " * 40, "a"])] == [POSITIONS, 3]
    assert encoder.cut == 1


def test_no_text_gives_no_vector_and_an_empty_one_gives_one(folder: Path) -> None:
    encoder = open_encoder(str(folder))
    assert encoder.encode([]).shape == (0, WIDTH)
    assert np.isfinite(encoder.encode(["", "a"])).all()
    assert np.isfinite(encoder.layers([""], [0], pooling="inner")).all()


def test_bfloat16_is_near_float32(folder: Path) -> None:
    exact = open_encoder(str(folder), dtype="float32").encode(TEXTS)
    rough = open_encoder(str(folder), dtype="bfloat16").encode(TEXTS)
    assert (exact * rough).sum(axis=1) == pytest.approx(1, abs=0.01)
    assert "dtype:bfloat16" in open_encoder(str(folder), dtype="bfloat16").signature


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda e: e.encode(["a"], layer=3), r"layer 3: small has 0 \(its embeddings\) to 2"),
        (lambda e: e.layers(["a"], [0, -1]), "layer -1"),
        (lambda e: e.encode(["a"], pooling="men"), r"expected one of .*did you mean mean"),
    ],
)
def test_what_does_not_exist_is_refused(folder: Path, ask, message: str) -> None:
    encoder = open_encoder(str(folder))
    with pytest.raises(InputError, match=message):
        ask(encoder)


def test_a_folder_that_is_not_whole_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r'--dtype "float61".*did you mean float16|expected one'):
        open_encoder(str(folder), dtype="float61")
    (folder / "tokenizer.json").rename(folder / "kept")
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(InputError, match="tokenizer"):
        open_encoder(str(folder))
    (folder / "kept").rename(folder / "tokenizer.json")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(InputError, match=r"random|not of one model"):
        open_encoder(str(folder))
