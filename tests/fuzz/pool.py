"""Worker processes that judge inputs; one that dies or hangs is one failure, and is replaced.

The parent gives out spans of inputs. A worker writes the number of the input at hand into shared
memory, so that the parent knows which one it died of.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from tests.fuzz.inputs import input_of
from tests.fuzz.targets import TARGETS
from tests.fuzz.verdict import judge

SPAN = 100  # inputs that a worker is given at once
MOST_WALL_SECONDS = 120.0  # for one input; reading it has 10 s of processor time
MOST_WARM_SECONDS = 900.0  # for the valid input that comes first: a run may have to be made for it
WARMING = -1


@dataclass(frozen=True, slots=True)
class Span:
    """Inputs of one target, from the first to before the last."""

    target: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that went wrong: which, in what way, and the traceback."""

    target: str
    number: int
    group: str
    story: str


@dataclass(slots=True)
class Tally:
    """What became of all inputs."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    seconds: Counter[str] = field(default_factory=Counter)

    def add(self, target: str, counts: Counter[str], seconds: float) -> None:
        """Count outcomes of one target."""
        self.counts.setdefault(target, Counter()).update(counts)
        self.seconds[target] += seconds


def spans(targets: Sequence[str], inputs: int) -> list[Span]:
    """So many inputs over targets, by weight; one a target at least.

    >>> [span.stop - span.start for span in spans(["data/tsv"], 250)]
    [100, 100, 50]
    """
    total = sum(TARGETS[name].weight for name in targets)
    found = []
    for name in targets:
        target = TARGETS[name]
        count = max(1, round(inputs * target.weight / total))
        found += [Span(name, i, min(i + SPAN, count)) for i in range(0, count, SPAN)]
    return found


def judge_all(work: Sequence[Span], seed: int, workers: int, said: Callable[[str], None]) -> Tally:
    """Judge every input, in so many processes; the tally is the same for any number of them."""
    waiting, tally = deque(work), Tally()
    running = [_Worker(seed) for _ in range(min(workers, len(work)))]
    done, total = 0, sum(span.stop - span.start for span in work)
    told = time.monotonic()
    try:
        while waiting or any(worker.span for worker in running):
            for at, worker in enumerate(running):
                if worker.span is None and waiting:
                    worker.give(waiting.popleft())
                if worker.is_lost():
                    failure, rest = worker.lost()
                    tally.failures.append(failure)
                    tally.add(failure.target, Counter(failed=1), 0.0)
                    done += 1
                    running[at] = _Worker(seed)
                    waiting.extendleft(rest)
            for connection in wait([w.connection for w in running if w.span], timeout=0.5):
                worker = next(w for w in running if w.connection is connection)
                done += worker.take(tally)
            if time.monotonic() - told > 20:
                told = time.monotonic()
                said(f"{done:,} of {total:,} inputs, {len(tally.failures):,} failed")
    finally:
        for worker in running:
            worker.stop()
    tally.failures.sort(key=lambda failure: (failure.target, failure.number))
    return tally


class _Worker:
    """One process, the span that it works on, and where in it it is."""

    def __init__(self, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.at = context.Value("q", WARMING, lock=False)
        self.span: Span | None = None
        self._seen, self._since = WARMING, time.monotonic()
        self._process = context.Process(target=_work, args=(theirs, self.at, seed), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, span: Span) -> None:
        self.span, self.at.value, self._seen = span, WARMING, WARMING
        self._since = time.monotonic()
        self.connection.send(span)

    def is_lost(self) -> bool:
        """Whether it has died, or is at the same input for too long."""
        if self.span is None:
            return False
        if self.at.value != self._seen:
            self._seen, self._since = self.at.value, time.monotonic()
        most = MOST_WARM_SECONDS if self.at.value == WARMING else MOST_WALL_SECONDS
        return time.monotonic() - self._since > most or not self._process.is_alive()

    def lost(self) -> tuple[Failure, list[Span]]:
        """The input that it was lost at, and the spans that are still to be done."""
        assert self.span is not None
        span, code = self.span, self._process.exitcode
        self.stop()
        at = max(self.at.value, span.start)
        how = f"hangs for {MOST_WALL_SECONDS:.0f} s" if code is None else f"dies with {code}"
        # What it had done before is done again: its counts were not sent yet.
        rest = [Span(span.target, at + 1, span.stop), Span(span.target, span.start, at)]
        failure = Failure(span.target, at, f"the process {how}", "no traceback")
        return failure, [part for part in rest if part.start < part.stop]

    def take(self, tally: Tally) -> int:
        """The result of its span; the number of inputs in it, 0 where it died instead."""
        try:
            counts, failures, seconds = self.connection.recv()
        except (EOFError, OSError):
            self._process.join(5)
            return 0
        assert self.span is not None
        tally.add(self.span.target, counts, seconds)
        tally.failures += failures
        done, self.span = self.span.stop - self.span.start, None
        return done

    def stop(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.connection.close()


def _work(connection: Connection, at: Any, seed: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.close(0)  # nothing may wait for a person
    os.open(os.devnull, os.O_RDONLY)
    warm = set()
    while True:
        try:
            span = connection.recv()
        except EOFError:
            return
        target, counts, failures = TARGETS[span.target], Counter(), []
        if span.target not in warm:  # what is imported now counts for no input
            judge(target, target.seed_bytes()[0], limits=False)
            warm.add(span.target)
        started = time.process_time()
        for number in range(span.start, span.stop):
            at.value = number
            verdict = judge(target, input_of(target, number, seed))
            counts[verdict.status] += 1
            if verdict.status == "failed":
                failures.append(Failure(span.target, number, verdict.group, verdict.story))
        connection.send((counts, failures, time.process_time() - started))
