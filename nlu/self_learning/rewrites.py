"""Which requests are rewritten into what: the chain's answer, evidence, guardrails, rollback.

    found = mine(state, Guardrails())
    rewriter = Rewriter.of(found.rewrites)
    rewriter("play maj and dragons")              # "play imagine dragons", or None

A request is rewritten where all of this holds; what fails first is counted:

enough         it was asked `least` times by `users` users or more, half-life weighed in
fails          the lower bound of its defect share, freed of wrong feedback, is above `friction`
not blocked    neither its intents nor the target's are on the block list
one meaning    of its paths that end in success elsewhere, the lower bound of the share that end in
               one intent is `share` or more, and so many that at least `least` are behind it
better         the target's success is surely higher: its lower bound above the request's upper one
does not hurt  where the rewrite was applied already, what came of it is not surely worse than the
               request alone

The target is, of all requests that paths lead to and whose successes are of that intent, the one
with the highest lower bound: not the rephrase of one user, but the best variant of many. Bounds are
those of 95 % intervals of a Beta distribution with a uniform prior.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.bounded import parse_json
from data.errors import InputError
from data.files import canonical_json
from data.lines import read_lines
from models.library import missing_package
from nlu.self_learning.chain import Chain, Links
from nlu.self_learning.counts import APPLIED, Counts, State, counted, distinct
from nlu.self_learning.sessions import FAILURE, MOVE, SUCCESS, folded, visits_of

ROW = {
    "request": str,
    "rewrite": str,
    "intent": str,
    "probability": float,
    "share": [float],
    "success": [float],
    "before": [float],
    "evidence": float,
    "users": int,
}
FEW = "asked too seldom, or by too few users"
WORKS = "works often enough"
BLOCKED = "intent on the block list"
UNCLEAR = "rephrased into several meanings, or too seldom"
NOT_BETTER = "no request that works surely better"
HURTS = "the rewrite was applied and did worse"
SAMPLE_OF_NOISE = 0.25  # the quantile of defect shares that is taken for wrong feedback
MOST_NOISE = 0.4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Guardrails:
    """What must hold before a request is rewritten; see the module.

    Attributes:
        half_life: days after which a turn counts half; None: all count alike.
        noise: share of turns whose defect flag is wrong; None: estimated, see `noise_of`.
        block: intents that are never rewritten, nor rewritten into.
    """

    least: float = 10.0
    users: int = 3
    friction: float = 0.75
    share: float = 0.65
    half_life: float | None = None
    noise: float | None = None
    block: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be; the message names the option."""
        for name, most in (("friction", 1.0), ("share", 1.0), ("noise", 0.49)):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise InputError(f"--{name} {value}: expected 0 to {most:g}")
        for name in ("least", "half_life"):
            if (value := getattr(self, name)) is not None:
                check_above_zero(name, value)
        if self.users < 1:
            raise InputError(f"--users {self.users}: expected 1 or more")


