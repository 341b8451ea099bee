"""Which language is a sentence in? What character n-grams say for nothing.

A naive Bayes classifier over hashed n-grams of 1 to 4 characters, as langid.py over bytes (Lui and
Baldwin 2012, https://aclanthology.org/P12-3005): the baseline of `probe.language`.

>>> sides = {"sw": ("mama yangu", "watu wengi", "nyumba"), "de": ("der Wald", "die Wiese", "Wald")}
>>> character_identification(sides, np.array([0, 1]), np.array([2])).right.ravel().tolist()
[True, True]
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from probe.identity import LanguageProbe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.retrieval import Rows

DIMENSIONS = 1 << 15
LENGTHS = (1, 2, 3, 4)
SMOOTHING = 0.1


def character_identification(
    sentences: Mapping[str, Sequence[str]], fit: Rows, held_out: Rows
) -> LanguageProbe:
    """Learn from some sentences of each language, and ask about others.

    Args:
        sentences: by language, row by row the same.
        fit, held_out: numbers of rows.
    """
    names = tuple(sentences)
    counts = np.full((len(names), DIMENSIONS), SMOOTHING, np.float32)
    for row, name in enumerate(names):
        seen = np.concatenate([hashed(sentences[name][number]) for number in fit])
        counts[row] += np.bincount(seen, minlength=DIMENSIONS).astype(np.float32)
    likely = np.log(counts / counts.sum(axis=1, keepdims=True)).T.copy()  # (n-grams, languages)
    right = np.zeros((len(names), len(held_out)), bool)
    for row, name in enumerate(names):
        for column, number in enumerate(held_out):
            told = likely[hashed(sentences[name][number])].sum(axis=0)
            right[row, column] = told.argmax() == row
    return LanguageProbe(names, right)


def hashed(text: str) -> NDArray[np.int64]:
    """The numbers of a text's n-grams, below `DIMENSIONS`, with repetitions."""
    spaced = f" {' '.join(text.casefold().split())} "
    grams = (spaced[at : at + n] for n in LENGTHS for at in range(len(spaced) - n + 1))
    return np.array([zlib.crc32(gram.encode()) % DIMENSIONS for gram in grams], np.int64)
