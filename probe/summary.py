"""A probe's figures over languages: averages in which each counts once, the terminal's table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.groups import KINDS
from metrics.ratios import wilson_interval
from metrics.score import Score
from metrics.significance import bootstrap_counts, percentile_interval
from probe.places import Place
from runfolder.console import aligned

RESAMPLES = 1000
UNREADABLE = 0.5  # of a language's pieces unknown: the vocabulary lacks its script

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A finished run.

    Attributes:
        languages: the records of languages.jsonl.
        averages: by measure and layer the mean over languages, each counting once.
        groups: the same for each genus, family and script of two languages or more.
        places: by the set's own code for a language.
    """

    folder: Path
    languages: tuple[Mapping[str, Any], ...]
    averages: tuple[Score, ...]
    groups: tuple[Score, ...]
    places: Mapping[str, Place]
    notes: tuple[str, ...]


def is_readable(record: Record) -> bool:
    """Whether the model's vocabulary has most of a language's letters."""
    return bool(record["unknown"] < UNREADABLE)


def share(record: Record, name: str) -> float:
    """The mean of both directions, on 0-100; see `probe.retrieve.score_language` for the names."""
    n = _scored(record, name)
    return float(100 * sum(record["right"][name]) / (2 * n))


def _scored(record: Record, name: str) -> int:
    """How many sentences a figure is of."""
    return record["n"] - record["n"] // 2 if name.endswith("held-out") else int(record["n"])


def shares(record: Record, names: Sequence[str]) -> list[float | None]:
    """`share` for several names; None where the language has no such figure (no lexicon of it)."""
    return [share(record, name) if name in record["right"] else None for name in names]


def free_of_charge(records: Sequence[Record]) -> list[str]:
    """The baselines that any of the languages has."""
    return list(dict.fromkeys(name for one in records for name in one["right"] if "|" not in name))


def average_scores(records: Sequence[Record], signature: str, seed: int) -> Iterator[Score]:
    """For each set, measure and layer the mean over readable languages, both directions together.

    The interval is of languages drawn with replacement: it says what other languages might give.
    """
    for corpus, mine in _readable_by_set(records):
        for name in sorted({name for one in mine for name in one["right"]}, key=_order):
            having = [one for one in mine if name in one["right"]]
            yield _average(having, f"{signature}|set:{corpus}", name, seed, average="languages")


def _order(name: str) -> tuple[bool, int, str]:
    """Layers by number, then what is free of charge; in a record they stand by their letters."""
    layer, bar, _ = name.partition("|")
    return not bar, int(layer) if bar else 0, name


def group_scores(
    records: Sequence[Record],
    places: Mapping[str, Place],
    names: Sequence[str],
    signature: str,
    seed: int,
) -> Iterator[Score]:
    """The same by genus, family and script, the larger groups first, for these measures.

    Args:
        places: by code.
        names: as in a record's `right`.
    """
    for corpus, mine in _readable_by_set(records):
        for kind in KINDS:
            groups: dict[str, list[Record]] = {}
            for record in mine:
                if group := places[record["code"]].group(kind):
                    groups.setdefault(group, []).append(record)
            for group, members in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
                if len(members) > 1:
                    for name in names:
                        about = {"average": kind, "group": group}
                        yield _average(members, f"{signature}|set:{corpus}", name, seed, **about)


def _readable_by_set(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    for corpus in dict.fromkeys(record["corpus"] for record in records):
        mine = [one for one in records if one["corpus"] == corpus and is_readable(one)]
        if mine:
            yield corpus, mine


def _average(records: Sequence[Record], where: str, name: str, seed: int, **about: str) -> Score:
    shares = np.array([share(record, name) for record in records])
    if len(records) == 1:  # drawn again it is the same language, and the interval would be empty
        return _of_one(records[0], where, name, float(shares[0])).with_context(
            measure=name.replace("|", "/"), **about
        )
    draws = bootstrap_counts(len(shares), resamples=RESAMPLES, seed=seed)
    means = np.concatenate([counts @ shares / len(shares) for counts in draws])
    return Score(
        "retrieval",
        float(shares.mean()),
        *percentile_interval(means),
        where,
        len(shares),
        f"95% bootstrap of languages, {RESAMPLES} resamples, seed {seed}",
    ).with_context(measure=name.replace("|", "/"), **about)


def _of_one(record: Record, where: str, name: str, value: float) -> Score:
    """A mean that is one language's: its interval is of sentences."""
    n = _scored(record, name)
    low, high = wilson_interval(round(value / 100 * n), n)
    how = "95% Wilson, sentences of the one language taken as independent"
    return Score("retrieval", value, min(low, value), max(high, value), where, 1, how)


def table(records: Sequence[Record], measures: Sequence[str]) -> list[str]:
    """Aligned lines: a language each, the last layer's measures, both directions averaged."""
    if not records:
        return []
    last = max(int(name.partition("|")[0]) for name in records[0]["right"] if "|" in name)
    names = [f"{last}|{measure}" for measure in measures]
    baselines = free_of_charge(records)
    rows = [["set", "language", "n", *measures, *baselines, "chance"]]
    for record in records:
        cells = [_cell(share) for share in shares(record, (*names, *baselines))]
        told = record["code"] if is_readable(record) else f"{record['code']} (not representable)"
        chance = f"{100 / record['n']:.1f}"
        rows.append([record["corpus"], told, f"{record['n']:,}", *cells, chance])
    for corpus in dict.fromkeys(record["corpus"] for record in records):
        mine = [one for one in records if one["corpus"] == corpus and is_readable(one)]
        if len(mine) > 1:
            columns = zip(*(shares(one, (*names, *baselines)) for one in mine), strict=True)
            had = ([one for one in column if one is not None] for column in columns)
            means = [_cell(sum(column) / len(column) if column else None) for column in had]
            rows.append([corpus, f"mean of {len(mine)}", "", *means, ""])
    return aligned(rows)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
