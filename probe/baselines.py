"""What retrieval across languages gets for nothing: shared letters, lengths, a lexicon's words.

>>> left, right = character_vectors(["mama yangu"], ["Mama!", "xyz"])
>>> (left @ right.T).argmax()
np.int64(0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InputError, UnavailableError
from probe.retrieval import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.access import Access
    from data.languages import Language
    from data.lexicon import Lexicon
    from probe.retrieval import Vectors

BITS = 12  # n-grams fall into 4,096 classes
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth 1998, 6.4): odd, 2^64 / phi
LENGTHS = (2, 3, 4)  # of character n-grams


def character_vectors(source: Sequence[str], target: Sequence[str]) -> tuple[Vectors, Vectors]:
    """Hashed character n-grams of both sides, weighted by how rare each is among all of them.

    Args:
        source, target: n and m sentences.

    Returns:
        Shapes (n, 4096) and (m, 4096), of length 1; sentences without a letter are 0.
    """
    counts = np.stack([_counts(text) for text in (*source, *target)]).astype(np.float32)
    rarity = np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))
    vectors = unit(np.log1p(counts) * rarity.astype(np.float32))
    return vectors[: len(source)], vectors[len(source) :]


def length_vectors(source: Sequence[str], target: Sequence[str]) -> tuple[Vectors, Vectors]:
    """Sentences as points of a quarter circle, by the rank of their length in their language."""
    return _on_circle(source), _on_circle(target)


def gloss_vectors(
    source: Sequence[str], target: Sequence[str], lexicon: Lexicon
) -> tuple[Vectors, Vectors]:
    """`character_vectors` after each word of the source that a lexicon has became its translation.

    Args:
        lexicon: from the source's language to the target's.
    """
    from data.lexicon import gloss

    return character_vectors([gloss(text, lexicon).text for text in source], target)


def lexicon_from(name: str, source: Language, target: Language, access: Access) -> Lexicon | None:
    """A lexicon of that name for two languages; None where it has none of these.

    Raises:
        InputError: no such lexicon.
    """
    from data.catalog import catalog
    from data.lexicon.load import load_lexicon

    try:
        return load_lexicon(source, target, name=name, access=access)
    except (InputError, UnavailableError):
        if name not in catalog() or catalog()[name].kind != "lexicon":
            raise
        return None


BASELINES: Mapping[str, Callable[[Sequence[str], Sequence[str]], tuple[Vectors, Vectors]]] = {
    "characters": character_vectors,
    "length": length_vectors,
}


@lru_cache(maxsize=1 << 12)  # English is the same for all languages of some sets
def _counts(text: str) -> NDArray[np.uint16]:
    """How often n-grams of each class stand in a text: a polynomial of code points, hashed."""
    spaced = f" {' '.join(text.casefold().split())} "
    codes = np.frombuffer(spaced.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    classes = []
    for n in LENGTHS:
        gram = np.full(max(0, len(codes) - n + 1), n, np.uint64)
        for place in range(n):
            gram = (gram + codes[place : place + len(gram)]) * MULTIPLIER  # modulo 2^64
        classes.append(gram >> np.uint64(64 - BITS))
    return np.bincount(np.concatenate(classes).astype(np.int64), minlength=1 << BITS).astype(
        np.uint16
    )


def _on_circle(texts: Sequence[str]) -> Vectors:
    lengths = np.array([len(text) for text in texts])
    ranks = np.searchsorted(np.sort(lengths), lengths, side="left") / max(1, len(texts))
    angles = ranks * np.pi / 2
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)
