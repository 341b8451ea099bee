"""Do members and others differ by themselves? A classifier that does not see the model says.

If other people, days or topics are on one side, an attack may tell the sides apart although the
model has learned nobody by heart. A logistic regression on character n-grams, asked about texts
that it was not fitted on, finds such a shift; then no figure of the audit can be read as a leak
alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.randomness import stream
from metrics.roc import auc_score
from metrics.score import Score

FOLDS = 5
LEAST = 10  # texts of a side; fewer are not looked at


def shift_score(texts: Sequence[str], is_member: Sequence[bool], seed: int) -> Score | None:
    """AUC of a classifier of texts, cross-validated; 50 is no shift. None for too few texts."""
    sides = [sum(is_member), len(texts) - sum(is_member)]
    if min(sides) < LEAST:
        return None
    from training.classification.logistic import DIMENSIONS, PENALTY, NGrams, fitted

    folds = np.zeros(len(texts), int)
    for side in (True, False):
        places = [n for n, member in enumerate(is_member) if member is side]
        stream(seed, "folds").shuffle(places)
        folds[places] = np.arange(len(places)) % FOLDS
    scores = np.zeros(len(texts))
    for fold in range(FOLDS):
        known, asked = (np.flatnonzero(part).tolist() for part in (folds != fold, folds == fold))
        learned = [texts[n] for n in known]
        ngrams = NGrams.of(learned)
        gold = [int(is_member[n]) for n in known]
        head = fitted(ngrams.scores(learned), DIMENSIONS + 1, gold, 2, PENALTY / 100)
        margins = ngrams.scores([texts[n] for n in asked])(head)
        scores[asked] = (margins[:, 1] - margins[:, 0]).numpy()
    mine = np.array(is_member)
    signature = f"classifier:character n-grams|folds:{FOLDS}|seed:{seed}"
    return auc_score(scores[mine], scores[~mine], signature, "AUC without the model")
