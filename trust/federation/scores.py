"""Scores by language, their mean, and the language that is served worst."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metrics.ratios import MEAN, ratio_score
from metrics.score import Score, higher_is_better
from trust.examples import Example
from trust.federation.tasks import Opened, Row

MODEL = "model"


class Judge:
    """Scores a task's model on examples of several languages."""

    def __init__(self, opened: Opened, examples: Sequence[Example]) -> None:
        self._opened, self._examples = opened, list(examples)
        found: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(examples):
            found[one.language].append(place)
        self._places = {language: found[language] for language in sorted(found)}

    def figures(self) -> dict[str, Any]:
        """The mean over languages, the worst, and each: what rounds.jsonl has."""
        rows, ratio = self._opened.rows(self._examples), self._opened.ratio
        by_language = {
            language: round(ratio.of_sums(np.sum([rows[n] for n in places], axis=0)), 4)
            for language, places in self._places.items()
        }
        worst = worst_of(by_language, self._opened.metric)
        mean = sum(by_language.values()) / len(by_language)
        return {"mean": round(mean, 4), "worst": by_language[worst], "languages": by_language}

    def scores(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """What scores.json says, with intervals: of the model and of what costs nothing.

        Args:
            told: goes into the signatures.
        """
        name, baseline = self._opened.free(self._examples)
        systems = {MODEL: self._opened.rows(self._examples), name: baseline}
        rows, means, worst = [], [], []
        for system, found in systems.items():
            mine = [self._score(language, found, told) for language in self._places]
            rows += [
                {"language": language, "system": system, "score": one.to_dict()}
                for language, one in zip(self._places, mine, strict=True)
            ]
            means.append({"system": system, "score": self._mean(mine).to_dict()})
            values = {language: one.value for language, one in zip(self._places, mine, strict=True)}
            last = worst_of(values, self._opened.metric)
            score = dict(zip(self._places, mine, strict=True))[last]
            worst.append({"system": system, "language": last, "score": score.to_dict()})
        return {"rows": rows, "means": means, "worst": worst}

    def _score(self, language: str, rows: Sequence[Row], told: Mapping[str, Any]) -> Score:
        opened, places = self._opened, self._places[language]
        signature = "unit:example|average:micro"
        found = ratio_score(opened.ratio, opened.metric, signature, [rows[n] for n in places])
        return found.with_context(language=language or "all", **told)

    def _mean(self, scores: Sequence[Score]) -> Score:
        """Each language counts once; languages are resampled."""
        rows = [[score.value, 1] for score in scores]
        name = f"{self._opened.metric}, mean of {len(rows)} languages"
        return ratio_score(MEAN, name, "mean:languages", rows, n=len(rows))


def worst_of(values: Mapping[str, float], metric: str) -> str:
    """The language that is served worst.

    >>> worst_of({"sw": 61.0, "yo": 40.0}, "accuracy"), worst_of({"sw": 2.0, "yo": 3.5}, "bits")
    ('yo', 'yo')
    """
    sign = -1 if higher_is_better(metric) is False else 1
    return min(values, key=lambda language: (sign * values[language], language))
