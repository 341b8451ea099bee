"""The text of a distillation in batches: each document always the same example, with its targets.

A masked document has the same places masked in every epoch: what is drawn hangs on seed, corpus and
document, and what a teacher said of it once holds again. Where the vocabularies differ, a
batch has the teacher's own ids beside the student's, and the spans of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from training.distillation.alignment import NONE, OTHER, Alignment, Row
from training.documents import Encoded, Sentences
from training.objectives import Mix
from training.objectives.examples import Example, collate, generator, padded
from training.text import Item, TextBatches

if TYPE_CHECKING:
    from torch import Tensor


class Place(NamedTuple):
    """A document, or a part of a long one: of which corpus, and its number there."""

    corpus: int
    number: int


class Kept(Protocol):
    """What a teacher said of documents, as `training.distillation.targets` keeps it."""

    def batch(self, places: Sequence[Place]) -> dict[str, Tensor]:
        """Tensors beside the student's."""
        ...


@dataclass(frozen=True)
class Texts:
    """Corpora as examples and batches."""

    corpora: Sequence[Encoded]
    mix: Mix
    seed: int
    alignment: Alignment

    @cached_property
    def cut(self) -> list[Sentences]:
        """The corpora in parts of at most the length that is seen at once."""
        return [Sentences(corpus, self.mix.longest, self.seed) for corpus in self.corpora]

    def ids(self, place: Place) -> Any:
        """The ids of a part, (n,)."""
        return self.cut[place.corpus].part(place.number)

    def example(self, place: Place) -> Example:
        """What the student reads and is to predict; the same whenever it is asked for."""
        name = self.corpora[place.corpus].name
        return self.mix(self.ids(place), generator(self.seed, name, "part", str(place.number)))

    def batch(self, places: Sequence[Place]) -> dict[str, Tensor]:
        """Examples in rows; with the teacher's where it reads other pieces."""
        examples = [self.example(place) for place in places]
        batch = collate(examples, self.mix.special.pad)
        if self.alignment.kind == OTHER:
            batch |= beside([self.alignment.row(one.input) for one in examples], self.alignment)
        return batch

    def in_order(self, tokens: int, limit: int | None = None) -> list[list[Place]]:
        """Every part once, in batches of parts of like length; the first `limit` of each corpus."""
        items = [
            (Place(corpus, number), len(cut.part(number)))
            for corpus, cut in enumerate(self.cut)
            for number in range(min(cut.count, limit or cut.count))
        ]
        found: list[list[Place]] = []
        room = 0
        for place, length in sorted(items, key=lambda one: (-one[1], one[0])):
            if not found or (len(found[-1]) + 1) * room > tokens:
                found.append([])
                room = self.mix.cost(length)
            found[-1].append(place)
        return found


def beside(rows: Sequence[Row], alignment: Alignment) -> dict[str, Tensor]:
    """What the teacher reads, and how both sides' pieces are compared, (B, T') and (B, T)."""
    import torch

    ids = [row.ids for row in rows]
    found = {
        "teacher/input_ids": padded(ids, alignment.teacher.pad),
        "teacher/attention_mask": padded([np.ones_like(one) for one in ids], 0),
        "teacher/spans": padded([row.its for row in rows], NONE),
        "teacher/compared": padded([row.its_compared for row in rows], 0),
        "spans": padded([row.own for row in rows], NONE),
        "compared": padded([row.compared for row in rows], 0),
    }
    return {name: torch.from_numpy(one) for name, one in found.items()}


class DistilBatches(TextBatches):
    """The endless stream: `TextBatches` of examples that never change, with kept targets."""

    def __init__(self, texts: Texts, targets: Kept | None = None, **how: Any) -> None:
        """As `TextBatches`; `targets` is what the teacher said, or None where it is asked anew."""
        super().__init__(texts.corpora, texts.mix, seed=texts.seed, **how)
        self._texts, self._targets = texts, targets

    def _built(self, items: Sequence[Item]) -> dict[str, Tensor]:
        places = [
            Place(item.corpus, self._texts.cut[item.corpus].number(item.position)) for item in items
        ]
        batch = self._texts.batch(places)
        return batch | self._targets.batch(places) if self._targets else batch
