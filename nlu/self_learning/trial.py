"""Rewrites tried on users whose sessions were not mined, beside what costs nothing.

    for row in trial(rewrites, truth, seen, unseen): ...

Of every path of an unseen user the first request counts: did it work as it was said, does it work
rewritten? A win failed and works; a loss worked and fails. A rewrite is false where the target does
not mean what the user wants. **All of it is a simulation** (`nlu.self_learning.simulation`).

The others rewrite what failed in half of its turns or more, with the same minimum of turns:

last utterance      into the request that paths from it most often ended in success with
pair counts         into the request that most often came next and worked
nearest neighbour   into the request that works with the most character n-grams in common
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.bounded import parse_json, read_json
from data.lines import read_lines
from metrics.ratios import MIN_GROUPS, SHARE, Ratio, ratio_score
from metrics.score import Score
from metrics.significance import Row
from nlu.self_learning.rewrites import Rewrite, Rewriter
from nlu.self_learning.sessions import (
    MOVE,
    NONE,
    SUCCESS,
    Log,
    Turns,
    folded,
    in_order,
    visits_of,
)
from training.classification.logistic import DIMENSIONS, hashed

OURS, NOTHING = "chain", "none"
LAST, PAIRS, NEAREST = "last utterance", "pair counts", "nearest neighbour"
TRUTH = {"texts": {str: [str]}, "behaviour": dict, "simulation": bool}
TURN = {"user": str, "request": str, "wants": str, "first": bool}
MOST = 20_000  # requests that a nearest neighbour is looked for among

Rewriting = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A first request of an unseen user."""

    user: str
    request: str
    wants: str


@dataclass(frozen=True)
class Outcome:
    """What one way of rewriting does to unseen users' first requests.

    Attributes:
        wins, losses, rewritten, false: counts; before, after: defects.
    """

    system: str
    asked: int
    rewritten: int
    wins: int
    losses: int
    false: int
    before: int
    after: int
    scores: tuple[Score, ...]

    @property
    def ratio(self) -> float | None:
        """Wins a loss; None where nothing was lost."""
        return self.wins / self.losses if self.losses else None

    def to_json(self) -> dict[str, Any]:
        """What trial.json says."""
        counts = {k: getattr(self, k) for k in ("asked", "rewritten", "wins", "losses", "false")}
        return {
            "system": self.system,
            **counts,
            "defects_before": self.before,
            "defects_after": self.after,
            "win_loss_ratio": self.ratio,
            "scores": [score.to_dict() for score in self.scores],
        }


def read_truth(folder: Path) -> Mapping[str, tuple[str, str]]:
    """Of each text of a simulation its meaning and what the model says."""
    told = read_json(folder / "truth.json", TRUTH, max_bytes=1 << 30)
    return {text: (pair[0], pair[1]) for text, pair in told["texts"].items()}


def read_unseen(folder: Path) -> list[Asked]:
    """The first requests of the paths of unseen users."""
    path = folder / "unseen.jsonl"
    found = []
    for number, line in read_lines(path):
        record = parse_json(line, f"{path}:{number}", TURN)
        if record["first"]:
            found.append(Asked(record["user"], record["request"], record["wants"]))
    return found


def trial(
    rewrites: Sequence[Rewrite],
    truth: Mapping[str, tuple[str, str]],
    log: Log,
    turns: Turns,
    unseen: Sequence[Asked],
    *,
    gap: float,
    least: float,
) -> list[Outcome]:
    """What each way of rewriting does, ours first.

    Args:
        turns: the sessions that were mined, for the baselines; gap and least as they were mined.
    """
    ways: dict[str, Rewriting] = {NOTHING: lambda _: None, OURS: Rewriter.of(rewrites)}
    ways |= baselines(log, turns, gap, least)
    order = (OURS, NOTHING, LAST, PAIRS, NEAREST)
    return [tried(name, ways[name], truth, unseen) for name in order]


def tried(
    system: str,
    rewriting: Rewriting,
    truth: Mapping[str, tuple[str, str]],
    unseen: Sequence[Asked],
) -> Outcome:
    """Count wins, losses and false rewrites of one way; users are resampled for intervals."""
    rows: list[Row] = []
    known: dict[str, str | None] = {}
    for one in unseen:
        if one.request not in known:
            known[one.request] = rewriting(one.request)
        target = known[one.request]
        works = truth[one.request][1] == one.wants
        meant, said = truth[one.request if target is None else target]
        after = said == one.wants
        false = target is not None and meant != one.wants
        wins, losses = after and not works, works and not after
        rows.append([not works, not after, wins, losses, target is not None, false, 1])
    table = np.array(rows, np.int64)
    before, left, wins, losses, rewritten, wrong, _ = table.sum(axis=0).tolist()
    users = [one.user for one in unseen]
    plain: list[Row] = table.tolist()
    scores = tuple(_scores(plain, users))
    counts = (len(unseen), rewritten, wins, losses, wrong, before, left)
    return Outcome(system, *counts, scores)


