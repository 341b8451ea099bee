"""The page of an evaluation: one HTML file that opens without a network.

Words of a language are escaped by the template engine, never HTML, and each carries its language
and direction, so that Arabic reads from the right inside an English sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.files import write_whole
from data.languages import Language, is_right_to_left
from data.pages import page_template
from morph.evaluation.compare import Comparison
from morph.evaluation.confusion import visible
from morph.evaluation.items import CHANGE, FEATURE, PART_OF_SPEECH, PARTITION, Item
from morph.evaluation.scores import ACCURACY, Evaluation

SHOWN_CONFUSIONS = 100
SHOWN_ERRORS = 200

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
    notes: Sequence[str] = (),
    language: Language | None = None,
) -> None:
    """Write the page; without a language, each word's own letters settle its direction."""
    write_whole(path, page(title, description, systems, comparisons, notes, language))


def page(
    title: str,
    description: str,
    systems: Sequence[Evaluation],
    comparisons: Sequence[Comparison],
    notes: Sequence[str],
    language: Language | None,
) -> str:
    """The HTML of `write_report`."""
    return page_template("morph.evaluation", "report.html.j2").render(
        title=title,
        description=description,
        notes=notes,
        systems=systems,
        comparisons=comparisons,
        language=_attributes(language),
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


def _attributes(language: Language | None) -> dict[str, str]:
    if language is None:
        return {"code": "und", "dir": "auto"}
    return {"code": language.bcp47, "dir": "rtl" if is_right_to_left(language) else "ltr"}


def _tops(systems: Sequence[Evaluation]) -> dict[str, float]:
    """Where each metric's bars end: exact match at 100, the others at the largest bound."""
    tops: dict[str, float] = {}
    for system in systems:
        for score in system.scores:
            tops[score.name] = max(tops.get(score.name, 1e-9), score.high)
    return {**tops, ACCURACY: 100}