def check_above_zero(name: str, value: float) -> None:
    """Raise for an option that is no number above 0, or infinite."""
    if not 0 < value < math.inf:
        raise InputError(f"--{name.replace('_', '-')} {value}: expected a number above 0")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One request and what it is rewritten into.

    Attributes:
        probability: that a path from the request ends in success in that intent, elsewhere.
        share, success, before: lower bound, mean and upper bound: of that intent among the
            successes, of the target's success, of the request's own.
        evidence: paths behind it, weighted; users: about how many.
    """

    request: str
    rewrite: str
    intent: str
    probability: float
    share: tuple[float, float, float]
    success: tuple[float, float, float]
    before: tuple[float, float, float]
    evidence: float
    users: int

    def to_json(self) -> dict[str, Any]:
        """A line of rewrites.jsonl."""
        return asdict(self)


@dataclass(frozen=True)
class Mined:
    """What mining found.

    Attributes:
        rewrites: the most surely needed first.
        kept_back: counts by reason of requests that are not rewritten.
        noise: the share of wrong feedback that was taken off.
    """

    rewrites: tuple[Rewrite, ...]
    kept_back: Counter[str]
    noise: float
    requests: int
    facts: Mapping[str, float] = field(default_factory=dict)


def interval(hits: Floats, trials: Floats) -> tuple[Floats, Floats, Floats]:
    """Lower bound, mean and upper bound of shares: Beta(1 + hits, 1 + misses), 95 %.

    >>> [round(bound.item(), 4) for bound in interval(np.array([8.0]), np.array([10.0]))]
    [0.4822, 0.75, 0.9398]
    """
    try:
        from scipy.special import betaincinv
    except ImportError as error:
        raise missing_package(error, "nlu") from error
    a, b = 1 + hits, 1 + np.maximum(trials - hits, 0)
    return betaincinv(a, b, 0.025), a / (a + b), betaincinv(a, b, 0.975)


def all_counts(state: State) -> Counts:
    """The counts of a state with the sessions that may still go on, as if they were over."""
    return state.counts.plus(counted(visits_of(state.waiting, state.gap), state.waiting))


def mine(state: State, guardrails: Guardrails) -> Mined:
    """The rewrites that the sessions speak for.

    Raises:
        UnavailableError: scipy is not installed.
    """
    state = state.in_alphabetical_order()
    counts = all_counts(state)
    table = _Table.of(counts, len(state.log.requests), guardrails)
    noise = noise_of(table) if guardrails.noise is None else guardrails.noise
    kept_back = Counter[str]()
    sources = _failing(table, guardrails, noise, kept_back)
    blocked = np.isin(np.arange(len(state.log.intents)), _codes(state, guardrails.block))
    chosen = blocked[table.usual[sources]] & (table.asked[sources] > 0)
    kept_back[BLOCKED] += int(chosen.sum())
    sources = sources[~chosen]
    reach = Chain.of(table.links).absorption(sources).tocsr()
    found = []
    for place, source in enumerate(sources.tolist()):
        row = slice(reach.indptr[place], reach.indptr[place + 1])
        ways = _Ways(source, reach.indices[row], reach.data[row])
        chosen_one = _rewrite(state.log.shown, state, table, ways, guardrails, blocked)
        if isinstance(chosen_one, str):
            kept_back[chosen_one] += 1
        else:
            found.append(chosen_one)
    found.sort(key=lambda one: (-one.evidence, one.request))
    return Mined(tuple(found), +kept_back, noise, len(state.log.requests))


@dataclass(frozen=True)
class _Table:
    """Sums by request: (requests,) each, weighted.

    Attributes:
        usual: the intent that a request is mostly taken for; right: that of its successes, -1.
        users: bitmaps.
        applied: successes and trials of each pair (request, rewrite).
    """

    links: Links
    asked: Floats
    success: Floats
    usual: NDArray[np.int64]
    right: NDArray[np.int64]
    users: NDArray[np.uint64]
    applied: Mapping[tuple[int, int], tuple[float, float]]

    @classmethod
    def of(cls, counts: Counts, requests: int, how: Guardrails) -> _Table:
        weights = counts.weights(how.half_life)
        request, intent, to, outcome = (counts.keys[:, column] for column in range(4))
        own = outcome < APPLIED
        sums = [
            np.bincount(request[own & wanted], weights[own & wanted], requests).astype(np.float64)
            for wanted in (own, outcome == SUCCESS, outcome == FAILURE)
        ]
        moves = outcome == MOVE
        links = Links(
            requests, request[moves], to[moves], weights[moves], success=sums[1], failure=sums[2]
        )
        users = np.zeros(requests, np.uint64)
        np.bitwise_or.at(users, request[own], counts.users[own])
        good = own & (outcome == SUCCESS)
        applied: dict[tuple[int, int], tuple[float, float]] = {}
        for row in np.flatnonzero(~own).tolist():
            pair = int(request[row]), int(to[row])
            hits, trials = applied.get(pair, (0.0, 0.0))
            hit = float(weights[row]) if outcome[row] == APPLIED else 0.0
            applied[pair] = hits + hit, trials + float(weights[row])
        usual = _most(request[own], intent[own], weights[own], requests)
        right = _most(request[good], intent[good], weights[good], requests)
        return cls(links, sums[0], sums[1], usual, right, users, applied)


def _most(
    request: NDArray[np.int64], intent: NDArray[np.int64], weights: Floats, requests: int
) -> NDArray[np.int64]:
    """For each request the intent with the most weight, of equals the first; -1 for none."""
    found = np.full(requests, -1, np.int64)
    if not len(request):
        return found
    order = np.lexsort((intent, request))
    request, intent, weights = request[order], intent[order], weights[order]
    new = np.append(True, (request[1:] != request[:-1]) | (intent[1:] != intent[:-1]))
    starts = np.flatnonzero(new)
    sums = np.add.reduceat(weights, starts)
    by_weight = np.lexsort((-intent[starts], sums, request[starts]))  # the last of a request wins
    found[request[starts][by_weight]] = intent[starts][by_weight]
    return found


def noise_of(table: _Table, least: float = 50.0) -> float:
    """The share of turns with a wrong defect flag, taken from requests that work.

    Most requests of an assistant work, so that what a quarter of the often asked ones fail at
    least is what feedback gets wrong: the first quartile of their defect shares, weighted by how
    often they were asked. 0 where nothing was asked 50 times, and where that is above 0.4: then
    most requests fail, and which feedback is wrong cannot be told.
    """
    often = table.asked >= least
    if not often.any():
        return 0.0
    defects = 1 - table.success[often] / table.asked[often]
    order = np.argsort(defects, kind="stable")
    share = np.cumsum(table.asked[often][order])
    place = int(np.searchsorted(share, SAMPLE_OF_NOISE * share[-1]))
    found = float(defects[order][place])
    return found if found <= MOST_NOISE else 0.0


def freed(share: Floats, noise: float) -> Floats:
    """A defect share as it is without wrong feedback, which turns either answer round.

    >>> freed(np.array([0.8, 0.2]), 0.2).round(9).tolist()
    [1.0, 0.0]
    """
    return np.clip((share - noise) / (1 - 2 * noise), 0, 1)


def _failing(
    table: _Table, how: Guardrails, noise: float, kept_back: Counter[str]
) -> NDArray[np.int64]:
    """The requests that fail surely and often, and that some path leaves."""
    leaving = np.zeros(len(table.asked), bool)
    leaving[table.links.source] = True
    defects = table.asked - table.success
    fails = freed(interval(defects, table.asked)[0], noise) > how.friction
    users = np.array([distinct(bitmap) for bitmap in table.users.tolist()], np.int64)
    enough = (table.asked >= how.least) & (users >= how.users) & leaving
    asked = table.asked > 0
    kept_back[WORKS] += int((asked & ~fails & enough).sum())
    kept_back[FEW] += int((asked & ~enough).sum())
    return np.flatnonzero(fails & enough)


@dataclass(frozen=True)
class _Ways:
    """From a request: the requests that its paths succeed with, and how probably."""

    source: int
    targets: NDArray[np.int32]
    probability: Floats


def _rewrite(
    shown: Sequence[str],
    state: State,
    table: _Table,
    ways: _Ways,
    how: Guardrails,
    blocked: NDArray[np.bool_],
) -> Rewrite | str:
    """The rewrite of a request, or why there is none."""
    elsewhere = (ways.targets != ways.source) & (ways.probability > 0)
    targets, probability = ways.targets[elsewhere], ways.probability[elsewhere]
    intents = table.right[targets]
    if not len(targets):
        return UNCLEAR
    sums = np.bincount(intents, probability, len(blocked))
    best = int(sums.argmax())
    asked = table.asked[ways.source]
    paths, of_best = asked * sums.sum(), asked * sums[best]
    share = _one(of_best, paths)
    if share[0] < how.share or of_best < how.least:
        return UNCLEAR
    if blocked[best]:
        return BLOCKED
    before = _one(table.success[ways.source], asked)
    candidates = targets[intents == best]
    low, mean, high = interval(table.success[candidates], table.asked[candidates])
    order = np.lexsort((candidates, -low))
    winner = int(order[0])
    if low[winner] <= before[2]:
        return NOT_BETTER
    target = int(candidates[winner])
    if _hurts(table, ways.source, target, how.least):
        return HURTS
    return Rewrite(
        shown[ways.source],
        shown[target],
        state.log.intents.texts[best],
        float(sums[best]),
        share,
        (float(low[winner]), float(mean[winner]), float(high[winner])),
        before,
        float(of_best),
        distinct(int(table.users[ways.source])),
    )


def _hurts(table: _Table, source: int, target: int, least: float) -> bool:
    """Whether an applied rewrite did surely no better than the request alone."""
    hits, trials = table.applied.get((source, target), (0.0, 0.0))
    alone = _one(table.success[source], table.asked[source])
    return trials >= least and _one(hits, trials)[2] < max(alone[1], 0.5)


def _one(hits: float, trials: float) -> tuple[float, float, float]:
    low, mean, high = interval(np.array([hits]), np.array([trials]))
    return float(low[0]), float(mean[0]), float(high[0])


def _codes(state: State, names: Iterable[str]) -> list[int]:
    """The numbers of intents.

    Raises:
        InputError: an intent that no session has.
    """
    found = []
    for name in names:
        code = state.log.intents.find(name)
        if code < 0:
            raise InputError(f"--block {name}: no session has this intent; check its name")
        found.append(code)
    return found


class Rewriter:
    """A look-up in front of a model: one dictionary, about a microsecond a request."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = dict(pairs)

    @classmethod
    def of(cls, rewrites: Iterable[Rewrite]) -> Rewriter:
        """From what was mined."""
        return cls({folded(one.request): one.rewrite for one in rewrites})

    @classmethod
    def load(cls, path: Path) -> Rewriter:
        """From rewrites.jsonl, or a folder of `mine`.

        Raises:
            InputError: no such file, or a line of another form.
        """
        return cls.of(read_rewrites(path))

    def __call__(self, request: str) -> str | None:
        """What a request is rewritten into; None where it stays."""
        return self._pairs.get(folded(request))

    def __len__(self) -> int:
        return len(self._pairs)


FILE = "rewrites.jsonl"


def read_rewrites(path: Path) -> Iterator[Rewrite]:
    """The rewrites of a file, or of the folder that `mine` wrote.

    Raises:
        InputError: no such file, or a line of another form.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{path}: no {FILE}; name the folder that nlu.self_learning mine wrote")
    for number, line in read_lines(file):
        if line.strip():
            row = parse_json(line, f"{file}:{number}", ROW)
            for name in ("share", "success", "before"):
                if len(row[name]) != 3:
                    raise InputError(f"{file}:{number}: expected three numbers in {name}")
                row[name] = tuple(row[name])
            yield Rewrite(**{name: row[name] for name in ROW})


def lines_of(rewrites: Iterable[Rewrite]) -> str:
    """The content of rewrites.jsonl."""
    return "".join(canonical_json(one.to_json()) + "\n" for one in rewrites)
