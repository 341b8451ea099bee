"""Masked language modelling (Devlin et al. 2019, https://aclanthology.org/N19-1423)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InputError
from training.objectives.examples import IGNORED, Example, Ids, Special, joined
from training.objectives.spans import check_rate, ended, framed_length

MASKED, RANDOM = 0.8, 0.1  # of the chosen tokens; the others stay as they are


@dataclass(frozen=True, slots=True)
class MaskTokens:
    """Choose 15 % of the tokens: 80 % become <mask>, 10 % any token, 10 % stay; predict them.

    Attributes:
        rate: share of tokens chosen, one at least; special tokens never are.
        whole_words: choose words, not pieces, as long as they fit into the share.
        writes: for an encoder-decoder, whose labels are the whole document (BART's token masking,
            Lewis et al. 2020).
    """

    special: Special
    rate: float = 0.15
    whole_words: bool = False
    writes: bool = False

    def __post_init__(self) -> None:
        check_rate("mlm", self.rate)
        if self.special.mask is None:
            raise InputError(
                "mlm: expected a tokenizer with a mask token, found none;"
                " training.objectives.ensure_special adds one"
            )

    def lengths(self, length: int) -> tuple[int, int]:
        """Tokens of input and of labels for a document of `length`."""
        read = framed_length(length, self.special)
        return read, length + 1 if self.writes else read

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """Input (T,); labels (T,), IGNORED where nothing was chosen, or (U,), the document."""
        chosen = self._chosen(ids, rng)
        read = joined(self.special.start, self._masked(ids, chosen, rng), self.special.end)
        if self.writes:
            return Example(read, ended(ids, self.special))
        labels = np.full(len(read), IGNORED, dtype=np.int64)
        first = len(self.special.start)
        labels[first : first + len(ids)][chosen] = ids[chosen]
        return Example(read, labels)

    def _chosen(self, ids: Ids, rng: np.random.Generator) -> NDArray[np.int64]:
        """The places that are chosen."""
        places = np.flatnonzero(~self.special.is_special[ids])
        if not len(places):
            return places
        number = max(1, round(self.rate * len(places)))
        if self.whole_words:
            return places[chosen_words(word_numbers(ids, self.special)[places], number, rng)]
        return np.asarray(rng.permutation(places)[:number])

    def _masked(self, ids: Ids, chosen: Ids, rng: np.random.Generator) -> Ids:
        fate = rng.random(len(chosen))
        drawn = self.special.ordinary[rng.integers(len(self.special.ordinary), size=len(chosen))]
        masked = ids.copy()
        masked[chosen] = np.select(
            [fate < MASKED, fate < MASKED + RANDOM],
            [np.int64(self.special.mask or 0), drawn],
            ids[chosen],
        )
        return masked


def word_numbers(ids: Ids, special: Special) -> Ids:
    """The number of the word that each id belongs to, (T,); punctuation is a word of its own.

    >>> pieces = (b"<pad>", b" ki", b"tabu", b".", b" cha")
    >>> word_numbers(np.array([1, 2, 3, 4]), Special(size=5, written=pieces)).tolist()
    [0, 0, 1, 2]
    """
    alone = special.is_punctuation[ids] | special.is_special[ids]
    starts = special.starts_word[ids] | alone
    starts[1:] |= alone[:-1]
    starts[0] = False
    return np.cumsum(starts)


def chosen_words(words: Ids, number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of random words, `number` at most; of the shortest word if all are longer.

    Args:
        words: the number of each place's word, (T,).

    >>> chosen_words(np.array([0, 0, 0, 1, 2, 2]), 1, np.random.default_rng(1)).tolist()
    [3]
    """
    _, words, sizes = np.unique(words, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    taken = np.zeros(len(sizes), dtype=bool)
    for word in order:
        if sizes[word] <= number:
            taken[word] = True
            number -= sizes[word]
    if not taken.any():
        taken[sizes.argmin()] = True
    return np.flatnonzero(taken[words])
