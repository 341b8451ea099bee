"""From a prepared run to files: blocks in, outputs and journal on, commit by commit.

What stands in a folder after a kill at any moment is the last commit and perhaps more, which the
next start cuts off. 1, 2 and 4 workers write the same bytes, because a block's result hangs on
the block alone, and results are appended in the order of the blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from data.errors import InputError
from lexaug.synthesis.blocks import Position, read_blocks
from lexaug.synthesis.formats import outputs
from lexaug.synthesis.inputs import open_text
from lexaug.synthesis.journal import GrowingFile, Journal, Output, Tally, told_of_full_disk
from lexaug.synthesis.prepare import Prepared
from lexaug.synthesis.work import DROPPED, provenance_file

BLOCKS_A_COMMIT = 32

Advance = Callable[[str, float, float | None], None]
"""Called with ("synthesis", bytes of the text done, bytes in all or None where nobody knows)."""


def write_blocks(
    prepared: Prepared,
    folder: Path,
    start: Position = Position(),  # noqa: B008 (immutable)
    stop: int | None = None,
    *,
    dropped: Path | None = None,
    advance: Advance | None = None,
) -> Journal:
    """Work on the blocks from `start` to `stop`, going on where an earlier call was stopped.

    Args:
        folder: receives the outputs and the journal.
        stop: the number of the first block that is left out, a multiple of BLOCKS_A_COMMIT;
            None goes to the end of the text.
        dropped: the file for what is left out.

    Raises:
        InputError: a record that cannot be used; a stream that would have to be read again.
        UnavailableError: the disk is full.
    """
    journal = Journal(folder, start)
    _check_dropped(dropped, journal)
    with told_of_full_disk(folder):
        outs = _outputs(prepared, folder, dropped)
        try:
            journal.open(outs)
            if not journal.complete and journal.position.block != stop:
                _check_stream(prepared, journal, folder)
                _go_on(prepared, journal, outs, stop, advance)
        finally:
            for output in outs.values():
                output.close()
            journal.close()
    return journal


def write_stream(prepared: Prepared, out: BinaryIO) -> Tally:
    """Write the records of the whole text to a stream, with nothing kept; return the counts."""
    tally = Tally()
    config, text = prepared.config, prepared.text
    with closing(open_text(text)) as stream:
        blocks = read_blocks(
            stream, prepared.unit, block_bytes=config.block_bytes, limit=config.limit,
            name=text.name,
        )  # fmt: skip
        for made in in_order(
            prepared.work, blocks, workers=config.workers, processes=prepared.work.holds_lock
        ):
            for name, contents in made.outputs.items():
                if name != DROPPED:
                    out.writelines(contents)
            tally.add(made.tally)
    tally.name_places(prepared.work.phrases)
    return tally


def _go_on(
    prepared: Prepared,
    journal: Journal,
    outs: Mapping[str, Output],
    stop: int | None,
    advance: Advance | None,
) -> None:
    config, text = prepared.config, prepared.text
    total = text.paths[0].stat().st_size if text.seekable else None
    tally, examples, end = Tally(), [], journal.position
    with closing(open_text(text, end.offset)) as stream:
        blocks = read_blocks(
            stream, prepared.unit, end, block_bytes=config.block_bytes, stop=stop,
            limit=config.limit, name=text.name,
        )  # fmt: skip
        for made in in_order(
            prepared.work, blocks, workers=config.workers, processes=prepared.work.holds_lock
        ):
            for name, contents in made.outputs.items():
                for content in contents:
                    outs[name].append(content)
            tally.add(made.tally)
            examples += made.examples
            end = made.end
            if end.block % BLOCKS_A_COMMIT == 0:
                tally.name_places(prepared.work.phrases)
                journal.commit(outs, end, tally, examples)
                tally, examples = Tally(), []
            if advance:
                advance("synthesis", end.offset, total)
    if stop is None:
        tally.name_places(prepared.work.phrases)
        journal.commit(outs, end, tally, examples, complete=True)


def _outputs(prepared: Prepared, folder: Path, dropped: Path | None) -> dict[str, Output]:
    config = prepared.config
    found = outputs(folder, config.mode, config.format, config.compress)
    if config.provenance:
        name = provenance_file(config)
        found[name] = GrowingFile(folder / name)
    if dropped:
        found[DROPPED] = GrowingFile(dropped)
    return found


def _check_dropped(dropped: Path | None, journal: Journal) -> None:
    """Never write over a file that is not this run's."""
    if dropped and not journal.path.exists() and dropped.exists() and dropped.stat().st_size:
        raise InputError(f"{dropped}: there is such a file already; name another for --dropped")


def _check_stream(prepared: Prepared, journal: Journal, folder: Path) -> None:
    if journal.commits and prepared.text.is_stream:
        raise InputError(
            f"{folder}: holds part of a run whose text came from standard input, which cannot be"
            " read again; delete the folder or choose another --out, and give a file if the run"
            " may be stopped"
        )


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
