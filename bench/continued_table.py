"""The tables of `bench.continued`, made from the lines of its results alone: no model, no text.

Bits a byte are those of all sentences of a language's test sets together. A difference is in per
cent of the arm that it is from; below zero is better. Its interval is that of a paired bootstrap
over sentences, the seeds of a sentence in one row; in a mean each language is drawn by itself. It
tells of other sentences; seeds stand beside it. Topics are accuracies, 0-100, differences points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.continued_plan import ARMS, BITS, CARRIED, LANGUAGES, NONE, TOPICS, score_of
from metrics.paired import bootstrap_sums, difference_interval

RESAMPLES, SEED = 1000, 1
TITLES = {
    TOPICS: "Topics, accuracy, labels of English texts alone",
    CARRIED: "Topics, accuracy, labels of English texts and of the same said by the lexicon",
}
SHOWN = ("none", "english", "published", "no-sheet", "ours", "real")
EFFECTS = (  # of the second on the first's bits
    ("none", "english", "English text alone"),
    ("none", "published", "published synthesis"),
    ("none", "ours", "our synthesis"),
    ("none", "no-sheet", "our synthesis without grammar sheets"),
    ("none", "real", "real text"),
    ("english", "published", "published synthesis, beside English"),
    ("english", "ours", "ours, beside English"),
    ("published", "ours", "ours, beside published"),
    ("published", "no-sheet", "ours without sheets, beside published"),
    ("real", "ours", "ours, beside real text"),
    ("uninflected", "ours", "inflection and agreement"),
    ("published", "published-inflected", "inflection of published text"),
    ("no-sheet", "ours", "grammar sheets"),
    ("no-function-words", "ours", "function words"),
    ("any-sense", "ours", "senses by part of speech"),
    ("ours", "nearest", "senses by an encoder's vectors"),
    ("english-order", "ours", "word order"),
    ("untranslated", "ours", "dropping what the lexicon lacks"),
    ("ours", "selected", "choosing lines by coverage"),
)
Drawn = NDArray[np.float64]
Row = Sequence[int]


@dataclass(frozen=True)
class Results:
    """The cells of one score.

    Attributes:
        cells: by language and arm, for each seed a number a sentence: its bits, or 1 for a right
            topic and 0 for another.
        sizes: bytes of a language's sentences; empty for topics.
    """

    score: str
    cells: Mapping[tuple[str, str], Mapping[int, Sequence[int]]]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, Any]], score: str) -> Results:
        """Those among the lines that `bench.continued_cell` wrote."""
        cells: dict[tuple[str, str], dict[int, Sequence[int]]] = {}
        sizes: dict[str, int] = {}
        for line in lines:
            if score != score_of(line):
                continue
            tests = [test for _, test in sorted(line.get("tests", {}).items())]
            numbers = [bits for test in tests for bits in test["bits"]]
            if score != BITS:
                numbers = [int(hit) for hit in line[score]]
            elif line["arm"] == NONE:
                sizes[line["language"]] = sum(sum(test["bytes"]) for test in tests)
            cells.setdefault((line["language"], line["arm"]), {})[line["seed"]] = numbers
        return cls(score, cells, sizes)

    def value(self, language: str, arm: str) -> float | None:
        """Bits a byte, or accuracy (0-100), the mean over seeds; None where nothing was run."""
        seeds = self.cells.get((language, arm))
        if not seeds or (self.score == BITS and language not in self.sizes):
            return None
        mean = fmean(sum(numbers) for numbers in seeds.values())
        if self.score == BITS:
            return mean / self.sizes[language]
        return 100 * mean / len(next(iter(seeds.values())))

    def pairs(self, language: str, base: str, arm: str) -> dict[int, tuple[Row, Row]]:
        """The numbers of two arms by seed; what is not trained is every seed's."""
        ours, theirs = (self.cells.get((language, name), {}) for name in (arm, base))
        if base == NONE and theirs:
            theirs = dict.fromkeys(ours, next(iter(theirs.values())))
        return {seed: (theirs[seed], ours[seed]) for seed in sorted(set(ours) & set(theirs))}

    def difference(self, language: str, base: str, arm: str) -> Drawn | None:
        """Per cent of bits, or points, observed and then resampled; None where there is no pair."""
        pairs = self.pairs(language, base, arm).values()
        if not pairs:
            return None
        theirs, ours = (list(zip(*(pair[n] for pair in pairs), strict=True)) for n in (0, 1))
        sums = bootstrap_sums(theirs, ours, resamples=RESAMPLES, seed=SEED)
        return self._told(sums.baseline.mean(1), sums.system.mean(1), len(ours))

    def by_seed(self, base: str, arm: str) -> dict[int, list[float]]:
        """The difference of each seed, a number a language that has it in both arms."""
        found: dict[int, list[float]] = {}
        for language in LANGUAGES:
            for seed, pair in self.pairs(language, base, arm).items():
                theirs, ours = (np.array([float(sum(row))]) for row in pair)
                told = self._told(theirs, ours, len(pair[0]))
                found.setdefault(seed, []).append(float(told[0]))
        return dict(sorted(found.items()))

    def _told(self, theirs: Drawn, ours: Drawn, sentences: int) -> Drawn:
        if self.score == BITS:
            return 100 * (ours / theirs - 1)
        return 100 * (ours - theirs) / sentences


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """All tables as Markdown; one without a row is left out."""
    bits = Results.of(lines, BITS)
    shown = [arm for arm in SHOWN if any(name == arm for _, name in bits.cells)]
    parts = [by_language(bits, shown, [(NONE, "ours"), ("published", "ours")]), _effects(bits)]
    for score, title in TITLES.items():
        topics = Results.of(lines, score)
        asked = [arm for arm in ARMS if any(name == arm for _, name in topics.cells)]
        if told := by_language(topics, asked, [(NONE, "ours")]):
            parts.append(f"{title}:\n\n{told}")
    return "\n".join(part for part in parts if part)


