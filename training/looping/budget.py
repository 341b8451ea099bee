"""How many updates fit into a budget of seconds, settled once, before the first counts.

Trial steps measure the speed and are undone. So the schedule knows its length from the first
update on, and the number of steps alone, given as `steps`, makes the same weights anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from data.errors import InputError
from training.looping.settings import Clock
from training.looping.world import World

WARM = 3  # steps that are not measured: memory, caches and clocks settle
LEAST = 5  # measured steps, unless each is very slow
SHARE = 0.02  # of the budget that the measured steps may take, once there are enough
MOST = 0.1  # of the budget, even if there are not
OVERRUN = 1.25  # times the budget at which a run is stopped


class Stopwatch:
    """Seconds of work on a clock, over all calls that worked on a run."""

    def __init__(self, clock: Clock, before: float = 0.0) -> None:
        self._now = time.process_time if clock == "cpu" else time.perf_counter
        self._start = self._now() - before

    @property
    def seconds(self) -> float:
        """Since the run began, without the time between two calls."""
        return self._now() - self._start


def seconds_a_step(
    step: Callable[[], None], watch: Stopwatch, budget: float, world: World
) -> float:
    """The mean time of a step, over as many as `SHARE` of the budget holds."""
    for _ in range(WARM):
        step()
        if world.agreed(watch.seconds > MOST * budget):
            break
    began, done, enough = watch.seconds, 0, False
    while not enough:
        step()
        done += 1
        taken = watch.seconds - began
        enough = taken > MOST * budget or (done >= LEAST and taken > SHARE * budget)
        enough = world.agreed(enough)
    return taken / done


def steps_within(
    remaining: float, step: float, evaluation: float = 0.0, evaluate_every: int = 0
) -> int:
    """The updates that fit into the remaining seconds, with their evaluations.

    There is one evaluation after every `evaluate_every` updates and one at the end.

    >>> steps_within(60.0, step=0.5)
    120
    >>> steps_within(60.0, step=0.5, evaluation=5.0, evaluate_every=20)
    73

    Raises:
        InputError: not one update fits.
    """
    each = step + (evaluation / evaluate_every if evaluate_every else 0.0)
    steps = int((remaining - evaluation) / each)
    if steps < 1:
        raise InputError(
            f"seconds: not one update fits: {remaining:.1f} s remain after the trial, an update "
            f"takes {step:.2f} s, an evaluation {evaluation:.1f} s; give more, or steps instead"
        )
    return steps
