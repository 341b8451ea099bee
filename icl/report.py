"""What a run shows: the table on the terminal, and one HTML page that opens without a network.

Text from corpora and models is escaped by the template engine, never HTML. Each text carries its
language and direction, so that Arabic or N'Ko reads from the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.options import command_line
from icl.address import public_url
from icl.diagnostics import diagnose
from icl.options import RunConfig
from icl.scoring import Average, Evaluation, Result
from metrics.score import Score
from metrics.translation import Metric, segment_score
from runfolder.console import aligned, show
from runfolder.page import language_attributes, write_page
from runfolder.records import Record

if TYPE_CHECKING:
    from icl.system import System

SHOWN = 25  # worst and best segments a system
SHOWN_FAULTS = 10  # segments a fault
RANKED_BY = "chrF++"


def show_evaluation(evaluation: Evaluation) -> None:
    """The tables, the notes, the signatures, and where the files are."""
    if not evaluation.results and not evaluation.complete:
        show("stopped before the first segment was finished")
    lines = [*table(evaluation.results), *averages_table(evaluation.averages)]
    lines += [f"note: {note}" for note in evaluation.notes]
    lines += signatures(evaluation.results)
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


def averages_table(found: Sequence[Average]) -> list[str]:
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


def write_report(
    evaluation: Evaluation, answers: Sequence[tuple[System, Sequence[Record]]], config: RunConfig
) -> Path:
    """Write report.html into the run folder and return its path."""
    first = evaluation.results[0]
    return write_page(
        evaluation.folder / "report.html",
        "icl",
        "report.html.j2",
        title=f"{first.label}, {first.direction}",
        command=command_line("icl.eval", replace(config, base_url=public_url(config.base_url))),
        description=evaluation.description,
        notes=evaluation.notes,
        names=[score.name for score in first.scores],
        tops=scales(evaluation.results),
        results=evaluation.results,
        averages=evaluation.averages,
        sections=[_section(system, records) for system, records in answers if records],
    )


def scales(results: Sequence[Result]) -> dict[str, float]:
    """Where each metric's bars end: the highest value that an interval reaches, never 0."""
    tops: dict[str, float] = {}
    for score in (score for result in results for score in result.scores):
        tops[score.name] = max(tops.get(score.name, 1e-9), score.high)
    return tops


def _section(system: System, records: Sequence[Record]) -> dict[str, Any]:
    """One system's segments, from the worst to the best."""
    task = system.task
    ranker = next((m for m in system.metrics if m.name == RANKED_BY), None)
    segments = [_segment(record, ranker) for record in records]
    if ranker is not None:
        segments.sort(key=lambda segment: segment["score"])
    half = min(SHOWN, (len(segments) + 1) // 2)
    return {
        "heading": f"{system.label}, {task.direction}",
        "ranked": ranker is not None,
        "worst": segments[:half],
        "best": segments[half:][::-1][:half],
        "source": language_attributes(task.corpus.source),
        "target": language_attributes(task.corpus.target),
        "shots": len(task.shots[0]) if system.name == "model" else 0,
        "first_prompt": system.requests[0].prompt if system.name == "model" else None,
        "diagnoses": diagnose(records, SHOWN_FAULTS) if system.name != "copy" else (),
    }


def _segment(record: Record, ranker: Metric | None) -> dict[str, Any]:
    row = record["statistics"].get(RANKED_BY)
    return {**record, "score": segment_score(ranker, row) if ranker else None}
