"""What answers are worth where the right forms are known: after the fact, never for predicting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data.errors import InputError
from metrics.ratios import SHARE, by_group
from metrics.score import Score
from metrics.significance import percentile_interval, resampled_scores
from morph.evaluation.items import Item, scored
from morph.evaluation.rows import comparable, read_rows
from morph.evaluation.scores import Plan, totals
from morph.submission.layout import questions, read_covered
from morph.submission.tasks import Task, Unit

NOTE = (
    "After the fact: the right forms were read when all answers were fixed, and never used in "
    "predicting."
)


@dataclass(frozen=True)
class Known:
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


def known(unit: Unit, forms: Sequence[str], task: Task, seed: int = 1) -> Known | None:
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
    items = scored(gold.triples, forms, task.normalise)
    context = {"task": task.name, "set": unit.file, "sha256": gold.sha256[:12]}
    scores = tuple(score.with_context(**context) for score in totals(items, plan))
    return Known(unit, scores, tuple(items))


def macro(found: Sequence[Known], seed: int = 1, resamples: int = 1000) -> list[Score]:
    """For each split the mean of the files' exact match, each file counting once.

    The interval is that of the mean of the files' resamples; lemmas are drawn in each file.
    """
    means = []
    for split in dict.fromkeys(one.unit.split for one in found):
        mine = [one for one in found if one.unit.split == split]
        drawn = [_resampled(one, seed + place, resamples) for place, one in enumerate(mine)]
        low, high = percentile_interval(sum(drawn[1:], drawn[0]) / len(drawn))
        exact = [one.scores[0] for one in mine]
        names = ",".join(one.unit.name for one in mine)
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


def nfc_notes(found: Sequence[Known]) -> list[str]:
    """For each split with forms that only NFC makes right, what that would make of the average."""
    notes = []
    for split in dict.fromkeys(one.unit.split for one in found):
        mine = [one for one in found if one.unit.split == split]
        forms = sum(one.right_after_nfc for one in mine)
        shares = [one.scores[0].value + 100 * one.right_after_nfc / len(one.items) for one in mine]
        if forms:
            notes.append(
                f"note: {forms} {split} forms are right only after NFC, which the scorer of 2022 "
                f"applies: {sum(shares) / len(shares):.1f} macro"
            )
    return notes


def _resampled(one: Known, seed: int, resamples: int) -> Any:
    rows = by_group([[int(i.right), 1] for i in one.items], [i.lemma for i in one.items])
    return resampled_scores(SHARE.of_columns, rows, resamples=resamples, seed=seed)
