"""Translation metrics through sacrebleu, by way of statistics that are kept per segment.

Text is read once: `segment_statistics` gives a short row of numbers a segment, which stores as
JSON; `score_from_statistics` sums the rows and resamples them, so an interval costs no second
pass. A row depends on its own segment only, so rows of several batches or runs may be joined.

>>> bleu = metric("BLEU", target_language="sw")
>>> rows = segment_statistics(bleu, ["Paka amelala kitini ."], ["Paka amelala juu ya kiti ."])
>>> rows  # lengths of hypothesis and reference; matches of order 1-4; n-grams of order 1-4
[[4, 6, 3, 1, 0, 0, 4, 3, 2, 1]]
>>> print(score(["Mvua inanyesha leo."], ["Mvua inanyesha leo."], name="chrF++"))
chrF++ 100.0 [100.0, 100.0]

Text is scored as it is given. sacrebleu does not normalise Unicode, so bring hypotheses and
references to NFC first: a decomposed "é" does not match a composed one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from metrics.rates import COPY_RATE, EMPTY_RATE
from metrics.sacrebleu_metrics import bleu, bleu_tokenization, chrf_plus_plus, sp_bleu, ter
from metrics.score import STATED, Score
from metrics.significance import (
    Columns,
    Row,
    checked_rows,
    percentile_interval,
    resampled_scores,
    summed,
)


class Metric(Protocol):
    """What a corpus metric can do: rows out of text, a figure out of summed rows."""

    @property
    def name(self) -> str: ...

    @property
    def signature(self) -> str: ...

    @property
    def higher_is_better(self) -> bool | None:
        """Whether a higher score is better; None where nobody knows."""

    @property
    def width(self) -> int:
        """How many numbers a row has."""

    def extract(
        self, hypotheses: Sequence[str], references: Sequence[str]
    ) -> list[list[int | float]]:
        """One row of sufficient statistics a segment, each from its own segment alone."""

    def aggregate(self, totals: Row) -> float:
        """The corpus score of summed rows."""

    def aggregate_segment(self, row: Row) -> float:
        """The score of one segment from its row."""

    def aggregate_columns(self, totals: Columns) -> Columns:
        """The corpus scores of many summed rows, one a column: shape (width, m) to (m,)."""

    def aggregate_segment_columns(self, rows: Columns) -> Columns:
        """The scores of many segments, one a column."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a metric may need to know before it sees text.

    Attributes:
        target_language: a BCP-47, ISO 639 or FLORES code: "sw", "swh_Latn", "zh-TW"; None: any.
        spm_model: a local SentencePiece model, for spBLEU.
    """

    target_language: str | None = None
    spm_model: Path | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table of metrics."""

    make: Callable[[Setting], Metric]
    higher_is_better: bool


def _ter(setting: Setting) -> Metric:
    return ter(asian=bleu_tokenization(setting.target_language) != "13a")


METRICS: dict[str, Entry] = {
    "BLEU": Entry(lambda setting: bleu(bleu_tokenization(setting.target_language)), True),
    "chrF++": Entry(lambda _: chrf_plus_plus(), True),
    "TER": Entry(_ter, False),
    "spBLEU": Entry(lambda setting: sp_bleu(setting.spm_model), True),
    "copy rate": Entry(lambda _: COPY_RATE, False),
    "empty rate": Entry(lambda _: EMPTY_RATE, False),
}


def register(name: str, make: Callable[[Setting], Metric], *, higher_is_better: bool) -> None:
    """Add a metric: from then on `metric`, scores, comparisons and `--metrics` know it.

    docs/CONTRIBUTING.md adds one step by step.

    Raises:
        ValueError: the name is taken.
    """
    if name in METRICS:
        raise ValueError(f'metric: "{name}" is there already; use another name')
    METRICS[name] = Entry(make, higher_is_better)
    STATED[name] = higher_is_better


def metric_names() -> tuple[str, ...]:
    """What `--metrics` may name: all of METRICS but the rates, which stand beside any of them.

    >>> metric_names()
    ('BLEU', 'chrF++', 'TER', 'spBLEU')
    """
    return tuple(name for name in METRICS if not name.endswith(" rate"))


