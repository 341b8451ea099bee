"""One report on models of intents and slots, from a big teacher to a graph of 8 bits.

    python -m nlu.stages runs/teacher runs/student runs/student=student.onnx \\
        --test xsid:test:all --out runs/stages

Each is a run of nlu.train, or RUN=FILE with a graph that `nlu.predict --onnx` wrote. Beside quality
by language stand what a phone asks for: megabytes on disk, milliseconds of one utterance at a time
on one core (50th and 99th percentile), and processor seconds a thousand utterances, for energy. The
folder gets stages.json and report.html.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.cli import Parser, run
from data.errors import InputError
from data.files import write_whole

if TYPE_CHECKING:
    import argparse

    from nlu.model import NluModel
    from nlu.sets import UtteranceSet

TIMED = 200  # utterances that are timed one by one, spread over the test sets
FIRST = 5  # that are not counted: the first calls are slower


@dataclass(frozen=True)
class Stage:
    """A model, and what it is worth and costs.

    Attributes:
        means: intent accuracy, slot F1 and exact match over all sets, as scores.json has scores.
        exact: exact match by test set.
        megabytes: of weights, or of the graph, on disk.
        median, slow: milliseconds of one utterance, 50th and 99th percentile.
        cpu: processor seconds a thousand utterances, one by one.
    """

    name: str
    means: dict[str, Any]
    exact: dict[str, float]
    megabytes: float
    median: float
    slow: float
    cpu: float


def measure(name: str, tests: Sequence[UtteranceSet], access: Access) -> Stage:
    """Score and time one model.

    Args:
        name: RUN, or RUN=FILE.onnx.

    Raises:
        InputError: no such model or graph.
    """
    from metrics.intents import EXACT
    from nlu.model import load_nlu
    from nlu.run import as_parses
    from nlu.scoring import MODEL, NAMES, averages, scored

    folder, _, graph = name.partition("=")
    model: NluModel = load_nlu(folder, access=access)
    size = _bytes(Path(folder))
    if graph:
        from nlu.onnx import with_graph

        model, size = with_graph(model, Path(graph)), Path(graph).stat().st_size
    access.say(f"{name}: {len(tests)} test sets")
    results = [scored(test, MODEL, as_parses(model.parse(test.tokens)), {}) for test in tests]
    means = {
        name: dict(one["score"]) for name, one in zip(NAMES, averages(results), strict=False)
    } or {one["name"]: one for one in results[0]["scores"]}
    exact = {
        one["test"]: score["value"]
        for one in results
        for score in one["scores"]
        if score["name"] == EXACT
    }
    words = [tokens for test in tests for tokens in test.tokens]
    return Stage(
        name, means, exact, size / 1e6, *timed(model, words[:: max(1, len(words) // TIMED)])
    )


def timed(model: NluModel, utterances: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """Milliseconds of one utterance (50th and 99th percentile), processor seconds a thousand."""
    import numpy as np
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for one in utterances[:FIRST]:
            model.parse([one])
        seconds, began = [], time.process_time()
        for one in utterances:
            start = time.perf_counter()
            model.parse([one])
            seconds.append(time.perf_counter() - start)
        cpu = time.process_time() - began
    finally:
        torch.set_num_threads(threads)
    middle, slow = np.percentile(np.array(seconds) * 1000, [50, 99])
    return float(middle), float(slow), 1000 * cpu / len(utterances)


def _bytes(folder: Path) -> int:
    """Of the weights in a run's folder."""
    inner = folder / "model" if (folder / "model").is_dir() else folder
    return sum(path.stat().st_size for path in inner.glob("*.safetensors"))


def report(stages: Sequence[Stage], out: Path, command: str) -> Path:
    """Write stages.json and report.html."""
    from nlu.scoring import NAMES
    from runfolder.page import write_page

    told = [vars(stage) for stage in stages]
    write_whole(out / "stages.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    tests = list(stages[0].exact)
    title = "From a big model to a small one"
    values = {"stages": stages, "tests": tests, "names": NAMES}
    return write_page(
        out / "report.html", "nlu", "stages.html.j2", title=title, command=command, **values
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: a line a stage, and the report."""
    parser = Parser("nlu.stages", __doc__ or "")
    parser.add_argument("models", nargs="+", metavar="RUN[=GRAPH]", help="runs of nlu.train")
    parser.add_argument("--test", default="xsid:test:all", help="utterances, several with commas")
    parser.add_argument("--out", type=Path, default=Path("runs/stages"), help="folder to write to")
    parser.add_common("--limit", "--offline", "-v")
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = shlex.join(["python", "-m", "nlu.stages", *arguments])
    return run(parser, lambda given: _run(given, command), argv)


def _run(given: argparse.Namespace, command: str) -> int:
    from dataclasses import replace

    from nlu.scoring import NAMES
    from nlu.sets import find_utterances
    from runfolder.console import aligned, say, show

    access = Access(offline=given.offline, report=say)
    tests = [
        one
        for name in given.test.split(",")
        for one in find_utterances(name, "test", access=access)
    ]
    if any(not one.intent for test in tests for one in test.utterances):
        raise InputError(f"--test {given.test}: has no intents; name a set with labels")
    if given.limit:
        tests = [replace(one, utterances=one.utterances[: given.limit], labels=None)
                 for one in tests]  # fmt: skip
    stages = [measure(name, tests, access) for name in given.models]
    rows: list[tuple[str, ...]] = [("stage", *NAMES, "MB", "ms 50 %", "ms 99 %", "CPU s a 1,000")]
    for stage in stages:
        figures = [f"{stage.means[name]['value']:.1f}" for name in NAMES]
        costs = stage.megabytes, stage.median, stage.slow, stage.cpu
        rows.append((stage.name, *figures, *(f"{one:.2f}" for one in costs)))
    for line in aligned(rows):
        say(line)
    given.out.mkdir(parents=True, exist_ok=True)
    show(str(report(stages, given.out, command)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
