"""Intents and slots as MASSIVE's own script computes them, and repaired; scope, calibration.

    gold = [Parse("alarm_set", ("O", "B-time", "I-time")), ...]
    for score in official(gold, predicted) + repaired(gold, predicted):
        print(score)

The official script (FitzGerald et al. 2023, https://aclanthology.org/2023.acl-long.235) knows
labels without B and I: two slots of one label side by side are one to it. It pads a prediction that
is short with `Other` and cuts one that is long. Its error bar for slots divides by tokens, so it is
too narrow; `official` gives the figures with that bar, `repaired` draws utterances.

>>> gold = [Parse("play", ("O", "B-song", "B-song"))]        # two songs, one after the other
>>> [score.value for score in official(gold, [Parse("play", ("O", "B-song", "I-song"))])]
[100.0, 100.0, 100.0]
>>> [score.value for score in repaired(gold, [Parse("play", ("O", "B-song", "I-song"))])]
[100.0, 0.0, 0.0]

Spans of characters do not hang on how an utterance was cut into tokens: see `character_spans`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from metrics.labels import match_rows
from metrics.ratios import SHARE, Ratio, Z, percent, ratio_score
from metrics.score import Score
from metrics.significance import Row, percentile_interval
from metrics.tags import F1, OUTSIDE, f1_score, spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OTHER = "Other"
INTENT, SLOTS, EXACT = "intent accuracy", "slot F1", "exact match"
BINS = 15  # of confidences, as Guo et al. 2017


@dataclass(frozen=True, slots=True)
class Parse:
    """What an utterance means, or is said to: its intent and a BIO tag a token."""

    intent: str
    slots: tuple[str, ...]


Parses: TypeAlias = Sequence[Parse]
Spans: TypeAlias = "frozenset[tuple[int, int, str]]"


def plain_labels(tags: Sequence[str]) -> list[str]:
    """The labels without B and I, `Other` outside: what the official script works on.

    >>> plain_labels(("O", "B-time", "I-time"))
    ['Other', 'time', 'time']
    """
    return [OTHER if tag == OUTSIDE else tag[2:] for tag in tags]


def official_tags(labels: Sequence[str], outside: str = OTHER) -> list[str]:
    """Labels as BIO tags the official way: a label that goes on is one slot.

    >>> official_tags(["city", "city", "Other", "country"])
    ['B-city', 'I-city', 'O', 'B-country']
    """
    before = [None, *labels[:-1]]
    return [
        OUTSIDE if label == outside else f"{'I' if label == last else 'B'}-{label}"
        for last, label in zip(before, labels, strict=True)
    ]


def fitted(labels: Sequence[str], length: int, pad: str = OTHER) -> list[str]:
    """Cut or padded to a length, as the official script does to a prediction.

    >>> fitted(["city"], 3), fitted(["city", "city", "time"], 2)
    (['city', 'Other', 'Other'], ['city', 'city'])
    """
    return [*labels[:length], *[pad] * (length - len(labels))]


def official_rows(
    gold: Parses, predicted: Parses, labels: Sequence[Sequence[str]] | None = None
) -> tuple[list[Row], list[Row], list[Row], int]:
    """Rows of intents [right, 1], of slots [right, predicted, gold], of exact matches; tokens.

    Args:
        labels: gold labels as the official script reads them (`data.labels.slots.official_labels`),
            where they are at hand; else those of the tags.

    Raises:
        ValueError: different numbers of utterances.
    """
    check_parses(gold, predicted)
    read = labels or [plain_labels(one.slots) for one in gold]
    slots: list[Row] = []
    exact: list[Row] = []
    tokens = 0
    for right, guess, told in zip(gold, predicted, read, strict=True):
        mine = official_tags(fitted(plain_labels(guess.slots), len(told)))
        theirs = official_tags(told)
        slots.append(_overlap(frozenset(spans(theirs)), frozenset(spans(mine))))
        exact.append([int(right.intent == guess.intent and mine == theirs), 1])
        tokens += len(told)
    return _intent_rows(gold, predicted), slots, exact, tokens


def official(
    gold: Parses, predicted: Parses, labels: Sequence[Sequence[str]] | None = None
) -> list[Score]:
    """Intent accuracy, slot micro F1 and exact match by the official arithmetic, on 0-100.

    The interval is the script's: the normal approximation, over utterances, and over tokens for F1.
    """
    intents, slots, exact, tokens = official_rows(gold, predicted, labels)
    f1 = F1.of_sums([sum(column) for column in zip(*slots, strict=True)])
    told = (
        (INTENT, _share(intents), len(gold)),
        (SLOTS, f1, tokens),
        (EXACT, _share(exact), len(gold)),
    )
    return [_normal(name, value, n, len(gold)) for name, value, n in told]


def repaired(
    gold: Parses,
    predicted: Parses,
    *,
    groups: Sequence[Hashable] | None = None,
    unit: str = "utterances",
    seed: int = 1,
    resamples: int = 1000,
) -> list[Score]:
    """Intent accuracy, span F1 and exact match of spans, with utterances drawn for the intervals.

    Args:
        groups: which utterances belong together, parallel ids over languages for instance.
        unit: what a group is.

    Raises:
        ValueError: different numbers of utterances, or of tags in one.
    """
    rows = repaired_rows(gold, predicted)
    plan = {"groups": groups, "unit": unit, "seed": seed, "resamples": resamples}
    intents, slots, exact = rows
    return [
        ratio_score(SHARE, INTENT, "match:exact", intents, **plan),  # type: ignore[arg-type]
        slot_score(slots, groups=groups, unit=unit, seed=seed, resamples=resamples),
        ratio_score(SHARE, EXACT, "match:intent-and-spans", exact, **plan),  # type: ignore[arg-type]
    ]


def repaired_rows(gold: Parses, predicted: Parses) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of intents, of spans [right, predicted, gold], and of exact matches."""
    check_parses(gold, predicted)
    slots: list[Row] = []
    exact: list[Row] = []
    for number, (right, guess) in enumerate(zip(gold, predicted, strict=True)):
        if len(right.slots) != len(guess.slots):
            raise ValueError(
                f"utterance {number}: expected {len(right.slots)} tags as in gold, found"
                f" {len(guess.slots)}; tag every token, or compare character_spans"
            )
        mine, theirs = frozenset(spans(guess.slots)), frozenset(spans(right.slots))
        slots.append(_overlap(theirs, mine))
        exact.append([int(right.intent == guess.intent and mine == theirs), 1])
    return _intent_rows(gold, predicted), slots, exact


