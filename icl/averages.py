"""Macro averages over several languages: each language counts once, whatever its test set's size.

By genus, family and script as well, where at least two of the languages share one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from data.errors import UnavailableError
from icl.groups import KINDS, Groups, groups_of
from icl.run import Average, Result, RunConfig, reason
from metrics.score import Score
from metrics.significance import percentile_interval, resampled_scores

if TYPE_CHECKING:
    from icl.store import Record
    from icl.system import System

RESAMPLES = 1000


def macro_averages(
    results: Sequence[Result],
    answers: Sequence[tuple[System, Sequence[Record]]],
    config: RunConfig,
) -> tuple[list[Average], list[str]]:
    """The averages, and a note where genus and family are not known to this machine.

    Args:
        results, answers: of the same systems, in the same order.
    """
    scored = [(system, records) for system, records in answers if records]
    languages = {system.task.language.bcp47: system.task.language for system, _ in scored}
    if len(languages) < 2:
        return [], []
    notes: list[str] = []
    try:
        found = groups_of(list(languages.values()), offline=config.offline)
    except UnavailableError as error:
        found = [{"script": language.script} for language in languages.values()]
        notes.append(f"no averages by genus and family: {reason(error)}")
    groups = dict(zip(languages, found, strict=True))
    rows = [_Row(r, s, records) for r, (s, records) in zip(results, scored, strict=True)]
    return list(_averages(rows, groups, config.seed)), notes


class _Row:
    """One language's result with the statistics behind it."""

    def __init__(self, result: Result, system: System, records: Sequence[Record]) -> None:
        self.result, self.system, self.records = result, system, records
        self.language = system.task.language.bcp47
        self.way = "en-xx" if system.task.corpus.source.bcp47 == "en" else "xx-en"


def _averages(rows: Sequence[_Row], groups: Mapping[str, Groups], seed: int) -> Iterator[Average]:
    cells: defaultdict[tuple[str, str, str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        cells["all", "languages", row.result.system, row.way].append(row)
        for kind in KINDS:
            value = groups[row.language].get(kind)
            if value:
                cells[kind, value, row.result.system, row.way].append(row)
    order = ("all", *KINDS)
    for (kind, value, system, way), members in sorted(
        cells.items(), key=lambda cell: (order.index(cell[0][0]), cell[0][1])
    ):
        if len(members) > 1:
            names = [score.name for score in members[0].result.scores]
            shared = [n for n in names if all(row.result.score(n) for row in members)]
            scores = tuple(_mean(members, name, seed) for name in shared)
            codes = tuple(row.language for row in members)
            yield Average(kind, value, system, way, codes, scores)


def _mean(rows: Sequence[_Row], name: str, seed: int) -> Score:
    """The mean of the languages' scores; its interval is that of the mean of their resamples."""
    scores = [score for row in rows if (score := row.result.score(name))]
    resampled = [
        resampled_scores(
            next(m for m in row.system.metrics if m.name == name).aggregate_columns,
            [record["statistics"][name] for record in row.records],
            resamples=RESAMPLES,
            seed=seed + place,  # languages are drawn on their own
        )
        for place, row in enumerate(rows)
    ]
    low, high = percentile_interval(sum(resampled[1:], resampled[0]) / len(rows))
    settings = scores[0].signature.split("|set:", 1)[0]
    codes = ",".join(row.language for row in rows)
    return Score(
        name,
        sum(score.value for score in scores) / len(scores),
        low,
        high,
        f"{settings}|macro:{codes}",
        sum(score.n for score in scores),
        scores[0].interval,
    )
