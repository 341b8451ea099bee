"""Clients that work at once, in processes of their own; their answers come in order.

>>> list(answers_of(lambda client: client * 2, [3, 1, 2], workers=1))
[6, 2, 4]
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from data.errors import UnavailableError

A = TypeVar("A")
WATCHED = 0.5  # seconds between looks at whether the parent lives
_JOB: list[Callable[[int], Any]] = []  # what a process that was forked does, with all it refers to


def answers_of(job: Callable[[int], A], clients: Sequence[int], workers: int) -> Iterator[A]:
    """What each client answers, in the order of the clients.

    Args:
        workers: processes. They are forked for the round, so that they have data and model at hand;
            a client's answer does not hang on which of them it worked in.

    Raises:
        UnavailableError: this system cannot fork processes.
    """
    if workers == 1 or len(clients) < 2:
        yield from map(job, clients)
        return
    if "fork" not in multiprocessing.get_all_start_methods():
        raise UnavailableError("--workers: this system cannot fork processes; leave it out")
    _JOB.append(job)
    try:
        context = multiprocessing.get_context("fork")
        number, parent = min(workers, len(clients)), (os.getpid(),)
        with ProcessPoolExecutor(number, context, _leave_with, parent) as pool:
            yield from pool.map(_work, clients)
    finally:
        _JOB.pop()


def _leave_with(parent: int) -> None:
    """End this process when the one that forked it was killed; it would wait for work for good."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCHED)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work(client: int) -> Any:
    return _JOB[-1](client)
