"""Blocks worked on by several workers, and what they gave in the order of the blocks.

>>> list(in_order(abs, [-3, 2, -1], workers=2))
[3, 2, 1]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_work: Callable[[Any], Any]


def in_order(
    work: Callable[[T], R], items: Iterable[T], *, workers: int, processes: bool = False
) -> Iterator[R]:
    """Yield work(item) for every item, in order; one more than the workers is under way at most.

    Args:
        processes: separate processes, for work that holds Python's lock; `work` is sent to each
            of them once. Threads otherwise.
    """
    if workers == 1:
        yield from map(work, items)
        return
    pool, call = _pool(work, workers, processes)
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(call, item))
            if len(waiting) > workers:  # memory is bounded by this
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pool(
    work: Callable[[T], R], workers: int, processes: bool
) -> tuple[Executor, Callable[[T], R]]:
    if not processes:
        return ThreadPoolExecutor(workers), work
    # Not forked: threads and locks of this process would be copied in any state.
    from multiprocessing import get_context

    context = get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_receive, initargs=(work,)), _call


def _receive(work: Callable[[Any], Any]) -> None:
    global _work
    _work = work


def _call(item: Any) -> Any:
    return _work(item)
