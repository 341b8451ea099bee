"""One run: how far it is, and what happens between two updates (log, evaluation, checkpoint)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError, UnavailableError
from training.batches import Batches
from training.checkpoints import (
    Checkpoints,
    Generator,
    load_tensors,
    load_weights,
    optimiser_tensors,
    random_state,
    torch_randomness_kept,
    weights_of,
    whole,
)
from training.optimisers import rate_factor
from training.processes import Processes
from training.progress import Journal, OnProgress, Progress, TrainState
from training.settings import Clock, Settings
from training.updates import Loss, Updater

Evaluate = Callable[[nn.Module], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Job:
    """What `fit` was asked to do; see there."""

    model: nn.Module
    batches: Batches
    loss: Loss
    settings: Settings
    out: Path | None = None
    evaluate: Evaluate | None = None
    best: str | None = None
    progress: OnProgress | None = None
    backward: Loss | None = None
    identity: Mapping[str, Any] | None = None
    generators: Sequence[Generator] = ()


class Run:
    """The state of a run and the moves that change it; `training.loop` says when."""

    def __init__(self, job: Job, processes: Processes, state: TrainState) -> None:
        settings = job.settings
        self.job, self.processes, self.state, self.settings = job, processes, state, settings
        self.updater = Updater(job.model, job.batches, job.loss, settings, processes, job.backward)
        self.losses = LossLog(state.pending, clipped=settings.clip is not None)
        self.journal = Journal(job.out if processes.is_main else None)
        self.checkpoints = Checkpoints(job.out) if job.out else None
        self.watch = Stopwatch(settings.clock, state.seconds)
        self._best: dict[str, Tensor] = {}  # where there is no folder
        self._rate = 0.0
        self._logged = (self.watch.seconds, state.tokens)

    def step(self) -> None:
        """Update the weights once, at the rate of the schedule."""
        settings, state = self.settings, self.state
        state.step += 1
        warmup = settings.warmup_steps(state.total)
        share = rate_factor(settings.schedule, state.step, state.total, warmup)
        self._rate = settings.learning_rate * share
        self.losses.add(state.step, self.updater.update(state.step, self._rate))
        if (
            self.processes.device.type == "cpu"
        ):  # nothing to wait for, so a bad loss ends it at once
            state.tokens += self.losses.collect()

    def log(self) -> None:
        """Write a line about the steps since the last one."""
        self.state.tokens += self.losses.collect()
        summary = self.losses.summary()
        if summary is None:
            return
        row: dict[str, Any] = {"step": self.state.step, "loss": summary.loss}
        row |= {"tokens": self.state.tokens, "learning_rate": self._rate}
        if summary.gradient_norm is not None:
            row["gradient_norm"] = summary.gradient_norm
        self.journal.metrics(row)
        self._report(summary.loss, None)

    def evaluate(self) -> bool:
        """Evaluate the weights as they are; whether that is reason to stop early."""
        assess, state = self.job.evaluate, self.state
        if assess is None or state.evaluated_step == state.step:
            return False
        with self.evaluating():
            found = {name: float(value) for name, value in assess(self.job.model).items()}
            found = self.processes.from_main(found)
            better = self._is_better(found)
            if better:
                self._keep_best(found)
        state.stale = 0 if better else state.stale + 1
        state.last_metrics, state.evaluated_step = found, state.step
        row = {"step": state.step, "evaluation": found}
        self.journal.metrics(row | ({"best": better} if self.job.best else {}))
        self._report(None, found)
        return self.job.best is not None and 0 < self.settings.patience <= state.stale

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The model as it is evaluated: averaged, without dropout; randomness is untouched."""
        model, average = self.updater.model, self.updater.average
        averaged: AbstractContextManager[None] = average.in_place() if average else nullcontext()
        with torch_randomness_kept(self.processes.device), averaged, torch.no_grad():
            model.eval()
            yield
            model.train()

    def _is_better(self, found: Mapping[str, float]) -> bool:
        if self.job.best is None:
            return False
        name = self.job.best.removeprefix("-")
        if name not in found:
            raise InputError(f"best: expected one of {', '.join(found)}, found {name!r}")
        sign = -1 if self.job.best.startswith("-") else 1
        before = self.state.best_metrics.get(name, -sign * float("inf"))
        return sign * found[name] > sign * before

    def _keep_best(self, found: dict[str, float]) -> None:
        self.state.best_step, self.state.best_metrics = self.state.step, found
        weights = weights_of(self.job.model)
        if self.checkpoints is None:
            self._best = {name: value.clone() for name, value in weights.items()}
        elif self.processes.is_main:
            self.checkpoints.save_best(self.state.step, weights)

    def _choose_weights(self) -> None:
        best, path = self._best, None
        if self.state.best_step is None:
            if self.updater.average is not None:
                self.updater.average.put_in()
            return
        if self.checkpoints is not None:
            self.processes.wait()  # for the main process, which writes
            path = self.checkpoints.best(self.state.best_step)
            best = load_tensors(path / "model.safetensors")
        load_weights(self.job.model, best, path)

    def checkpoint(self) -> None:
        """Write everything that is needed to go on from here; every process must come here."""
        optimisers, average = self.updater.optimisers, self.updater.average
        content = {
            "model": weights_of(self.job.model),
            "optimizer": optimiser_tensors(self.job.model, optimisers),
        }
        if average is not None:
            content["average"] = {n: whole(t) for n, t in average.tensors().items()}
        self._save(content, best=self.state.best_step)

    def finish(self) -> None:
        """Give the model the weights that the run returns, and write them as its last."""
        self._choose_weights()
        self._save({"model": weights_of(self.job.model)}, best=None)

    def _save(self, content: Mapping[str, Mapping[str, Tensor]], best: int | None) -> None:
        self.state.tokens += self.losses.collect()
        self.state.pending = list(self.losses.entries)
        self.state.seconds = self.watch.seconds
        drawn = self.processes.gather(random_state(self.job.generators, self.processes.device))
        if self.checkpoints is not None and self.processes.is_main:
            state = {
                **asdict(self.state),
                "config": configuration(self.job, self.processes),
                "data": self.updater.batches.state_dict(),
                "random": drawn,
                "metrics_bytes": self.journal.secured(),
            }
            self.checkpoints.save(self.state.step, content, state, best=best)
        self.processes.wait()

    def _report(self, loss: float | None, metrics: Mapping[str, float] | None) -> None:
        state, seconds = self.state, self.watch.seconds
        (before, tokens), self._logged = self._logged, (seconds, state.tokens)
        done = state.tokens - tokens if metrics is None else 0
        speed = done / max(1e-9, seconds - before) if done else None
        eta = seconds / max(1, state.step) * (state.total - state.step)
        self.journal.timing({"step": state.step, "seconds": seconds, "tokens_per_second": speed})
        if self.job.progress is not None and self.processes.is_main:
            told = (state.step, state.total, state.tokens, loss, self._rate, speed, eta, metrics)
            self.job.progress(Progress(*told))


