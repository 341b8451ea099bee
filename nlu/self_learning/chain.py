"""The absorbing Markov chain of requests: where somebody who says this mostly ends.

A state is a request. From it a path goes on to the request that was said instead, or ends: in
success with that very request, or in failure. With Q the transitions between requests and R those
into the ends, the absorption probabilities are B = (I - Q)^-1 R (Kemeny and Snell 1960, ch. 3).

>>> one, three = np.array([0]), np.array([3.0])     # 3 of 4 times request 1 is said instead of 0
>>> ends = {"success": np.array([1.0, 4.0]), "failure": np.array([0.0, 1.0])}
>>> chain = Chain.of(Links(2, one, one + 1, three, **ends))
>>> chain.absorption(np.array([0, 1])).toarray()     # ends in success with 0, with 1
array([[0.25, 0.6 ],
       [0.  , 0.8 ]])

No matrix is inverted. Components (of requests that any path joins) are solved one by one, those of
up to `DIRECT` requests by a sparse factorisation; in a large one the paths of the requests that are
asked for are followed step by step until less than `REST` of them are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.library import missing_package

DIRECT = 2_000  # states of a component that is factorised
REST = 1e-13  # of a path's probability that may be left when it is not followed further
STEPS = 500  # after which a component is factorised after all: paths that turn in circles
BLOCK = 4_096  # sources that are followed together

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Links:
    """What was counted, weighted: moves between requests, and their ends.

    Attributes:
        states: how many requests there are.
        source, target, weight: (m,) of the moves.
        success, failure: (states,) of the ends.
    """

    states: int
    source: Ints
    target: Ints
    weight: Floats
    success: Floats
    failure: Floats


@dataclass(frozen=True)
class Chain:
    """Transition probabilities.

    Attributes:
        moves: Q, sparse (states, states).
        success: (states,) the probability of ending in success at once; failure likewise.
        component: (states,) the number of each state's component.
    """

    moves: Any
    success: Floats
    failure: Floats
    component: NDArray[np.int32]

    @classmethod
    def of(cls, links: Links) -> Chain:
        """The chain of what was counted; a request that was never asked fails.

        Raises:
            UnavailableError: scipy is not installed.
        """
        sparse, graph = _scipy()
        size = (links.states, links.states)
        counts = sparse.csr_matrix((links.weight, (links.source, links.target)), shape=size)
        counts.sum_duplicates()
        total = np.asarray(counts.sum(axis=1)).ravel() + links.success + links.failure
        asked = total > 0
        share = np.divide(1.0, total, out=np.zeros_like(total), where=asked)
        moves = sparse.diags(share) @ counts
        _, component = graph.connected_components(counts, directed=True, connection="weak")
        failure = np.where(asked, links.failure * share, 1.0)
        return cls(moves.tocsr(), links.success * share, failure, component.astype(np.int32))

    def absorption(self, sources: Ints) -> Any:
        """B, sparse (sources, states): the probability of a path from each to succeed with each.

        What is missing to 1 in a row is the probability of failure.
        """
        sparse, _ = _scipy()
        order = np.argsort(self.component[sources], kind="stable")
        sizes = np.bincount(self.component, minlength=int(self.component.max(initial=0)) + 1)
        small = sizes[self.component[sources[order]]] <= DIRECT
        parts, rows = [], []
        for members in _runs(order[small], self.component[sources[order[small]]]):
            parts.append(self._solved(sources[members]))
            rows.append(members)
        large = order[~small]
        for start in range(0, len(large), BLOCK):
            members = large[start : start + BLOCK]
            parts.append(self._followed(sources[members]))
            rows.append(members)
        if not parts:
            return sparse.csr_matrix((0, len(self.success)))
        back = np.argsort(np.concatenate(rows), kind="stable")
        return sparse.vstack(parts, format="csr")[back]

    def _solved(self, sources: Ints) -> Any:
        """By a factorisation of I - Q of one component, transposed: a row a source."""
        sparse, _ = _scipy()
        from scipy.sparse.linalg import splu

        inside = np.flatnonzero(self.component == self.component[sources[0]])
        place = np.searchsorted(inside, sources)
        part = self.moves[inside][:, inside]
        if len(inside) == 1 and not part.nnz:
            visits = np.ones((1, len(sources)))
        else:
            factors = splu((sparse.identity(len(inside)) - part).T.tocsc())
            unit = np.zeros((len(inside), len(sources)))
            unit[place, np.arange(len(sources))] = 1
            visits = factors.solve(unit)  # expected visits of each state, (inside, sources)
        found = sparse.csr_matrix((visits * self.success[inside][:, None]).T)
        found.data[abs(found.data) < REST] = 0
        found.eliminate_zeros()
        columns = inside[found.indices]
        size = (len(sources), len(self.success))
        return sparse.csr_matrix((found.data, columns, found.indptr), shape=size)

    def _followed(self, sources: Ints) -> Any:
        """Paths step by step: the sum over k of Q^k, a row a source, times what ends there."""
        sparse, _ = _scipy()
        size = (len(sources), len(self.success))
        ones = np.ones(len(sources))
        at = sparse.csr_matrix((ones, (np.arange(len(sources)), sources)), shape=size)
        visits = at
        for _ in range(STEPS):
            at = at @ self.moves
            at.data[at.data < REST / 100] = 0
            at.eliminate_zeros()
            if not at.nnz or at.sum(axis=1).max() < REST:
                return visits @ sparse.diags(self.success)
            visits = visits + at
        parts = [self._solved(sources[[number]]) for number in range(len(sources))]
        return sparse.vstack(parts, format="csr")


def _runs(order: Ints, labels: NDArray[np.int32]) -> list[Ints]:
    """Stretches of `order` with equal labels."""
    if not len(order):
        return []
    return list(np.split(order, np.flatnonzero(labels[1:] != labels[:-1]) + 1))


def _scipy() -> tuple[Any, Any]:
    try:
        from scipy import sparse
        from scipy.sparse import csgraph
    except ImportError as error:
        raise missing_package(error, "nlu") from error
    return sparse, csgraph


def dense_absorption(links: Links) -> Floats:
    """B by inverting I - Q, (states, states): what `Chain.absorption` is checked against."""
    counts = np.zeros((links.states, links.states))
    np.add.at(counts, (links.source, links.target), links.weight)
    total = counts.sum(axis=1) + links.success + links.failure
    share = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    visits = np.linalg.inv(np.eye(links.states) - share[:, None] * counts)
    found: Floats = visits * (links.success * share)[None, :]
    return found
