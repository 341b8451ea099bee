"""The table of `bench.expansion`: scores by language and method, differences from method a, p.

A cell's score is the mean over its seeds. Intervals and p come from a paired bootstrap over
sentences (`metrics.paired`): the statistics of all seeds of a sentence stand in one row, so that a
resample draws a sentence for all seeds and for both methods at once. The macro average resamples
each language by itself and averages the differences. An interval therefore tells of other test
sentences; the spread over seeds is printed beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from bench.expansion_plan import Plan
from data.access import Access
from data.tagged import read_tagged
from metrics.paired import bootstrap_p, bootstrap_sums, difference_interval
from metrics.tags import spans
from training.tagging.labelled import file_name, find_labelled

BASE = "a"
RESAMPLES = 1000
SEED = 1
Row = list[int]


@dataclass(frozen=True)
class Cell:
    """A method in a language, all seeds: rows of [correct, predicted, gold] a sentence and seed.

    baseline: the most frequent labels' score, 0-100, the mean over the seeds.
    """

    by_seed: Sequence[Sequence[Row]]
    baseline: float

    @property
    def values(self) -> list[float]:
        """A score a seed, 0-100."""
        return [float(ratio(np.sum(rows, axis=0)[:, None])[0]) for rows in self.by_seed]

    @property
    def rows(self) -> list[Row]:
        """A row a sentence, the seeds' counts side by side: width 3 times the seeds."""
        return [[n for row in rows for n in row] for rows in zip(*self.by_seed, strict=True)]


@dataclass(frozen=True)
class Difference:
    """Of two methods: the observed one, then the resampled ones."""

    drawn: NDArray[np.float64]

    def __str__(self) -> str:
        low, high = difference_interval(self.drawn)
        return f"{self.drawn[0]:+.1f} [{low:+.1f}, {high:+.1f}]"

    @property
    def p(self) -> float:
        """Two-sided, of the paired bootstrap."""
        return bootstrap_p(self.drawn)

    @property
    def loses(self) -> bool:
        """Whether the method is below the baseline."""
        return bool(self.drawn[0] < 0)


def ratio(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """200 correct / (predicted + gold), (3, m) to (m,): F1; accuracy where all are tokens."""
    both = totals[1] + totals[2]
    zeros: NDArray[np.float64] = np.zeros(both.shape)
    return np.asarray(np.divide(200.0 * totals[0], both, out=zeros, where=both > 0))


def mean_ratio(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over seeds, (3 s, m) to (m,)."""
    parts = [ratio(totals[n : n + 3]) for n in range(0, len(totals), 3)]
    return np.asarray(np.mean(parts, axis=0))


def counts(gold: Sequence[str], found: Sequence[str], names: bool) -> Row:
    """[correct, predicted, gold] of a sentence: spans where `names`, else tokens.

    >>> counts(["NOUN", "VERB"], ["NOUN", "NOUN"], names=False)
    [1, 2, 2]
    >>> counts(["B-PER", "I-PER", "O"], ["B-PER", "O", "B-LOC"], names=True)
    [0, 2, 1]
    """
    if not names:
        right = sum(a == b for a, b in zip(gold, found, strict=True))
        return [right, len(gold), len(gold)]
    one, other = set(spans(gold)), set(spans(found))
    return [len(one & other), len(other), len(one)]


def read_cell(plan: Plan, method: str, language: str) -> Cell | None:
    """The cell, of the seeds that have been run; None if there is none."""
    test = plan.test_of(language)
    gold = [one.tags for one in find_labelled(test, access=Access(offline=True)).sentences]
    by_seed, baselines = [], []
    for seed in plan.seeds:
        run = plan.run_of(method, language, seed)
        if not (run / "scores.json").exists():
            continue
        path = run / "predictions" / file_name(test)
        found = [one.tags for one in read_tagged(path, keep_replacement=True)]
        pairs = zip(gold, found, strict=True)
        by_seed.append([counts(a, b, plan.task == "ner") for a, b in pairs])
        baselines.append(_baseline(run, test))
    return Cell(by_seed, fmean(baselines)) if by_seed else None


def difference(base: Cell, cell: Cell) -> Difference | None:
    """The mean over the seeds of `cell` less that of `base`; None where the seeds are others."""
    if len(base.by_seed) != len(cell.by_seed):
        return None
    sums = bootstrap_sums(base.rows, cell.rows, resamples=RESAMPLES, seed=SEED)
    return Difference(sums.differences(mean_ratio))


def table(plan: Plan, base: str = BASE) -> str:
    """Markdown: a row a language and method, then the average over the languages.

    Args:
        base: the method, one of the plan's, that the others are compared with.
    """
    cells = {
        (method, language): cell
        for method in plan.methods
        for language in plan.languages
        if plan.has(method, language)
        for cell in [read_cell(plan, method, language)]
        if cell is not None
    }
    measure = "accuracy" if plan.task == "pos" else "span F1"
    lines = [
        f"| language | method | {measure} | seeds | less {base}, 95 % interval | p |"
        " most frequent label | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    drawn: dict[str, list[Difference]] = {}
    for language in plan.languages:
        for method in plan.methods:
            cell, other = cells.get((method, language)), cells.get((base, language))
            if cell is None:
                continue
            found = difference(other, cell) if other and method != base else None
            if found:
                drawn.setdefault(method, []).append(found)
            lines.append(_line(language, method, cell, found, base))
    lines += _macro(plan, cells, drawn, base)
    return "\n".join(lines) + "\n"


def _line(language: str, method: str, cell: Cell, found: Difference | None, base: str) -> str:
    values = ", ".join(f"{value:.1f}" for value in cell.values)
    told = f"{found} | {found.p:.3f}" if found else " | "
    mean = fmean(cell.values)
    return (
        f"| {language} | {method} | {mean:.1f} | {values} | {told} | {cell.baseline:.1f} |"
        f" {_remark(mean, cell, found, base)} |"
    )


def _remark(mean: float, cell: Cell, found: Difference | None, base: str) -> str:
    told = [f"loses to {base}"] if found and found.loses else []
    if mean < cell.baseline:
        told.append("below the most frequent label")
    return "; ".join(told)


def _macro(
    plan: Plan,
    cells: dict[tuple[str, str], Cell],
    drawn: dict[str, list[Difference]],
    base: str,
) -> Iterator[str]:
    """The average over the languages that a method and the base have; the first column counts."""
    for method in plan.methods:
        having = [cells[method, one] for one in plan.languages if (method, one) in cells]
        if not having:
            continue
        mean = fmean(fmean(cell.values) for cell in having)
        name = f"mean of {len(having)}"
        free = fmean(cell.baseline for cell in having)
        if len(drawn.get(method, ())) < len(having):
            yield f"| {name} | {method} | {mean:.1f} | | | | {free:.1f} | |"
            continue
        found = Difference(np.mean([one.drawn for one in drawn[method]], axis=0))
        remark = f"loses to {base}" if found.loses else ""
        told = f"{found} | {found.p:.3f} | {free:.1f} | {remark}"
        yield f"| {name} | {method} | {mean:.1f} | | {told} |"


def _baseline(run: Path, test: str) -> float:
    results = json.loads((run / "scores.json").read_text("utf-8"))["results"]
    mine = next(one for one in results if one["test"] == test and one["system"] != "model")
    return float(mine["score"]["value"])