def slot_score(
    rows: Sequence[Row],
    name: str = SLOTS,
    *,
    groups: Sequence[Hashable] | None = None,
    unit: str = "utterances",
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """Micro F1 of rows [right, predicted, gold]; n counts the gold slots, or 1."""
    if groups is None:
        found = f1_score(name, "spans", rows, seed, resamples)  # type: ignore[arg-type]
        return Score(**{**found.to_dict(), "interval": found.interval.replace("sentences", unit)})
    n = max(1, int(sum(row[2] for row in rows)))
    how = "average:micro|unit:spans"
    return ratio_score(
        F1, name, how, rows, groups=groups, unit=unit, n=n, seed=seed, resamples=resamples
    )


def character_spans(tokens: Sequence[str], tags: Sequence[str]) -> Spans:
    """Slots by the characters that they take, spaces left out, so that tokens do not count.

    >>> character_spans(("五", "点", "叫"), ("B-time", "I-time", "O")) == character_spans(
    ...     ("五点", "叫"), ("B-time", "O"))
    True

    Raises:
        ValueError: another number of tags than of tokens.
    """
    if len(tokens) != len(tags):
        raise ValueError(f"expected a tag for each of {len(tokens)} tokens, found {len(tags)}")
    ends = [0]
    for token in tokens:
        ends.append(ends[-1] + len("".join(token.split())))
    return frozenset((ends[one.start], ends[one.end], one.label) for one in spans(tags))


def character_rows(gold: Sequence[Spans], predicted: Sequence[Spans]) -> list[Row]:
    """Rows [right, predicted, gold] of spans of characters, for `slot_score`."""
    if len(gold) != len(predicted):
        raise ValueError(f"expected as many of both, found {len(gold)} and {len(predicted)}")
    return [_overlap(*pair) for pair in zip(gold, predicted, strict=True)]


def auroc(
    inside: Sequence[float],
    outside: Sequence[float],
    *,
    name: str = "out-of-scope AUROC",
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """How often a text out of scope has the higher score, in percent; ties count one half.

    The area under the ROC curve, which is Mann and Whitney's statistic (Hanley and McNeil 1982).
    Both kinds of texts are resampled, each by itself.

    Args:
        inside, outside: how much each text speaks against being in scope, any scale.

    >>> auroc([0.1, 0.4], [0.4, 0.9]).value
    87.5

    Raises:
        ValueError: no text of one kind, or a score that is not finite.
    """
    import numpy as np

    values = np.asarray([*inside, *outside], dtype=np.float64)
    if not len(inside) or not len(outside) or not np.isfinite(values).all():
        raise ValueError("auroc: expected finite scores of texts in and out of scope")
    split = len(inside)
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf) > 0)
    draws = np.random.default_rng(seed)
    whole = _area(np.ones((1, len(values))), order, starts, split)
    areas = [
        _area(
            np.hstack(
                [
                    draws.multinomial(size, np.full(size, 1 / size), size=1).astype(np.float64)
                    for size in (split, len(values) - split)
                ]
            ),
            order,
            starts,
            split,
        )[0]
        for _ in range(resamples)
    ]
    low, high = percentile_interval(areas)
    how = f"95% bootstrap of texts of each kind, {resamples} resamples, seed {seed}"
    return Score(name, float(whole[0]), low, high, "ties:half", len(values), how)


