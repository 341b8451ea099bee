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

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import nn

from data.errors import InputError
from training.batches import Batch, Batches, Shuffled, shard
from training.budget import OVERRUN, choose_steps
from training.checkpoints import (
    Checkpoints,
    Generator,
    check_config,
    damage_is_named,
    load_optimisers,
    load_state,
    load_tensors,
    load_weights,
    restore,
    torch_randomness_kept,
)
from training.processes import Processes, freed_memory_is_kept
from training.progress import Fitted, OnProgress, Progress, Reason, TrainState
from training.run import Evaluate, Job, Run, configuration
from training.settings import Settings
from training.updates import Loss

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

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # Slurm and Kubernetes send SIGTERM some time before
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
    progress: OnProgress | None = None,
    backward: Loss | None = None,
    identity: Mapping[str, Any] | None = None,
    generators: Sequence[Generator] = (),
) -> Fitted:
    """Train a model; it then has the best evaluation's weights, else the average, else the last.

    Args:
        model: its trainable weights are changed in place. It is moved to the device.
        batches: an endless stream that knows its place.
        loss: from model and batch to (sum of the loss over scored tokens, their number). It
            calls the model itself, `model(...)`, once: under DDP and FSDP the call is what
            keeps the processes together.
        out: for checkpoints/, metrics.jsonl, timing.jsonl. A finished run returns at once.
        evaluate: from model (averaged, in `eval` mode) to numbers; on every process alike.
        best: the number by which evaluations are compared, "-" before it where less is better.
        progress: told at each line of the log and each evaluation, in the main process.
        backward: in place of the loss and its backward pass (for private training, say): adds the
            gradient of the sum to each trained weight's `.grad`, and returns what a loss does.
        identity: what else the run hangs on (JSON): checksums of data, the model's configuration.
        generators: what batches or loss draw from beside torch's own, which is seeded from the
            settings; the states of all are part of the checkpoint.

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
    hooks = (evaluate, best, progress, backward)
    job = Job(model, batches, loss, settings, out, *hooks, identity, tuple(generators))
    if best is not None and evaluate is None:
        raise InputError(f"best: expected an evaluate function beside best={best!r}, found none")
    processes = Processes(settings)
    with (
        _alone(out if processes.is_main else None),
        torch_randomness_kept(processes.device),
        freed_memory_is_kept() if processes.device.type == "cpu" else nullcontext(),
    ):
        return _fit(job, processes)


def _fit(job: Job, processes: Processes) -> Fitted:
    job.model.to(processes.device)
    checkpoint = Checkpoints(job.out).latest() if job.out else None
    stored = load_state(checkpoint) if checkpoint else {}
    if checkpoint:
        check_config(stored["config"], configuration(job, processes), checkpoint)
        weights = load_tensors(checkpoint / "model.safetensors")
        with damage_is_named(checkpoint):
            load_weights(job.model, weights, checkpoint)
            job.batches.load_state_dict(stored["data"])
    run = Run(job, processes, _state(stored))
    try:
        run.journal.open(stored.get("metrics_bytes", 0))
        if run.state.reason is None:
            _train(run, checkpoint, stored)
        return _fitted(run)
    finally:
        run.journal.close()


def _train(run: Run, checkpoint: Path | None, stored: Mapping[str, Any]) -> None:
    if checkpoint is None:
        _begin(run)
    else:
        _go_on(run, checkpoint, stored)
    with Interruption(can_save=run.checkpoints is not None) as interruption:
        run.state.reason = _work(run, interruption)
    run.log()
    run.evaluate()
    run.finish()


def _begin(run: Run) -> None:
    torch.manual_seed(run.settings.seed + run.processes.rank)
    run.state.total = choose_steps(run)
    run.checkpoint()


def _go_on(run: Run, checkpoint: Path, stored: Mapping[str, Any]) -> None:
    memory = load_tensors(checkpoint / "optimizer.safetensors")
    with damage_is_named(checkpoint):
        load_optimisers(run.job.model, run.updater.optimisers, memory)
        if run.updater.average is not None:
            run.updater.average.load(load_tensors(checkpoint / "average.safetensors"))
        restore(run.job.generators, run.processes.device, stored["random"][run.processes.rank])
    run.journal.timing({"step": run.state.step, "resumed": True})


def _work(run: Run, interruption: Interruption) -> Reason:
    """Step after step, with what is due between two; why it ended."""
    settings, state = run.settings, run.state
    end = min(state.total, settings.stop_at or state.total)
    while state.step < end:
        run.step()
        if _due(settings.log_every, state.step):
            run.log()
        if _due(settings.evaluate_every, state.step) and run.evaluate():
            return "patience"
        if state.step == end:
            break
        if _any_process(run, _is_over_budget(run)):
            return "budget"
        interrupted = _any_process(run, interruption.requested)
        if interrupted or _due(settings.checkpoint_every, state.step):
            run.checkpoint()
        if interrupted:
            raise KeyboardInterrupt(f"stopped after step {state.step}; the same call goes on")
    return "steps" if end == state.total else "stop_at"


def _due(every: int, step: int) -> bool:
    return every > 0 and step % every == 0


def _is_over_budget(run: Run) -> bool:
    budget = run.settings.seconds
    return budget is not None and run.watch.seconds > OVERRUN * budget


def _any_process(run: Run, wish: bool) -> bool:
    """Whether any process wishes it; many processes ask one another now and then only."""
    if run.processes.size == 1:
        return wish
    return _due(ASK_EVERY, run.state.step) and any(run.processes.gather(wish))


def _state(stored: Mapping[str, Any]) -> TrainState:
    return TrainState(
        **{field.name: stored[field.name] for field in fields(TrainState) if field.name in stored}
    )


def _fitted(run: Run) -> Fitted:
    state = run.state
    metrics = state.last_metrics if state.best_step is None else state.best_metrics
    return Fitted(
        state.step,
        state.total,
        state.reason or "steps",
        state.seconds,
        state.tokens,
        state.best_step,
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


class Interruption:
    """Whether somebody asked the run to end. A second signal has its usual effect at once.

    Without effect where nothing can be saved, and outside the main thread, where Python allows no
    handlers.
    """

    def __init__(self, *, can_save: bool) -> None:
        self.requested = False
        self._active = can_save and threading.current_thread() is threading.main_thread()
        self._before = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> Interruption:
        if self._active:
            for number in SIGNALS:
                signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._put_back()

    def _note(self, *_: object) -> None:
        self.requested = True
        self._put_back()

    def _put_back(self) -> None:
        if self._active:
            for number, handler in self._before.items():
                signal.signal(number, handler)
