"""Scores of the answers where gold is known, after the fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.errors import InputError
from metrics.ratios import SHARE, by_group
from metrics.score import Score
from metrics.significance import percentile_interval, resampled_scores
from morph.evaluate.items import Item, items_of
from morph.evaluate.report import cell
from morph.evaluate.rows import comparable, read_rows
from morph.evaluate.scores import Plan, totals
from morph.submit.layout import questions, read_covered
from morph.submit.tasks import Task, Unit
from runfolder.console import aligned

NOTE = (
    "After the fact: the right forms were read when all answers were fixed, and never used in "
    "predicting."
)


@dataclass(frozen=True)
class FileScores:
    """The scores of one file of answers, and the items behind them."""

    unit: Unit
    scores: tuple[Score, ...]
    items: tuple[Item, ...]

    @property
    def right_after_nfc(self) -> int:
        """How many wrong forms NFC would make right."""
        return sum(
            not item.right and comparable(item.predicted, True) == comparable(item.gold, True)
            for item in self.items
        )

    def to_dict(self) -> dict[str, Any]:
        """For scores.json."""
        scores = [score.to_dict() for score in self.scores]
        return {
            "unit": self.unit.name,
            "split": self.unit.split,
            "scores": scores,
            "right_after_nfc": self.right_after_nfc,
        }


def score_file(unit: Unit, forms: Sequence[str], task: Task, seed: int = 1) -> FileScores | None:
    """The scores of a file of answers; None where the right forms are not known.

    Raises:
        InputError: the file with the right forms has other rows than the covered one.
    """
    if unit.gold is None:
        return None
    gold = read_rows(unit.gold(), task.columns)
    asked = read_covered(unit.covered, unit.covered_columns)
    if questions(asked) != [(row.lemma, row.features) for row in gold.rows]:
        raise InputError(
            f"{gold.path}: expected the lemmas and features of {unit.covered}, found others; fetch "
            "both again"
        )
    plan = Plan(task.normalise, seed)
    items = items_of(gold.triples, forms, task.normalise)
    context = {"task": task.name, "set": unit.file, "sha256": gold.sha256[:12]}
    scores = tuple(score.with_context(**context) for score in totals(items, plan))
    return FileScores(unit, scores, tuple(items))


def macro(files: Sequence[FileScores], seed: int = 1, resamples: int = 1000) -> list[Score]:
    """For each split the mean of the files' exact match, each file counting once.

    The interval is that of the mean of the files' resamples; lemmas are drawn in each file.
    """
    means = []
    for split in dict.fromkeys(file.unit.split for file in files):
        mine = [file for file in files if file.unit.split == split]
        drawn = [_resampled(file, seed + place, resamples) for place, file in enumerate(mine)]
        low, high = percentile_interval(sum(drawn[1:], drawn[0]) / len(drawn))
        exact = [file.scores[0] for file in mine]
        names = ",".join(file.unit.name for file in mine)
        means.append(
            Score(
                f"exact match, macro over {len(mine)} {split} files",
                sum(score.value for score in exact) / len(exact),
                low,
                high,
                f"{exact[0].signature.split('|task:')[0]}|macro:{names}|split:{split}",
                sum(score.n for score in exact),
                f"95% bootstrap of lemmas in each file, {resamples} resamples, seed {seed}",
            )
        )
    return means


def nfc_notes(files: Sequence[FileScores]) -> list[str]:
    """For each split with forms that only NFC makes right, what that would make of the average."""
    notes = []
    for split in dict.fromkeys(file.unit.split for file in files):
        mine = [file for file in files if file.unit.split == split]
        forms = sum(file.right_after_nfc for file in mine)
        shares = [f.scores[0].value + 100 * f.right_after_nfc / len(f.items) for f in mine]
        if forms:
            notes.append(
                f"note: {forms} {split} forms are right only after NFC, which the scorer of 2022 "
                f"applies: {sum(shares) / len(shares):.1f} macro"
            )
    return notes


def _resampled(file: FileScores, seed: int, resamples: int) -> Any:
    rows = by_group([[int(i.right), 1] for i in file.items], [i.lemma for i in file.items])
    return resampled_scores(SHARE.of_columns, rows, resamples=resamples, seed=seed)


def summary(
    answered: Sequence[tuple[Unit, int, Mapping[str, int]]], files: Sequence[FileScores]
) -> list[str]:
    """A line a file: how many lines, who answered, and what it is worth where that is known."""
    worth = {(file.unit.name, file.unit.split): cell(file.scores[0]) for file in files}
    rows = [["file", "lines", "answered by", "exact match, after the fact"]]
    for unit, lines, steps in answered:
        who = ", ".join(f"{step} {number}" for step, number in steps.items())
        rows.append([unit.file, f"{lines}", who, worth.get((unit.name, unit.split), "unknown")])
    if not files:
        return aligned(rows)
    means = [f"{score.name}: {cell(score)}" for score in macro(files)]
    return [*aligned(rows), *means, *nfc_notes(files), f"note: {NOTE}"]
