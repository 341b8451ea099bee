"""Parallel text as words and numbers, ready to be aligned.

    pairs = usable(corpus.pairs, dropped := Counter())
    bitext = encode(pairs)

Words are those of `data.words` (no punctuation, nothing with a digit), folded as a lexicon folds
them. The English possessive is taken off: other languages say it with another word or case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from data.lexicon import fold
from data.parallel import Pair
from data.words import word_spans

Integers = NDArray[np.int64]
WordPair = tuple[tuple[str, ...], tuple[str, ...]]

LONGEST = 100  # words; longer ones are paragraphs, whose cells cost much and say little

# Reasons under which sentence pairs are left out.
NO_WORDS = "no word on one side"
TOO_LONG = f"more than {LONGEST} words on one side"
REPEATED = "repeated pair"
UNTRANSLATED = "same words on both sides"


@dataclass(frozen=True, slots=True)
class Side:
    """One half of a text: sentence k is `words[ids[start[k]:start[k + 1]]]`."""

    words: tuple[str, ...]
    ids: Integers  # (tokens,)
    start: Integers  # (sentences + 1,)

    def counts(self) -> Integers:
        """How often each word occurs, (words,)."""
        return np.bincount(self.ids, minlength=len(self.words))


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentences and their translations as numbers; none is empty."""

    source: Side
    target: Side

    def reversed(self) -> Bitext:
        """The same sentences in the other direction."""
        return Bitext(self.target, self.source)


def words_of(sentence: str) -> tuple[str, ...]:
    """The words of a sentence, folded.

    >>> words_of("NG’OMBE wetu 3, wa Juma.")
    ("ng'ombe", 'wetu', 'wa', 'juma')
    """
    return tuple(fold(sentence[start:stop]) for start, stop in word_spans(sentence))


def english_words_of(sentence: str) -> tuple[str, ...]:
    """The words of an English sentence, folded, without the possessive.

    >>> english_words_of("The farmer’s COWS.")
    ('the', 'farmer', 'cows')
    """
    return tuple(word.removesuffix("'s") for word in words_of(sentence))


def usable(pairs: Iterable[Pair], dropped: Counter[str]) -> list[WordPair]:
    """The words of the pairs, English first, worth aligning; the others are counted by reason."""
    kept: dict[WordPair, None] = {}
    for pair in pairs:
        words = english_words_of(pair.source), words_of(pair.target)
        reason = _fault(words) or (REPEATED if words in kept else None)
        if reason:
            dropped[reason] += 1
        else:
            kept[words] = None
    return list(kept)


def encode(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Bitext:
    """Number the words of both sides by first occurrence; no sentence may be empty.

    >>> encode([(["the", "house"], ["das", "haus"]), (["the"], ["das"])]).source.ids.tolist()
    [0, 1, 0]
    """
    return Bitext(_side([source for source, _ in pairs]), _side([target for _, target in pairs]))


def starts(lengths: Sequence[int] | Integers) -> Integers:
    """Where each of several runs begins, and where the last one ends.

    >>> starts([2, 3]).tolist()
    [0, 2, 5]
    """
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return bounds


def _fault(words: WordPair) -> str | None:
    source, target = words
    if not source or not target:
        return NO_WORDS
    if max(len(source), len(target)) > LONGEST:
        return TOO_LONG
    return UNTRANSLATED if source == target else None


def _side(sentences: Sequence[Sequence[str]]) -> Side:
    numbers: dict[str, int] = {}
    ids = [numbers.setdefault(word, len(numbers)) for word in chain.from_iterable(sentences)]
    return Side(tuple(numbers), np.array(ids, np.int64), starts([len(s) for s in sentences]))
