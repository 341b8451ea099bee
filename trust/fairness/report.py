"""What measures of fairness show: lines on a terminal, scores.json, and one HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.options import to_json
from data.pages import Interval, Plotted
from runfolder.console import aligned
from runfolder.folder import write_json
from runfolder.page import write_page
from trust.fairness import MEASURES
from trust.fairness.figures import Figure, Made

if TYPE_CHECKING:
    from trust.fairness.subject import Subject


@dataclass(frozen=True, slots=True, repr=False)
class Measured(Plotted):
    """A finished run.

    Attributes:
        figures: of all measures, in order.
        lacking: by measure that was not made, why.
    """

    folder: Path
    figures: tuple[Figure, ...]
    lacking: Mapping[str, str]
    notes: tuple[str, ...]

    def summary(self) -> str:
        """How many figures of which measures, and where they lie."""
        names = ", ".join(dict.fromkeys(one.measure for one in self.figures))
        return f"{len(self.figures)} figures ({names}); {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a figure."""
        return [
            {
                "measure": one.measure,
                "what": one.what,
                "name": one.score.name,
                "value": one.score.value,
                "low": one.score.low,
                "high": one.score.high,
                "n": one.score.n,
                "p": one.p,
                "null_low": one.null and one.null[0],
                "null_high": one.null and one.null[1],
                "about": one.about,
            }
            for one in self.figures
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The figures of the first measure; each has a scale of its own."""
        first = self.figures[0].measure if self.figures else ""
        mine = [one for one in self.figures if one.measure == first]
        mine = [one for one in mine if one.score.name == mine[0].score.name]
        return f"{first}: {mine[0].score.name}" if mine else "", [
            Interval(one.what, one.score.value, one.score.low, one.score.high) for one in mine
        ]

    def lines(self) -> Iterator[str]:
        """What a terminal shows."""
        rows = [("measure", "what", "figure", "", "p", "null")]
        rows += [
            (one.measure, one.what, one.score.name, figure(one), p_of(one), null_of(one))
            for one in self.figures
        ]
        yield from aligned(rows)


def digits(one: Figure) -> int:
    """Behind the point: effect sizes and sensitivities have two, what is on 0-100 one.

    >>> from metrics.score import Score
    >>> digits(Figure("weat", "intrinsic", "x", Score("effect size", 1.0, 0.0, 2.0, "", 8, "")))
    2
    """
    return 2 if one.measure in ("weat", "seat", "ceat", "sensitivity") else 1


def figure(one: Figure) -> str:
    """A value with its interval."""
    score, d = one.score, digits(one)
    if abs(score.value) < 0.01 and score.value:
        return f"{score.value:.2g} [{score.low:.2g}, {score.high:.2g}]"
    return f"{score.value:.{d}f} [{score.low:.{d}f}, {score.high:.{d}f}]"


def p_of(one: Figure) -> str:
    """Its p, "" where there is no test."""
    return "" if one.p is None else f"{one.p:.4f}"


def null_of(one: Figure) -> str:
    """What shuffled lists give, "" where nobody knows."""
    if one.null is None:
        return ""
    d = digits(one)
    return f"[{one.null[0]:.{d}f}, {one.null[1]:.{d}f}]"


def finish(folder: Path, subject: Subject, made: Sequence[Made], command: str) -> Measured:
    """Write scores.json and report.html."""
    figures = tuple(one for of_measure in made for one in of_measure.figures)
    lacking = {one.name: one.lacks for one in made if one.lacks}
    notes = tuple(dict.fromkeys(note for one in made for note in one.notes))
    lists = [
        {"name": t.name, "title": t.title, "licence": t.licence, "checked": t.checked}
        for t in subject.tests
    ]
    done = Measured(folder, figures, lacking, notes)
    told = {
        "model": {"name": subject.model.name, "revision": subject.model.revision},
        "figures": [one.to_json() for one in figures],
        "lists": lists,
        "lacking": lacking,
        "notes": list(notes),
        "command": command,
    }
    write_json(folder / "scores.json", told)
    write_page(
        folder / "report.html",
        "trust",
        "fairness.html.j2",
        title=f"Fairness of {subject.model.name}",
        command=command,
        settings=to_json(subject.config),
        notes=notes,
        lacking=lacking,
        lists=lists,
        parts=[
            (one.name, MEASURES[one.name].about, [shown(f) for f in one.figures])
            for one in made
            if one.figures
        ],
    )
    return done


def shown(one: Figure) -> dict[str, Any]:
    """A figure as a page shows it."""
    return {
        "what": one.what,
        "name": one.score.name,
        "value": one.score.value,
        "figure": figure(one),
        "n": one.score.n,
        "p": p_of(one),
        "null": null_of(one),
        "beyond": one.beyond_null,
        "about": one.about,
        "beside": dict(one.beside),
        "signature": one.score.signature,
        "interval": one.score.interval,
    }