def _scores(rows: Sequence[Row], users: Sequence[str]) -> list[Score]:
    """Defect rate before and after, the reduction in percent, false rewrites in percent."""
    plan: dict[str, Any] = {"groups": users, "unit": "users"}
    reduction = Ratio(lambda t: 100 * np.divide(t[0] - t[1], t[0], out=0 * t[0], where=t[0] > 0))
    columns = np.array(rows)
    found = [
        ratio_score(SHARE, name, "simulated", columns[:, [place, 6]].tolist(), **plan)
        for name, place in (("defect rate before", 0), ("defect rate after", 1))
    ]
    pairs = columns[:, [0, 1]].tolist()
    found.append(ratio_score(reduction, "defect reduction", "simulated", pairs, **plan))
    if len(set(users)) >= MIN_GROUPS and columns[:, 4].any():
        wrong = columns[:, [5, 4]].tolist()
        share = Ratio(lambda t: 100 * np.divide(t[0], t[1], out=0 * t[0], where=t[1] > 0))
        n = int(columns[:, 4].sum())
        found.append(ratio_score(share, "false rewrites", "simulated", wrong, n=n, **plan))
    return found


def baselines(log: Log, turns: Turns, gap: float, least: float) -> dict[str, Rewriting]:
    """The three that need no chain."""
    visits = visits_of(in_order(turns), gap)
    size = len(log.requests)
    asked = np.bincount(visits.request, minlength=size)
    works = np.bincount(visits.request[visits.outcome == SUCCESS], minlength=size)
    failing = (asked >= least) & (2 * works <= asked)
    moves = visits.outcome == MOVE
    ends = _ends(moves)
    good = np.zeros(size, bool)
    good[(asked >= least) & (2 * works > asked)] = True
    ended_well = visits.outcome[ends] == SUCCESS
    last = _most(visits.request[moves & ended_well], visits.request[ends][moves & ended_well])
    following = np.append(visits.outcome[1:], NONE)
    next_works = moves & (following == SUCCESS)
    pair = _most(visits.request[next_works], visits.to[next_works])
    near = _neighbours(log.shown, np.flatnonzero(failing), np.flatnonzero(good))
    return {
        name: _looked_up(log, {k: v for k, v in found.items() if failing[k] and v != k})
        for name, found in ((LAST, last), (PAIRS, pair), (NEAREST, near))
    }


def _ends(moves: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each visit the place of the last one of its path."""
    found = np.arange(len(moves))
    stops = np.flatnonzero(~moves)
    where = np.searchsorted(stops, found)
    return stops[np.minimum(where, len(stops) - 1)] if len(stops) else found


def _most(source: NDArray[np.int32], target: NDArray[np.int32]) -> dict[int, int]:
    """For each source its most frequent target, of equals the first."""
    counts: dict[int, Counter[int]] = {}
    pairs, number = np.unique(np.stack([source, target], axis=1), axis=0, return_counts=True)
    for (one, other), n in zip(pairs.tolist(), number.tolist(), strict=True):
        counts.setdefault(one, Counter())[other] = n
    return {one: min(of, key=lambda t: (-of[t], t)) for one, of in counts.items()}


def _neighbours(
    shown: Sequence[str], failing: NDArray[np.int64], good: NDArray[np.int64]
) -> dict[int, int]:
    """For each failing request the working one with the highest cosine of n-gram counts."""
    from scipy import sparse

    def vectors(places: NDArray[np.int64]) -> Any:
        found = [np.unique(hashed(shown[place]), return_counts=True) for place in places.tolist()]
        ends = np.cumsum([0, *(len(ids) for ids, _ in found)])
        data = [counts / np.sqrt((counts * counts).sum()) for _, counts in found]
        parts = (np.concatenate(data), np.concatenate([ids for ids, _ in found]), ends)
        return sparse.csr_matrix(parts, shape=(len(found), DIMENSIONS))

    good, failing = good[:MOST], failing[:MOST]
    if not len(good) or not len(failing):
        return {}
    best = np.asarray((vectors(failing) @ vectors(good).T).argmax(axis=1)).ravel()
    return dict(zip(failing.tolist(), good[best].tolist(), strict=True))


def _looked_up(log: Log, pairs: Mapping[int, int]) -> Rewriting:
    texts = {log.requests.texts[one]: log.shown[other] for one, other in pairs.items()}

    def rewriting(request: str) -> str | None:
        code = log.requests.find(folded(request))
        return texts.get(log.requests.texts[code]) if code >= 0 else None

    return rewriting
