"""What `python -m morph.submit` shows on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from morph.evaluation.console import aligned, cell
from morph.submission.scores import NOTE, Known, macro, nfc_notes
from morph.submission.tasks import Unit


def show(line: str) -> None:
    """One line on stdout, at once."""
    print(line, flush=True)


def say(line: str) -> None:
    """One line on stderr, at once."""
    print(line, file=sys.stderr, flush=True)


def summary(
    answered: Sequence[tuple[Unit, int, Mapping[str, int]]], found: Sequence[Known]
) -> list[str]:
    """A line a file: how many lines, who answered, and what it is worth where that is known."""
    worth = {(one.unit.name, one.unit.split): cell(one.scores[0]) for one in found}
    rows = [["file", "lines", "answered by", "exact match, after the fact"]]
    for unit, lines, steps in answered:
        who = ", ".join(f"{step} {number}" for step, number in steps.items())
        rows.append([unit.file, f"{lines}", who, worth.get((unit.name, unit.split), "unknown")])
    if not found:
        return aligned(rows)
    means = [f"{score.name}: {cell(score)}" for score in macro(found)]
    return [*aligned(rows), *means, *nfc_notes(found), f"note: {NOTE}"]
