"""The same synthesis on many machines: steps for datatrove's local, Slurm and Ray executors.

    from datatrove.executor import LocalPipelineExecutor
    from lexaug.pipeline import chain
    from lexaug.config import SynthesisConfig

    config = SynthesisConfig("wo", "news.en", lexicon="gatitos", out=Path("runs/wo"))
    chain(LocalPipelineExecutor, config, tasks=8, logs="logs", workers=8).run()

The text is cut into parts at the places where one process would commit; each task makes a part in
a folder of its own and survives a kill like a run of its own; the last step joins them. What lies
in the folder then is, byte for byte, what `python -m lexaug.synthesize` writes. Machines share the
folder and the text. `Substitution` is for pipelines that have documents already.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any

from data.access import Access
from data.bounded import read_json
from data.errors import InputError, UnavailableError
from data.files import appears_whole, write_whole
from data.load import find_language
from data.randomness import key
from lexaug.config import SynthesisConfig
from lexaug.substitute import substitute_line
from lexaug.synthesis.blocks import Position, read_blocks
from lexaug.synthesis.formats import SHARDS
from lexaug.synthesis.inputs import open_text
from lexaug.synthesis.journal import JOURNAL, Journal
from lexaug.synthesis.prepare import Prepared, find_table, open_folder, prepare
from lexaug.synthesis.writing import BLOCKS_A_COMMIT, write_blocks
from lexaug.synthesize import finish
from runfolder.folder import locked

try:
    from datatrove.pipeline.base import PipelineStep
except ImportError as error:
    raise UnavailableError(
        'pipelines need the package datatrove; pip install -e ".[cluster]"'
    ) from error

PARTS = ".parts"
PLAN = "plan.json"
DROPPED_PART = "dropped.tsv"


class FindParts(PipelineStep):  # type: ignore[misc]
    """Reads the text once and notes where each task begins; a step for one task."""

    type = "lexaug"
    name = "find-parts"

    def __init__(self, config: SynthesisConfig, tasks: int) -> None:
        super().__init__()
        self.config, self.tasks = _checked(config), tasks

    def run(self, *_: Any) -> None:
        """Write the plan into the run folder."""
        prepared = prepare(self.config)
        with locked(prepared.folder):
            open_folder(prepared)
            if (prepared.folder / PARTS / PLAN).exists():
                return  # parts may have been made after it
            commits, lines = _commits(prepared)
            self.stat_update("records", value=lines)
            count = len(commits)
            firsts = sorted({count * part // self.tasks for part in range(self.tasks)})
            plan = {"tasks": self.tasks, "starts": [commits[i] for i in firsts if i < count]}
            write_whole(prepared.folder / PARTS / PLAN, json.dumps(plan))


class SynthesizePart(PipelineStep):  # type: ignore[misc]
    """Makes one part of the text, the one that belongs to the task's rank."""

    type = "lexaug"
    name = "synthesize"

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__()
        self.config = _checked(config)

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:  # noqa: ARG002
        """Work on the part of this rank, or go on with it.

        Raises:
            InputError: another number of tasks than the plan was made for.
        """
        prepared = prepare(self.config)
        starts, tasks = _plan(prepared.folder)
        if tasks != world_size:
            raise InputError(f"{prepared.folder}: planned for {tasks} tasks, found {world_size}")
        if rank >= len(starts):
            return
        stop = starts[rank + 1].block if rank + 1 < len(starts) else None
        folder = _part(prepared.folder, rank)
        with locked(folder):
            dropped = folder / DROPPED_PART if self.config.dropped else None
            journal = write_blocks(prepared, folder, starts[rank], stop, dropped=dropped)
        for name, count in journal.tally.numbers.items():
            self.stat_update(name, value=count)
        for reason, count in journal.tally.dropped.items():
            self.stat_update(f"dropped: {reason}", value=count)


class JoinParts(PipelineStep):  # type: ignore[misc]
    """Puts the parts one after the other and writes the reports; a step for one task."""

    type = "lexaug"
    name = "join-parts"

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__()
        self.config = _checked(config)

    def run(self, *_: Any) -> None:
        """Join, report, and delete the parts."""
        prepared = prepare(self.config)
        folder = prepared.folder
        with locked(folder):
            held = open_folder(prepared)
            if (folder / PARTS).exists():
                _join(folder, self.config.dropped)
            journal = Journal(folder)
            journal.open({})
            journal.close()
            finish(held, journal)
            shutil.rmtree(folder / PARTS, ignore_errors=True)


