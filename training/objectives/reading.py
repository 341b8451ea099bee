"""A document as it is, nothing of it to be predicted: what auxiliary objectives read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.objectives.examples import IGNORED, Example, Ids, Special, joined
from training.objectives.spans import framed_length


@dataclass(frozen=True, slots=True)
class Read:
    """The document between the tokenizer's own marks; no label anywhere.

    Attributes:
        prefix: ids before each document, part of what the model learned ("query: ").
    """

    special: Special
    prefix: tuple[int, ...] = ()

    def lengths(self, length: int) -> tuple[int, int]:
        """Tokens of input and of labels for a document of `length`."""
        read = len(self.prefix) + framed_length(length, self.special)
        return read, read

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:  # noqa: ARG002
        """Input (T,); labels (T,), all of them IGNORED."""
        read = joined(self.special.start, self.prefix, ids, self.special.end)
        return Example(read, np.full(len(read), IGNORED, dtype=np.int64))
