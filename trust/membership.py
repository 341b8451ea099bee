"""Figures of membership attacks: by attack and language, with controls that must fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import InputError
from data.randomness import stream
from metrics.ratios import SHARE, ratio_score
from metrics.roc import auc_score, curve, rate_score
from metrics.score import Score
from trust.attacks import ATTACKS, Evidence, attack
from trust.examples import Candidates
from trust.observed import Floats
from trust.one_run import bound
from trust.shift import shift_score

if TYPE_CHECKING:
    from trust.observations import Prepared

RATES = (0.01, 0.001)  # of false positives
LEAST = 10  # members and others of a language; fewer have no row
MOST_WRITTEN = 50  # records of a side that a decoder is asked to go on with
POINTS = 200  # of a curve that a page draws
NOT_THIS_KIND = "is for models of running text"
ALL = ""  # the row of all languages together


def membership(
    prepared: Prepared, sides: Candidates, evidence: Evidence, control: Evidence
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """What scores.json says of members and others; and the scores of each attack, by candidate."""
    names, left = chosen(prepared, evidence)
    scores = {name: attack(name).scores(evidence) for name in names}
    untrained = {name: attack(name).scores(control) for name in names}
    member = np.array(sides.is_member)
    permuted = _permuted(member, prepared.config.seed)
    rows = [row for name in names for row in _rows(name, scores[name], sides, prepared)]
    controls = [
        {"attack": name, "control": what, "score": score.to_dict(), "holds": holds_chance(score)}
        for name in names
        for what, values, truth in (
            ("untrained model", untrained[name], member),
            ("permuted membership", scores[name], permuted),
        )
        for score in [_auc(name, values, truth, f"control:{what}")]
    ]
    shift = shift_score([one.text for one in sides.every], sides.is_member, prepared.config.seed)
    told = {
        "members": len(sides.members),
        "others": len(sides.others),
        "dropped": dict(sides.dropped),
        "rows": rows,
        "controls": controls,
        "shift": shift and shift.to_dict(),
        "left out": left,
        "curves": {name: thinned(curve(of[member], of[~member])) for name, of in scores.items()},
        "bounds": _bounds(prepared, scores, member),
        "extractable": _extractable(prepared, sides) if prepared.target.kind == "decoder" else [],
    }
    prepared.notes.extend(_notes(told, prepared.config.attacks))
    return told, {name: of.tolist() for name, of in scores.items()}


def chosen(prepared: Prepared, evidence: Evidence) -> tuple[list[str], dict[str, str]]:
    """The attacks that are made, and why others are not.

    Raises:
        InputError: none is, and there are no canaries either.
    """
    left = {}
    for name in prepared.config.attacks or ATTACKS:
        row = attack(name)
        if row.kinds and prepared.target.kind not in row.kinds:
            left[name] = NOT_THIS_KIND
        elif lacking := row.lacks(evidence):
            left[name] = f"needs {lacking}"
    made = [name for name in prepared.config.attacks or ATTACKS if name not in left]
    if not made and not prepared.canaries:
        told = "; ".join(f"{name} {why}" for name, why in left.items())
        raise InputError(
            f"--attacks: none of these can be made ({told}); name others, or give --shadows 4"
        )
    return made, left


def _permuted(member: Any, seed: int) -> Any:
    """Membership dealt out anew, as many members as before."""
    order = list(range(len(member)))
    stream(seed, "permuted").shuffle(order)
    return member[order]


def _auc(name: str, scores: Floats, member: Any, about: str) -> Score:
    return auc_score(scores[member], scores[~member], f"attack:{name}|{about}")


def holds_chance(score: Score) -> bool:
    """Whether 50 lies in the interval."""
    return score.low <= 50 <= score.high


def _rows(name: str, scores: Floats, sides: Candidates, prepared: Prepared) -> list[dict[str, Any]]:
    """Of all candidates, then a row a language of which there are enough."""
    member = np.array(sides.is_member)
    languages = np.array([one.language for one in sides.every])
    found = []
    codes = sorted({*languages.tolist()} - {ALL})
    for code in [ALL, *(codes if len(codes) > 1 or ALL in languages else [])]:
        here = np.ones(len(member), bool) if code == ALL else languages == code
        mine, theirs = scores[here & member], scores[here & ~member]
        if code != ALL and min(len(mine), len(theirs)) < LEAST:
            continue
        signature = f"attack:{name}|language:{code or 'all'}|shadows:{prepared.config.shadows}"
        rates, refused = [], []
        for rate in RATES:
            try:
                rates.append(rate_score(mine, theirs, rate, signature).to_dict())
            except ValueError as error:
                refused.append(str(error))
        auc = auc_score(mine, theirs, signature)
        found.append(
            {
                "attack": name,
                "language": code,
                "members": len(mine),
                "others": len(theirs),
                "auc": auc.to_dict(),
                "rates": rates,
                "refused": refused,
            }
        )
    return found


def thinned(points: Sequence[tuple[float, float]]) -> list[list[float]]:
    """A curve of at most POINTS points, its ends among them."""
    step = max(1, len(points) // POINTS)
    kept = [*points[::step], points[-1]]
    return [[round(x, 6), round(y, 6)] for x, y in dict.fromkeys(kept)]


def _bounds(prepared: Prepared, scores: Mapping[str, Floats], member: Any) -> list[dict[str, Any]]:
    """What the run proves of epsilon, by attack; nothing where no coins were thrown.

    Each attack's bound holds with 95 % by itself; which attack counts is settled beforehand: the
    first of reference and loss that was made.
    """
    if not prepared.config.coins:
        return []
    stated = prepared.run.stated if prepared.run else None
    first = next((name for name in ("reference", "loss", *scores) if name in scores), "")
    found = []
    for name, of in scores.items():
        one = bound(of, member.tolist(), stated[1] if stated else 0.0)
        found.append({"attack": name, "counts": name == first, **told_of(one, stated)})
    return found


def told_of(one: Any, stated: tuple[float, float] | None) -> dict[str, Any]:
    """A bound as scores.json has it, beside what the run states."""
    return {
        "epsilon": one.epsilon,
        "delta": one.delta,
        "examples": one.examples,
        "guesses": one.guesses,
        "right": one.right,
        "stated": stated[0] if stated else None,
    }


def _extractable(prepared: Prepared, sides: Candidates) -> list[dict[str, Any]]:
    """Of members and of others, whose second half a decoder writes word for word by itself."""
    from trust.extraction import extractable

    found = []
    for role, side in (("members", sides.members), ("others", sides.others)):
        places = stream(prepared.config.seed, "extractable", role).sample(
            range(len(side)), min(MOST_WRITTEN, len(side))
        )
        texts = [side[place].content for place in sorted(places)]
        rows = [[int(one), 1] for one in extractable(prepared.model, texts) if one is not None]
        if rows:
            score = ratio_score(SHARE, "extractable", f"records:{role}|decoding:greedy", rows)
            found.append({"records": role, "score": score.to_dict()})
    return found


def _notes(told: Mapping[str, Any], asked: Sequence[str]) -> list[str]:
    """What a reader must know.

    Args:
        asked: attacks that were named.
    """
    notes = [f"{reason}: {number:,}" for reason, number in told["dropped"].items()]
    notes += [
        f"{name}: not made: {why}"
        for name, why in told["left out"].items()
        if why != NOT_THIS_KIND or asked
    ]
    shift = told["shift"]
    if shift is None:
        notes.append("too few records to see whether members and others differ by themselves")
    elif not shift["low"] <= 50 <= shift["high"]:
        notes.append(
            f"members and others differ by themselves: a classifier of their texts that does not"
            f" see the model has AUC {shift['value']:.1f} [{shift['low']:.1f},"
            f" {shift['high']:.1f}]; figures of attacks may be that, and no leak"
        )
    for one in told["controls"]:
        if not one["holds"]:
            score = one["score"]
            notes.append(
                f"control: {one['attack']} on {one['control']} has AUC {score['value']:.1f}"
                f" [{score['low']:.1f}, {score['high']:.1f}], and 50 is not in it (of twenty such"
                " intervals one misses it by chance)"
            )
    for one in told["rows"]:
        if one["language"] == ALL and one["refused"] and one["attack"] == told["rows"][0]["attack"]:
            notes += [f"not given: {why}" for why in one["refused"]]
    for one in told["bounds"]:
        if one["counts"] and one["stated"] is not None and one["epsilon"] > one["stated"]:
            notes.append(
                f"one run shows epsilon {one['epsilon']:.2f} or more, above the stated"
                f" {one['stated']:g}: the training is not as private as it says"
            )
    return notes
