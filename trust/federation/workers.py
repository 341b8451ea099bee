"""Clients that work at once, in processes of their own; their answers come in order.

>>> list(answers_of(lambda client: client * 2, [3, 1, 2], workers=1))
[6, 2, 4]
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from data.errors import UnavailableError

A = TypeVar("A")
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
        with ProcessPoolExecutor(min(workers, len(clients)), mp_context=context) as pool:
            yield from pool.map(_work, clients)
    finally:
        _JOB.pop()


def _work(client: int) -> Any:
    return _JOB[-1](client)
