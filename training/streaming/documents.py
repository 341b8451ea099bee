"""Documents of one corpus in shuffled order, epoch after epoch, cut so that they fit.

Two ways. By sentence: a document is an example; one that is too long is cut into parts of nearly
equal length. Packed: documents follow each other with an end-of-text token after each, cut into
blocks of the same length wherever that falls. Either way every token comes once an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data.randomness import key
from training.noising.examples import Ids
from training.streaming.encoded import Encoded
from training.streaming.order import shuffled_place


class Place(NamedTuple):
    """Where a corpus stands: the epoch, the document (or part) of it, the token of the document."""

    epoch: int = 0
    number: int = 0
    offset: int = 0


class Documents(Protocol):
    """A corpus cut to length."""

    def step(self, place: Place) -> tuple[int, Place]:
        """The tokens of what stands at a place, and the place after it."""
        ...

    def ids(self, place: Place) -> Ids:
        """What stands at a place, (n,)."""
        ...


@dataclass(frozen=True)
class Sentences:
    """Documents, or parts of long ones, of at most `room` tokens each."""

    corpus: Encoded
    room: int
    seed: int

    def step(self, place: Place) -> tuple[int, Place]:
        """See `Documents`."""
        start, stop = self._span(self._shuffled(place))
        last = place.number + 1 == self.count
        return stop - start, Place(place.epoch + last, 0 if last else place.number + 1)

    def ids(self, place: Place) -> Ids:
        """See `Documents`."""
        return self.part(self._shuffled(place))

    def part(self, number: int) -> Ids:
        """Part `number` of the corpus in its own order."""
        start, stop = self._span(number)
        return np.asarray(self.corpus.ids[start:stop], dtype=np.int64)

    @property
    def count(self) -> int:
        """The number of parts."""
        return int(self._last_parts[-1])

    def _shuffled(self, place: Place) -> int:
        return shuffled_place(place.number, self.count, _key(self, place.epoch))

    def _span(self, number: int) -> tuple[int, int]:
        """Where a part starts and ends in the corpus."""
        document = int(np.searchsorted(self._last_parts, number, side="right"))
        first = int(self._last_parts[document - 1]) if document else 0
        parts = int(self._last_parts[document]) - first
        length = self.corpus.length(document)
        start = int(self.corpus.ends[document]) - length
        at = number - first
        return start + at * length // parts, start + (at + 1) * length // parts

    @cached_property
    def _last_parts(self) -> NDArray[np.int64]:
        """How many parts there are up to each document, itself included, (D,)."""
        lengths = np.diff(self.corpus.ends, prepend=0)
        return np.cumsum(-(-lengths // self.room))


@dataclass(frozen=True)
class Packed:
    """Blocks of `room` tokens each, the separator after every document included."""

    corpus: Encoded
    room: int
    seed: int
    separator: int

    def step(self, place: Place) -> tuple[int, Place]:
        """See `Documents`."""
        for _, after in self._pieces(place):
            place = after
        return self.room, place

    def ids(self, place: Place) -> Ids:
        """See `Documents`."""
        return np.concatenate([self._slice(*slice_) for slice_, _ in self._pieces(place)])

    def _slice(self, document: int, start: int, stop: int) -> Ids:
        ids = np.append(self.corpus.document(document), self.separator)
        return np.asarray(ids[start:stop], dtype=np.int64)

    def _pieces(self, place: Place) -> Iterator[tuple[tuple[int, int, int], Place]]:
        """The parts of documents that make up a block, each with the place after it."""
        left = self.room
        while left:
            document = shuffled_place(place.number, self.corpus.documents, _key(self, place.epoch))
            length = self.corpus.length(document) + 1
            stop = min(length, place.offset + left)
            left -= stop - place.offset
            piece = (document, place.offset, stop)
            place = self._after(place, stop, length)
            yield piece, place

    def _after(self, place: Place, stop: int, length: int) -> Place:
        if stop < length:
            return place._replace(offset=stop)
        last = place.number + 1 == self.corpus.documents
        return Place(place.epoch + last, 0 if last else place.number + 1)


def _key(documents: Sentences | Packed, epoch: int) -> int:
    return key(documents.seed, f"{documents.corpus.name}/{epoch}")
