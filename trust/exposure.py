"""How exposed planted canaries are: the rank of each secret among all that could stand there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metrics.ratios import Z
from trust.canary import Canary, check_tokens, exposure, rank_of, uniform
from trust.targets import Target

BLOCK = 2048  # secrets that a model is asked about at a time


def check_pieces(target: Target, model: Any, canaries: Sequence[Canary]) -> None:
    """Refuse canaries whose signs the model cannot tell apart.

    Raises:
        InputError: it names the canary.
    """
    check_tokens(
        {
            one.id: [target.pieces(model, target.planted(one, secret)) for secret in uniform(one)]
            for one in canaries
        }
    )


def measured(target: Target, model: Any, canary: Canary, guesses: int, seed: int) -> dict[str, Any]:
    """The rank of a canary's secret, and its exposure in bits.

    Args:
        guesses: other secrets that are tried: all of them, or so many drawn by seed; then no more
            than log2(guesses + 1) bits can be seen.
    """
    others = canary.secrets(guesses, seed)
    [own] = target.observe(model, [target.planted(canary, canary.secret)])
    losses: list[float] = []
    for start in range(0, len(others), BLOCK):
        tried = [target.planted(canary, one) for one in others[start : start + BLOCK]]
        losses += [one.loss for one in target.observe(model, tried)]
    rank, number = rank_of(own.loss, losses), len(others) + 1
    return {
        "id": canary.id,
        "language": canary.language,
        "repetitions": canary.repetitions,
        "rank": rank,
        "of": number,
        "exposure": exposure(rank, number),
    }


def by_repetitions(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mean exposure for each number of repetitions and language, with its interval.

    The interval is of the mean over canaries (normal, 95 %); of one canary there is none.

    >>> rows = [{"language": "sw", "repetitions": 1, "exposure": bits, "of": 16} for bits in (2, 4)]
    >>> by_repetitions(rows)[0]["exposure"], by_repetitions(rows)[0]["language"]
    (3.0, '')
    """
    groups: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    most = max((int(one["of"]) for one in records), default=1)
    for one in records:
        groups[int(one["repetitions"]), ""].append(float(one["exposure"]))
        if one["language"]:
            groups[int(one["repetitions"]), one["language"]].append(float(one["exposure"]))
    alone = len({language for _, language in groups if language}) < 2
    found = []
    for (repetitions, language), bits in sorted(groups.items()):
        if language and alone:
            continue  # the same canaries as in the row of all
        half = Z * float(np.std(bits, ddof=1)) / len(bits) ** 0.5 if len(bits) > 1 else None
        mean = float(np.mean(bits))
        found.append(
            {
                "repetitions": repetitions,
                "language": language,
                "canaries": len(bits),
                "exposure": mean,
                "low": None if half is None else mean - half,
                "high": None if half is None else mean + half,
                "at most": float(np.log2(most)),
            }
        )
    return found
