"""Gaps: by how much a run serves one language, script, family or group worse than another.

Translations of the same items are compared item by item: all languages meet the same resamples
(`metrics.significance`), so that what makes an item hard for all of them cancels out. Where nothing
differs, the worst of many languages is still below the mean by chance: dealing every item's
outcomes out anew among the languages says by how much.

>>> shape = np.array([[1.0, 1.0], [0.0, 1.0]] * 20)
>>> same = Scores.of([shape, shape], SHARE, ("a", "a"), seed=1)
>>> same.values.tolist(), (same.drawn[0] == same.drawn[1]).all().item()
([50.0, 50.0], True)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.cli import did_you_mean
from data.errors import InputError, UnavailableError
from data.groups import KINDS, groups_of
from data.languages import resolve
from data.lines import read_lines
from data.randomness import stream
from data.tsv import read_tsv
from metrics.paired import bootstrap_p
from metrics.ratios import SHARE, Ratio
from metrics.score import Score
from metrics.significance import bootstrap_counts, percentile_interval
from trust.fairness.confounds import FEWEST, correlation, of_outcome
from trust.fairness.figures import EXTRINSIC, Figure
from trust.fairness.outcomes import Outcome
from trust.fairness.trained import training_words

if TYPE_CHECKING:
    from trust.fairness.subject import Subject

Floats = NDArray[np.float64]
Beside = Mapping[str, Mapping[str, float | str]]

RESAMPLES = 1000
SHUFFLES = 200
GAP, WORST, RANGE = "gap", "worst", "best less worst"
__all__ = ["SHARE", "Scores", "gaps"]


@dataclass(frozen=True)
class Scores:
    """Scores of several test sets, as observed and over resamples.

    Attributes:
        values: (sets,); drawn: (sets, resamples).
        shuffled: (shuffles, sets), with each item's outcomes dealt out anew.
    """

    values: Floats
    drawn: Floats
    shuffled: Floats

    @classmethod
    def of(
        cls, rows: Sequence[Floats], ratio: Ratio, parallel: Sequence[str], *, seed: int
    ) -> Scores:
        """Resample test sets; those with the same key of `parallel` meet the same draws."""
        values = [ratio.of_sums(one.sum(axis=0).tolist()) for one in rows]
        drawn, blocks = [], dict[str, Floats]()
        for number, (one, key) in enumerate(zip(rows, parallel, strict=True)):
            if key not in blocks:
                sown = stream(seed, "gaps", str(number)).getrandbits(31)
                counts = bootstrap_counts(len(one), resamples=RESAMPLES, seed=sown)
                blocks[key] = np.concatenate(list(counts))
            drawn.append(ratio.of_columns((blocks[key] @ one).T))
        draws = np.random.default_rng(stream(seed, "shuffled").getrandbits(63))
        dealt = _dealt if len(set(parallel)) == 1 else _pooled
        shuffled = np.stack([_scored(dealt(rows, draws), ratio) for _ in range(SHUFFLES)])
        return cls(np.array(values), np.stack(drawn), shuffled)


def _scored(rows: Sequence[Floats], ratio: Ratio) -> Floats:
    return ratio.of_columns(np.stack([one.sum(axis=0) for one in rows], axis=1))


def _dealt(rows: Sequence[Floats], draws: np.random.Generator) -> Sequence[Floats]:
    """Each item's rows dealt out anew among the sets."""
    every = np.stack(rows)  # (sets, items, width)
    order = draws.random(every.shape[:2]).argsort(axis=0)
    return list(np.take_along_axis(every, order[:, :, None], axis=0))


def _pooled(rows: Sequence[Floats], draws: np.random.Generator) -> Sequence[Floats]:
    """All rows dealt out anew, as many to each set as it had."""
    every = np.concatenate(rows)
    edges = np.cumsum([len(one) for one in rows])[:-1]
    return np.split(every[draws.permutation(len(every))], edges)


def gaps(subject: Subject) -> list[Figure]:
    """Languages against a reference, the worst, and the same of scripts, families and groups."""
    outcomes = subject.outcomes
    trained, known = training_words(subject)
    beside = {one.label: of_outcome(one, subject.tokenizer, known, trained) for one in outcomes}
    parts: list[tuple[str, Mapping[str, Sequence[Outcome]]]] = [
        ("language", {one.label: [one] for one in outcomes}),
        *_kinds(subject),
    ]
    if subject.config.groups:
        parts.append(("group", _groups(subject.config.groups, outcomes)))
    found: list[Figure] = []
    for kind, groups in parts:
        if len(groups) < 2:
            subject.notes.append(f"gaps by {kind}: one {kind} only, nothing to compare")
            continue
        if kind == "group":
            beside |= {
                name: of_outcome(sets[0], subject.tokenizer, known, trained)
                for name, sets in groups.items() if len(sets) == 1
            }  # fmt: skip
        found += _Comparison(subject, kind, groups, beside, trained).figures()
    return found


