"""Private training: shortened, summed gradients are those of one unit after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from data.errors import InputError
from training.private.check import check, sample_to_try
from training.private.clip import Clip
from training.private.clipping import UNIT, Clipper, Loss

VOCABULARY, WIDTH = 40, 12


class LlamaRMSNorm(nn.Module):
    """As libraries of models write it, each again."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width))
        self.variance_epsilon = 1e-6

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


class LowRank(nn.Module):
    """A frozen matrix with an adapter beside it, as peft has them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.base = nn.Linear(width, width).requires_grad_(False)
        self.down, self.up = nn.Linear(width, 2, bias=False), nn.Linear(2, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.up(self.down(x))


class Turned(nn.Module):
    """GPT-2's layer, whose weight is (I, O)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        from transformers.pytorch_utils import Conv1D

        self.inner = Conv1D(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Convolved(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Conv1d(width, width, 3, padding=2, dilation=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.transpose(1, 2)).transpose(1, 2)


MIDDLES: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(WIDTH, WIDTH),
    "linear without bias": lambda: nn.Linear(WIDTH, WIDTH, bias=False),
    "layer norm": lambda: nn.LayerNorm(WIDTH),
    "layer norm without bias": lambda: nn.LayerNorm(WIDTH, bias=False),
    "rms norm": lambda: nn.RMSNorm(WIDTH),
    "a library's rms norm": lambda: LlamaRMSNorm(WIDTH),
    "turned": lambda: Turned(WIDTH),
    "convolution": lambda: Convolved(WIDTH),
    "low rank": lambda: LowRank(WIDTH),
    "in a row": lambda: nn.Sequential(nn.Linear(WIDTH, 20), nn.Tanh(), nn.Linear(20, WIDTH)),
}


class Network(nn.Module):
    """A decoder of one layer; the middle is called twice, positions are looked up once."""

    def __init__(self, middle: str, *, tied: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
        self.positions = nn.Embedding(30, WIDTH)
        self.middle = MIDDLES[middle]()
        self.head = nn.Linear(WIDTH, VOCABULARY)
        if tied:
            self.head.weight = self.table.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.table(ids) + self.positions(torch.arange(ids.shape[1]))
        x = x + self.middle(x)
        return self.head(x + self.middle(x.tanh()))


def loss(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    ids = batch["ids"]
    scores = model(ids[:, :-1])
    total = functional.cross_entropy(
        scores.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=0, reduction="sum"
    )
    return total, (ids[:, 1:] != 0).sum()


def one_by_one(model: nn.Module, loss: Loss, batch: dict[str, Tensor], clip: Clip):
    """What the clipper must find: a backward pass a unit."""
    weights = {n: w for n, w in model.named_parameters() if w.requires_grad}
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    units = batch[UNIT]
    for unit in units.unique():
        model.zero_grad()
        loss(model, {n: t[units == unit] for n, t in batch.items() if n != UNIT})[0].backward()
        squared: dict[str, Tensor] = {}
        for name, weight in weights.items():
            layer = name.rpartition(".")[0] if clip.by_layer else ""
            if weight.grad is not None:
                squared[layer] = squared.get(layer, torch.zeros(())) + weight.grad.square().sum()
            else:
                squared.setdefault(layer, torch.zeros(()))
        factors = clip.factors(torch.stack(list(squared.values()))[:, None])
        of_layer = dict(zip(squared, factors[:, 0], strict=True))
        for name, weight in weights.items():
            if weight.grad is not None:
                layer = name.rpartition(".")[0] if clip.by_layer else ""
                total[name] += of_layer[layer] * weight.grad
    model.zero_grad()
    return total


def summed(clipper: Clipper, *batches: dict[str, Tensor]) -> dict[str, Tensor]:
    for weight in clipper.weights.values():
        weight.grad = torch.zeros_like(weight)
    for batch in batches:
        clipper.add(batch)
    return {name: weight.grad for name, weight in clipper.weights.items()}


def far(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """How far gradients are from the expected ones, relative to their length."""
    assert found.keys() == expected.keys()
    off = torch.stack([(found[n] - expected[n]).norm() for n in found]).norm()
    return float(off / torch.stack([one.norm() for one in expected.values()]).norm())


def text(draw: torch.Generator, samples: int, length: int) -> Tensor:
    """Ids (B, T), rows of mixed lengths with padding behind."""
    ids = torch.randint(1, VOCABULARY, (samples, length), generator=draw)
    for row in ids:
        row[int(torch.randint(2, length + 1, (), generator=draw)) :] = 0
    return ids


CLIPS = ("auto", "0.3", "50", "layer:auto", "layer:0.3")


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    samples=st.integers(1, 7),
    length=st.sampled_from((2, 5, 11, 26)),
    units=st.integers(1, 7),
    tied=st.booleans(),
    clip=st.sampled_from(CLIPS),
)
@pytest.mark.parametrize("middle", MIDDLES)
def test_summed_as_one_by_one(
    middle: str, seed: int, samples: int, length: int, units: int, tied: bool, clip: str
) -> None:
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed)
    model = Network(middle, tied=tied)
    owners = torch.randint(0, min(units, samples), (samples,), generator=draw)
    owners = owners.unique(return_inverse=True)[1] if units <= 5 else torch.arange(samples)
    batch = {"ids": text(draw, samples, length), UNIT: owners}
    clipper = Clipper(model, loss, Clip.parse(clip))
    check(clipper, {"ids": text(draw, 3, 9), UNIT: torch.arange(3)})
    expected = one_by_one(model, loss, batch, clipper.clip)
    assert far(summed(clipper, batch), expected) < 1e-6


@pytest.mark.parametrize("clip", CLIPS)
def test_many_batches_add_up(clip: str) -> None:
    draw = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    model = Network("in a row", tied=True)
    parts = [
        {"ids": text(draw, 3, 9), UNIT: torch.tensor([0, 0, 1])},
        {"ids": text(draw, 2, 17), UNIT: torch.arange(2)},
    ]
    clipper = Clipper(model, loss, Clip.parse(clip))
    expected = [one_by_one(model, loss, part, clipper.clip) for part in parts]
    both = {name: expected[0][name] + expected[1][name] for name in expected[0]}
    assert far(summed(clipper, *parts), both) < 1e-6


@pytest.mark.parametrize("rows", [64, 256])
@pytest.mark.parametrize(("inward", "outward"), [(16, 8), (96, 200), (8, 300)])
def test_every_way_to_take_a_length(rows: int, inward: int, outward: int) -> None:
    """Ghost and made, by the layers' shapes."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(inward, outward), nn.Tanh(), nn.Linear(outward, 3)).double()
    seen = torch.randn(4, rows, inward, dtype=torch.float64)

    def squares(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        return model(batch["x"]).square().sum(), 1

    for owners in (torch.arange(4), torch.tensor([0, 1, 0, 0])):
        batch = {"x": seen, UNIT: owners}
        clipper = Clipper(model, squares, Clip(1.0))
        expected = one_by_one(model, squares, batch, clipper.clip)
        assert far(summed(clipper, batch), expected) < 1e-12


@pytest.mark.parametrize("name", ["encoder-nano", "bert-nano", "decoder-nano", "bart-nano"])
def test_models_of_transformers(name: str) -> None:
    """Tied heads that see chosen places alone, positions that are looked up once."""
    from training.architectures import SpecialIds, build, named
    from training.losses import loss_for

    model = build(name, SpecialIds(0, 1, 2), VOCABULARY, 1).eval()
    of = loss_for(named(name)[0].architecture)
    draw = torch.Generator().manual_seed(2)
    ids = text(draw, 4, 9)
    labels = torch.where(torch.rand(4, 9, generator=draw) < 0.4, ids, -100)
    labels[:, 1] = ids[:, 1]
    batch = {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": labels}
    for owners in (torch.arange(4), torch.tensor([0, 1, 1, 0])):
        clipper = Clipper(model, of, Clip.parse("auto"))
        check(clipper, {**batch, UNIT: torch.arange(4)})
        expected = one_by_one(model, of, {**batch, UNIT: owners}, clipper.clip)
        assert far(summed(clipper, {**batch, UNIT: owners}), expected) < 1e-6


def test_adapters_of_peft() -> None:
    pytest.importorskip("peft")
    from models.weights import with_low_rank_adapters
    from training.architectures import SpecialIds, build
    from training.losses import causal_loss

    model = with_low_rank_adapters(
        build("decoder-nano", SpecialIds(0, 1, 2), VOCABULARY, 1),
        r=2,
        lora_alpha=4,
        lora_dropout=0.0,
        target_modules="all-linear",
    )
    ids = text(torch.Generator().manual_seed(2), 5, 8)
    batch = {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": ids}
    clipper = Clipper(model, causal_loss, Clip.parse("auto"))
    assert all("lora" in name for name in clipper.weights)
    torch.nn.init.normal_(next(w for n, w in clipper.weights.items() if "lora_B" in n))
    expected = one_by_one(model, causal_loss, {**batch, UNIT: torch.arange(5)}, clipper.clip)
    assert far(summed(clipper, {**batch, UNIT: torch.arange(5)}), expected) < 1e-6


def test_positions_are_told_from_samples_where_both_are_as_many() -> None:
    """A table that is looked up once for all: which axis is which was learned before."""
    model = Network("linear", tied=False)
    draw = torch.Generator().manual_seed(5)
    clipper = Clipper(model, loss, Clip.parse("auto"))
    few = sample_to_try({"ids": text(draw, 9, 7), UNIT: torch.arange(9)})
    assert few is not None
    assert len(few["ids"]) == 5  # neither 7, the length, nor 6, that of a shifted text
    check(clipper, few)
    batch = {"ids": text(draw, 6, 7), UNIT: torch.arange(6)}
    assert far(summed(clipper, batch), one_by_one(model, loss, batch, clipper.clip)) < 1e-6


class Careless(nn.Module):
    """Uses its table's weight without a call of the table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        return functional.linear(self.table(ids), self.table.weight)


def mean_loss(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    total, count = loss(model, batch)
    return total / count, count


@pytest.mark.parametrize(
    ("model", "of", "told"),
    [
        (Careless(), loss, "table.weight: its gradient by sample is not its gradient"),
        (Network("linear", tied=False), mean_loss, "loss: expected the sum over samples"),
    ],
)
def test_what_cannot_be_private_shows_on_a_few_samples(
    model: nn.Module, of: Loss, told: str
) -> None:
    ids = text(torch.Generator().manual_seed(1), 4, 9)
    with pytest.raises(InputError, match=told):
        check(Clipper(model, of, Clip.parse("auto")), {"ids": ids, UNIT: torch.arange(4)})


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (nn.GRU(4, 4), r"1 \(GRU\): no private gradients"),
        (nn.BatchNorm1d(4), r"1 \(BatchNorm1d\): mixes the samples"),
        (nn.Embedding(4, 4, scale_grad_by_freq=True), r"1 \(Embedding\): scale_grad_by_freq"),
        (nn.Conv1d(4, 4, 3, groups=2), r"1 \(Conv1d\): groups"),
        (nn.MultiheadAttention(4, 2), r"1 \(MultiheadAttention\): no private"),
    ],
)
def test_layers_that_are_refused_by_name(layer: nn.Module, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Clipper(nn.Sequential(nn.Linear(4, 4), layer), loss, Clip.parse("auto"))


def test_a_norm_of_another_making_is_refused() -> None:
    class StrangeRMSNorm(LlamaRMSNorm):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + x

    with pytest.raises(InputError, match="StrangeRMSNorm"):
        Clipper(nn.Sequential(StrangeRMSNorm(4)), loss, Clip.parse("auto"))


def test_a_table_of_no_sample_is_refused() -> None:
    """T5's distances are looked up for pairs of positions."""
    from training.architectures import SpecialIds, build
    from training.losses import sequence_loss

    model = build("encoder-decoder-nano", SpecialIds(0, 1, 2), VOCABULARY, 1)
    ids = text(torch.Generator().manual_seed(1), 5, 9)
    batch = {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": ids}
    with pytest.raises(InputError, match="relative_attention_bias"):
        Clipper(model, sequence_loss, Clip.parse("auto")).add({**batch, UNIT: torch.arange(5)})
