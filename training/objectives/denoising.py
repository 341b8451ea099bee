"""Objectives that undo a disorder: deshuffling, and BART's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import InputError
from training.objectives.examples import Example, Ids, Special, joined
from training.objectives.spans import check_rate, covered, ended, framed_length, placed


@dataclass(frozen=True, slots=True)
class Deshuffle:
    """The tokens in random order; the target is the document (Raffel et al. 2020, 3.3.1)."""

    special: Special

    def lengths(self, length: int) -> tuple[int, int]:
        """Most tokens of input and of labels for a document of `length`."""
        return framed_length(length, self.special), length + 1

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """Input (T,): the tokens shuffled; labels (U,): the document, then eos."""
        shuffled = rng.permutation(ids)
        return Example(
            joined(self.special.start, shuffled, self.special.end), ended(ids, self.special)
        )


@dataclass(frozen=True, slots=True)
class Denoise:
    """BART's noise (Lewis et al. 2020, https://aclanthology.org/2020.acl-main.703).

    The target is the document. The default is what BART was trained on: all sentences permuted,
    30 % of the tokens infilled.

    Attributes:
        infill: share of tokens that spans cover, each replaced by one <mask>; lengths are drawn
            from Poisson(mean), and a length of 0 puts in a <mask> where nothing was.
        permute, rotate: probability that the sentences of a document are permuted, that it is
            rotated to begin at a random token.
        delete: share of tokens that vanish without a mark.
    """

    special: Special
    infill: float = 0.3
    mean: float = 3.0
    permute: float = 1.0
    rotate: float = 0.0
    delete: float = 0.0

    def __post_init__(self) -> None:
        for share in (self.infill, self.permute, self.rotate, self.delete):
            if not 0 <= share <= 1:
                raise InputError(f"bart: a share of {share}; expected 0 to 1")
        check_rate("bart: mean", self.mean, most=100)
        if self.infill and self.special.mask is None:
            raise InputError(
                "bart: expected a tokenizer with a mask token, found none;"
                " training.objectives.ensure_special adds one"
            )

    def lengths(self, length: int) -> tuple[int, int]:
        """Most tokens of input and of labels for a document of `length`."""
        return framed_length(length, self.special), length + 1

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:
        """Input (T,): the document disturbed; labels (U,): the document, then eos."""
        noisy = ids
        if rng.random() < self.permute:
            noisy = permuted(noisy, self.special, rng)
        if self.delete:
            noisy = deleted(noisy, self.delete, rng)
        if self.infill:
            noisy = infilled(noisy, self.special.mask or 0, self.infill, self.mean, rng)
        if rng.random() < self.rotate:
            noisy = np.roll(noisy, -int(rng.integers(len(noisy))))
        return Example(
            joined(self.special.start, noisy, self.special.end), ended(ids, self.special)
        )


def permuted(ids: Ids, special: Special, rng: np.random.Generator) -> Ids:
    """The sentences of a document in random order.

    >>> special = Special(size=3, written=(b" maji", b".", b" moto"))
    >>> permuted(np.array([0, 1, 2, 2, 1]), special, np.random.default_rng(3)).tolist()
    [2, 2, 1, 0, 1]
    """
    ends = np.flatnonzero(special.ends_sentence[ids[:-1]]) + 1
    if not len(ends):
        return ids
    sentences = np.split(ids, ends)
    return np.concatenate([sentences[number] for number in rng.permutation(len(sentences))])


def deleted(ids: Ids, rate: float, rng: np.random.Generator) -> Ids:
    """The ids without round(rate * n) random ones; one at least stays."""
    number = min(round(rate * len(ids)), len(ids) - 1)
    return np.delete(ids, rng.choice(len(ids), number, replace=False))


def infilled(ids: Ids, mask: int, rate: float, mean: float, rng: np.random.Generator) -> Ids:
    """The ids with spans replaced by one mask each, round(rate * n) tokens in all, one at least.

    Never longer than the ids: there are at most as many masks as tokens that they cover.
    """
    noise = max(1, round(rate * len(ids)))
    drawn = poisson_lengths(noise, mean, rng)
    lengths = drawn[drawn > 0]
    while len(lengths) > len(ids) - noise + 1:  # two spans must not touch
        lengths = np.concatenate((lengths[:-2], [lengths[-2:].sum()]))
    empty = min(len(drawn) - int((drawn > 0).sum()), noise - len(lengths))
    starts = placed(len(ids) - noise, lengths, rng)
    marked = ids.copy()
    marked[starts] = mask
    stays = ~covered(len(ids), starts, lengths)
    stays[starts] = True
    kept = marked[stays]
    return np.insert(kept, rng.integers(len(kept) + 1, size=empty), mask)


def poisson_lengths(total: int, mean: float, rng: np.random.Generator) -> Ids:
    """Lengths drawn from Poisson(mean) until they add up to a total; the last one is cut to fit.

    >>> lengths = poisson_lengths(9, 3.0, np.random.default_rng(1))
    >>> int(lengths.sum())
    9
    """
    lengths: list[int] = []
    left = total
    while left:
        for length in rng.poisson(mean, size=max(4, round(left / mean))).tolist():
            lengths.append(min(length, left))
            left -= lengths[-1]
            if not left:
                break
    return np.array(lengths, dtype=np.int64)
