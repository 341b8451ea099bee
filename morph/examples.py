"""Training examples as batches of ids, resumable at any batch.

    batches = ExampleBatches(examples, alphabet, size=32, seed=1)       # a training.loop.Batches

Each time an example is used, some of its units are hidden: written as placeholders in lemma and
form alike, so that the model learns to copy what it does not know (`morph.alphabet`). Batches hold
words of like length, in a new order each epoch. Of several languages, those with few examples are
seen more often than their share (temperature sampling, Arivazhagan et al. 2019).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from data.errors import InputError
from data.randomness import stream
from morph.alphabet import BEGIN, END, PAD, Alphabet
from morph.graphemes import split

RARE = 1 / 250  # of the training triples: a unit seen less often than that is rare
HIDDEN_RARE, HIDDEN = 0.3, 0.03  # share of a rare unit's uses in which it is hidden, of another's
POOL = 50  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class Example:
    """A lemma, the ids of its language (where there are several) and features, and the form."""

    lemma: str
    features: tuple[int, ...]
    form: str


class ExampleBatches:
    """Endless batches {lemma (B, S), features (B, N), form (B, T)} of ids, padded with 0.

    Args:
        groups: the examples of each language.
        size: B.
        seed: of the order and of what is hidden.
        temperature: 1 takes each example once an epoch; above, an epoch has as many in all, of a
            language of n examples in proportion to n ** (1 / temperature).
        from_end: words stand from their end to their beginning.
        alike: all units are hidden equally often, so that what is hidden hangs on no other example.

    Raises:
        InputError: no example.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[Example]],
        alphabet: Alphabet,
        size: int,
        seed: int,
        temperature: float = 1.0,
        *,
        from_end: bool = False,
        alike: bool = False,
    ) -> None:
        if not groups or not all(groups):
            raise InputError(
                "examples: expected at least one a language, found none; is the train file empty?"
            )
        examples = [example for group in groups for example in group]
        self._examples, self._alphabet, self._size, self._seed = examples, alphabet, size, seed
        self._sizes = [len(group) for group in groups]
        self._quotas = quotas(self._sizes, temperature)
        self._lengths = [len(one.lemma) + len(one.form) for one in examples]
        self._shares = {} if alike else _hiding_shares(examples, alphabet.scheme)
        self._of_others = HIDDEN if alike else HIDDEN_RARE
        self._way = -1 if from_end else 1
        self._epoch = self._done = 0

    def __iter__(self) -> Iterator[Mapping[str, Tensor]]:
        while True:
            rng = stream(self._seed, "epoch", str(self._epoch))
            for place, members in enumerate(self._order(rng)):
                if place < self._done:
                    continue
                self._done += 1
                yield self._batch(members, stream(self._seed, str(self._epoch), str(place)))
            self._epoch, self._done = self._epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """The epoch (from 0) and how many of its batches were yielded."""
        return {"epoch": self._epoch, "done": self._done}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a place."""
        self._epoch, self._done = int(state["epoch"]), int(state["done"])

    @property
    def epochs(self) -> float:
        """How often the examples were gone through."""
        return self._epoch + self._done * self._size / len(self._examples)

    def _order(self, rng: Random) -> list[list[int]]:
        """An epoch's batches: examples shuffled, sorted within pools, batches shuffled."""
        order = list(self._drawn(rng))
        rng.shuffle(order)
        pool = self._size * POOL
        batches = []
        for start in range(0, len(order), pool):
            near = sorted(order[start : start + pool], key=self._lengths.__getitem__)
            batches += [near[at : at + self._size] for at in range(0, len(near), self._size)]
        rng.shuffle(batches)
        return batches

    def _drawn(self, rng: Random) -> Iterator[int]:
        """The examples of an epoch, of each language as many as its quota."""
        start = 0
        for size, quota in zip(self._sizes, self._quotas, strict=True):
            whole, rest = divmod(quota, size)
            every = range(start, start + size)
            yield from list(every) * whole + rng.sample(every, rest)
            start += size

    def of(self, members: Sequence[int], name: str) -> Mapping[str, Tensor]:
        """The batch of these examples; what is hidden hangs on the name."""
        return self._batch(members, stream(self._seed, name))

    def length(self, member: int) -> int:
        """Characters of an example's lemma and form."""
        return self._lengths[member]

    @property
    def number(self) -> int:
        """How many examples there are."""
        return len(self._examples)

    def _batch(self, members: Sequence[int], rng: Random) -> Mapping[str, Tensor]:
        lemmas, forms = [], []
        chosen = [self._examples[member] for member in members]
        for one in chosen:
            lemma = self._alphabet.encode(one.lemma, hidden=self._hide(one.lemma, rng))
            form = self._alphabet.encode(one.form, lemma.unknown_units)
            lemmas.append(lemma.ids[:: self._way])
            forms.append([BEGIN, *form.ids[:: self._way], END])
        limit = self._alphabet.size - 1
        return {
            "lemma": padded(lemmas, limit),
            "features": padded([one.features for one in chosen], None),
            "form": padded(forms, limit),
        }

    def _hide(self, lemma: str, rng: Random) -> list[str]:
        units = dict.fromkeys(split(lemma, self._alphabet.scheme))
        return [unit for unit in units if rng.random() < self._shares.get(unit, self._of_others)]


def quotas(sizes: Sequence[int], temperature: float) -> list[int]:
    """How many examples of each language an epoch takes.

    >>> quotas([10000, 100], 1), quotas([10000, 100], 2)
    ([10000, 100], [9182, 918])
    """
    shares = [size ** (1 / temperature) for size in sizes]
    return [max(1, round(share / sum(shares) * sum(sizes))) for share in shares]


def padded(rows: Sequence[Sequence[int]], limit: int | None) -> Tensor:
    """Rows of ids as a tensor (B, longest), with 0 at the end.

    Args:
        limit: the highest id that a model knows; higher ones, further placeholders, become it.

    >>> padded([[5], [7, 9]], 8)
    tensor([[5, 0],
            [7, 8]])
    """
    width = max(1, *map(len, rows)) if len(rows) > 1 else max(1, len(rows[0]))
    table = torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])
    return table if limit is None else table.clamp(max=limit)


def _hiding_shares(examples: Sequence[Example], scheme: str) -> dict[str, float]:
    """The share of its uses in which a unit is hidden, for those that lemma and form may share."""
    uses = Counter[str]()
    for one in examples:
        uses.update({*split(one.lemma, scheme), *split(one.form, scheme)})
    rare = RARE * len(examples)
    return {unit: HIDDEN_RARE if uses[unit] < rare else HIDDEN for unit in uses}
