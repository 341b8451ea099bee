"""What `python -m morph.evaluate` shows on a terminal: the tables, the largest errors first."""

from __future__ import annotations

from collections.abc import Sequence

from metrics.score import Score
from morph.evaluation.compare import Comparison
from morph.evaluation.confusion import in_words
from morph.evaluation.report import KINDS
from morph.evaluation.scores import Evaluation

SHOWN = 10  # features, and confusions


def show(line: str) -> None:
    """One line on stdout, at once."""
    print(line, flush=True)


def lines(systems: Sequence[Evaluation], comparisons: Sequence[Comparison]) -> list[str]:
    """All tables, from the scores to the signatures."""
    found = scores(systems)
    for comparison in comparisons:
        found += ["", *_comparison(comparison)]
    for system in systems:
        found += ["", *details(system, named=len(systems) > 1)]
    return [*found, "", *signatures(systems)]


def scores(systems: Sequence[Evaluation]) -> list[str]:
    """A line a system: micro averages, then macro ones."""
    kinds = [score.name for score in (*systems[0].scores, *systems[0].macro)]
    rows = [["system", *kinds, "n", "lemmas"]]
    for system in systems:
        cells = [cell(score) for score in (*system.scores, *system.macro)]
        rows.append([system.system, *cells, f"{len(system.items)}", f"{system.lemmas}"])
    return aligned(rows)


def details(system: Evaluation, named: bool) -> list[str]:
    """The parts of the test set, the faults and the confusions of one system."""
    found = [f"{system.system}:"] if named else []
    for kind, heading, _ in KINDS:
        parts = system.of_kind(kind)
        rows = [[kind, "errors", "n", "exact match", "edit distance"]]
        for part in parts[:SHOWN]:
            figures = [cell(part.accuracy), f"{part.distance.value:.2f}"]
            rows.append([part.name, f"{part.errors}", f"{part.n}", *figures])
        more = len(parts) - SHOWN
        if parts:
            found += [f"{heading}{f' ({more} more in the report)' if more > 0 else ''}:"]
            found += [*aligned(rows), ""]
    return [*found, *_faults(system), *_confusions(system)]


def _faults(system: Evaluation) -> list[str]:
    if not system.faults:
        return []
    rows = [["fault", "forms", "meaning"]]
    rows += [[fault.name, f"{fault.count}", fault.meaning] for fault in system.faults]
    return [f"What goes wrong in {system.errors} wrong forms:", *aligned(rows), ""]


def _confusions(system: Evaluation) -> list[str]:
    if not system.confusions:
        return ["No form is wrong."]
    rows = [["forms", "to be done", "done instead", "for example"]]
    for one in system.confusions[:SHOWN]:
        item = one.examples[0]
        example = f"{item.lemma} {item.features}: {item.gold}, not {item.predicted or '(empty)'}"
        edits = [in_words(one.difference.missed), in_words(one.difference.made)]
        rows.append([f"{one.count}", *edits, example])
    more = len(system.confusions) - SHOWN
    rest = f" ({more} more kinds in the report)" if more > 0 else ""
    return [f"Confusion of edits{rest}:", *aligned(rows)]


def _comparison(one: Comparison) -> list[str]:
    return [
        f"{one.system_b} less {one.system_a}: {one.difference:+.1f} [{one.low:+.1f}, "
        f"{one.high:+.1f}] exact match over {one.n} items of {one.lemmas} lemmas; p "
        f"{one.p_bootstrap:.4f} (paired bootstrap), {one.p_randomisation:.4f} (randomisation); "
        f"right alone: {one.wins} and {one.losses}; better: {one.better}"
    ]


def signatures(systems: Sequence[Evaluation]) -> list[str]:
    """The signature of every system's scores."""
    found = ["signatures"]
    for system in systems:
        for score in system.scores:
            found.append(f"  {system.system} {score.name} ({score.interval})")
            found.append(f"    {score.signature}")
    return found


def cell(score: Score) -> str:
    """A figure with its interval.

    >>> cell(Score("exact match", 97.1, 95, 98.5, "", 1000, ""))
    '97.1 [95.0, 98.5]'
    """
    places = 2 if score.name == "edit distance" else 1
    return f"{score.value:.{places}f} [{score.low:.{places}f}, {score.high:.{places}f}]"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the cells of each column under each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
