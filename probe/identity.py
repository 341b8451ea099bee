"""Does a representation say which language a sentence is in, and what do its neighbours share?

    vectors = {"swh": swahili, "amh": amharic}          # (n, width) each, row by row one sentence
    fit, held_out = halves(n, seed=1)                    # probe.retrieval
    found = language_accuracy(vectors, fit, held_out)
    found.accuracy                                       # 0-100, on sentences that were not learned

Two questions, of arrays alone; where they come from is the caller's business. `language_accuracy`
is a linear probe (Alain and Bengio 2017, https://arxiv.org/abs/1610.01644): a multinomial logistic
regression learned on some sentences *in all languages* and asked about others, so that nothing but
the language tells it the answer. `neighbour_purity` asks for the labels of a sentence's nearest
neighbours, which no training can blur (the neighbourhood hit of Paulovich et al. 2008,
https://doi.org/10.1109/TVCG.2007.70443).

Neighbours can be asked for after centring too (`centre`): each language less its own mean over the
sentences that were learned from, as in `probe.retrieval`. A linear probe cannot: where all
languages have one mean, the best weights are 0 and it is at chance by construction (Belrose et al.
2023, https://arxiv.org/abs/2306.03819), whatever else is left of the languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import InputError
from probe.retrieval import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.retrieval import Rows, Vectors

PENALTY = 1.0  # on half the squared weights, as scikit-learn's C = 1
STEPS = 100  # of L-BFGS, at most
NEIGHBOURS = 10
QUERIES = 2000  # sentences whose neighbours are looked at, drawn by seed
BLOCK = 256  # of them at a time


@dataclass(frozen=True, slots=True)
class LanguageProbe:
    """Which held-out sentences a probe told the language of.

    Attributes:
        names: of the languages, in the order of the arrays.
        right: (languages, held-out sentences).
    """

    names: tuple[str, ...]
    right: NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """Of all held-out sentences, 0-100."""
        return float(100 * self.right.mean())

    @property
    def chance(self) -> float:
        """What naming any one language gets: all are as frequent, 0-100."""
        return 100 / len(self.names)

    @property
    def by_row(self) -> list[int]:
        """For each held-out sentence in how many languages it was right: resample these."""
        return [int(number) for number in self.right.sum(axis=0)]


def language_accuracy(
    vectors_by_language: Mapping[str, Vectors],
    fit: Rows,
    held_out: Rows,
    *,
    penalty: float = PENALTY,
    steps: int = STEPS,
) -> LanguageProbe:
    """Learn to tell languages from `fit`'s rows of each, and ask about the rows `held_out`.

    Dimensions are brought to mean 0 and variance 1 over what is learned from. The weights begin at
    0, so that nothing is random.

    Args:
        vectors_by_language: arrays of one shape (n, width); row i is the same sentence in each.
        fit, held_out: numbers of rows, without one in common.
        penalty: on half the squared weights, beside the sum of the losses.

    Raises:
        InputError: fewer than two languages, arrays of different shapes, rows in both parts.
        UnavailableError: torch is not installed.
    """
    names, stacked = stack(vectors_by_language)
    if np.intersect1d(fit, held_out).size or not (len(fit) and len(held_out)):
        raise InputError(
            f"language probe: expected two parts without a row in common, found {len(fit):,} and"
            f" {len(held_out):,}; see probe.retrieval.halves"
        )
    learned = stacked[:, fit].reshape(-1, stacked.shape[2])
    mean, deviation = learned.mean(axis=0), learned.std(axis=0)
    scale = 1 / np.where(deviation > 0, deviation, 1)
    labels = np.repeat(np.arange(len(names)), len(fit))
    weights, bias = _logistic((learned - mean) * scale, labels, len(names), penalty, steps)
    asked = (stacked[:, held_out] - mean) * scale
    told = (asked @ weights.T + bias).argmax(axis=2)
    return LanguageProbe(names, told == np.arange(len(names))[:, None])


def _logistic(
    rows: Vectors, labels: NDArray[np.int64], classes: int, penalty: float, steps: int
) -> tuple[Vectors, Vectors]:
    """Weights (classes, width) and bias (classes,) of a multinomial logistic regression."""
    try:
        import torch
    except ImportError as error:
        from models.library import missing_package

        raise missing_package(error, "cpu") from error
    inputs = torch.from_numpy(np.ascontiguousarray(rows, np.float32))
    wanted = torch.from_numpy(labels)
    weights = torch.zeros((classes, inputs.shape[1]), requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimiser: Any = torch.optim.LBFGS(
        [weights, bias], max_iter=steps, history_size=10, line_search_fn="strong_wolfe"
    )

    def loss() -> Any:
        optimiser.zero_grad()
        value: Any = torch.nn.functional.cross_entropy(inputs @ weights.T + bias, wanted)
        value = value + penalty * (weights * weights).sum() / (2 * len(inputs))
        value.backward()
        return value

    optimiser.step(loss)
    return weights.detach().numpy(), bias.detach().numpy()


@dataclass(frozen=True, slots=True)
class Purity:
    """How many of the nearest neighbours share a label, and how many of all candidates do.

    Attributes:
        rows: the sentence of each query.
        hits: of its neighbours, those with its label; `looked_at` of how many.
        chance: the share of candidates with the query's label, averaged over queries, 0-100.
    """

    rows: NDArray[np.int64]
    hits: NDArray[np.int64]
    looked_at: int
    chance: float

    @property
    def share(self) -> float:
        """The mean share of neighbours with the query's label, 0-100."""
        return float(100 * self.hits.mean() / self.looked_at)


