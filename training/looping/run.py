"""One run: how far it is, and what happens between two updates (log, evaluation, checkpoint)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.errors import InputError
from training.looping import tensors
from training.looping.batches import Batches
from training.looping.budget import Stopwatch
from training.looping.checkpoints import Checkpoints, load_tensors
from training.looping.journal import Journal
from training.looping.ledger import Ledger
from training.looping.progress import Place, Progress
from training.looping.randomness import Generator, random_state, undisturbed
from training.looping.schedules import factor
from training.looping.settings import Settings
from training.looping.updates import Loss, Updater
from training.looping.world import World

Evaluate = Callable[[nn.Module], Mapping[str, float]]
Report = Callable[[Progress], None]


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
    report: Report | None = None
    config: Mapping[str, Any] | None = None
    generators: Sequence[Generator] = ()


class Run:
    """The state of a run and the moves that change it; `training.loop` says when."""

    def __init__(self, job: Job, world: World, place: Place) -> None:
        settings = job.settings
        self.job, self.world, self.place, self.settings = job, world, place, settings
        self.updater = Updater(job.model, job.batches, job.loss, settings, world)
        self.ledger = Ledger(place.pending, clipped=settings.clip is not None)
        self.journal = Journal(job.out if world.is_main else None)
        self.checkpoints = Checkpoints(job.out) if job.out else None
        self.watch = Stopwatch(settings.clock, place.seconds)
        self._best: dict[str, Tensor] = {}  # where there is no folder
        self._rate = 0.0
        self._logged = (self.watch.seconds, place.tokens)

    def step(self) -> None:
        """Update the weights once, at the rate of the schedule."""
        settings, place = self.settings, self.place
        place.step += 1
        warmup = settings.warmup_steps(place.total)
        share = factor(settings.schedule, place.step, place.total, warmup)
        self._rate = settings.learning_rate * share
        self.ledger.add(place.step, self.updater.update(place.step, self._rate))
        if self.world.device.type == "cpu":  # nothing to wait for, so a bad loss ends it at once
            place.tokens += self.ledger.collect()

    def log(self) -> None:
        """Write a line about the steps since the last one."""
        self.place.tokens += self.ledger.collect()
        summary = self.ledger.summary()
        if summary is None:
            return
        row: dict[str, Any] = {"step": self.place.step, "loss": summary.loss}
        row |= {"tokens": self.place.tokens, "learning_rate": self._rate}
        if summary.gradient_norm is not None:
            row["gradient_norm"] = summary.gradient_norm
        self.journal.metrics(row)
        self._tell(summary.loss, None)

    def evaluate(self) -> bool:
        """Evaluate the weights as they are; whether that is reason to stop early."""
        assess, place = self.job.evaluate, self.place
        if assess is None or place.evaluated_step == place.step:
            return False
        with self.evaluating():
            found = {name: float(value) for name, value in assess(self.job.model).items()}
            found = self.world.agreed(found)
            better = self._is_better(found)
            if better:
                self._keep_best(found)
        place.stale = 0 if better else place.stale + 1
        place.last_metrics, place.evaluated_step = found, place.step
        row = {"step": place.step, "evaluation": found}
        self.journal.metrics(row | ({"best": better} if self.job.best else {}))
        self._tell(None, found)
        return self.job.best is not None and 0 < self.settings.patience <= place.stale

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The model as it is evaluated: averaged, without dropout; randomness is untouched."""
        model, average = self.updater.model, self.updater.average
        averaged: AbstractContextManager[None] = average.in_place() if average else nullcontext()
        with undisturbed(self.world.device), averaged, torch.no_grad():
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
        before = self.place.best_metrics.get(name, -sign * float("inf"))
        return sign * found[name] > sign * before

    def _keep_best(self, found: dict[str, float]) -> None:
        self.place.best_step, self.place.best_metrics = self.place.step, found
        weights = tensors.weights_of(self.job.model)
        if self.checkpoints is None:
            self._best = {name: value.clone() for name, value in weights.items()}
        elif self.world.is_main:
            self.checkpoints.save_best(self.place.step, weights)

    def _choose_weights(self) -> None:
        best, path = self._best, None
        if self.place.best_step is None:
            if self.updater.average is not None:
                self.updater.average.put_in()
            return
        if self.checkpoints is not None:
            self.world.wait()  # for the main process, which writes
            path = self.checkpoints.best(self.place.best_step)
            best = load_tensors(path / "model.safetensors")
        tensors.load_weights(self.job.model, best, path)

    def checkpoint(self) -> None:
        """Write everything that is needed to go on from here; every process must come here."""
        optimisers, average = self.updater.optimisers, self.updater.average
        content = {
            "model": tensors.weights_of(self.job.model),
            "optimizer": tensors.optimiser_tensors(self.job.model, optimisers),
        }
        if average is not None:
            content["average"] = {n: tensors.whole(t) for n, t in average.tensors().items()}
        self._save(content, best=self.place.best_step)

    def finish(self) -> None:
        """Give the model the weights that the run returns, and write them as its last."""
        self._choose_weights()
        self._save({"model": tensors.weights_of(self.job.model)}, best=None)

    def _save(self, content: Mapping[str, Mapping[str, Tensor]], best: int | None) -> None:
        self.place.tokens += self.ledger.collect()
        self.place.pending = list(self.ledger.entries)
        self.place.seconds = self.watch.seconds
        drawn = self.world.gather(random_state(self.job.generators, self.world.device))
        if self.checkpoints is not None and self.world.is_main:
            state = {
                **asdict(self.place),
                "config": configuration(self.job, self.world),
                "data": self.updater.batches.state_dict(),
                "random": drawn,
                "metrics_bytes": self.journal.secured(),
            }
            self.checkpoints.save(self.place.step, content, state, best=best)
        self.world.wait()

    def _tell(self, loss: float | None, metrics: Mapping[str, float] | None) -> None:
        place, seconds = self.place, self.watch.seconds
        (before, tokens), self._logged = self._logged, (seconds, place.tokens)
        speed = (place.tokens - tokens) / max(1e-9, seconds - before) if metrics is None else None
        eta = seconds / max(1, place.step) * (place.total - place.step)
        self.journal.timing({"step": place.step, "seconds": seconds, "tokens_per_second": speed})
        if self.job.report is not None and self.world.is_main:
            told = (place.step, place.total, place.tokens, loss, self._rate, speed, eta, metrics)
            self.job.report(Progress(*told))


def configuration(job: Job, world: World) -> dict[str, Any]:
    """What a checkpoint must agree with, key by key."""
    settings = job.settings.to_json()
    for free in ("device", "checkpoint_every"):  # they change nothing that is computed
        del settings[free]
    return {**settings, "best": job.best, "processes": world.size, **(job.config or {})}
