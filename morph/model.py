"""The network: from a lemma and features to the form, unit by unit.

A transformer (Vaswani et al. 2017) of the size of the task (Wu, Cotterell and Hulden 2021,
https://aclanthology.org/2021.eacl-main.163), with four changes (docs/MORPH.md
measures them):

- positions are rotary (Su et al. 2021), also between form and lemma, since the n-th letter of the
  one mostly comes from near the n-th letter of the other;
- a pointer mixes copying from the lemma with writing (See, Liu and Manning 2017);
- features have no order: each is a vector that the form attends to, their sum is added to every
  letter of the lemma, or both (`features`);
- norms come before, without biases; the activation is the squared ReLU (So et al. 2021).

The layers come first: attention with rotary positions, feed-forward, dropout; then the network.

Shapes: B items, S units of a lemma, N features, T units of a form, D width, V ids of an alphabet.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from morph.alphabet import PAD
from morph.recipe import Architecture

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
        self, x: Tensor, seen: Seen, turn: Turn, causal: Tensor | None, past: Past | None
    ) -> tuple[Tensor, Past]:
        """(B, T, D) to the same shape, and the past with these units."""
        looked, grown = self.attention(self.norms[0](x), causal, turn, past)
        x = x + self.dropout(looked)
        x = x + self.dropout(self.look_back(self.norms[1](x), seen, turn))
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

    def forward(self, x: Tensor, seen: Seen, turn: Turn) -> Tensor:
        """(B, T, D) to the same shape."""
        [queries] = _heads(self.query(x), 1, self.heads)
        queries = rotate(queries, turn)
        if seen.lines is not None:
            queries = seen.lines.together(queries[:, :, 0], len(seen.keys)).transpose(1, 2)
        looked = attend(queries, seen.keys, seen.values, seen.mask)
        if seen.lines is not None:
            looked = seen.lines.apart(looked)[:, None]
        out: Tensor = self.outward(looked)
        return out


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


class Lines(NamedTuple):
    """Forms of which some are of the same item: they look at its memory without copies of it.

    >>> lines = Lines.of_items(torch.tensor([0, 0, 2]))
    >>> x = torch.tensor([[1.0], [2.0], [3.0]])
    >>> lines.together(x, 3).squeeze(2).tolist()
    [[1.0, 2.0], [0.0, 0.0], [3.0, 0.0]]
    >>> torch.equal(lines.apart(lines.together(x, 3)), x)
    True
    """

    items: Tensor  # (P,) the item of each; those of one stand together
    places: Tensor  # (P,) which of its item's it is, from 0
    most: int  # of one item

    @classmethod
    def of_items(cls, items: Tensor) -> Lines:
        """By the item of each line, (P,)."""
        places = ranks(items)
        return cls(items, places, int(places.max()) + 1)

    def together(self, x: Tensor, count: int) -> Tensor:
        """(P, ...) to (count, most, ...), by item; 0 where an item has fewer lines than another."""
        by_item = x.new_zeros(count, self.most, *x.shape[1:])
        by_item[self.items, self.places] = x
        return by_item

    def apart(self, x: Tensor) -> Tensor:
        """(count, most, ...) to (P, ...), what `together` put together."""
        return x[self.items, self.places]


def ranks(rows: Tensor) -> Tensor:
    """The place of each among those of its row, which stand together.

    >>> ranks(torch.tensor([4, 4, 7, 7, 7])).tolist()
    [0, 1, 0, 1, 2]
    """
    counts = rows.bincount()
    starts: Tensor = (counts.cumsum(0) - counts)[rows]
    return torch.arange(len(rows), device=rows.device) - starts


class Seen(NamedTuple):
    """What a layer of the decoder looks back at."""

    keys: Tensor  # (B, heads, N + S, D / heads)
    values: Tensor  # the same
    mask: Tensor  # (B, 1, 1, N + S): 0, and NOTHING on padding
    lines: Lines | None  # of forms of one unit, if they are not one an item, in their order


class Memory(NamedTuple):
    """What the decoder looks back at: of each layer the keys and values, and the lemma."""

    layers: list[tuple[Tensor, Tensor]]  # (B, heads, N + S, D / heads) each
    mask: Tensor  # (B, 1, 1, N + S): 0, and NOTHING on padding
    pointer: Tensor  # (B, S, D): keys by which letters are copied
    lemma: Tensor  # (B, S)
    lines: Lines | None = None  # forms of one unit that look at it; else one an item

    def rows(self, chosen: Tensor) -> Memory:
        """The memory of some of the items, in that order."""
        layers = [(keys[chosen], values[chosen]) for keys, values in self.layers]
        return Memory(layers, self.mask[chosen], self.pointer[chosen], self.lemma[chosen])

    def shared(self, lines: Lines | None) -> Memory:
        """The same memory, looked at by these lines."""
        return self._replace(lines=lines)

    def seen(self, layer: int) -> Seen:
        """What this layer looks back at."""
        return Seen(*self.layers[layer], self.mask, self.lines)


class InflectionModel(nn.Module):
    """The transducer's network; `morph.transducer` is the ready-to-use wrapper.

    >>> model = InflectionModel(Architecture(units=40, names=9, width=16, heads=2, inner=32))
    >>> lemma, features = torch.tensor([[5, 6, 7]]), torch.tensor([[1, 4]])
    >>> model(lemma, features, torch.tensor([[1, 5, 6, 8, 2]])).shape     # -log p of each of 4
    torch.Size([1, 4])
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = self.architecture = architecture
        self.units = nn.Embedding(a.units, a.width)
        self.names = nn.Embedding(a.names + 1, a.width)
        self.encoder = nn.ModuleList([EncoderLayer(a) for _ in range(a.encoder_layers)])
        self.decoder = nn.ModuleList([DecoderLayer(a) for _ in range(a.decoder_layers)])
        self.lemma_norm, self.name_norm, self.form_norm = (norm(a.width) for _ in range(3))
        self.pointer_query = linear(a.width, a.width)
        self.pointer_key = linear(a.width, a.width)
        self.gate = nn.Linear(a.width, 1)
        self.writer = nn.Linear(a.width, a.units)
        self.dropout = Dropout(a.dropout)
        for table in (self.units, self.names):
            nn.init.normal_(table.weight, std=0.5)

    def forward(self, lemma: Tensor, features: Tensor, form: Tensor) -> Tensor:
        """-log p of each unit of the forms after the first, given those before it.

        Args:
            lemma: (B, S) ids. features: (B, N) ids. form: (B, T) ids, begin and end included.

        Returns:
            (B, T - 1) in nats; 0 where the form is padding.
        """
        return self.losses(self.encode(lemma, features), form)

    def losses(self, memory: Memory, form: Tensor) -> Tensor:
        """As `forward`, of lemmas that were read before, (B, T - 1)."""
        written, _ = self.decode(form[:, :-1], memory)
        target = form[:, 1:]
        likelihood = self.log_probability(written, memory, target)
        return -likelihood * (target != PAD)

    def encode(self, lemma: Tensor, features: Tensor) -> Memory:
        """Read lemmas (B, S) and features (B, N) once for all units of the forms."""
        mode, size = self.architecture.features, lemma.shape[1]
        present = (features != PAD)[..., None]
        names = self.names(features) * present
        x = self.units(lemma)
        if mode != "attended":
            x = x + names.sum(1, keepdim=True) * present.sum(1, keepdim=True).clamp(min=1) ** -0.5
        x = self.dropout(x)
        mask, turn = padding_mask(lemma != PAD), rotation(0, size, self._head, lemma.device)
        for layer in self.encoder:
            x = layer(x, mask, turn)
        x = self.lemma_norm(x)
        pointer = self.pointer_key(x)
        if mode != "added":
            x = torch.cat((self.name_norm(names), x), 1)
            mask = padding_mask(torch.cat((features != PAD, lemma != PAD), 1))
            still = rotation(0, 1, self._head, lemma.device)  # names have no position
            turn = tuple(
                torch.cat((one.expand(features.shape[1], -1), all_))
                for one, all_ in zip(still, turn, strict=True)
            )
        layers = [layer.remember(x, turn) for layer in self._layers]
        return Memory(layers, mask, pointer, lemma)

    def decode(
        self, form: Tensor, memory: Memory, past: list[Past] | None = None
    ) -> tuple[Tensor, list[Past]]:
        """States of the units of forms (B, T, D), each of which sees those before it.

        Args:
            memory: of as many items as there are forms, or with lines as many as these.
            past: what was written before `form`, if anything; the new past is returned.
        """
        start = past[0].keys.shape[2] if past else 0
        size = form.shape[1]
        turn = rotation(start, size, self._head, form.device)
        causal = None if size == 1 else causal_mask(start, size, form.device)
        x = self.dropout(self.units(form))
        grown = []
        for place, layer in enumerate(self.decoder):
            kept = past[place] if past else None
            x, new = layer(x, memory.seen(place), turn, causal, kept)
            grown.append(new)
        return self.form_norm(x), grown

    def log_probability(self, written: Tensor, memory: Memory, target: Tensor) -> Tensor:
        """log p of target units (B, T) from states (B, T, D): written, or copied from the lemma."""
        gate = self.gate(written)
        write = functional.log_softmax(self.writer(written), -1)
        write = write.gather(2, target[..., None]).squeeze(2) + functional.logsigmoid(gate)[..., 0]
        same = memory.lemma[:, None] == target[..., None]
        copy = functional.log_softmax(self._pointed(written, memory), -1)
        copy = copy.masked_fill(~same, NOTHING).logsumexp(-1) + functional.logsigmoid(-gate)[..., 0]
        return torch.logaddexp(write, copy)

    def distribution(self, written: Tensor, memory: Memory) -> Tensor:
        """p of every unit (B, T, V) from states (B, T, D)."""
        gate = torch.sigmoid(self.gate(written))
        write = functional.softmax(self.writer(written), -1) * gate
        copy = functional.softmax(self._pointed(written, memory), -1) * (1 - gate)
        lemma = memory.lemma if memory.lines is None else memory.lemma[memory.lines.items]
        return write.scatter_add(2, lemma[:, None].expand(-1, written.shape[1], -1), copy)

    def _pointed(self, written: Tensor, memory: Memory) -> Tensor:
        """How much each state points to each letter of the lemma, (B, T, S)."""
        query: Tensor = self.pointer_query(written) * self.architecture.width**-0.5
        if memory.lines is not None:
            query = memory.lines.together(query[:, 0], len(memory.lemma))
        scores = query @ memory.pointer.transpose(1, 2)
        scores = scores.masked_fill((memory.lemma == PAD)[:, None], NOTHING)
        return scores if memory.lines is None else memory.lines.apart(scores)[:, None]

    @property
    def _layers(self) -> Iterator[DecoderLayer]:
        return (layer for layer in self.decoder if isinstance(layer, DecoderLayer))

    @property
    def _head(self) -> int:
        return self.architecture.width // self.architecture.heads


def loss(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """The sum of -log p over the units of a batch, and their number (`training.loop.Loss`)."""
    lost = model(batch["lemma"], batch["features"], batch["form"])
    return lost.sum(), (batch["form"][:, 1:] != PAD).sum()
