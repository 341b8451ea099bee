"""Trial steps: they measure how fast a run is, and leave no trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from training.looping.budget import seconds_a_step, steps_within
from training.looping.optimisers import trainable
from training.looping.randomness import random_state, restore
from training.looping.run import Run


def settle_steps(run: Run) -> int:
    """How many updates the run will have: `steps`, or what fits into `seconds`, or the less."""
    settings = run.settings
    if settings.seconds is None:
        return settings.steps or 0
    with undone(run):
        each = seconds_a_step(lambda: _trial_step(run), run.watch, settings.seconds, run.world)
        evaluation = _seconds_an_evaluation(run)
    fits = steps_within(
        settings.seconds - run.watch.seconds, each, evaluation, settings.evaluate_every
    )
    total: int = run.world.agreed(min(fits, settings.steps or fits))
    told = {"step": run.place.step, "settled": total}
    run.journal.timing({**told, "seconds_a_step": each, "seconds_an_evaluation": evaluation})
    return total


@contextmanager
def undone(run: Run) -> Iterator[None]:
    """What the run does inside the block leaves no trace: weights, data, randomness, counts."""
    generators, device, batches = run.job.generators, run.world.device, run.updater.batches
    tensors = [*trainable(run.job.model).values(), *run.job.model.buffers()]
    values = [tensor.detach().clone() for tensor in tensors]
    place, drawn = batches.state_dict(), random_state(generators, device)
    yield
    with torch.no_grad():
        for tensor, value in zip(tensors, values, strict=True):
            tensor.copy_(value)
    batches.load_state_dict(place)
    restore(generators, device, drawn)
    run.updater.forget()


def _trial_step(run: Run) -> None:
    run.updater.update(step=1, rate=0.0)
    run.world.wait()


def _seconds_an_evaluation(run: Run) -> float:
    if run.job.evaluate is None:
        return 0.0
    began = run.watch.seconds
    with run.evaluating():
        run.job.evaluate(run.job.model)
    return run.watch.seconds - began
