"""What retrieval across languages gets for nothing: shared letters, and lengths.

>>> left, right = character_vectors(["mama yangu"], ["Mama!", "xyz"])
>>> (left @ right.T).argmax()
np.int64(0)
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from probe.retrieval import unit

if TYPE_CHECKING:
    from probe.retrieval import Vectors

DIMENSIONS = 4096
LENGTHS = (2, 3, 4)  # of character n-grams


def character_vectors(source: Sequence[str], target: Sequence[str]) -> tuple[Vectors, Vectors]:
    """Hashed character n-grams of both sides, weighted by how rare each is among all of them.

    Args:
        source, target: n and m sentences.

    Returns:
        Shapes (n, 4096) and (m, 4096), of length 1; sentences without a letter are 0.
    """
    counts = np.zeros((len(source) + len(target), DIMENSIONS), np.float32)
    for row, text in enumerate((*source, *target)):
        for gram in _grams(text):
            counts[row, zlib.crc32(gram.encode()) % DIMENSIONS] += 1
    rarity = np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))
    vectors = unit(np.log1p(counts) * rarity.astype(np.float32))
    return vectors[: len(source)], vectors[len(source) :]


def length_vectors(source: Sequence[str], target: Sequence[str]) -> tuple[Vectors, Vectors]:
    """Sentences as points of a quarter circle, by the rank of their length in their language."""
    return _on_circle(source), _on_circle(target)


BASELINES: Mapping[str, Callable[[Sequence[str], Sequence[str]], tuple[Vectors, Vectors]]] = {
    "characters": character_vectors,
    "length": length_vectors,
}


def _grams(text: str) -> list[str]:
    spaced = f" {' '.join(text.casefold().split())} "
    return [spaced[i : i + n] for n in LENGTHS for i in range(len(spaced) - n + 1)]


def _on_circle(texts: Sequence[str]) -> Vectors:
    lengths = np.array([len(text) for text in texts])
    ranks = np.searchsorted(np.sort(lengths), lengths, side="left") / max(1, len(texts))
    angles = ranks * np.pi / 2
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)