def metric(
    name: str, *, target_language: str | None = None, spm_model: Path | None = None
) -> Metric:
    """The metric of that name in METRICS, ready to use.

    BLEU      Papineni et al. 2002; tokenised by the target language, see `bleu_tokenization`.
    chrF++    Popović 2017: character n-grams to 6, word n-grams to 2, recall counts twice.
    TER       Snover et al. 2006: edits and shifts over the reference length; lower is better.
              For languages that sacrebleu's BLEU rule splits (Chinese, Thai, ...) its Asian
              support is on: Han characters count one by one. It leaves Thai, Lao, Khmer, Burmese
              and Tibetan whole, so TER counts phrases there; prefer chrF++ for those.
    spBLEU    Goyal et al. 2022: BLEU over the pieces of FLORES-200's SentencePiece model, which
              is `spm_model`. The signature says tok:flores200; that the file is that model is
              for the caller to see to (data.catalog checks it). Nothing is downloaded here.
    copy rate, empty rate: see metrics.rates; the "references" of copy rate are the sources.

    `target_language` is a BCP-47, ISO 639 or FLORES code: "sw", "swh_Latn", "zh-TW".

    Raises:
        ValueError: an unknown name, a badly formed code, no model file for spBLEU.
        ModuleNotFoundError: spBLEU without the sentencepiece package.

    >>> metric("TER").signature.rpartition("|version:")[0]
    'nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no'
    >>> metric("BLUE")
    Traceback (most recent call last):
    ...
    ValueError: metric: expected one of BLEU, chrF++, TER, spBLEU, copy rate, empty rate, \
found "BLUE" (did you mean BLEU?); pass one of them
    """
    bleu_tokenization(target_language)  # a badly formed code is an error whatever the metric
    if name not in METRICS:
        near = difflib.get_close_matches(str(name), METRICS, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(
            f'metric: expected one of {", ".join(METRICS)}, found "{name}"{hint}; pass one of them'
        )
    return METRICS[name].make(Setting(target_language, spm_model))


def segment_statistics(
    metric: Metric, hypotheses: Sequence[str], references: Sequence[str]
) -> list[list[int | float]]:
    """One row of sufficient statistics a segment: lists of plain numbers, ready for JSON.

    Raises:
        ValueError: different lengths, no segments, something that is not a string, or one
            string in the place of a list.

    >>> segment_statistics(metric("TER"), ["Paka amelala"], ["Paka amelala", "Mbwa"])
    Traceback (most recent call last):
    ...
    ValueError: hypotheses and references: expected the same number of segments, found 1 and 2; \
give one reference for each hypothesis
    """
    check_texts("hypotheses", hypotheses)
    check_texts("references", references)
    if len(hypotheses) != len(references):
        raise ValueError(
            "hypotheses and references: expected the same number of segments, found "
            f"{len(hypotheses)} and {len(references)}; give one reference for each hypothesis"
        )
    return metric.extract(hypotheses, references)


def score_from_statistics(
    metric: Metric, statistics: Sequence[Row], *, seed: int, resamples: int = 1000
) -> Score:
    """The corpus score with its 95 % percentile bootstrap interval.

    Raises:
        ValueError: no rows, another metric's rows, a negative seed, under 40 resamples.

    >>> bleu = metric("BLEU")
    >>> stored = [[4, 6, 3, 1, 0, 0, 4, 3, 2, 1], [5, 5, 5, 4, 3, 2, 5, 4, 3, 2]]
    >>> print(score_from_statistics(bleu, stored, seed=1))
    BLEU 56.8 [15.2, 100.0]
    """
    value = metric.aggregate(_of_width(metric, summed(statistics)))
    scores = resampled_scores(metric.aggregate_columns, statistics, resamples=resamples, seed=seed)
    low, high = percentile_interval(scores)
    interval = f"95% bootstrap, {resamples} resamples, seed {seed}"
    return Score(metric.name, value, low, high, metric.signature, len(statistics), interval)


def segment_score(metric: Metric, statistics_row: Row) -> float:
    """The score of one segment, to find the worst and the best of them.

    chrF++ is the one to rank by: it degrades smoothly. BLEU of one segment needs care, because
    corpus BLEU is 0 for every segment that is shorter than four tokens; so BLEU and spBLEU stop
    at the segment's own longest n-gram here ("effective order"), which is sacrebleu's
    `sentence_bleu`. Averages of segment scores are not corpus scores.

    >>> chrf = metric("chrF++")
    >>> [row] = segment_statistics(chrf, ["Karibu sana"], ["Karibu sana"])
    >>> segment_score(chrf, row)
    100.0
    """
    return metric.aggregate_segment(_of_width(metric, statistics_row))


def segment_scores(metric: Metric, statistics: Sequence[Row]) -> list[float]:
    """`segment_score` of many segments at once.

    Raises:
        ValueError: no rows, another metric's rows.
    """
    import numpy as np

    _of_width(metric, checked_rows(statistics)[0])
    scores: list[float] = metric.aggregate_segment_columns(np.asarray(statistics, float).T).tolist()
    return scores


def score(
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    name: str = "BLEU",
    target_language: str | None = None,
    spm_model: Path | None = None,
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """Score text in one call; the arguments are those of `metric` and `score_from_statistics`.

    >>> print(score(["我喜欢喝茶。"], ["我喜欢喝茶。"], target_language="zh"))
    BLEU 100.0 [100.0, 100.0]
    """
    chosen = metric(name, target_language=target_language, spm_model=spm_model)
    rows = segment_statistics(chosen, hypotheses, references)
    return score_from_statistics(chosen, rows, seed=seed, resamples=resamples)


def copy_rate(
    hypotheses: Sequence[str], sources: Sequence[str], *, seed: int = 1, resamples: int = 1000
) -> Score:
    """Share of outputs that repeat their source, on 0-100 (see `metrics.rates.is_copy`).

    >>> print(copy_rate(["Good  MORNING", "Habari"], ["good morning", "hello"]))
    copy rate 50.0 [0.0, 100.0]
    """
    return score(hypotheses, sources, name="copy rate", seed=seed, resamples=resamples)


def empty_rate(hypotheses: Sequence[str], *, seed: int = 1, resamples: int = 1000) -> Score:
    """Share of outputs that show nothing, on 0-100 (see `metrics.rates.is_empty`)."""
    return score(hypotheses, hypotheses, name="empty rate", seed=seed, resamples=resamples)


def _of_width(metric: Metric, row: Row) -> Row:
    if len(row) != metric.width:
        raise ValueError(
            f"{metric.name}: expected rows of {metric.width} numbers, found {len(row)}; "
            "pass the rows that this metric made"
        )
    return row


def check_texts(where: str, texts: Any) -> None:
    """Refuse what is not a list of strings with at least one in it; `where` names it.

    >>> check_texts("hypotheses", ["Habari", None])
    Traceback (most recent call last):
    ...
    ValueError: hypotheses[1]: expected a string, found None; pass "" for an empty output
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Sequence):
        raise ValueError(
            f"{where}: expected a list of strings, found one {type(texts).__name__}; "
            "put the segments in a list"
        )
    if not texts:
        raise ValueError(f"{where}: expected at least 1 segment, found 0; give it some text")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f'{where}[{index}]: expected a string, found {text!r}; pass "" for an empty output'
            )
