"""What an encoder makes of texts in two languages, so that they can be compared.

A language's vectors lie together, whatever its texts say; without the mean of each side what is
left tells the texts apart (Libovicky, Rosa and Fraser 2020, https://aclanthology.org/2020.findings-emnlp.150).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from localize.alignment import Trait
from localize.documents.record import Document
from localize.texts import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW = 8  # texts of a side whose mean is half believed


Embed: TypeAlias = "Callable[[Sequence[str]], NDArray[np.float32]]"
"""From n texts to vectors of length 1, shape (n, d)."""


@dataclass(frozen=True)
class Side:
    """The vectors of one side of a pair of documents.

    Attributes:
        mean: shape (d,), of the document's segments; drawn towards 0 where they are few.
    """

    embed: Embed
    mean: NDArray[np.float32]

    @classmethod
    def of(cls, embed: Embed, document: Document) -> Side:
        """With the mean of a document's segments."""
        vectors = embed(_texts(document) or [" "])
        return cls(embed, vectors.sum(axis=0) / (len(vectors) + FEW))

    def put(self, traits: Sequence[Trait], texts: Sequence[str]) -> list[Trait]:
        """The traits with the vectors of their texts, without the mean, of length 1."""
        import numpy as np

        if not texts:
            return []
        vectors = self.embed(texts) - self.mean
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return [replace(one, vector=row) for one, row in zip(traits, vectors, strict=True)]

    def segments(self, traits: Sequence[Trait], document: Document) -> list[Trait]:
        """The traits of a document's segments with their vectors."""
        return self.put(traits, _texts(document))


def _texts(document: Document) -> list[str]:
    return [one_line(segment.text) for segment in document.segments]
