"""An evaluation for people: terminal tables, and one HTML page.

Words of a language are escaped by the template engine, never HTML, and each carries its language
and direction, so that Arabic reads from the right inside an English sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.languages import Language
from metrics.score import Score
from morph.evaluate.confusion import in_words, visible
from morph.evaluate.items import CHANGE, FEATURE, PART_OF_SPEECH, PARTITION, Item
from morph.evaluate.scores import ACCURACY, Comparison, Evaluation
from runfolder.console import aligned
from runfolder.page import language_attributes, write_page

SHOWN_CONFUSIONS = 100
SHOWN_ERRORS = 200
UNDETERMINED = {"code": "und", "dir": "auto"}  # in place of a language that nobody named

# Kind of part, its heading, and whether its table is open at first.
KINDS = (
    (PARTITION, "By what training has seen", True),
    (PART_OF_SPEECH, "By part of speech", True),
    (CHANGE, "By where gold changes the lemma", True),
    (FEATURE, "By feature", False),
)


def write_report(
    path: Path,
    title: str,
    description: str,
    systems: Sequence[Evaluation],
    comparisons: Sequence[Comparison],
    language: Language | None = None,
    command: str = "",
) -> None:
    """Write the page; without a language, each word's own letters settle its direction."""
    write_page(
        path,
        "morph.evaluate",
        "report.html.j2",
        title=title,
        command=command,
        description=description,
        systems=systems,
        comparisons=comparisons,
        language=language_attributes(language) if language else UNDETERMINED,
        tops=_tops(systems),
        kinds=KINDS,
        visible=visible,
        worst=worst,
        shown_confusions=SHOWN_CONFUSIONS,
    )


def worst(system: Evaluation) -> list[Item]:
    """The wrong items, the largest edit distance first."""
    wrong = [item for item in system.items if not item.right]
    return sorted(wrong, key=lambda item: -item.distance)[:SHOWN_ERRORS]


def _tops(systems: Sequence[Evaluation]) -> dict[str, float]:
    """Where each metric's bars end: exact match at 100, the others at the largest bound."""
    tops: dict[str, float] = {}
    for system in systems:
        for score in system.scores:
            tops[score.name] = max(tops.get(score.name, 1e-9), score.high)
    return {**tops, ACCURACY: 100}


SHOWN = 10  # features, and confusions


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
