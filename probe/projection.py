"""Many dimensions as two: principal components, or UMAP where it is installed.

>>> rng = np.random.default_rng(1)
>>> line = rng.normal(size=(50, 1)) * np.array([[3.0, -4.0, 0.0]])
>>> found = principal_components(line, line[:2])
>>> [round(float(share), 3) for share in found.shares], found.points.shape
([1.0, 0.0], (2, 2))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.retrieval import Vectors

NEIGHBOURS = 15  # UMAP's own default


@dataclass(frozen=True, slots=True)
class Projected:
    """Points in two dimensions.

    Attributes:
        points: (n, 2).
        shares: of each principal component's variance in all of it, 0-1, the largest first; none
            for UMAP, whose axes mean nothing.
    """

    points: NDArray[np.float64]
    shares: NDArray[np.float64]


def principal_components(fit: Vectors, shown: Vectors, components: int = 2) -> Projected:
    """The first principal components (Pearson 1901) of `fit`, and where `shown` lies on them.

    Signs are settled: of each component the loading that is largest in size is positive, so that
    the same vectors give the same picture on every machine.

    Args:
        fit: (m, width), what the components are of.
        shown: (n, width).

    Raises:
        InputError: fewer than three points, or all of them in one place.
    """
    if len(fit) < 3:
        raise InputError(
            f"projection: expected 3 points or more, found {len(fit)}; name more languages with"
            " --lang, or more sentences with --limit"
        )
    mean = fit.mean(axis=0, dtype=np.float64)
    centred = fit.astype(np.float64) - mean
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    variances = lengths**2
    if not variances.sum() > 0:
        raise InputError("projection: expected points that differ, found all in one place")
    axes = axes[:components]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    axes = axes * np.where(largest < 0, -1, 1)[:, None]
    shares = variances / variances.sum()
    return Projected((shown.astype(np.float64) - mean) @ axes.T, shares[:components])


def umap(shown: Vectors, seed: int) -> Projected:
    """UMAP (McInnes et al. 2018, https://arxiv.org/abs/1802.03426) by cosine, seeded.

    Distances between far groups, sizes and axes mean nothing in it.

    Raises:
        UnavailableError: umap-learn is not installed.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise UnavailableError(
            'umap-learn is not installed, which --method umap needs; pip install "kilolingua[umap]"'
        ) from error
    made = UMAP(
        n_neighbors=min(NEIGHBOURS, len(shown) - 1), metric="cosine", random_state=seed, n_jobs=1
    )
    return Projected(np.asarray(made.fit_transform(shown), np.float64), np.zeros(0))