def calibration_error(
    confidences: Sequence[float],
    right: Sequence[bool],
    *,
    bins: int = BINS,
    seed: int = 1,
    resamples: int = 1000,
) -> Score:
    """The expected calibration error, on 0-100: how far confidence is from accuracy, bin by bin.

    Guo et al. 2017 (https://proceedings.mlr.press/v70/guo17a.html), bins of equal width. 0 is best.

    >>> round(calibration_error([0.9, 0.9, 0.6, 0.6], [True, True, True, False]).value, 6)
    10.0

    Raises:
        ValueError: no confidence, one outside 0 to 1, or not as many of both.
    """
    if len(confidences) != len(right) or not confidences:
        raise ValueError(
            f"calibration: expected a confidence for each of {len(right)} answers, found"
            f" {len(confidences)}"
        )
    rows = []
    for confidence, hit in zip(confidences, right, strict=True):
        if not 0 <= confidence <= 1:
            raise ValueError(f"calibration: expected a confidence from 0 to 1, found {confidence}")
        row = [0.0] * bins
        row[min(bins - 1, int(confidence * bins))] = confidence - hit
        rows.append([*row, 1.0])
    gaps = Ratio(lambda totals: percent(abs(totals[:-1]).sum(axis=0), totals[-1]))
    how = f"bins:{bins}|width:equal"
    return ratio_score(
        gaps, "expected calibration error", how, rows, seed=seed, resamples=resamples
    )


def check_parses(gold: Parses, predicted: Parses) -> None:
    """Raise ValueError unless both have the same number of utterances, and at least one."""
    if len(gold) != len(predicted) or not gold:
        raise ValueError(
            f"expected a parse for each utterance of gold, found {len(gold)} and {len(predicted)};"
            " parse every utterance once"
        )


def _intent_rows(gold: Parses, predicted: Parses) -> list[Row]:
    return match_rows([one.intent for one in gold], [one.intent for one in predicted])


def _overlap(gold: frozenset[Hashable], predicted: frozenset[Hashable]) -> Row:
    return [len(gold & predicted), len(predicted), len(gold)]


def _share(rows: Sequence[Row]) -> float:
    return SHARE.of_sums([sum(column) for column in zip(*rows, strict=True)])


def _normal(name: str, value: float, n: int, utterances: int) -> Score:
    share = value / 100
    half = 100 * Z * math.sqrt(max(0.0, share * (1 - share)) / max(1, n))
    how = f"95% normal, as the official script, over {n}"
    return Score(name, value, value - half, value + half, "official:massive", utterances, how)


def _area(
    weights: NDArray[np.float64], order: NDArray[np.int64], starts: NDArray[np.int64], split: int
) -> NDArray[np.float64]:
    """The area in percent, (m,), of weighted texts (m, n) with scores in `order`, ties together."""
    import numpy as np

    is_outside = (order >= split).astype(np.float64)
    drawn = weights[:, order]
    outside = np.add.reduceat(drawn * is_outside, starts, axis=1)
    inside = np.add.reduceat(drawn * (1 - is_outside), starts, axis=1)
    below = np.cumsum(inside, axis=1) - inside
    area: NDArray[np.float64] = (outside * (below + inside / 2)).sum(axis=1)
    shares: NDArray[np.float64] = 100 * area / (inside.sum(axis=1) * outside.sum(axis=1))
    return shares
