"""How far a run is: its state, what it reports, its two logs, what it returns.

What the computation settles goes to metrics.jsonl, which is the same to the byte however often
the run was killed; what the clock says goes to timing.jsonl.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from data.bounded import parse_json
from data.errors import InputError
from data.files import canonical_json, raise_if_disk_full, removed
from runfolder.console import ProgressBar

Reason = Literal["steps", "patience", "stop_at", "budget"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, at each line of its log.

    Attributes:
        step, total: updates done, of how many.
        tokens: scored tokens so far.
        loss: mean over the tokens since the last line, in nats; None at an evaluation's line.
        tokens_per_second: since the last line; None at an evaluation's line.
        eta: seconds to the end, at the mean speed so far.
        metrics: of an evaluation, at its lines.
    """

    step: int
    total: int
    tokens: int
    loss: float | None
    learning_rate: float
    tokens_per_second: float | None
    eta: float
    metrics: Mapping[str, float] | None = None

    def __str__(self) -> str:
        """One line.

        >>> print(Progress(50, 200, 90000, 2.5, 1e-3, 31250.0, 9.4, {"accuracy": 61.2}))
        step 50 of 200, loss 2.500, 31,250 tokens/s, 9 s left, accuracy 61.200
        """
        parts = [f"step {self.step:,} of {self.total:,}"]
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3f}")
        if self.tokens_per_second is not None:
            parts.append(f"{self.tokens_per_second:,.0f} tokens/s")
        parts.append(f"{self.eta:,.0f} s left")
        parts += [f"{name} {value:.3f}" for name, value in (self.metrics or {}).items()]
        return ", ".join(parts)


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A run that has ended. The model holds its weights.

    Attributes:
        steps: updates done.
        total: updates of the schedule; as `Settings(steps=total)`, with `stop_at=steps` where
            the two differ, they make the same weights.
        reason: why it ended: all steps, no better evaluation, `stop_at`, 1.25 times its budget.
        seconds: on the clock of the settings, over all calls that worked on it.
        tokens: scored tokens.
        best_step: the evaluation whose weights the model holds; None without `best`.
        metrics: of that evaluation, or of the last.
        history: the lines of metrics.jsonl.
    """

    steps: int
    total: int
    reason: Reason
    seconds: float
    tokens: int
    best_step: int | None
    metrics: Mapping[str, float]
    history: Sequence[Mapping[str, Any]] = field(repr=False)


@dataclass(slots=True)
class TrainState:
    """How far a run is: what a checkpoint stores beside tensors, randomness and data."""

    step: int = 0
    total: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best_metrics: dict[str, float] = field(default_factory=dict)
    last_metrics: dict[str, float] = field(default_factory=dict)
    evaluated_step: int | None = None
    stale: int = 0  # evaluations since the best
    pending: list[tuple[float, float, float]] = field(default_factory=list)  # not yet logged
    reason: Reason | None = None


def shown_on(bar: ProgressBar) -> OnProgress:
    """What shows the progress of `fit` on a bar; each evaluation is a line of its own."""

    def show(progress: Progress) -> None:
        if progress.metrics is not None:
            bar.say(str(progress))
        else:
            bar.advance("training", progress.step, progress.total, str(progress))

    return show


ROW = {  # of either file; null stands for a number that was not finite
    "step": int,
    "loss?": float,
    "tokens?": int,
    "evaluation?": {str: float | None},
    "seconds?": float,
    "settled?": int,
}


class Journal:
    """The history of a run, kept in memory and, where there is a folder, in two files."""

    def __init__(self, folder: Path | None) -> None:
        self.history: list[dict[str, Any]] = []
        self._folder = folder
        self._metrics: BinaryIO | None = None
        self._timing: BinaryIO | None = None

    def open(self, metrics_bytes: int) -> None:
        """Go on after the first `metrics_bytes` of metrics.jsonl; what a kill left is cut off."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "metrics.jsonl"
        self._metrics = open(path, "ab", buffering=0)  # noqa: SIM115
        if self._metrics.tell() < metrics_bytes:
            raise InputError(
                f"{path}: expected {metrics_bytes} bytes that the checkpoint knows of, found "
                f"{self._metrics.tell()}; put the file back or choose another folder"
            )
        self._metrics.truncate(metrics_bytes)
        self.history = list(parsed_lines(path))
        self._timing = open(self._folder / "timing.jsonl", "ab", buffering=0)  # noqa: SIM115

    def metrics(self, row: Mapping[str, Any]) -> None:
        """Note what was computed; a number that is not finite becomes null (JSON has none)."""
        kept = {key: _finite(value) for key, value in row.items()}
        self.history.append(kept)
        self._write(self._metrics, kept)

    def timing(self, row: Mapping[str, Any]) -> None:
        """Note what the clock says."""
        self._write(self._timing, row)

    def secured(self) -> int:
        """Bytes of metrics.jsonl, all of them on the disk."""
        if self._metrics is None:
            return 0
        self._check_there(self._metrics)
        os.fsync(self._metrics.fileno())
        return self._metrics.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Close the files."""
        for file in (self._metrics, self._timing):
            if file is not None:
                file.close()

    def _write(self, file: BinaryIO | None, row: Mapping[str, Any]) -> None:
        if file is None or self._folder is None:
            return
        self._check_there(file)
        try:
            file.write(canonical_json(row).encode() + b"\n")
        except OSError as error:
            raise_if_disk_full(error, self._folder)
            raise

    def _check_there(self, file: BinaryIO) -> None:
        """A file whose folder was removed takes what is written, and nobody ever sees it."""
        if self._folder is not None and os.fstat(file.fileno()).st_nlink == 0:
            raise removed(self._folder)


def parsed_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a metrics.jsonl or timing.jsonl.

    Raises:
        InputError: `metrics.jsonl:7: expected JSON, found ...`.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            yield parse_json(line, f"{path}:{number}", ROW)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return value
