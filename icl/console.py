"""What `python -m icl.eval` shows on a terminal: progress, the table, where the files are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from data.terminal import bar_settings, printable
from icl.run import Average, Evaluation, Result
from metrics.score import Score

PLAIN_STEPS = 10  # lines of progress a system, where there is no terminal


def show(line: str) -> None:
    """One line on stdout, at once."""
    print(line, flush=True)


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)


class ProgressBar:
    """A bar with an ETA on a terminal; plain lines otherwise. All on stderr."""

    def __init__(self, bar: object | None) -> None:
        self._bar = bar
        self._tasks: dict[str, object] = {}
        self._shown: dict[str, int] = {}

    def say(self, line: str) -> None:
        """One line, above the bar."""
        if self._bar is None:
            say(line)
        else:
            self._bar.console.print(printable(line), markup=False, highlight=False)  # type: ignore[attr-defined]

    def advance(self, label: str, done: int, total: int) -> None:
        """`done` of `total` segments are finished."""
        if self._bar is None:
            self._plain(label, done, total)
            return
        if label not in self._tasks:
            self._tasks[label] = self._bar.add_task(printable(label), total=total)  # type: ignore[attr-defined]
        self._bar.update(self._tasks[label], completed=done)  # type: ignore[attr-defined]

    def _plain(self, label: str, done: int, total: int) -> None:
        step = done * PLAIN_STEPS // max(total, 1)
        if step > self._shown.get(label, 0):
            self._shown[label] = step
            say(f"{label}: {done}/{total}")


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """A progress bar for the block."""
    if not sys.stderr.isatty():
        yield ProgressBar(None)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), **bar_settings()) as bar:
        yield ProgressBar(bar)


def show_evaluation(evaluation: Evaluation) -> None:
    """The table, the signatures, the notes, and where the files are."""
    if not evaluation.results and not evaluation.complete:
        show("stopped before the first segment was finished")
    lines = [*table(evaluation.results), *averages(evaluation.averages)]
    lines += signatures(evaluation.results)
    lines += [f"note: {note}" for note in evaluation.notes]
    if evaluation.complete:
        files = "scores.json report.html" if evaluation.results else ""  # none of a shard
        lines.append(f"wrote {evaluation.folder}: config.json segments.jsonl {files}".rstrip())
    else:
        lines.append(
            f"stopped; what is finished is in {evaluation.folder}: run the same command to go on"
        )
    for line in lines:
        show(line)


def table(results: Sequence[Result]) -> list[str]:
    """Aligned lines: system, direction, each score with its interval, n, seconds, speed."""
    if not results:
        return []
    names = list(dict.fromkeys(s.name for r in results for s in r.scores))
    rows = [["system", "direction", *names, "n", "seconds", "sentences/s"]]
    for result in results:
        speed = f"{result.timed / result.seconds:.2f}" if result.seconds > 0.01 else "-"
        scores = [_cell(result.score(name)) for name in names]
        n = str(result.scores[0].n)
        rows.append([result.label, result.direction, *scores, n, f"{result.seconds:.1f}", speed])
    return aligned(rows)


def averages(found: Sequence[Average]) -> list[str]:
    """Aligned lines of macro averages; none where there is one language."""
    if not found:
        return []
    names = list(dict.fromkeys(s.name for average in found for s in average.scores))
    rows = [["macro average", "system", "direction", *names, "languages", "n"]]
    for average in found:
        scores = {score.name: score for score in average.scores}
        label = average.kind if average.kind == "all" else f"{average.kind} {average.value}"
        cells = [_cell(scores.get(name)) for name in names]
        n = str(average.scores[0].n)
        row = [label, average.system, average.way, *cells, str(len(average.languages)), n]
        rows.append(row)
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the cells of each column under each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cell(score: Score | None) -> str:
    if score is None:
        return "unknown"
    if score.name.endswith(" rate"):  # its interval is in scores.json and the report
        return f"{score.value:.1f}"
    return f"{score.value:.1f} [{score.low:.1f}, {score.high:.1f}]"


def signatures(results: Sequence[Result]) -> list[str]:
    """For each direction, each metric's part of the signature and each system's part of it.

    A full signature, as it stands in scores.json, is the one followed by the other.
    """
    lines = []
    for direction in dict.fromkeys(result.direction for result in results):
        mine = [result for result in results if result.direction == direction]
        parts = {score.name: score.signature.split("|set:", 1)[0] for score in mine[0].scores}
        parts |= {r.label: f"|set:{r.scores[0].signature.split('|set:', 1)[1]}" for r in mine}
        width = max(map(len, parts))
        lines += [f"signatures, {direction}: a metric's, followed by a system's"]
        lines += [f"  {name:{width}}  {part}" for name, part in parts.items()]
    return lines
