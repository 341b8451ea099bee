"""Streams of batches from tokenised corpora: endless, mixed by weight, resumed exactly.

    corpora = [encode_texts(real, tokenizer, cache, name="real", key={...}),
               encode_texts(made, tokenizer, cache, name="synthetic", weight=0.5, key={...})]
    batches = TextBatches(corpora, mix, tokens=8192, temperature=2.0, seed=1)
    fit(model, batches, loss_for(mix.architecture), settings)

What a document becomes is drawn from (seed, corpus, epoch, document) alone, so neither the number
of processes nor an interruption changes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from data.errors import InputError
from data.files import canonical_json, sha256_text
from data.randomness import stream
from training.documents import (
    Documents,
    Encoded,
    Packed,
    Position,
    Sentences,
    encode_texts,
    mixed_shares,
    most_behind,
)
from training.objectives import Mix
from training.objectives.examples import collate, generator

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["CorpusBatches", "Encoded", "TextBatches", "encode_texts", "evaluation_batches"]

POOL = 16  # batches that are planned at a time: documents of like length meet among them


class Item(NamedTuple):
    """A document to come: which corpus, where in it, how many tokens."""

    corpus: int
    position: Position
    length: int


@dataclass
class _Pool:
    """Where planning stands: everything that the rest of the stream follows from.

    Attributes:
        number: pools before this one; first: batches before this one.
        positions: of each corpus; given: tokens that each has given.
    """

    number: int = 0
    first: int = 0
    positions: list[Position] = field(default_factory=list)
    given: list[int] = field(default_factory=list)


class TextBatches:
    """Batches of a mix of objectives over a mix of corpora, as `training.loop.fit` takes them."""

    def __init__(
        self,
        corpora: Sequence[Encoded],
        mix: Mix,
        *,
        tokens: int,
        packed: bool = False,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> None:
        """Describe the stream; nothing is read yet.

        Args:
            tokens: most tokens in a batch, padding included; for an encoder-decoder input and
                labels together.
            packed: blocks of equal length, documents one after the other; else a document an
                example, batched with others of about its length.
            temperature: see `training.documents.mixed_shares`.

        Raises:
            InputError: no corpus, two of one name, too few tokens for one document of full length,
                no end-of-text token to pack with.
        """
        _check(corpora, mix, tokens, packed)
        self._corpora, self._mix, self._tokens = tuple(corpora), mix, tokens
        self._packed, self._temperature, self._seed = packed, temperature, seed
        self._documents = [self._cut(corpus) for corpus in corpora]
        self._shares = mixed_shares(
            [corpus.tokens for corpus in corpora],
            [corpus.weight for corpus in corpora],
            temperature,
        )
        self._rank, self._world = 0, 1
        self._pool = _Pool(positions=[Position()] * len(corpora), given=[0] * len(corpora))
        self._done = 0

    @property
    def shares(self) -> dict[str, float]:
        """Each corpus's share of the tokens."""
        return {
            corpus.name: share for corpus, share in zip(self._corpora, self._shares, strict=True)
        }

    def describe(self) -> dict[str, Any]:
        """The stream for a run's config.json: equal descriptions, equal batches."""
        return {
            "corpora": [
                {
                    "name": corpus.name,
                    "weight": corpus.weight,
                    "share": round(share, 6),
                    "documents": corpus.documents,
                    "tokens": corpus.tokens,
                    "sha256": corpus.sha256,
                }
                for corpus, share in zip(self._corpora, self._shares, strict=True)
            ],
            "objectives": dict(self._mix.weights),
            "length": self._mix.length,
            "tokens_a_batch": self._tokens,
            "packed": self._packed,
            "temperature": self._temperature,
            "seed": self._seed,
        }

    def shard(self, rank: int, world: int) -> TextBatches:
        """The batches rank, rank + world ... of this stream, at the position where it stands.

        A position that one of the processes saved serves them all.
        """
        part = copy(self)
        part._rank, part._world = rank, world
        return part

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Go on from the position."""
        while True:
            batches, after = self._planned(self._pool)
            for number, items in enumerate(batches, self._pool.first):
                if number >= self._done and number % self._world == self._rank:
                    self._done = (number // self._world + 1) * self._world
                    yield self._built(items)
            self._pool = after

    def state_dict(self) -> dict[str, Any]:
        """The position after the batches that were yielded."""
        positions = [list(position) for position in self._pool.positions]
        pool = asdict(self._pool) | {"positions": positions}
        return {"stream": self._fingerprint(), "pool": pool, "done": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a position.

        Raises:
            InputError: it is a position in another stream.
        """
        if state["stream"] != self._fingerprint():
            raise InputError(
                f"a position in another stream of text ({state['stream']}, this is"
                f" {self._fingerprint()}): corpora, weights, objectives, lengths or seed differ;"
                " start anew in another folder, or restore them"
            )
        pool = dict(state["pool"])
        positions = [Position(*position) for position in pool.pop("positions")]
        self._pool = _Pool(**pool | {"positions": positions, "given": list(pool["given"])})
        self._done = int(state["done"])

    def _fingerprint(self) -> str:
        return sha256_text(canonical_json(self.describe()))[:16]

    def _cut(self, corpus: Encoded) -> Documents:
        eos = self._mix.special.eos
        if self._packed and eos is not None:
            return Packed(corpus, self._mix.longest, self._seed, eos)
        return Sentences(corpus, self._mix.longest, self._seed)

    def _planned(self, pool: _Pool) -> tuple[list[list[Item]], _Pool]:
        """The batches of a pool, and the pool after it."""
        positions, given = list(pool.positions), list(pool.given)
        items: list[Item] = []
        left = POOL * self._tokens
        while left > 0:
            corpus = most_behind(self._shares, given)
            length, after = self._documents[corpus].step(positions[corpus])
            items.append(Item(corpus, positions[corpus], length))
            positions[corpus] = after
            given[corpus] += length
            left -= self._mix.cost(length)
        batches = list(by_length(items, self._mix, self._tokens))
        stream(self._seed, "pool", str(pool.number)).shuffle(batches)
        return batches, _Pool(pool.number + 1, pool.first + len(batches), positions, given)

    def _built(self, items: Sequence[Item]) -> dict[str, Tensor]:
        examples = []
        for item in items:
            ids = self._documents[item.corpus].ids(item.position)
            name = self._corpora[item.corpus].name
            rng = generator(self._seed, name, *map(str, item.position))
            examples.append(self._mix(ids, rng))
        return collate(examples, self._mix.special.pad)


