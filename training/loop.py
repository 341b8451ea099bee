"""The training loop: the only one of the project, for every model and objective.

    from training.loop import Settings, Shuffled, fit

    def loss(model, batch):                      # the sum over scored tokens, and their number
        logits = model(batch["ids"])             # (B, T, V)
        scored = batch["labels"] != -100
        return cross_entropy(logits[scored], batch["labels"][scored], reduction="sum"), scored.sum()

    fitted = fit(model, Shuffled(batches, seed=0), loss, Settings(steps=2000), out=Path("runs/try"))

Killed at any point and called again with the same `out`, it goes on from the last checkpoint; on a
CPU (and the same number of threads) metrics.jsonl and the weights are the same to the last bit.
The same script runs on one CPU, on one GPU, and in many processes under `accelerate launch` (DDP,
or FSDP with `--fsdp_version 2`), which all see the folder: an update then sees one batch a process
and the gradient is of the mean over the tokens of all. After FSDP the caller's model is split; the
whole weights stand in the last checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import nn

from data.errors import InputError
from training.looping import tensors
from training.looping.batches import Batch, Batches, Shuffled, shard
from training.looping.budget import OVERRUN
from training.looping.checkpoints import (
    Checkpoints,
    check_config,
    damage_is_named,
    load_state,
    load_tensors,
)
from training.looping.interruption import Interruption
from training.looping.memory import freed_memory_is_kept
from training.looping.progress import Fitted, Place, Progress, Reason
from training.looping.randomness import Generator, restore, undisturbed
from training.looping.run import Evaluate, Job, Report, Run, configuration
from training.looping.settings import Settings
from training.looping.trial import settle_steps
from training.looping.updates import Loss
from training.looping.world import World

__all__ = [
    "Batch",
    "Batches",
    "Fitted",
    "Loss",
    "Progress",
    "Settings",
    "Shuffled",
    "fit",
    "shard",
]

ASK_EVERY = 16  # steps between two times that processes agree whether to stop


def fit(
    model: nn.Module,
    batches: Batches,
    loss: Loss,
    settings: Settings,
    *,
    out: Path | None = None,
    evaluate: Evaluate | None = None,
    best: str | None = None,
    report: Report | None = None,
    config: Mapping[str, Any] | None = None,
    generators: Sequence[Generator] = (),
) -> Fitted:
    """Train a model; on return it has the weights of the best evaluation, else the average,
    else the last.

    Args:
        model: its trainable weights are changed in place. It is moved to the device.
        batches: an endless stream that knows its place.
        loss: from model and batch to (sum of the loss over scored tokens, their number). It
            calls the model itself, `model(...)`, once: under DDP and FSDP the call is what
            keeps the processes together.
        out: for checkpoints/, metrics.jsonl, timing.jsonl. A finished run returns at once.
        evaluate: from model (averaged, in `eval` mode) to numbers; on every process alike.
        best: the number by which evaluations are compared, "-" before it where less is better.
        report: told at each line of the log and each evaluation, in the main process.
        config: what else the run hangs on (JSON): checksums of data, the model's configuration.
        generators: other sources of randomness that batches or loss draw from; their states are
            part of the checkpoint. torch's own always is, seeded from the settings.

    Raises:
        InputError: a checkpoint of another run (the differing keys are named), a stream that
            ends, a loss that reaches no weight, `best` not among the numbers.
        KeyboardInterrupt: after a checkpoint, where there was Ctrl-C or SIGTERM and `out` is given.
        UnavailableError: no such device, a loss that is not finite, a full disk. The last
            checkpoint stands, and the same call goes on from there.

    >>> from torch.nn.functional import mse_loss
    >>> line = nn.Linear(1, 1)
    >>> points = [{"x": torch.tensor([[0.0], [1.0]]), "y": torch.tensor([[1.0], [3.0]])}]
    >>> def squares(model: nn.Module, batch: Batch) -> tuple[torch.Tensor, int]:
    ...     return mse_loss(model(batch["x"]), batch["y"], reduction="sum"), 2
    >>> settings = Settings(steps=300, learning_rate=0.1, weight_decay=0, device="cpu")
    >>> fitted = fit(line, Shuffled(points, seed=0), squares, settings)
    >>> round(line.weight.item(), 1), round(line.bias.item(), 1), fitted.steps
    (2.0, 1.0, 300)
    """
    job = Job(
        model, batches, loss, settings, out, evaluate, best, report, config, tuple(generators)
    )
    if best is not None and evaluate is None:
        raise InputError(f"best: expected an evaluate function beside best={best!r}, found none")
    world = World(settings)
    with (
        _alone(out if world.is_main else None),
        undisturbed(world.device),
        freed_memory_is_kept() if world.device.type == "cpu" else nullcontext(),
    ):
        return _fit(job, world)


def _fit(job: Job, world: World) -> Fitted:
    job.model.to(world.device)
    checkpoint = Checkpoints(job.out).latest() if job.out else None
    state = load_state(checkpoint) if checkpoint else {}
    if checkpoint:
        check_config(state["config"], configuration(job, world), checkpoint)
        weights = load_tensors(checkpoint / "model.safetensors")
        with damage_is_named(checkpoint):
            tensors.load_weights(job.model, weights, checkpoint)
            job.batches.load_state_dict(state["data"])
    run = Run(job, world, _place(state))
    try:
        run.journal.open(state.get("metrics_bytes", 0))
        if run.place.reason is None:
            _train(run, checkpoint, state)
        return _fitted(run)
    finally:
        run.journal.close()


def _train(run: Run, checkpoint: Path | None, state: Mapping[str, Any]) -> None:
    if checkpoint is None:
        _begin(run)
    else:
        _go_on(run, checkpoint, state)
    with Interruption(can_save=run.checkpoints is not None) as interruption:
        run.place.reason = _work(run, interruption)
    run.log()
    run.evaluate()
    run.finish()


def _begin(run: Run) -> None:
    torch.manual_seed(run.settings.seed + run.world.rank)
    run.place.total = settle_steps(run)
    run.checkpoint()


def _go_on(run: Run, checkpoint: Path, state: Mapping[str, Any]) -> None:
    memory = load_tensors(checkpoint / "optimizer.safetensors")
    with damage_is_named(checkpoint):
        tensors.load_optimisers(run.job.model, run.updater.optimisers, memory)
        if run.updater.average is not None:
            run.updater.average.load(load_tensors(checkpoint / "average.safetensors"))
        restore(run.job.generators, run.world.device, state["random"][run.world.rank])
    run.journal.timing({"step": run.place.step, "resumed": True})


def _work(run: Run, interruption: Interruption) -> Reason:
    """Step after step, with what is due between two; why it ended."""
    settings, place = run.settings, run.place
    end = min(place.total, settings.stop_at or place.total)
    while place.step < end:
        run.step()
        if _due(settings.log_every, place.step):
            run.log()
        if _due(settings.evaluate_every, place.step) and run.evaluate():
            return "patience"
        if place.step == end:
            break
        if _agreed(run, _is_over_budget(run)):
            return "budget"
        interrupted = _agreed(run, interruption.asked)
        if interrupted or _due(settings.checkpoint_every, place.step):
            run.checkpoint()
        if interrupted:
            raise KeyboardInterrupt(f"stopped after step {place.step}; the same call goes on")
    return "steps" if end == place.total else "stop_at"


def _due(every: int, step: int) -> bool:
    return every > 0 and step % every == 0


def _is_over_budget(run: Run) -> bool:
    budget = run.settings.seconds
    return budget is not None and run.watch.seconds > OVERRUN * budget


def _agreed(run: Run, wish: bool) -> bool:
    """Whether any process wishes it; many processes ask one another now and then only."""
    if run.world.size == 1:
        return wish
    return _due(ASK_EVERY, run.place.step) and any(run.world.gather(wish))


def _place(state: Mapping[str, Any]) -> Place:
    return Place(
        **{field.name: state[field.name] for field in fields(Place) if field.name in state}
    )


def _fitted(run: Run) -> Fitted:
    place = run.place
    metrics = place.last_metrics if place.best_step is None else place.best_metrics
    return Fitted(
        place.step,
        place.total,
        place.reason or "steps",
        place.seconds,
        place.tokens,
        place.best_step,
        metrics,
        run.journal.history,
    )


@contextmanager
def _alone(folder: Path | None) -> Iterator[None]:
    """No other process works on the folder inside the block."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".training.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{folder}: another process trains here; wait for it or choose another folder"
        ) from error
    try:
        Checkpoints(folder).sweep()
        yield
    finally:
        lock.release()
