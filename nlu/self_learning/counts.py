"""What paths count: sums that files are added to one by one, the same as all of them at once.

    counts = Counts.empty()
    counts = counts.plus(visits, rewritten, day=86_400.0)

Rows are counted by day, as whole numbers, so that sums are exact whatever the order; weights (a
half-life) come in when rewrites are mined. Users are counted by a bitmap of 64 bits a row (linear
counting, Whang et al. 1990), of which a union is one "or". A state on disk is one file that appears
whole, counts.npz: the counts, their texts, the turns of sessions that may still go on, and which
files are in it. States that were counted apart, on several machines say, are added (`State.plus`).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from data.bounded import parse_json
from data.errors import InputError
from data.files import appears_whole, canonical_json
from nlu.self_learning.sessions import COLUMNS, NO_TURNS, NONE, TYPES, Log, Turns, Visits

DAY = 86_400.0  # seconds
KEYS = ("request", "intent", "to", "outcome", "day")  # of a row, and its number and bitmap
FILE = "counts.npz"
SHAPE = {
    "keys": [str],
    "shown": [str],
    "intents": [str],
    "files": [str],
    "gap": int | float,
    "newest": int | float,
}

Table = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Rows of what was counted.

    Attributes:
        keys: (n, 5): request, intent, to, outcome, day; sorted, each once. `to` is the request that
            followed; of an applied rewrite, what it was rewritten into.
        number: (n,) how often.
        users: (n,) a bitmap of who.
        applied: whether rows are of applied rewrites is told by the outcome: 10 more than else.
    """

    keys: Table
    number: Table
    users: NDArray[np.uint64]

    @classmethod
    def empty(cls) -> Counts:
        """Nothing counted."""
        return cls(
            np.zeros((0, len(KEYS)), np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
        )

    def plus(self, other: Counts) -> Counts:
        """Both together, whichever comes first."""
        return _summed(
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.number, other.number]),
            np.concatenate([self.users, other.users]),
        )

    def of(self, outcome: int) -> Counts:
        """The rows with an outcome."""
        rows = self.keys[:, 3] == outcome
        return Counts(self.keys[rows], self.number[rows], self.users[rows])

    def weights(self, half_life: float | None, newest: int | None = None) -> NDArray[np.float64]:
        """(n,) how much each row weighs: its number, halved every `half_life` days."""
        if half_life is None or not len(self.number):
            return self.number.astype(np.float64)
        last = int(self.keys[:, 4].max()) if newest is None else newest
        age: NDArray[np.float64] = (last - self.keys[:, 4]) / half_life
        found: NDArray[np.float64] = self.number.astype(np.float64) * np.exp2(-age)
        return found


APPLIED = 10  # added to the outcome of a turn that a rewrite was applied to


def counted(visits: Visits, turns: Turns) -> Counts:
    """The counts of visits, and of the turns among `turns` that a rewrite was applied to."""
    days = (visits.time // DAY).astype(np.int64)
    columns = (visits.request, visits.intent, visits.to, visits.outcome, days)
    keys = np.stack([column.astype(np.int64) for column in columns], axis=1)
    users = visits.user
    used = turns.rewrite != NONE
    if used.any():
        days = (turns.time[used] // DAY).astype(np.int64)
        outcome = np.where(turns.defect[used], APPLIED + 2, APPLIED)
        more = (turns.request[used], turns.intent[used], turns.rewrite[used], outcome, days)
        rows = np.stack([column.astype(np.int64) for column in more], axis=1)
        keys, users = np.concatenate([keys, rows]), np.concatenate([users, turns.user[used]])
    bits = np.uint64(1) << (users % np.uint64(64))
    return _summed(keys, np.ones(len(keys), np.int64), bits)


def _summed(keys: Table, number: Table, users: NDArray[np.uint64]) -> Counts:
    """Rows with equal keys as one."""
    if not len(keys):
        return Counts(keys, number, users)
    order = np.lexsort(keys.T[::-1])
    keys = keys[order]
    starts = np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1)))
    sums = np.add.reduceat(number[order], starts)
    bitmaps = np.bitwise_or.reduceat(users[order], starts)
    return Counts(keys[starts], sums, bitmaps)


def distinct(bitmap: int) -> int:
    """About how many users a bitmap has seen: exact for a few, up to about 260.

    >>> distinct(0), distinct(0b1011), distinct(2**64 - 1)
    (0, 3, 266)
    """
    empty = 64 - int(bitmap).bit_count()
    return round(-64 * math.log(max(empty, 1) / 64)) if empty < 64 else 0


