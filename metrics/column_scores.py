"""BLEU, chrF++ and TER of many summed rows at once: sacrebleu's formulas over numpy columns.

A paired test scores tens of thousands of resamples, and one by one that takes seconds a language.
Here a whole table of them is scored by a few array operations. `totals` has one line a statistic
and one column a resample, shape (width, m), and the answer has shape (m,); one column alone,
shape (width,), gives one number. Tests compare every formula with sacrebleu's own.

>>> import numpy as np
>>> bleu_columns(np.array([[5, 4], [5, 6], [5, 3], [4, 1], [3, 0], [2, 0],
...                        [5, 4], [4, 3], [3, 2], [2, 1]], float)).round(1)
array([100. ,  21.4])
"""

from __future__ import annotations

from typing import Any

from metrics.significance import Columns

MAX_ORDER = 4  # BLEU's longest n-gram
BETA_SQUARED = 4  # chrF++ counts recall twice


def bleu_columns(totals: Columns, *, effective_order: bool = False) -> Columns:
    """BLEU on 0-100 with exponential smoothing (NIST's, Chen and Cherry 2014 method 3).

    Args:
        totals: (10, m): system and reference length, matches for n = 1..4, n-grams for n = 1..4.
        effective_order: stop at the longest n-gram that the system has, as for single segments.
    """
    import numpy as np

    system, reference = totals[0], totals[1]
    correct, total = totals[2 : 2 + MAX_ORDER], totals[2 + MAX_ORDER :]
    there = np.logical_and.accumulate(total > 0)  # orders before the first without any n-gram
    halvings = np.cumsum(there & (correct == 0), axis=0)
    matches = np.where(correct > 0, correct, 0.5**halvings)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(there, np.log(100 * matches / total), 0 if effective_order else -np.inf)
        orders = there.sum(axis=0) if effective_order else MAX_ORDER
        brevity = np.where(system < reference, np.exp(1 - reference / system), 1.0)
        score = brevity * np.exp(logs.sum(axis=0) / orders)
    return _capped(np.where((correct > 0).any(axis=0) & (system > 0), score, 0.0))


def chrf_columns(totals: Columns) -> Columns:
    """chrF++ on 0-100: the F2 of precision and recall averaged over the orders that both have.

    Args:
        totals: (3 * orders, m): for each order, n-grams of system, of reference, and in both.
    """
    import numpy as np

    system, reference, both = totals[0::3], totals[1::3], totals[2::3]
    there = (system > 0) & (reference > 0)
    orders = np.maximum(there.sum(axis=0), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(there, both / system, 0).sum(axis=0) / orders
        recall = np.where(there, both / reference, 0).sum(axis=0) / orders
        score = (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
    return _capped(np.where(precision + recall > 0, 100 * score, 0.0))


def ter_columns(totals: Columns) -> Columns:
    """TER in percent of the reference's length; may exceed 100. `totals`: (2, m), edits, length."""
    import numpy as np

    edits, length = totals
    with np.errstate(divide="ignore", invalid="ignore"):
        score: Columns = 100 * np.where(length > 0, edits / length, edits > 0)
    return score


def _capped(scores: Any) -> Columns:
    """At most 100: rounding makes a perfect score 100.00000000000004."""
    import numpy as np

    capped: Columns = np.minimum(scores, 100.0)
    return capped
