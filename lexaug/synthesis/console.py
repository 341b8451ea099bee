"""What `python -m lexaug.synthesize` shows: progress and a summary, both on stderr.

Standard output is for the records of `--out -`, and else for the folder's name.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from data.terminal import bar_settings, printable

if TYPE_CHECKING:
    from lexaug.synthesize import Synthesis

SECONDS_A_LINE = 10  # between two plain lines of progress
MEGABYTE = 1e6


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)


class ProgressBar:
    """A bar with an ETA on a terminal; a plain line now and then otherwise."""

    def __init__(self, bar: Any | None) -> None:
        self._bar = bar
        self._task: Any = None
        self._began = self._said = time.monotonic()

    def say(self, line: str) -> None:
        """One line, above the bar."""
        if self._bar is None:
            say(line)
        else:
            self._bar.console.print(printable(line), markup=False, highlight=False)

    def advance(self, done: int, total: int | None) -> None:
        """So many bytes of the text are done."""
        if self._bar is None:
            self._plain(done, total)
            return
        if self._task is None:
            self._task = self._bar.add_task("synthesis", total=total)
        self._bar.update(self._task, completed=done)

    def _plain(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._said < SECONDS_A_LINE:
            return
        self._said = now
        of = f" of {total / MEGABYTE:,.0f}" if total else ""
        speed = done / MEGABYTE / (now - self._began)
        say(f"{done / MEGABYTE:,.0f}{of} MB, {speed:,.0f} MB/s")


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """A progress bar for the block."""
    if not sys.stderr.isatty():
        yield ProgressBar(None)
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    timing = (TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, *timing, **bar_settings()) as bar:
        yield ProgressBar(bar)


def show_synthesis(done: Synthesis) -> None:
    """The figures that matter most, and the folder."""
    found = done.figures
    rules = found["by_rule"]
    say(f"kept {found['kept']:,} of {found['records']:,} ({_percent(found['kept_share'])})")
    for reason, count in (*found["dropped"].items(), *found["repaired"].items()):
        say(f"  {reason}: {count:,}")
    say(
        f"coverage {_percent(found['token_coverage'])} of words, "
        f"{_percent(found['type_coverage'])} of types"
    )
    say(
        f"replaced {_percent(found['replaced_share'])} of the words kept: "
        + ", ".join(f"{rule} {count:,}" for rule, count in rules.items())
    )
    if done.folder is not None:
        print(done.folder, flush=True)


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1f} %"
