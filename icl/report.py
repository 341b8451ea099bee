"""One HTML page a run that opens without a network: scores, shots, worst and best segments.

Text from corpora and models is escaped by the template engine, never HTML. Each text carries its
language and direction, so that Arabic or N'Ko reads from the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.files import write_whole
from data.languages import Language, is_right_to_left
from data.pages import page_template
from icl.diagnostics import diagnose
from icl.run import Evaluation, Result
from icl.store import Record
from metrics.translation import Metric, segment_score

if TYPE_CHECKING:
    from icl.system import System

SHOWN = 25  # worst and best segments a system
SHOWN_FAULTS = 10  # segments a fault
RANKED_BY = "chrF++"


def write_report(
    evaluation: Evaluation, answers: Sequence[tuple[System, Sequence[Record]]]
) -> Path:
    """Write report.html into the run folder and return its path."""
    page = page_template("icl", "report.html.j2").render(
        title=f"{evaluation.results[0].label}, {evaluation.results[0].direction}",
        description=evaluation.description,
        notes=evaluation.notes,
        names=[score.name for score in evaluation.results[0].scores],
        results=[_row(result, evaluation.results) for result in evaluation.results],
        averages=evaluation.averages,
        sections=[_section(system, records) for system, records in answers if records],
    )
    path = evaluation.folder / "report.html"
    write_whole(path, page)
    return path


def _row(result: Result, results: Sequence[Result]) -> dict[str, Any]:
    """One line of the table; bars share a scale by metric."""
    cells = []
    for score in result.scores:
        others = [other.score(score.name) for other in results]
        top = max([1e-9, *(other.high for other in others if other)])
        cells.append(
            {
                "score": score,
                "left": 100 * max(score.low, 0) / top,
                "width": 100 * (score.high - max(score.low, 0)) / top,
                "mark": 100 * score.value / top,
            }
        )
    return {"result": result, "cells": cells}


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


def language_attributes(language: Language) -> dict[str, str]:
    """Name, code and direction of a language, as the pages' `text` macro takes them."""
    direction = "rtl" if is_right_to_left(language) else "ltr"
    return {"name": language.name, "code": language.bcp47, "dir": direction}
