"""Canaries under attack: exposure of each, what can be read out, and what the coins prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import InputError
from data.files import sha256_text
from metrics.ratios import SHARE, ratio_score
from runfolder.records import RecordFile
from trust.canaries import CLASSIFIERS
from trust.exposure import by_repetitions, measured
from trust.membership import told_of
from trust.one_run import bound

if TYPE_CHECKING:
    from trust.canary import Canary
    from trust.observations import Prepared

FILE = "canaries.jsonl"
SHAPE = {
    "id": str,
    "language": str,
    "repetitions": int,
    "rank": float,
    "of": int,
    "exposure": float,
}
NOT_INVERTED = "not turned around"
INVERTED, GREEDY, SAMPLED = "inversion", "greedy", "sampled"


def attacked(prepared: Prepared) -> dict[str, Any]:
    """What scores.json says of canaries; each is a record of canaries.jsonl."""
    file = RecordFile(prepared.folder / FILE, SHAPE)
    done = {one["id"]: one for one in file}
    for number, canary in enumerate(prepared.canaries, 1):
        if canary.id not in done:
            done[canary.id] = _of_one(prepared, canary)
            file.append([done[canary.id]])
        prepared.advanced("canaries", number, len(prepared.canaries))
    file.close()
    records = [done[one.id] for one in prepared.canaries]
    prepared.notes.extend(one[NOT_INVERTED] for one in records if NOT_INVERTED in one)
    return {
        "exposure": by_repetitions(records),
        "extraction": _extraction(records, prepared.canaries),
        "bound": _bound(prepared, records),
    }


def _of_one(prepared: Prepared, canary: Canary) -> dict[str, Any]:
    target, model, config = prepared.target, prepared.model, prepared.config
    record = measured(target, model, canary, config.guesses, config.seed)
    seed = int(sha256_text(f"{config.seed}:{canary.id}")[:8], 16)
    if target.kind in CLASSIFIERS:
        from trust.inversion import invert

        try:
            record[INVERTED] = int(invert(target, model, canary, seed) == canary.secret)
        except InputError as error:  # its exposure is known all the same
            record[NOT_INVERTED] = str(error)
    if target.kind == "decoder":
        from trust.extraction import secret_written

        found = secret_written(model, canary, seed)
        record |= {GREEDY: int(found["greedy"]), SAMPLED: int(found["sampled"] > 0)}
    return record


def _extraction(
    records: Sequence[Mapping[str, Any]], canaries: Sequence[Canary]
) -> list[dict[str, Any]]:
    """By repetitions and way, the share of secrets that were read out, beside chance."""
    found = []
    for repetitions in sorted({one["repetitions"] for one in records}):
        some = [one for one in records if one["repetitions"] == repetitions]
        for way in (INVERTED, GREEDY, SAMPLED):
            hits = [[one[way], 1] for one in some if way in one]
            if hits:
                score = ratio_score(
                    SHARE, f"secrets read out ({way})", f"way:{way}|repetitions:{repetitions}", hits
                )
                chance = 100 / canaries[0].number
                found.append(
                    {
                        "repetitions": repetitions,
                        "way": way,
                        "chance": chance,
                        "score": score.to_dict(),
                    }
                )
    return found


def _bound(prepared: Prepared, records: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What canaries that coins put in prove of epsilon."""
    if not prepared.config.coins or len(records) < 2:
        return None
    stated = prepared.run.stated if prepared.run else None
    scores = np.array([float(one["exposure"]) for one in records])
    included = [one["repetitions"] > 0 for one in records]
    return told_of(bound(scores, included, stated[1] if stated else 0.0), stated)
