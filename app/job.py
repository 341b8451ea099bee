"""Slow work beside the page: its progress is shown while it runs, and it can be cancelled.

    job = Job(lambda job: translate(sentence, config, report=job.say))
    job.start()

Work that is cancelled ends at its next word: `say` and `advance` raise `Cancelled` there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from data.errors import KilolinguaError

Result = TypeVar("Result")


class Cancelled(Exception):  # noqa: N818
    """The reader does not want the result any more."""


class Job(Generic[Result]):
    """One piece of work in a thread of its own.

    Attributes:
        line: what is under way.
        share: how much is done, 0 to 1; None where nobody can tell.
        result: what came out; None until then.
        failure: why nothing came out.

    >>> job = Job(lambda job: 6 * 7)
    >>> job.start(); job.join(); job.result
    42
    """

    def __init__(self, work: Callable[[Job[Result]], Result]) -> None:
        self.line = "starting"
        self.share: float | None = None
        self.result: Result | None = None
        self.failure = ""
        self._work = work
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    @property
    def running(self) -> bool:
        """Whether it is under way; a cancelled job is not, though its thread may need a moment."""
        return self._thread.is_alive() and not self._cancelled.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the reader cancelled it."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask it to end; what it finds is thrown away."""
        self._cancelled.set()

    def say(self, line: str) -> None:
        """Tell what is under way.

        Raises:
            Cancelled: nobody wants the result any more.
        """
        if self.cancelled:
            raise Cancelled
        self.line, self.share = line, None

    def advance(self, label: str, done: int, total: int) -> None:
        """Tell how much is done; raises as `say` does."""
        self.say(label)
        self.share = done / total if total else None

    def _run(self) -> None:
        try:
            result = self._work(self)
        except Cancelled:
            return
        except KilolinguaError as error:
            self.failure = str(error)
        except Exception as error:  # the page must say that it failed, whatever it was
            self.failure = f"{type(error).__name__}: {error}"
        else:
            self.result = None if self.cancelled else result