def neighbour_purity(
    vectors_by_language: Mapping[str, Vectors],
    labels: Sequence[Sequence[str | None]] | NDArray[Any],
    excluded: Callable[[int, int], tuple[Sequence[int], Sequence[int]]],
    *,
    neighbours: int = NEIGHBOURS,
    queries: int = QUERIES,
    seed: int = 1,
) -> Purity:
    """The share of a sentence's nearest neighbours, by cosine, that have its label.

    Args:
        vectors_by_language: arrays of one shape (n, width).
        labels: for each language those of its n sentences; None has no label, is nobody's
            neighbour in kind, and is no query.
        excluded: for (language, row) of a query the languages, and the rows in all languages, in
            which no neighbour is looked for. The query itself never is one.
        queries: how many sentences are asked about, drawn by seed; all where there are fewer.

    Raises:
        InputError: as `language_accuracy`; no sentence has a label, or fewer candidates than
            neighbours.
    """
    names, stacked = stack(vectors_by_language)
    count, rows = stacked.shape[:2]
    told = np.array([["" if one is None else one for one in side] for side in labels])
    numbers = np.unique(told, return_inverse=True)[1].reshape(count, rows)
    numbers[told == ""] = -1
    asked = np.flatnonzero(numbers.ravel() >= 0)
    if not asked.size:
        raise InputError(f"purity: no sentence of {', '.join(names[:5])} has a label")
    order = np.random.default_rng(seed).permutation(asked)[:queries]
    every = unit(stacked.reshape(count * rows, -1))
    hits, chances = [], []
    for start in range(0, len(order), BLOCK):
        chosen = order[start : start + BLOCK]
        cosines = (every[chosen] @ every.T).reshape(len(chosen), count, rows)
        for table, query in zip(cosines, chosen, strict=True):
            language, row = divmod(int(query), rows)
            without, across = excluded(language, row)
            table[list(without)] = -np.inf
            table[:, list(across)] = -np.inf
            table[language, row] = -np.inf
            same = (numbers == numbers[language, row]).ravel()
            flat = table.ravel()
            allowed = np.isfinite(flat)
            if allowed.sum() < neighbours:
                raise InputError(
                    f"purity: expected {neighbours} candidates or more, found {allowed.sum()};"
                    " ask for more languages (--lang) or sentences (--limit), or fewer --neighbours"
                )
            nearest = np.argpartition(-flat, neighbours - 1)[:neighbours]
            hits.append(int(same[nearest].sum()))
            chances.append(float(same[allowed].mean()))
    return Purity(order % rows, np.array(hits), neighbours, 100 * float(np.mean(chances)))


def centre(vectors_by_language: Mapping[str, Vectors], fit: Rows) -> dict[str, Vectors]:
    """Each language less its own mean over some rows."""
    return {name: one - one[fit].mean(axis=0) for name, one in vectors_by_language.items()}


def stack(vectors_by_language: Mapping[str, Vectors]) -> tuple[tuple[str, ...], Vectors]:
    """(names, one array of shape (languages, n, width)).

    Raises:
        InputError: fewer than two languages, or arrays of different shapes.
    """
    names = tuple(vectors_by_language)
    shapes = {vectors_by_language[name].shape for name in names}
    if len(names) < 2 or len(shapes) != 1 or len(next(iter(shapes))) != 2:
        told = ", ".join(f"{name} {vectors_by_language[name].shape}" for name in names[:5])
        raise InputError(
            "expected two languages or more, with vectors of one shape (sentences, width), found"
            f" {told or 'none'}"
        )
    return names, np.stack([vectors_by_language[name] for name in names]).astype(np.float32)
