"""The tables of `bench.topics`, made from the lines of its results alone: no model, no text.

Accuracies, 0-100; differences are points less `english`. An interval is that of a paired bootstrap
over the test texts, seeds side by side. The texts of all languages are translations of one another,
so a mean draws the same ones in each: it tells of other texts in the same languages. A language of
which most letters are in no piece of the encoder's vocabulary is in no mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from bench import kept
from data.access import Access
from metrics.paired import bootstrap_sums, difference_interval
from probe.places import places_of

BASE, SAID, FOREIGN, EVERYONE = "english", "said", "foreign", "everyone"
COMPARED = (SAID, "said alone", FOREIGN, EVERYONE)
ARMS = (BASE, *COMPARED, "letters", "letters, said")
SHAPE = {
    "language": str,
    "preset": str,
    "seed": int,
    "encoder": str,
    "unknown": float,
    "right": {str: str},
}
RESAMPLES, SEED = 1000, 1
LEAST = 3  # languages of a family that has a row
READABLE = 50  # per cent of letters that may be unknown
EXTREMES = 8  # languages named at either end
Drawn = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A language's result.

    Attributes:
        unknown: per cent of the letters that no piece of the encoder's vocabulary has.
        right: by arm, a sign a test text, 1 for right and 0 for wrong; EVERYONE comes last of all.
    """

    language: str
    preset: str
    seed: int
    encoder: str
    unknown: float
    right: dict[str, str]

    @property
    def key(self) -> tuple[str, str, int]:
        """What there is one line of."""
        return self.language, self.preset, self.seed

    def value(self, arm: str) -> float:
        """An accuracy, 0-100."""
        return 100 * self.right[arm].count("1") / len(self.right[arm])


def read_lines(path: Path) -> list[Line]:
    """The results that are kept; none where there is no file yet.

    Raises:
        InputError: a line that is no result.
    """
    return [Line(**one) for one in kept.read_lines(path, SHAPE)]


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write all results, in the order of preset, seed and language."""
    rows = map(asdict, lines)
    kept.write_lines(path, rows, lambda one: (one["preset"], one["seed"], one["language"]))


def drawn(lines: Sequence[Line], arm: str, base: str = BASE) -> Drawn:
    """The difference of an arm from another in one language: observed, then of each resample."""

    def rows(name: str) -> list[list[int]]:
        return [
            [int(n) for n in text] for text in zip(*(o.right[name] for o in lines), strict=True)
        ]

    sums = bootstrap_sums(rows(base), rows(arm), resamples=RESAMPLES, seed=SEED)
    return sums.differences(partial(np.mean, axis=0)) * 100 / len(lines[0].right[arm])


def by_language(lines: Sequence[Line]) -> str:
    """A table a preset: a row a language, then their mean."""
    return "\n".join(_table(preset, list(group)) for preset, group in _presets(lines))


def _table(preset: str, groups: Sequence[Sequence[Line]]) -> str:
    found = [f"{preset}:\n", *_head("language")]
    for group in groups:
        found.append(_row(group[0].language, [group]))
    mean = _readable(groups)
    return "\n".join([*found, _row(f"mean of {len(mean)}", mean)]) + "\n"


def _readable(groups: Sequence[Sequence[Line]]) -> list[Sequence[Line]]:
    """The languages that the encoder's vocabulary can write."""
    return [group for group in groups if group[0].unknown < READABLE]


def summary(lines: Sequence[Line]) -> str:
    """For each preset the mean of all languages and of families, and who gains and who loses."""
    return "\n".join(_summary(preset, _readable(groups)) for preset, groups in _presets(lines))


def _summary(preset: str, groups: Sequence[Sequence[Line]]) -> str:
    seeds = max(len(group) for group in groups)
    places = places_of((group[0].language for group in groups), Access(offline=True))[0]
    families: dict[str, list[Sequence[Line]]] = {}
    for group in groups:
        families.setdefault(places[group[0].language].family or "no family", []).append(group)
    found = [f"Text by `--preset {preset}`, {seeds} seed{'s' * (seeds > 1)}:\n", *_head("")]
    found.append(_row(f"all {len(groups)} languages", groups))
    for family, members in sorted(families.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if len(members) >= LEAST:
            found.append(_row(f"{family} ({len(members)})", members))
    return "\n".join([*found, "", *_told(groups)]) + "\n"


def _told(groups: Sequence[Sequence[Line]]) -> Iterator[str]:
    """Sentences on how many languages gain, and which most."""
    gains = sorted(((drawn(g, SAID), g[0].language) for g in groups), key=lambda one: -one[0][0])
    sure = [difference_interval(one) for one, _ in gains]
    yield (
        f"`{SAID}` is above `{BASE}` in {sum(bool(o[0] > 0) for o, _ in gains)} of {len(gains)}"
        f" languages, its interval in {sum(low > 0 for low, _ in sure)}; below in"
        f" {sum(bool(o[0] < 0) for o, _ in gains)}, its interval in"
        f" {sum(high < 0 for _, high in sure)}."
    )
    other = np.mean([drawn(group, SAID, FOREIGN) for group in groups], axis=0)
    yield f"`{SAID}` less `{FOREIGN}`, mean of {len(groups)}: {_with_interval(other)}."
    for what, some in (("Most", gains[:EXTREMES]), ("Least", gains[: -EXTREMES - 1 : -1])):
        yield f"{what}: " + ", ".join(f"{name} {one[0]:+.1f}" for one, name in some) + "."


def _head(first: str) -> list[str]:
    heads = (first, *ARMS, *(f"{arm} less {BASE}" for arm in COMPARED))
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]


def _row(name: str, groups: Sequence[Sequence[Line]]) -> str:
    """Means over groups, then differences; an arm that some line lacks has an empty cell."""
    having = [arm for arm in ARMS if all(arm in one.right for group in groups for one in group)]
    cells = dict.fromkeys(ARMS, "")
    told = dict.fromkeys(COMPARED, "")
    for arm in having:
        cells[arm] = f"{fmean(fmean(one.value(arm) for one in group) for group in groups):.1f}"
    for arm in filter(having.__contains__, COMPARED):
        told[arm] = _with_interval(np.mean([drawn(group, arm) for group in groups], axis=0))
    return f"| {name} | {' | '.join([*cells.values(), *told.values()])} |"


def _with_interval(difference: Drawn) -> str:
    low, high = difference_interval(difference)
    return f"{difference[0]:+.1f} [{low:+.1f}, {high:+.1f}]"


def _presets(lines: Sequence[Line]) -> Iterator[tuple[str, list[list[Line]]]]:
    """Each preset and its lines, grouped by language."""
    for preset in sorted({one.preset for one in lines}):
        groups: dict[str, list[Line]] = {}
        for one in lines:
            if one.preset == preset:
                groups.setdefault(one.language, []).append(one)
        yield preset, [groups[language] for language in sorted(groups)]
