"""The character transducer: from a lemma and a feature bundle to the form, a unit at a time.

A transformer (Vaswani et al. 2017) of the size of the task (Wu, Cotterell and Hulden 2021,
https://aclanthology.org/2021.eacl-main.163), with four changes (docs/MORPH.md
measures them):

- positions are rotary (Su et al. 2021), also between form and lemma, since the n-th letter of the
  one mostly comes from near the n-th letter of the other;
- a pointer mixes copying from the lemma with writing (See, Liu and Manning 2017);
- features have no order: each is a vector that the form attends to, their sum is added to every
  letter of the lemma, or both (`features`);
- norms come before, without biases; the activation is the squared ReLU (So et al. 2021).

Shapes: B items, S units of a lemma, N features, T units of a form, D width, V ids of an alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from morph.alphabet import PAD
from morph.architecture import Architecture
from morph.layers import (
    NOTHING,
    DecoderLayer,
    Dropout,
    EncoderLayer,
    Past,
    causal_mask,
    linear,
    norm,
    padding_mask,
    rotation,
)


class Memory(NamedTuple):
    """What the decoder looks back at: of each layer the keys and values, and the lemma."""

    layers: list[tuple[Tensor, Tensor]]  # (B, heads, N + S, D / heads) each
    mask: Tensor  # (B, 1, 1, N + S): 0, and NOTHING on padding
    pointer: Tensor  # (B, S, D): keys by which letters are copied
    lemma: Tensor  # (B, S)

    def rows(self, chosen: Tensor) -> Memory:
        """The memory of some of the items, in that order."""
        layers = [(keys[chosen], values[chosen]) for keys, values in self.layers]
        return Memory(layers, self.mask[chosen], self.pointer[chosen], self.lemma[chosen])


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
        memory = self.encode(lemma, features)
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
            x, new = layer(x, memory.layers[place], memory.mask, turn, causal, kept)
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
        where = memory.lemma[:, None].expand(-1, written.shape[1], -1)
        return write.scatter_add(2, where, copy)

    def _pointed(self, written: Tensor, memory: Memory) -> Tensor:
        """How much each state points to each letter of the lemma, (B, T, S)."""
        query: Tensor = self.pointer_query(written) * self.architecture.width**-0.5
        scores = query @ memory.pointer.transpose(1, 2)
        return scores.masked_fill((memory.lemma == PAD)[:, None], NOTHING)

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