def by_language(
    results: Results,
    arms: Sequence[str],
    columns: Sequence[tuple[str, str]],
    languages: Iterable[str] = tuple(LANGUAGES),
) -> str:
    """A row a language, then the mean: values of the arms, differences of some pairs of them."""
    unit, digits = (", %", 2) if results.score == BITS else ("", 1)
    heads = ("language", *arms, *(f"{arm} less {base}{unit}" for base, arm in columns))
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    values: dict[str, list[float]] = {arm: [] for arm in arms}
    drawn: dict[tuple[str, str], list[Drawn]] = {pair: [] for pair in columns}
    for language in languages:
        cells = []
        for arm in arms:
            value = results.value(language, arm)
            cells.append("" if value is None else f"{value:.{digits}f}")
            values[arm] += [] if value is None else [value]
        for pair in columns:
            found = results.difference(language, *pair)
            cells.append(_shown(found))
            drawn[pair] += [] if found is None else [found]
        if any(cells):
            lines.append(f"| {language} | {' | '.join(cells)} |")
    cells = [
        f"{fmean(found):.{digits}f} ({len(found)})" if found else "" for found in values.values()
    ]
    cells += [_shown(np.mean(found, axis=0) if found else None) for found in drawn.values()]
    return "\n".join([*lines, f"| mean | {' | '.join(cells)} |"]) + "\n" if len(lines) > 2 else ""


def _effects(results: Results) -> str:
    """A row a question: the mean difference over the languages that have both arms."""
    lines = [
        "| what | from | to | languages | bits, % | lower in | by seed |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for base, arm, what in EFFECTS:
        every = (results.difference(language, base, arm) for language in LANGUAGES)
        drawn = [found for found in every if found is not None]
        if drawn:
            lower = sum(bool(one[0] < 0) for one in drawn)
            seeds = results.by_seed(base, arm).values()
            told = ", ".join(f"{fmean(one):+.1f} ({len(one)})" for one in seeds if len(seeds) > 1)
            lines.append(
                f"| {what} | {base} | {arm} | {len(drawn)} | {_shown(np.mean(drawn, axis=0))} |"
                f" {lower} | {told} |"
            )
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def _shown(drawn: Drawn | None) -> str:
    if drawn is None:
        return ""
    low, high = difference_interval(drawn)
    return f"{drawn[0]:+.1f} [{low:+.1f}, {high:+.1f}]"