class Substitution(PipelineStep):  # type: ignore[misc]
    """Replaces words in the documents of a pipeline, and drops those with too few replaced.

    Draws are keyed by the document's id, so that they do not hang on shards and tasks. This is
    the pure function, slower than the kernel that `SynthesizePart` uses.
    """

    type = "lexaug"
    name = "substitution"

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__()
        self.config = config

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:  # noqa: ARG002
        """Yield the documents that the keep rule keeps; metadata tells how much was replaced."""
        config = self.config
        access = Access.of(config)
        table, _ = find_table(config, find_language(config.lang, access=access), access)
        for document in data or ():
            line = substitute_line(
                document.text, table, ratio=config.share, key=key(config.seed, document.id)
            )
            if line.replaced < max(config.least, (config.keep_share or 0.0) * line.words):
                self.stat_update(f"dropped: {config.rule}")
                continue
            self.stat_update("kept")
            document.text = line.text
            document.metadata |= {"words": line.words, "replaced_words": line.replaced}
            yield document


def stages(config: SynthesisConfig, tasks: int) -> tuple[tuple[Any, int], ...]:
    """The three steps, each with the number of tasks that it is for."""
    return (FindParts(config, tasks), 1), (SynthesizePart(config), tasks), (JoinParts(config), 1)


def chain(
    executor: Callable[..., Any], config: SynthesisConfig, tasks: int, logs: str, **settings: Any
) -> Any:
    """An executor whose `run` does all three steps, each after the one before.

    Args:
        executor: datatrove's LocalPipelineExecutor, SlurmPipelineExecutor or RayPipelineExecutor.
        tasks: parts to cut the text into; one a 32 MB of text at most are used.
        logs: folder for datatrove's logs; what it says is complete is not done again.
        settings: the executor's own: workers, time, partition, cpus_per_task ...
    """
    previous = None
    for step, count in stages(config, tasks):
        previous = executor(
            pipeline=[step],
            tasks=count,
            depends=previous,
            logging_dir=f"{logs}/{step.name}",
            **settings,
        )
    return previous


def _checked(config: SynthesisConfig) -> SynthesisConfig:
    if config.out is None or config.to_stdout or config.input == "-":
        raise InputError("a cluster run needs a text in files and a folder: set input and out")
    return config


def _commits(prepared: Prepared) -> tuple[list[Position], int]:
    """Where each commit begins, and the number of records."""
    config, at = prepared.config, Position()
    found = []
    with closing(open_text(prepared.text)) as stream:
        for block in read_blocks(
            stream, prepared.unit, block_bytes=config.block_bytes, limit=config.limit,
            name=prepared.text.name,
        ):  # fmt: skip
            if block.start.block % BLOCKS_A_COMMIT == 0:
                found.append(block.start)
            at = block.end
    return found, at.record - 1


def _plan(folder: Path) -> tuple[list[Position], int]:
    path = folder / PARTS / PLAN
    plan = read_json(path, {"tasks": int, "starts": [[int]]})
    if any(len(start) != len(Position._fields) for start in plan["starts"]):
        raise InputError(f"{path}: expected {len(Position._fields)} numbers a start; delete it")
    return [Position(*start) for start in plan["starts"]], plan["tasks"]


def _part(folder: Path, rank: int) -> Path:
    return folder / PARTS / f"{rank:05d}"


def _join(folder: Path, dropped: Path | None) -> None:
    """The files of all parts in their order; shards are copied, the journal comes last."""
    starts, _ = _plan(folder)
    parts = [_part(folder, rank) for rank in range(len(starts))]
    _check_done(parts, starts)
    names = {path.name for part in parts for path in part.iterdir() if path.is_file()}
    for name in sorted(names - {JOURNAL, DROPPED_PART, ".lock"}):
        _join_files([part / name for part in parts], folder / name)
    if dropped:
        _join_files([part / DROPPED_PART for part in parts], dropped)
    for part in parts:
        for shard in sorted((part / SHARDS).glob("part-*.parquet")):
            with appears_whole(folder / SHARDS / shard.name) as out:
                out.write(shard.read_bytes())
    _join_files([part / JOURNAL for part in parts], folder / JOURNAL)


def _check_done(parts: Sequence[Path], starts: Sequence[Position]) -> None:
    """Refuse to join parts of which one has not come to its end."""
    for part, start, stop in zip_longest(parts, starts, starts[1:]):
        journal = Journal(part, start)
        if part.exists():
            journal.open({})
            journal.close()
        if not (journal.complete if stop is None else journal.position == stop):
            raise InputError(f"{part}: this part is not done; run the chain again")


def _join_files(parts: Sequence[Path], path: Path) -> None:
    with appears_whole(path) as out:
        for part in parts:
            if part.exists():
                with open(part, "rb") as file:
                    shutil.copyfileobj(file, out, 1 << 20)
