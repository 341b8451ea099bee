"""Batches of translations: like lengths together, another order each epoch, resumed exactly.

>>> pairs = [Coded(np.arange(4, 4 + n), np.arange(4, 5 + n)) for n in (3, 9, 4, 8)]
>>> stream = PairBatches([Source("toy", 1.0, pairs)], Ends(pad=0, start=2), tokens=24, seed=1)
>>> [batch["labels"].shape for _, batch in zip(range(2), stream)]
[torch.Size([2, 5]), torch.Size([1, 10])]
>>> stream.state_dict()
{'epoch': 0, 'done': 2}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from data.randomness import stream
from training.objectives.examples import IGNORED, padded

if TYPE_CHECKING:
    from torch import Tensor

POOL = 32  # batches that are cut from neighbours in length at a time


class Coded(NamedTuple):
    """A pair as ids.

    Attributes:
        source: (T,) what the encoder reads.
        target: (U,) what the decoder writes; its first id is the tag of the language, which is
            given and not scored.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]

    @property
    def cost(self) -> int:
        """Ids of both sides."""
        return len(self.source) + len(self.target)


@dataclass(frozen=True, slots=True)
class Source:
    """Pairs with one origin, and how often an epoch sees them."""

    name: str
    weight: float
    pairs: Sequence[Coded]


class Ends(NamedTuple):
    """The id that fills rows up, and the one that the decoder begins with."""

    pad: int
    start: int


class PairBatches:
    """An endless stream of batches, as `training.loop.fit` takes it.

    What an epoch sees of a set is its pairs as often as its weight says, the fraction drawn anew
    each epoch; epoch and seed alone settle it.
    """

    def __init__(self, sources: Sequence[Source], ends: Ends, *, tokens: int, seed: int) -> None:
        """Describe the stream.

        Args:
            tokens: most ids in a batch, of both sides, padding included.

        Raises:
            InputError: no pairs, or one that is longer than a batch.
        """
        if not any(source.pairs for source in sources):
            raise InputError("pairs: expected at least one, found none; is the data empty?")
        longest = max(pair.cost for source in sources for pair in source.pairs)
        if longest > tokens:
            raise InputError(
                f"--batch-tokens {tokens}: one pair takes {longest}; ask for more, or for a shorter"
                " --length"
            )
        self._sources, self._ends, self._tokens, self._seed = sources, ends, tokens, seed
        self._epoch = self._done = 0

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Go on from the place."""
        while True:
            batches = self._planned(self._epoch)
            while self._done < len(batches):
                self._done += 1
                yield made(batches[self._done - 1], self._ends)
            self._epoch, self._done = self._epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """The epoch (from 0) and how many of its batches were yielded."""
        return {"epoch": self._epoch, "done": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        self._epoch, self._done = int(state["epoch"]), int(state["done"])

    def _planned(self, epoch: int) -> list[list[Coded]]:
        """The batches of an epoch."""
        drawn: list[Coded] = []
        for source in self._sources:
            whole, part = divmod(source.weight, 1)
            drawn += [pair for _ in range(int(whole)) for pair in source.pairs]
            randomness = stream(self._seed, "epoch", str(epoch), source.name)
            drawn += randomness.sample(list(source.pairs), round(part * len(source.pairs)))
        randomness = stream(self._seed, "epoch", str(epoch))
        randomness.shuffle(drawn)
        batches = [
            batch
            for pool in _pools(drawn, POOL * self._tokens)
            for batch in by_length(pool, self._tokens)
        ]
        randomness.shuffle(batches)
        return batches


def _pools(pairs: Sequence[Coded], tokens: int) -> Iterator[list[Coded]]:
    """Pairs in their order, so many ids at a time."""
    pool: list[Coded] = []
    size = 0
    for pair in pairs:
        pool.append(pair)
        size += pair.cost
        if size >= tokens:
            yield pool
            pool, size = [], 0
    if pool:
        yield pool


def by_length(pairs: Sequence[Coded], tokens: int) -> Iterator[list[Coded]]:
    """Neighbours in length, as many as `tokens` padded ids allow, the longest first."""
    batch: list[Coded] = []
    wide = long = 0
    for pair in sorted(pairs, key=lambda one: (-one.cost, -len(one.source))):
        wide, long = max(wide, len(pair.source)), max(long, len(pair.target))
        if batch and (len(batch) + 1) * (wide + long) > tokens:
            yield batch
            batch, wide, long = [], len(pair.source), len(pair.target)
        batch.append(pair)
    if batch:
        yield batch


def made(pairs: Sequence[Coded], ends: Ends) -> dict[str, Tensor]:
    """The tensors of a batch.

    Returns:
        input_ids, attention_mask (B, T); decoder_input_ids, labels (B, U): the decoder reads the
        start and the target but its last id, and is scored where it writes a text's own pieces.
    """
    import torch

    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    lengths = np.array([len(row) for row in sources])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    read = padded([np.concatenate([[ends.start], row[:-1]]) for row in targets], ends.pad)
    labels = padded(targets, IGNORED)
    labels[:, 0] = IGNORED
    return {
        "input_ids": torch.from_numpy(padded(sources, ends.pad)),
        "attention_mask": torch.from_numpy(mask),
        "decoder_input_ids": torch.from_numpy(read),
        "labels": torch.from_numpy(labels),
    }