def configuration(job: Job, processes: Processes) -> dict[str, Any]:
    """What a checkpoint must agree with, key by key."""
    settings = job.settings.to_json()
    for free in ("device", "checkpoint_every"):  # they change nothing that is computed
        del settings[free]
    return {**settings, "best": job.best, "processes": processes.size, **(job.identity or {})}


class Stopwatch:
    """Seconds of work on a clock, over all calls that worked on a run."""

    def __init__(self, clock: Clock, before: float = 0.0) -> None:
        self._now = time.process_time if clock == "cpu" else time.perf_counter
        self._start = self._now() - before

    @property
    def seconds(self) -> float:
        """Since the run began, without the time between two calls."""
        return self._now() - self._start


Entry = tuple[float, float, float]  # loss summed over tokens, tokens, norm of the gradient


@dataclass(frozen=True, slots=True)
class Summary:
    """Some steps together: mean loss a token (nats), tokens, the last gradient's norm."""

    loss: float
    tokens: int
    gradient_norm: float | None


class LossLog:
    """What each step gave. A device that computes on its own is asked only when there is need.

    >>> log = LossLog([], clipped=True)
    >>> log.add(1, torch.tensor([8.0, 4.0, 0.5]))
    >>> log.add(2, torch.tensor([4.0, 2.0, 0.25]))
    >>> log.collect()
    6
    >>> log.summary()
    Summary(loss=2.0, tokens=6, gradient_norm=0.25)
    """

    def __init__(self, entries: Sequence[Entry], *, clipped: bool) -> None:
        self.entries = list(entries)
        self._clipped = clipped
        self._waiting: list[tuple[int, Tensor]] = []

    def add(self, step: int, values: Tensor) -> None:
        """Note a step's (loss sum, tokens, gradient norm), a tensor (3,)."""
        self._waiting.append((step, values))

    def collect(self) -> int:
        """Fetch what waits; the number of tokens in it.

        Raises:
            UnavailableError: a loss or a gradient is not a finite number; the first such step.
        """
        if not self._waiting:
            return 0
        values = torch.stack([values for _, values in self._waiting])
        rows: list[list[float]] = values.tolist()
        for (step, _), row in zip(self._waiting, rows, strict=True):
            _check(step, row)
        self.entries += [(row[0], row[1], row[2]) for row in rows]
        self._waiting = []
        return round(sum(row[1] for row in rows))

    def summary(self) -> Summary | None:
        """The collected steps together, which are then forgotten; None where there are none."""
        if not self.entries:
            return None
        entries, self.entries = self.entries, []
        tokens = sum(entry[1] for entry in entries)
        loss = sum(entry[0] for entry in entries) / max(1.0, tokens)
        return Summary(loss, round(tokens), entries[-1][2] if self._clipped else None)


def _check(step: int, row: list[float]) -> None:
    if all(math.isfinite(value) for value in row):
        return
    name, value = ("the loss", row[0]) if not math.isfinite(row[0]) else ("the gradient", row[2])
    raise UnavailableError(
        f"step {step}: {name} is {value}, not a finite number; the last checkpoint stands. "
        "Try a lower learning rate, a longer warm-up, a smaller clip, or dtype float32, and look "
        "at the batch of that step"
    )