@dataclass(frozen=True)
class State:
    """All that was read so far.

    Attributes:
        counts: of sessions that are over.
        waiting: turns of sessions that may still go on, in order.
        files: checksums of the files that are in it.
        gap: seconds, as of the first file.
        newest: seconds, the time of the latest turn; 0 before there is one.
    """

    log: Log
    counts: Counts
    waiting: Turns
    files: tuple[str, ...]
    gap: float
    newest: float = 0.0

    @classmethod
    def new(cls, gap: float) -> State:
        """Nothing read."""
        return cls(Log(), Counts.empty(), NO_TURNS, (), gap)

    def plus(self, other: State, name: str) -> State:
        """Both together: sessions of the one are not those of the other.

        Args:
            name: of the other, for messages.

        Raises:
            InputError: another gap, or a file that is in both.
        """
        if other.gap != self.gap:
            raise InputError(
                f"{name}: was counted with --gap {other.gap:g}, not {self.gap:g}; count it again"
            )
        if set(self.files) & set(other.files):
            raise InputError(f"{name}: holds a file that was counted already; leave one out")
        log = Log(self.log.requests.texts, self.log.shown, self.log.intents.texts)
        requests = np.array([log.request(text) for text in other.log.shown], np.int64)
        intents = np.array([log.intents.code(text) for text in other.log.intents.texts], np.int64)
        there = _renumbered(other, requests, intents)
        return State(
            log,
            self.counts.plus(there.counts),
            self.waiting.joined(there.waiting),
            (*self.files, *other.files),
            self.gap,
            max(self.newest, other.newest),
        )

    def in_alphabetical_order(self) -> State:
        """The same with requests and intents numbered in the order of their texts.

        Sums of fractions depend on their order: what is mined does not, so that the same sessions
        give the same bytes in whichever order, files and shards they were read.
        """
        requests, intents = self.log.requests.texts, self.log.intents.texts
        by_text = sorted(range(len(requests)), key=requests.__getitem__)
        of_intents = sorted(range(len(intents)), key=intents.__getitem__)
        log = Log(
            [requests[n] for n in by_text],
            [self.log.shown[n] for n in by_text],
            [intents[n] for n in of_intents],
        )
        found = _renumbered(self, np.argsort(by_text), np.argsort(of_intents))
        return replace(found, log=log)

    def save(self, folder: Path) -> None:
        """Write the state into a folder."""
        told = {
            "keys": self.log.requests.texts,
            "shown": self.log.shown,
            "intents": self.log.intents.texts,
            "files": list(self.files),
            "gap": self.gap,
            "newest": self.newest,
        }
        arrays: dict[str, Any] = {
            "keys": self.counts.keys,
            "number": self.counts.number,
            "users": self.counts.users,
            "told": np.frombuffer(canonical_json(told).encode(), np.uint8),
            **{f"waiting_{name}": getattr(self.waiting, name) for name in COLUMNS},
        }
        with appears_whole(folder / FILE) as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, folder: Path) -> State:
        """Read what `save` wrote.

        Raises:
            InputError: no state, or a damaged one.
        """
        path = folder / FILE
        try:
            with np.load(path, allow_pickle=False) as found:
                content = found["told"].tobytes().decode("utf-8")
                counts = Counts(found["keys"], found["number"], found["users"])
                columns = (found[f"waiting_{name}"] for name in COLUMNS)
                waiting = Turns(*(c.astype(k) for c, k in zip(columns, TYPES, strict=True)))
        except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
            raise InputError(
                f"{path}: expected counts of nlu.self_learning, found another file;"
                " mine the sessions again into another --state"
            ) from error
        told = parse_json(content, str(path), SHAPE)
        requests = np.concatenate(
            [counts.keys[:, [0, 2]].ravel(), waiting.request, waiting.rewrite, [NONE]]
        )
        intents = np.concatenate([counts.keys[:, 1], waiting.intent, [NONE]])
        if (
            requests.max() >= len(told["keys"])
            or intents.max() >= len(told["intents"])
            or len(told["keys"]) != len(told["shown"])
        ):
            raise InputError(
                f"{path}: expected a text for each number, found fewer; mine the sessions again"
                " into another --state"
            )
        log = Log(told["keys"], told["shown"], told["intents"])
        return cls(log, counts, waiting, tuple(told["files"]), told["gap"], told["newest"])


def _renumbered(state: State, requests: Table, intents: Table) -> State:
    """A state whose codes are replaced: code n by requests[n], or intents[n]."""
    of_requests, of_intents = (np.append(one, NONE) for one in (requests, intents))  # -1: the last
    keys = state.counts.keys.copy()
    for column, codes in ((0, of_requests), (1, of_intents), (2, of_requests)):
        keys[:, column] = codes[keys[:, column]]
    waiting = replace(
        state.waiting,
        request=of_requests[state.waiting.request].astype(np.int32),
        intent=of_intents[state.waiting.intent].astype(np.int32),
        rewrite=of_requests[state.waiting.rewrite].astype(np.int32),
    )
    counts = _summed(keys, state.counts.number, state.counts.users)
    return replace(state, counts=counts, waiting=waiting)


def summary(state: State) -> str:
    """One line on a state.

    >>> summary(State.new(45))
    '0 turns, 0 requests, 0 intents, 0 turns of sessions that may go on'
    """
    turns = int(state.counts.number.sum())
    waiting = len(state.waiting)
    return (
        f"{turns:,} turns, {len(state.log.requests):,} requests, {len(state.log.intents):,}"
        f" intents, {waiting:,} turns of sessions that may go on"
    )


def as_json(value: Any) -> str:
    """A line of JSON that people read."""
    return json.dumps(value, ensure_ascii=False)