def _kinds(subject: Subject) -> Iterator[tuple[str, Mapping[str, Sequence[Outcome]]]]:
    """Languages by script, family and genus; those that are alone in theirs count as a group."""
    named = [one for one in subject.outcomes if one.language is not None]
    try:
        told = groups_of([one.language for one in named if one.language], subject.access)
    except UnavailableError as error:
        subject.notes.append(f"gaps by script and family were not made: {error}")
        return
    for kind in KINDS[::-1]:
        groups: dict[str, list[Outcome]] = {}
        for one, of in zip(named, told, strict=True):
            groups.setdefault(of[kind] or "unknown", []).append(one)
        yield kind, groups


@dataclass(frozen=True)
class _Comparison:
    """Groups of test sets beside each other; a group's score is the mean of its sets'."""

    subject: Subject
    kind: str
    groups: Mapping[str, Sequence[Outcome]]
    beside: Beside
    trained: Mapping[str, int]

    def figures(self) -> Iterator[Figure]:
        """A figure a group, the worst, and how far apart they are."""
        scores, names = self._scores(), list(self.groups)
        at = names.index(self._reference(names, scores.values))
        worst = int(scores.values.argmin())
        for number, name in enumerate(names):
            if number != at:
                yield self._gap(scores, names, number, at)
            else:
                about = "the reference"
                yield self._score(scores, number, name, name, about)
        alone = scores.drawn.min(axis=0)
        yield replace(
            self._score(scores, worst, f"worst {self.kind}: {names[worst]}", names[worst], ""),
            score=self._made(WORST, scores.values[worst], percentile_interval(alone), len(names)),
            null=_central(scores.shuffled.min(axis=1)),
        )
        apart = scores.drawn.max(axis=0) - scores.drawn.min(axis=0)
        value = float(scores.values.max() - scores.values.min())
        null = scores.shuffled.max(axis=1) - scores.shuffled.min(axis=1)
        p = (1 + int((null >= value - 1e-9).sum())) / (1 + len(null))
        yield Figure(
            "gaps", EXTRINSIC, f"{RANGE}, by {self.kind}",
            self._made(RANGE, value, percentile_interval(apart), len(names)), "", p,
            _central(null), self._explained(scores.values, names),
        )  # fmt: skip

    def _scores(self) -> Scores:
        sets = [one for of_group in self.groups.values() for one in of_group]
        ratio, seed = sets[0].ratio, self.subject.config.seed
        every = Scores.of([o.rows for o in sets], ratio, [o.parallel for o in sets], seed=seed)
        sizes = np.cumsum([0, *(len(one) for one in self.groups.values())])
        runs = list(pairwise(sizes.tolist()))
        return Scores(
            np.array([every.values[a:b].mean() for a, b in runs]),
            np.stack([every.drawn[a:b].mean(axis=0) for a, b in runs]),
            np.stack([every.shuffled[:, a:b].mean(axis=1) for a, b in runs], axis=1),
        )

    def _reference(self, names: Sequence[str], values: Floats) -> str:
        """What was asked for; else what it was trained on most; else the best."""
        asked = self.subject.config.reference
        if asked is not None and asked in names:
            return asked
        if asked is not None and self.kind == "language":
            known = did_you_mean(asked, names)
            raise InputError(f'--reference "{asked}": expected one of {", ".join(names)}{known}')
        if self.kind == "language" and self.trained:
            most = max(self.trained, key=lambda tag: self.trained[tag])
            for name, [one] in self.groups.items():
                if one.language is not None and one.language.bcp47 == most:
                    return name
        return names[int(values.argmax())]

    def _score(self, scores: Scores, number: int, what: str, name: str, about: str) -> Figure:
        interval = percentile_interval(scores.drawn[number])
        made = self._made(self._metric, scores.values[number], interval, self._items(name))
        code = self._code(name)
        return Figure(
            "gaps", EXTRINSIC, what, made, code, beside=self.beside.get(name, {}), about=about
        )

    def _gap(self, scores: Scores, names: Sequence[str], number: int, at: int) -> Figure:
        name, other = names[number], names[at]
        value = float(scores.values[number] - scores.values[at])
        drawn = scores.drawn[number] - scores.drawn[at]
        p = bootstrap_p(np.concatenate([[value], drawn])) if value else 1.0
        null = _central(scores.shuffled[:, number] - scores.shuffled[:, at])
        absolute = f"{self._metric} {scores.values[number]:.1f}, {other} {scores.values[at]:.1f}"
        score = self._made(GAP, value, percentile_interval(drawn), self._items(name), other)
        mine = self.beside.get(name, {})
        theirs = {f"{k}, {other}": v for k, v in self.beside.get(other, {}).items()}
        told = {k: v for both in zip(mine.items(), theirs.items(), strict=False) for k, v in both}
        return Figure(
            "gaps", EXTRINSIC, f"{name} against {other}", score, self._code(name), p, null, told,
            absolute,
        )  # fmt: skip

    @property
    def _metric(self) -> str:
        return next(iter(self.groups.values()))[0].metric

    def _items(self, name: str) -> int:
        return sum(len(one.ids) for one in self.groups[name])

    def _code(self, name: str) -> str:
        [*sets] = self.groups[name]
        language = sets[0].language
        return language.bcp47 if len(sets) == 1 and language is not None else ""

    def _made(
        self, name: str, value: float, interval: tuple[float, float], n: int, other: str = ""
    ) -> Score:
        told = f"metric:{self._metric}|by:{self.kind}|run:{self.subject.model.name}"
        told += f"|reference:{other}" if other else ""
        sets = [one for of_group in self.groups.values() for one in of_group]
        paired = "paired " if len({one.parallel for one in sets}) == 1 else ""
        how = f"95% {paired}bootstrap, {RESAMPLES} resamples, seed {self.subject.config.seed}"
        low, high = map(float, interval)
        return Score(name, float(value), low, high, told, n, how)

    def _explained(self, values: Floats, names: Sequence[str]) -> dict[str, float | str]:
        """How scores and confounds go together, where there are enough languages to say."""
        if len(names) < FEWEST or self.kind != "language":
            return {}
        found: dict[str, float | str] = {}
        for key in dict.fromkeys(k for name in names for k in self.beside.get(name, {})):
            column = [self.beside[name].get(key) for name in names]
            numbers = [float(one) for one in column if isinstance(one, int | float)]
            if len(numbers) == len(names):
                rank = round(correlation(values.tolist(), numbers), 2)
                found[f"rank correlation with {key}"] = rank
        return found