class CorpusBatches(TextBatches):
    """The same with `corpus` (B,): the number of the corpus that each row is from."""

    def _built(self, items: Sequence[Item]) -> dict[str, Tensor]:
        import torch

        corpora = torch.tensor([item.corpus for item in items])
        return {**super()._built(items), "corpus": corpora}


def by_length(items: Sequence[Item], mix: Mix, tokens: int) -> Iterator[list[Item]]:
    """Items of like length together, as many as `tokens` padded ones allow, the longest first."""
    batch: list[Item] = []
    for item in sorted(items, key=lambda one: -one.length):
        if batch and (len(batch) + 1) * mix.cost(batch[0].length) > tokens:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def evaluation_batches(
    corpora: Sequence[Encoded],
    mix: Mix,
    *,
    tokens: int,
    seed: int = 0,
    limit: int | None = None,
    numbered: bool = False,
) -> list[dict[str, Tensor]]:
    """Every document once with noise that is always the same: for a loss on held-out text.

    Args:
        limit: take the first N documents (or parts of long ones) of each corpus.
        numbered: put in `corpus` (B,), as `CorpusBatches` does.
    """
    import torch

    _check(corpora, mix, tokens, packed=False)
    cut = [Sentences(corpus, mix.longest, seed) for corpus in corpora]
    items = [
        Item(corpus, Position(0, number), len(documents.part(number)))
        for corpus, documents in enumerate(cut)
        for number in range(min(documents.count, limit or documents.count))
    ]
    batches = []
    for batch in by_length(items, mix, tokens):
        examples = []
        for item in batch:
            name, number = corpora[item.corpus].name, item.position.number
            rng = generator(seed, "evaluation", name, str(number))
            examples.append(mix(cut[item.corpus].part(number), rng))
        made = collate(examples, mix.special.pad)
        if numbered:
            made["corpus"] = torch.tensor([item.corpus for item in batch])
        batches.append(made)
    return batches


def _check(corpora: Sequence[Encoded], mix: Mix, tokens: int, packed: bool) -> None:
    names = [corpus.name for corpus in corpora]
    if not names or len(set(names)) < len(names):
        raise InputError(
            f"corpora {', '.join(names) or '(none)'}: expected one or more of different names"
        )
    if tokens < mix.cost(mix.longest):
        raise InputError(
            f"{tokens} tokens a batch: one document of full length takes {mix.cost(mix.longest)};"
            " ask for more, or for a shorter length"
        )
    if packed and mix.special.eos is None:
        raise InputError("packed text needs an end-of-text token, and this tokenizer has none")
