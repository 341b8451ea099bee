"""What `python -m training.pretrain` shows: progress on stderr, the model's folder on stdout."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.terminal import bar_settings, printable
from training.looping.progress import Progress

SECONDS_A_LINE = 5.0  # between two plain lines


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)


class ProgressBar:
    """A bar with an ETA on a terminal; a plain line now and then otherwise."""

    def __init__(self, bar: Any | None) -> None:
        self._bar, self._task, self._said = bar, None, float("-inf")

    def say(self, line: str) -> None:
        """One line, above the bar."""
        if self._bar is None:
            say(line)
        else:
            self._bar.console.print(printable(line), markup=False, highlight=False)

    def step(self, progress: Progress) -> None:
        """The loop has come so far."""
        if self._bar is None:
            self._plain(progress)
            return
        if self._task is None:
            self._task = self._bar.add_task("", total=progress.total)
        self._bar.update(self._task, completed=progress.step, description=printable(str(progress)))

    def _plain(self, progress: Progress) -> None:
        now = time.monotonic()
        due = progress.step == progress.total or progress.metrics is not None
        if due or now - self._said >= SECONDS_A_LINE:
            self._said = now
            say(str(progress))


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """A progress bar for the block."""
    if not sys.stderr.isatty():
        yield ProgressBar(None)
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=20), TextColumn("{task.description}", markup=False))
    with Bar(*columns, **bar_settings()) as bar:
        yield ProgressBar(bar)


def show(scores: Sequence[Mapping[str, Any]], notes: Sequence[str], model: Path) -> None:
    """The scores on held-out text, notes, and where the model lies."""
    for one in scores:
        figures = [
            f"{s['name']} {s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]" for s in one["scores"]
        ]
        say(f"{one['corpus']}, {one['system']}: {', '.join(figures)}, n {one['scores'][0]['n']:,}")
    for note in notes:
        say(f"note: {note}")
    print(model, flush=True)