def _central(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _groups(path: Path, outcomes: Sequence[Outcome]) -> Mapping[str, Sequence[Outcome]]:
    """The user's own groups: of languages, or of items by their ids.

    Raises:
        InputError: another header, a language or an id that the run has not.
    """
    head = next(read_lines(path), (1, ""))[1].split("\t")
    by: dict[str, Callable[..., Mapping[str, Sequence[Outcome]]]] = {
        "language": _groups_of_languages, "id": _groups_of_items
    }  # fmt: skip
    if len(head) != 2 or head[0] not in by or head[1] != "group":
        raise InputError(
            f"{path}:1: expected the columns id and group, or language and group, found"
            f" {', '.join(head)}; give the table such a header"
        )
    rows = {row.cells[0]: row.cells[1] for row in read_tsv(path, tuple(head), header=True)}
    return by[head[0]](path, rows, outcomes)


def _groups_of_languages(
    path: Path, rows: Mapping[str, str], outcomes: Sequence[Outcome]
) -> Mapping[str, Sequence[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    tags = {key: resolve(key).bcp47 for key in rows if key not in {o.label for o in outcomes}}
    for one in outcomes:
        mine = one.language.bcp47 if one.language is not None else ""
        same = (key for key, tag in tags.items() if tag == mine)
        key = one.label if one.label in rows else next(same, "")
        if key:
            found.setdefault(rows[key], []).append(one)
    if not found:
        raise InputError(f"{path}: none of its languages was scored; name those of the run")
    return found


def _groups_of_items(
    path: Path, rows: Mapping[str, str], outcomes: Sequence[Outcome]
) -> Mapping[str, Sequence[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for group, number in sorted(Counter(rows.values()).items()):
        for one in outcomes:
            chosen = [n for n, i in enumerate(one.ids) if rows.get(i) == group]
            if chosen:
                name = f"{group}, {one.label}" if len(outcomes) > 1 else group
                found.setdefault(group, []).append(one.only(chosen, name))
        if group not in found:
            raise InputError(f"{path}: no item of group {group} ({number} ids) was scored")
    return found
