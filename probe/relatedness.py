"""How alike languages are: in a representation, by descent, place, script and subwords.

Each function gives a symmetric table (languages, languages), the larger the more alike; a gap is
not a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from data.words import script_of_letter
from probe.identity import stack
from probe.retrieval import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.retrieval import Vectors

    Table = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0088


def cosine(vectors: Mapping[str, Vectors]) -> Table:
    """Cosines between the means of languages, less the mean of all languages."""
    _, stacked = stack(vectors)
    means = stacked.mean(axis=1)
    moved = unit(means - means.mean(axis=0)).astype(np.float64)
    return np.asarray(moved @ moved.T)


def kernel_alignment(vectors: Mapping[str, Vectors]) -> Table:
    """Linear centred kernel alignment (CKA): how alike sentences are arranged in two languages.

    Kornblith et al. 2019, https://proceedings.mlr.press/v97/kornblith19a: the cosine of the two
    tables of dot products between centred sentences. Rows must be the same sentences.
    """
    _, stacked = stack(vectors)
    moved = stacked - stacked.mean(axis=1, keepdims=True)
    grams = np.stack([(one @ one.T).ravel() for one in moved])
    scaled = unit(grams).astype(np.float64)
    return np.asarray(scaled @ scaled.T)


def retrieved(
    vectors: Mapping[str, Vectors], advance: Callable[[int, int], None] | None = None
) -> Table:
    """The share of sentences whose nearest in the other language is the same, both directions.

    By cosine, each language less its own mean (see `probe.retrieval`), 0-1.
    """
    _, stacked = stack(vectors)
    count, rows, _ = stacked.shape
    moved = np.stack([unit(one - one.mean(axis=0)) for one in stacked])
    table = np.ones((count, count))
    same = np.arange(rows)
    for left in range(count):
        for right in range(left + 1, count):
            scores = moved[left] @ moved[right].T
            hits = (scores.argmax(axis=1) == same).sum() + (scores.argmax(axis=0) == same).sum()
            table[left, right] = table[right, left] = hits / (2 * rows)
        if advance:
            advance(left + 1, count)
    return table


def by_descent(lineages: Sequence[Sequence[str] | None]) -> Table:
    """The share of two languages' ways from the root of Glottolog's tree that they have in common.

    2 shared / (one's + the other's), the language itself the end of its way (Wu and Palmer's
    measure in a taxonomy): 1 for one language, 0 for two families; a gap where nobody knows.

    >>> by_descent([("ie", "germ", "deu"), ("ie", "germ", "nld"), ("turk", "tur")]).round(2)[0]
    array([1.  , 0.67, 0.  ])
    """
    count = len(lineages)
    table = np.full((count, count), np.nan)
    for left, one in enumerate(lineages):
        for right, other in enumerate(lineages):
            if one and other:
                shared = len(set(one) & set(other))
                table[left, right] = 2 * shared / (len(one) + len(other))
    return table


def by_place(places: Sequence[tuple[float, float] | None]) -> Table:
    """Minus the logarithm of 1 + the kilometres between two places (latitude, longitude).

    >>> paris, berlin = (48.8566, 2.3522), (52.52, 13.405)
    >>> round(float(np.expm1(-by_place([paris, berlin])[0, 1])))
    877
    """
    degrees = np.array([(np.nan, np.nan) if one is None else one for one in places])
    latitude, longitude = np.radians(degrees).T
    squared = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None])
        * np.cos(latitude)
        * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    return np.asarray(-np.log1p(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(squared, 0, 1)))))


def by_script(sentences: Sequence[Sequence[str]]) -> Table:
    """How much of two languages' letters are of the same scripts, 0-1.

    >>> by_script([["abc"], ["ab"], ["абв"], ["abаб"]])[0]
    array([1. , 1. , 0. , 0.5])
    """
    return _overlap([Counter(_scripts(texts)) for texts in sentences])


def by_subwords(pieces: Sequence[Sequence[Sequence[int]]]) -> Table:
    """How much of two languages' pieces, by their frequency, is common to both, 0-1.

    Args:
        pieces: by language the ids of each text.
    """
    return _overlap([Counter(id_ for ids in texts for id_ in ids) for texts in pieces])


def _scripts(texts: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for letter, count in Counter("".join(texts)).items():
        if script := script_of_letter(letter):
            found[script] += count
    return found


def _overlap(counts: Sequence[Counter[Any]]) -> Table:
    """The sum of the smaller of two shares over all kinds: 1 minus half their distance."""
    kinds = {kind: at for at, kind in enumerate({kind: None for one in counts for kind in one})}
    shares = np.zeros((len(counts), len(kinds)))
    for row, one in zip(shares, counts, strict=True):
        for kind, count in one.items():
            row[kinds[kind]] = count / one.total()
    return np.stack([np.minimum(row, shares).sum(axis=1) for row in shares])
