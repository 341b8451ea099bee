"""The layers of the transducer against the formulas of their papers, written out once more."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from morph.model import (
    NOTHING,
    CrossAttention,
    DecoderLayer,
    Dropout,
    EncoderLayer,
    FeedForward,
    InflectionModel,
    Seen,
    SelfAttention,
    attend,
    causal_mask,
    linear,
    norm,
    padding_mask,
    rotate,
    rotation,
)
from morph.recipe import Architecture

CPU = torch.device("cpu")
SIZE = Architecture(units=20, names=6, width=16, heads=2, inner=24, dropout=0.0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(3)


def test_attention_is_that_of_torch() -> None:
    queries, keys, values = (torch.randn(2, 3, n, 8) for n in (4, 5, 5))
    mask = torch.randn(4, 5)
    for given in (None, mask):
        expected = functional.scaled_dot_product_attention(queries, keys, values, given)
        expected = expected.transpose(1, 2).reshape(2, 4, 24)
        assert torch.allclose(attend(queries, keys, values, given), expected, atol=1e-6)


def test_rotation_turns_pairs_as_complex_numbers() -> None:
    """Su et al. 2021: the pair k of position t turns by t * base ** (-2k / width), base 100."""
    x = torch.randn(1, 1, 3, 8)
    cosine, sine = rotation(2, 3, 8, CPU)
    assert cosine.shape == sine.shape == (3, 4)
    for place in range(3):
        for pair in range(4):
            angle = (2 + place) * 100.0 ** (-2 * pair / 8)
            expected = complex(x[0, 0, place, pair], x[0, 0, place, pair + 4]) * complex(
                math.cos(angle), math.sin(angle)
            )
            turned = rotate(x, (cosine, sine))[0, 0, place]
            assert complex(turned[pair], turned[pair + 4]) == pytest.approx(expected, abs=1e-5)


def test_what_comes_later_is_not_seen() -> None:
    assert causal_mask(0, 3, CPU).tolist() == [
        [0, NOTHING, NOTHING],
        [0, 0, NOTHING],
        [0, 0, 0],
    ]
    assert causal_mask(2, 2, CPU).tolist() == [[0, 0, 0, NOTHING], [0, 0, 0, 0]]


def test_padding_is_not_seen() -> None:
    mask = padding_mask(torch.tensor([[True, False]]))
    assert mask.shape == (1, 1, 1, 2)
    assert mask.flatten().tolist() == [0, NOTHING]


def test_dropout_silences_a_part_of_the_width_along_the_word() -> None:
    """Gal and Ghahramani 2016: one draw a word; what stays is scaled so that the mean stays."""
    layer = Dropout(0.25).train()
    x = torch.ones(50, 3, 40)
    found = layer(x)
    assert torch.equal(found, found[:, :1].expand(50, 3, 40))
    assert sorted(set(found.flatten().tolist())) == [0.0, pytest.approx(4 / 3)]
    assert float((found == 0).float().mean()) == pytest.approx(0.25, abs=0.04)
    assert not torch.equal(found[0], found[1]), "each word has a draw of its own"
    assert layer.eval()(x) is x
    assert Dropout(0.0).train()(x) is x


def test_feed_forward_squares_the_relu() -> None:
    layer = FeedForward(SIZE)
    x = torch.randn(1, 2, 16)
    inward, outward = layer.inward.weight, layer.outward.weight
    assert (inward.shape, outward.shape) == ((24, 16), (16, 24))
    expected = (x @ inward.T).clamp(min=0) ** 2 @ outward.T
    assert torch.allclose(layer(x), expected, atol=1e-6)


def heads(x: torch.Tensor) -> torch.Tensor:
    """(1, T, 16) to (1, 2, T, 8): the first head has the first half of the width."""
    return torch.stack([x[..., :8], x[..., 8:]], 1)


def test_self_attention_by_hand() -> None:
    layer, x, turn = SelfAttention(SIZE), torch.randn(1, 3, 16), rotation(0, 3, 8, CPU)
    mask = causal_mask(0, 3, CPU)
    queries, keys, values = (heads(part) for part in (x @ layer.inward.weight.T).chunk(3, -1))
    queries, keys = rotate(queries, turn), rotate(keys, turn)
    mixed = functional.scaled_dot_product_attention(queries, keys, values, mask)
    expected = torch.cat([mixed[:, 0], mixed[:, 1]], -1) @ layer.outward.weight.T
    found, past = layer(x, mask, turn, None)
    assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(past.keys, keys)
    assert torch.allclose(past.values, values)


def test_cross_attention_by_hand() -> None:
    layer, x, seen = CrossAttention(SIZE), torch.randn(1, 2, 16), torch.randn(1, 4, 16)
    here, there = rotation(0, 2, 8, CPU), rotation(0, 4, 8, CPU)
    mask = padding_mask(torch.tensor([[True, True, True, False]]))
    keys, values = (heads(part) for part in (seen @ layer.inward.weight.T).chunk(2, -1))
    queries = rotate(heads(x @ layer.query.weight.T), here)
    mixed = functional.scaled_dot_product_attention(queries, rotate(keys, there), values, mask)
    expected = torch.cat([mixed[:, 0], mixed[:, 1]], -1) @ layer.outward.weight.T
    found = layer(x, Seen(*layer.remember(seen, there), mask, None), here)
    assert torch.allclose(found, expected, atol=1e-6)


def test_layers_add_to_the_residual_stream_after_their_norms() -> None:
    x, turn = torch.randn(1, 3, 16), rotation(0, 3, 8, CPU)
    mask = padding_mask(torch.ones(1, 3, dtype=torch.bool))
    layer = EncoderLayer(SIZE)
    inner = x + layer.attention(layer.norms[0](x), mask, turn, None)[0]
    expected = inner + layer.feed(layer.norms[1](inner))
    assert torch.allclose(layer(x, mask, turn), expected, atol=1e-6)
    writer = DecoderLayer(SIZE)
    seen = Seen(*writer.remember(torch.randn(1, 3, 16), turn), mask, None)
    causal = causal_mask(0, 3, CPU)
    inner = x + writer.attention(writer.norms[0](x), causal, turn, None)[0]
    inner = inner + writer.look_back(writer.norms[1](inner), seen, turn)
    expected = inner + writer.feed(writer.norms[2](inner))
    found, past = writer(x, seen, turn, causal, None)
    assert torch.allclose(found, expected, atol=1e-6)
    assert past.keys.shape == (1, 2, 3, 8)


def test_norms_and_first_weights() -> None:
    x = torch.tensor([[3.0, 4.0]])  # root of the mean square: sqrt(12.5)
    assert norm(2)(x).flatten().tolist() == pytest.approx([0.848528, 1.131371], abs=1e-5)
    tiny = norm(1)(torch.tensor([[1e-3]]))  # 1e-3 / sqrt(1e-6 + 1e-5)
    assert tiny.item() == pytest.approx(0.30151, abs=1e-4)
    layer = linear(400, 300, 0.5)
    assert layer.bias is None
    assert layer.weight.shape == (300, 400)
    assert float(layer.weight.std()) == pytest.approx(0.5 / 20, rel=0.02)
    assert float(linear(400, 300).weight.std()) == pytest.approx(1 / 20, rel=0.02)
    for made in (SelfAttention(SIZE), CrossAttention(SIZE)):
        assert float(made.outward.weight.std()) == pytest.approx(0.3 / 4, rel=0.2)
    assert float(FeedForward(SIZE).outward.weight.std()) == pytest.approx(0.3 / 24**0.5, rel=0.2)


def test_what_was_read_and_what_is_written_is_normalised_at_the_end() -> None:
    """As layers that normalise what they read leave their sum as it grew (Xiong et al. 2020)."""
    model, seen = InflectionModel(SIZE).eval(), dict[str, torch.Tensor]()
    for name in ("lemma_norm", "form_norm"):
        layer = getattr(model, name)
        layer.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out}))
    memory = model.encode(torch.tensor([[5, 6, 7]]), torch.tensor([[1, 4]]))
    written, _ = model.decode(torch.tensor([[1, 5]]), memory)
    assert torch.equal(memory.pointer, model.pointer_key(seen["lemma_norm"]))
    assert torch.equal(written, seen["form_norm"])
