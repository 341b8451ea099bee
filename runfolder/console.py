"""What every command shows while it works: lines, and one progress bar.

Results go to standard output (`show`), everything else to standard error (`say`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from data.access import Access
from data.terminal import bar_settings, printable

SECONDS_A_LINE = 5.0  # between two plain lines of one task, where there is no terminal
Unit = Literal["", "bytes"]


def show(line: str) -> None:
    """One line on standard output, at once."""
    print(line, flush=True)


def say(line: str) -> None:
    """One line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


class ProgressBar:
    """A bar with the time that is left on a terminal; a plain line now and then otherwise.

    All of it goes to standard error. Text of data in it is made printable.
    """

    def __init__(self, bar: Any | None = None, unit: Unit = "") -> None:
        self._bar, self._unit = bar, unit
        self._tasks: dict[str, Any] = {}
        self._began: dict[str, float] = {}
        self._said: dict[str, float] = {}

    def say(self, line: str) -> None:
        """One line, above the bar."""
        if self._bar is None:
            say(line)
        else:
            self._bar.console.print(printable(line), markup=False, highlight=False)

    def advance(self, label: str, done: float, total: float | None, text: str = "") -> None:
        """`done` of `total` are finished of the task that is called `label`.

        Args:
            total: None where nobody knows.
            text: what else to say of it, a loss for instance; in place of the numbers.
        """
        if self._bar is None:
            self._plain(label, done, total, text)
            return
        if label not in self._tasks:
            self._tasks[label] = self._bar.add_task("", total=total)
        shown = printable(f"{label} {text}".strip())
        self._bar.update(self._tasks[label], completed=done, total=total, description=shown)

    def _plain(self, label: str, done: float, total: float | None, text: str) -> None:
        """At the end of a task, and of long ones every few seconds."""
        now = time.monotonic()
        began = self._began.setdefault(label, now)
        ended = total is not None and done >= total
        if not ended and now - self._said.setdefault(label, now) < SECONDS_A_LINE:
            return
        self._said[label] = now
        say(f"{label}: {text or self._numbers(done, total, now - began)}")

    def _numbers(self, done: float, total: float | None, seconds: float) -> str:
        scale, unit = (1e6, " MB") if self._unit == "bytes" else (1, "")
        of = "" if total is None else f"/{total / scale:,.0f}"
        speed = f", {done / scale / seconds:,.3g}{unit}/s" if seconds >= 1 else ""
        return f"{done / scale:,.0f}{of}{unit}{speed}"


@contextmanager
def progress_bar(unit: Unit = "") -> Iterator[ProgressBar]:
    """A progress bar for the block.

    Args:
        unit: what is counted; "bytes" shows megabytes and their speed.
    """
    if not sys.stderr.isatty():
        yield ProgressBar(unit=unit)
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns: list[Any] = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=20)]
    columns += (
        [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [MofNCompleteColumn()]
    )
    with Progress(*columns, TimeRemainingColumn(), **bar_settings()) as bar:
        yield ProgressBar(bar, unit)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the cells of each column under each other.

    >>> aligned([["system", "n"], ["copy", "8"]])
    ['system  n', 'copy    8']
    """
    widths = (
        [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    )
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def carried_out(
    config: Any,
    do: Callable[[Any, Access, Callable[..., None]], Any],
    lines: Callable[[Any], Iterable[str]],
    files: str,
) -> int:
    """What a command does that fills a run folder: a bar, its lines, its notes, where all lies.

    Args:
        do: from the configuration, the access to files and what is told of the progress to a result
            with `folder` and `notes`.
        lines: what is shown of the result.
        files: their names, as they are shown behind the folder.
    """
    with progress_bar() as progress:
        done = do(config, Access.of(config, progress.say), progress.advance)
    for line in lines(done):
        show(line)
    for note in done.notes:
        say(f"note: {note}")
    show(f"wrote {done.folder}: {files}")
    return 0
