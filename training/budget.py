"""How many updates fit into a budget of seconds, settled once, before the first counts.

Trial steps measure the speed and are undone. So the schedule knows its length from the first
update on, and the number of steps alone, given as `steps`, makes the same weights anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from data.errors import InputError
from training.checkpoints import random_state, restore
from training.optimisers import trainable
from training.processes import Processes
from training.run import Run, Stopwatch

WARM = 3  # steps that are not measured: memory, caches and clocks settle
LEAST = 5  # measured steps, unless each is very slow
SHARE = 0.02  # of the budget that the measured steps may take, once there are enough
MOST = 0.1  # of the budget, even if there are not
OVERRUN = 1.25  # times the budget at which a run is stopped


def measured_seconds_a_step(
    step: Callable[[], None], watch: Stopwatch, budget: float, processes: Processes
) -> float:
    """The mean time of a step, over as many as `SHARE` of the budget holds."""
    for _ in range(WARM):
        step()
        if processes.from_main(watch.seconds > MOST * budget):
            break
    began, done, enough = watch.seconds, 0, False
    while not enough:
        step()
        done += 1
        taken = watch.seconds - began
        enough = taken > MOST * budget or (done >= LEAST and taken > SHARE * budget)
        enough = processes.from_main(enough)
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


def choose_steps(run: Run) -> int:
    """How many updates the run will have: `steps`, or what fits into `seconds`, or the less."""
    settings = run.settings
    if settings.seconds is None:
        return settings.steps or 0
    with trial_of(run):
        each = measured_seconds_a_step(
            lambda: _trial_step(run), run.watch, settings.seconds, run.processes
        )
        evaluation = _seconds_an_evaluation(run)
    fits = steps_within(
        settings.seconds - run.watch.seconds, each, evaluation, settings.evaluate_every
    )
    total: int = run.processes.from_main(min(fits, settings.steps or fits))
    settled = {"step": run.state.step, "settled": total}
    run.journal.timing({**settled, "seconds_a_step": each, "seconds_an_evaluation": evaluation})
    return total


@contextmanager
def trial_of(run: Run) -> Iterator[None]:
    """What the run does inside the block leaves no trace: weights, data, randomness, counts."""
    generators, device, batches = run.job.generators, run.processes.device, run.updater.batches
    tensors = [*trainable(run.job.model).values(), *run.job.model.buffers()]
    values = [tensor.detach().clone() for tensor in tensors]
    position, drawn = batches.state_dict(), random_state(generators, device)
    yield
    with torch.no_grad():
        for tensor, value in zip(tensors, values, strict=True):
            tensor.copy_(value)
    batches.load_state_dict(position)
    restore(generators, device, drawn)
    run.updater.forget()


def _trial_step(run: Run) -> None:
    run.updater.update(step=1, rate=0.0)
    run.processes.wait()


def _seconds_an_evaluation(run: Run) -> float:
    if run.job.evaluate is None:
        return 0.0
    began = run.watch.seconds
    with run.evaluating():
        run.job.evaluate(run.job.model)
    return run.watch.seconds - began
