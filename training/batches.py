"""Streams of batches that know their place, and their division among processes.

>>> import torch
>>> stream = Shuffled([{"ids": torch.tensor([n])} for n in range(3)], seed=1)
>>> first = [int(batch["ids"]) for _, batch in zip(range(4), stream)]
>>> place = stream.state_dict()
>>> place
{'epoch': 1, 'done': 1}
>>> again = Shuffled([{"ids": torch.tensor([n])} for n in range(3)], seed=1)
>>> again.load_state_dict(place)
>>> int(next(iter(again))["ids"]) in first[:3]
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from data.errors import InputError
from data.randomness import stream

Batch = Mapping[str, Tensor]


class Batches(Protocol):
    """An endless stream of batches whose place is JSON.

    `iter` goes on from the place; after `load_state_dict` a new `iter` is taken.
    """

    def __iter__(self) -> Iterator[Batch]: ...

    def state_dict(self) -> dict[str, Any]:
        """The place after the batches that were yielded."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        ...


@runtime_checkable
class Shardable(Protocol):
    """Batches that divide themselves: cheaper than reading all and dropping most."""

    def shard(self, rank: int, world: int) -> Batches:
        """The batches rank, rank + world, rank + 2 * world ... of this stream."""
        ...


class Shuffled:
    """Ready batches, each once an epoch, in another order each epoch."""

    def __init__(self, batches: Sequence[Batch], seed: int) -> None:
        if not batches:
            raise InputError("batches: expected at least one, found none; is the data empty?")
        self._batches = batches
        self._seed = seed
        self._epoch = self._done = 0

    def __iter__(self) -> Iterator[Batch]:
        while True:
            order = shuffled(len(self._batches), self._seed, self._epoch)
            while self._done < len(order):
                self._done += 1
                yield self._batches[order[self._done - 1]]
            self._epoch, self._done = self._epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """The epoch (from 0) and how many of its batches were yielded."""
        return {"epoch": self._epoch, "done": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        self._epoch, self._done = int(state["epoch"]), int(state["done"])


def shuffled(number: int, seed: int, epoch: int) -> list[int]:
    """In which order `Shuffled` yields so many batches.

    >>> sorted(shuffled(3, 1, 0))
    [0, 1, 2]
    """
    order = list(range(number))
    stream(seed, "epoch", str(epoch)).shuffle(order)
    return order


class Shard:
    """Every `world`-th batch of a stream, from number `rank` on.

    All ranks read the whole stream, in groups of `world`, so that their place is the same.
    """

    def __init__(self, batches: Batches, rank: int, world: int) -> None:
        self._batches, self._rank, self._world = batches, rank, world

    def __iter__(self) -> Iterator[Batch]:
        batches = iter(self._batches)
        while True:
            group = [batch for _, batch in zip(range(self._world), batches, strict=False)]
            if len(group) < self._world:
                return
            yield group[self._rank]

    def state_dict(self) -> dict[str, Any]:
        """The place of the whole stream, the same on every rank."""
        return self._batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        self._batches.load_state_dict(state)


def shard(batches: Batches, rank: int, world: int) -> Batches:
    """The batches of one process among `world`: every world-th, from number `rank` (from 0) on.

    An update over `world` processes thus sees the batches that one process sees with
    `accumulate=world`. A stream with a `shard` method of its own divides itself.

    >>> import torch
    >>> half = shard(Shuffled([{"ids": torch.tensor([n])} for n in range(4)], seed=1), 1, 2)
    >>> len({int(batch["ids"]) for _, batch in zip(range(2), half)})
    2
    """
    if world == 1:
        return batches
    return (
        batches.shard(rank, world)
        if isinstance(batches, Shardable)
        else Shard(batches, rank, world)
    )
