"""How well a model retrieves translations, by language: from the newest run of `probe.retrieve`.

Nothing of it is kept here: a run under runs/ has it (scores.json), for the map to colour by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.bounded import check_shape, read_json
from data.errors import InputError

FILE = "scores.json"
SHAPE = {"languages": [{"language": str, "n": int, "scores": [{"name": str, "value": float}]}]}


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of sentences, 0 to 1, whose nearest neighbour is their translation, by BCP-47 tag."""

    title: str
    shares: Mapping[str, float]


def newest(runs: Path) -> Accuracy | None:
    """From the newest run that has any; None where none has.

    Of several scores of a language the first counts, of several test sets the larger one.
    """
    paths = sorted(runs.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in paths:
        found = _read(path)
        if found is not None and found.shares:
            return found
    return None


def _read(path: Path) -> Accuracy | None:
    """One run; None where it is of another kind, or damaged."""
    try:
        content = read_json(path, dict)
        if "languages" not in content:
            return None
        check_shape(content, SHAPE, str(path))
    except InputError:
        return None
    title, shares, sizes = "", {}, dict[str, int]()
    for one in content["languages"]:
        if one["scores"] and one["n"] > sizes.get(one["language"], 0):
            score = one["scores"][0]
            title = f"{score['name']}, {path.parent.name}"
            shares[one["language"]] = min(max(score["value"] / 100, 0.0), 1.0)
            sizes[one["language"]] = one["n"]
    return Accuracy(title, shares)
