"""The layers of the transducer's network: attention with rotary positions, feed-forward, dropout.

Shapes: B items, S units of a lemma, N features, T units of a form, D width.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from morph.architecture import Architecture

FREQUENCY = 100.0  # the slowest rotation turns once in about 600 units: words are short
NOTHING = -1e4  # a log probability that is none
OUT_SCALE = 0.3  # of the first weights of what is added to the residual stream

Turn = tuple[Tensor, ...]  # cosine and sine of the angles, (T, D / heads / 2) each


class Past(NamedTuple):
    """Keys and values of the units that a layer has written, (B, heads, t, D / heads) each."""

    keys: Tensor
    values: Tensor


class EncoderLayer(nn.Module):
    """Letters of the lemma look at one another."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(a.width) for _ in range(2)])
        self.attention = SelfAttention(a)
        self.feed = FeedForward(a)
        self.dropout = Dropout(a.dropout)

    def forward(self, x: Tensor, mask: Tensor, turn: Turn) -> Tensor:
        """(B, S, D) to the same shape."""
        looked, _ = self.attention(self.norms[0](x), mask, turn, None)
        x = x + self.dropout(looked)
        fed: Tensor = self.dropout(self.feed(self.norms[1](x)))
        return x + fed


class DecoderLayer(nn.Module):
    """Units of the form look at those before them, then at features and lemma."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(a.width) for _ in range(3)])
        self.attention = SelfAttention(a)
        self.look_back = CrossAttention(a)
        self.feed = FeedForward(a)
        self.dropout = Dropout(a.dropout)

    def remember(self, seen: Tensor, turn: Turn) -> tuple[Tensor, Tensor]:
        """Keys and values of what this layer looks back at, (B, N + S, D)."""
        return self.look_back.remember(seen, turn)

    def forward(
        self,
        x: Tensor,
        memory: tuple[Tensor, Tensor],
        mask: Tensor,
        turn: Turn,
        causal: Tensor | None,
        past: Past | None,
    ) -> tuple[Tensor, Past]:
        """(B, T, D) to the same shape, and the past with these units."""
        looked, grown = self.attention(self.norms[0](x), causal, turn, past)
        x = x + self.dropout(looked)
        x = x + self.dropout(self.look_back(self.norms[1](x), memory, mask, turn))
        return x + self.dropout(self.feed(self.norms[2](x))), grown


class SelfAttention(nn.Module):
    """Multi-head attention within a word, with rotary positions."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.heads = a.heads
        self.inward = linear(a.width, 3 * a.width)
        self.outward = linear(a.width, a.width, OUT_SCALE)

    def forward(
        self, x: Tensor, mask: Tensor | None, turn: Turn, past: Past | None
    ) -> tuple[Tensor, Past]:
        """(B, T, D) to the same shape, and keys and values of past and present."""
        queries, keys, values = _heads(self.inward(x), 3, self.heads)
        queries, keys = rotate(queries, turn), rotate(keys, turn)
        if past is not None:
            keys, values = torch.cat((past.keys, keys), 2), torch.cat((past.values, values), 2)
        return self.outward(attend(queries, keys, values, mask)), Past(keys, values)


class CrossAttention(nn.Module):
    """Multi-head attention from form to features and lemma, with rotary positions."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.heads = a.heads
        self.query = linear(a.width, a.width)
        self.inward = linear(a.width, 2 * a.width)
        self.outward = linear(a.width, a.width, OUT_SCALE)

    def remember(self, x: Tensor, turn: Turn) -> tuple[Tensor, Tensor]:
        """Keys and values of what is looked at, (B, N + S, D)."""
        keys, values = _heads(self.inward(x), 2, self.heads)
        return rotate(keys, turn), values

    def forward(self, x: Tensor, memory: tuple[Tensor, Tensor], mask: Tensor, turn: Turn) -> Tensor:
        """(B, T, D) to the same shape."""
        [queries] = _heads(self.query(x), 1, self.heads)
        looked: Tensor = self.outward(attend(rotate(queries, turn), *memory, mask))
        return looked


class FeedForward(nn.Module):
    """Two layers with the squared ReLU between."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.inward = linear(a.width, a.inner)
        self.outward = linear(a.inner, a.width, OUT_SCALE)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to the same shape."""
        fed: Tensor = self.outward(functional.relu(self.inward(x)).square())
        return fed


class Dropout(nn.Module):
    """Silences a part of the width along the whole word (Gal and Ghahramani 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D); as it is outside training."""
        if not (self.training and self.share):
            return x
        kept = x.new_empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.share)
        return x * (kept / (1 - self.share))


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Scaled dot-product attention, heads put together again: (B, T, D).

    Written out because it is quicker than the fused function on a CPU for words of ten letters.
    """
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask
    mixed = functional.softmax(scores, -1) @ values
    return mixed.transpose(1, 2).flatten(2)


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """Turn pairs of numbers by the angle of their position: x (B, heads, T, D / heads)."""
    first, second = x.chunk(2, -1)
    cosine, sine = turn
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), -1)


@functools.lru_cache(maxsize=4096)
def rotation(start: int, size: int, width: int, device: torch.device) -> Turn:
    """Cosine and sine of the angles of `size` positions from `start`, (size, width / 2) each."""
    with torch.inference_mode(False):
        speed = FREQUENCY ** (-torch.arange(0, width, 2, device=device) / width)
        angle = torch.arange(start, start + size, device=device)[:, None] * speed
        return angle.cos(), angle.sin()


@functools.lru_cache(maxsize=1024)
def causal_mask(start: int, size: int, device: torch.device) -> Tensor:
    """(size, start + size): NOTHING on what comes later."""
    with torch.inference_mode(False):
        ones = torch.ones(size, start + size, device=device, dtype=torch.bool)
        return ones.triu(start + 1) * NOTHING


def padding_mask(present: Tensor) -> Tensor:
    """(B, 1, 1, S): NOTHING where nothing is present, from (B, S)."""
    return torch.where(present, 0.0, NOTHING)[:, None, None]


def _heads(x: Tensor, parts: int, heads: int) -> Tensor:
    """(B, T, parts * D) to (parts, B, heads, T, D / heads)."""
    batch, size, width = x.shape
    return x.view(batch, size, parts, heads, width // parts // heads).permute(2, 0, 3, 1, 4)


def linear(inward: int, outward: int, scale: float = 1.0) -> nn.Linear:
    """A matrix without a bias, drawn with the scale times 1 / sqrt(inward) as its deviation."""
    layer = nn.Linear(inward, outward, bias=False)
    nn.init.normal_(layer.weight, std=scale * inward**-0.5)
    return layer


def norm(width: int) -> nn.RMSNorm:
    """Root mean square normalisation (Zhang and Sennrich 2019)."""
    return nn.RMSNorm(width, eps=1e-5)
