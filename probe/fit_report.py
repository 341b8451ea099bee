"""What `probe.fit` shows: a table of tests and weights, scores, and each language's nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.languages import resolve
from metrics.score import Score
from probe.mantel import RESAMPLES, Fitted, Row
from runfolder.console import aligned
from runfolder.page import write_page

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST = 5
FORMULA = "r is Pearson's correlation over the pairs of languages"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A finished run.

    Attributes:
        codes: of the set's languages; pairs are numbers among them.
        fits: by outcome the tests and weights of all predictors.
    """

    folder: Path
    codes: tuple[str, ...]
    fits: Mapping[str, Fitted]
    notes: tuple[str, ...]
    signature: str


def scores_of(done: Agreement) -> Iterator[Score]:
    """The correlation of each outcome with each predictor, on -1 to 1."""
    how = f"95% bootstrap of languages, {RESAMPLES} resamples"
    for outcome, fitted in done.fits.items():
        for row in fitted.rows:
            low, high = min(row.low, row.high), max(row.low, row.high)
            about = {"outcome": outcome, "predictor": row.predictor, "p": f"{row.p:.3f}"}
            score = Score("Mantel r", row.r, low, high, done.signature, fitted.pairs, how)
            yield score.with_context(**about)


def table(done: Agreement) -> list[str]:
    """Aligned lines: an outcome and predictor each."""
    rows = [["outcome", "predictor", "r", "95 %", "p", "weight", "p of it", "pairs"]]
    for outcome, fitted in done.fits.items():
        for row in fitted.rows:
            told = [f"{row.r:.2f}", f"[{row.low:.2f}, {row.high:.2f}]", f"{row.p:.3f}"]
            told += [f"{row.weight:.2f}", f"{row.p_weight:.3f}", f"{fitted.pairs:,}"]
            rows.append([outcome, row.predictor, *told])
        rows.append([outcome, f"all: R² {fitted.explained:.2f}", "", "", "", "", "", ""])
    return aligned(rows)


def write_report(done: Agreement, outcomes: Mapping[str, tuple[Any, Any]], command: str) -> None:
    """Write report.html into the run's folder."""
    first = next(iter(outcomes))
    rows: list[tuple[str, Fitted, Row]] = [
        (outcome, fitted, row) for outcome, fitted in done.fits.items() for row in fitted.rows
    ]
    write_page(
        done.folder / "report.html",
        "probe",
        "fit.html.j2",
        title="What the similarity of languages follows",
        command=command,
        notes=done.notes,
        rows=rows,
        fits=list(done.fits.items()),
        outcome=first,
        nearest=list(nearest(done.codes, *outcomes[first])),
        signature=done.signature,
    )


def nearest(
    codes: tuple[str, ...], pairs: NDArray[Any], values: NDArray[Any]
) -> Iterator[dict[str, Any]]:
    """Each language with the five that are most alike to it."""
    beside: dict[int, list[tuple[float, int]]] = {}
    for (left, right), value in zip(pairs.tolist(), values.tolist(), strict=True):
        beside.setdefault(left, []).append((-value, right))
        beside.setdefault(right, []).append((-value, left))
    for at in sorted(beside, key=lambda number: codes[number]):
        found = [(codes[other], -value) for value, other in sorted(beside[at])[:NEAREST]]
        named = [(code, resolve(code).name, value) for code, value in found]
        yield {"code": codes[at], "name": resolve(codes[at]).name, "nearest": named}
