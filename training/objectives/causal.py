"""Causal language modelling: every next token, or the rest of a document that was begun."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import InputError
from training.objectives.examples import Example, Ids, Special, joined
from training.objectives.spans import ended, framed_length


@dataclass(frozen=True, slots=True)
class NextToken:
    """For a decoder: labels are the input, and the loss compares each place with the one before.

    Attributes:
        closed: whether the document ends with eos; not when documents are packed, where the text
            says so itself.
    """

    special: Special
    closed: bool = True

    def lengths(self, length: int) -> tuple[int, int]:
        """Tokens of input and of labels for a document of `length`."""
        read = len(self._start) + length + len(self._end)
        return read, read

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:  # noqa: ARG002  nothing is drawn
        """Input (T,) and labels (T,), the same ids."""
        read = joined(self._start, ids, self._end)
        return Example(read, read)

    @property
    def _start(self) -> tuple[int, ...]:
        return self.special.start if self.closed else ()

    @property
    def _end(self) -> tuple[int, ...]:
        eos, end = self.special.eos, self.special.end
        if not self.closed:
            return ()
        return end if eos is None or eos in end else (*end, eos)


@dataclass(frozen=True, slots=True)
class Continue:
    """For an encoder-decoder: it reads [CLM] and the first 20-80 % of a document, writes the rest.

    The second of AlexaTM 20B's two tasks, a fifth of its training (Soltan et al. 2022,
    https://arxiv.org/abs/2208.01448).

    Attributes:
        least, most: share of the document that is read, drawn uniformly between them.
    """

    special: Special
    least: float = 0.2
    most: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most < 1:
            raise InputError(
                f"clm: a prefix of {self.least} to {self.most} of a document;"
                " expected 0 <= least <= most < 1"
            )
        if self.special.clm is None:
            raise InputError(
                "clm: expected a tokenizer with the token [CLM], found none;"
                " training.objectives.ensure_special adds it"
            )

    def lengths(self, length: int) -> tuple[int, int]:
        """Most tokens of input and of labels for a document of `length`."""
        read = min(round(self.most * length), length - 1)
        rest = max(length - round(self.least * length), 1)
        return framed_length(read + 1, self.special), rest + 1

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """Input (T,): [CLM] and the beginning; labels (U,): the rest, never empty, and eos."""
        cut = min(round(rng.uniform(self.least, self.most) * len(ids)), len(ids) - 1)
        sign = (self.special.clm or 0,)
        read = joined(self.special.start, sign, ids[:cut], self.special.end)
        return Example(read, ended(ids[cut:], self.special))
