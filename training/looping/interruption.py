"""Ctrl-C and SIGTERM, noted and obeyed between two steps, when a checkpoint can be written."""

from __future__ import annotations

import signal
import threading
from types import TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # Slurm and Kubernetes send SIGTERM some time before


class Interruption:
    """Whether somebody asked the run to end. A second signal has its usual effect at once.

    Without effect where nothing can be saved, and outside the main thread, where Python allows no
    handlers.
    """

    def __init__(self, *, can_save: bool) -> None:
        self.asked = False
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
        self.asked = True
        self._put_back()

    def _put_back(self) -> None:
        if self._active:
            for number, handler in self._before.items():
                signal.signal(number, handler)
