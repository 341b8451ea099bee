"""What runs have measured of a language: how well a model retrieves it, what it costs in pieces.

    found = measured(Path("runs"))
    found.rows("sw")            # accuracy of the newest `probe.retrieve`, costs of `probe.cost`

Nothing of it is kept here: runs under runs/ have it, and without any there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.accuracy import FILE, Accuracy, newest
from app.alike import Alike, every_alike
from app.texts import escape
from data.bounded import check_shape, read_json
from data.errors import InputError

COSTS = {"languages": [{"model": str, "language": str, "n": int, "premium": [float]}]}
HEADING, HEADER = "Under a model", ("", "", "run")
NOTE = (
    "Retrieval: the share of sentences whose nearest neighbour in English is their translation "
    "(python -m probe.retrieve). Cost: how many times as many pieces as English takes for the same "
    "sentences, with its interval (python -m probe.cost)."
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Pieces beside English's for the same sentences, with the ends of the interval."""

    run: str
    model: str
    premium: float
    low: float
    high: float
    sentences: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The accuracy of the newest run that has any; by language the costs of the newest run, and
    who is most alike in a model."""

    accuracy: Accuracy | None = None
    costs: Mapping[str, tuple[Cost, ...]] = field(default_factory=dict)
    alike: Mapping[str, Alike] = field(default_factory=dict)

    def rows(self, tag: str | None) -> list[list[str]]:
        """What is known of a language as rows of HTML cells: what, how much, by which run."""
        found = []
        if self.accuracy and tag and tag in self.accuracy.shares:
            share = 100 * self.accuracy.shares[tag]
            name, _, run = self.accuracy.title.rpartition(", ")
            found.append([f"retrieval, {escape(name)}", f"{share:.1f} %", escape(run)])
        for cost in self.costs.get(tag or "", ()):
            told = f"{cost.premium:.2f} times English ({cost.low:.2f}–{cost.high:.2f})"
            sentences = f", {cost.sentences:,} sentences"
            name = f"cost in pieces of {escape(cost.model.partition('@')[0])}"
            found.append([name, told, escape(cost.run) + sentences])
        return found


def measured(runs: Path) -> Measured:
    """What the runs of a folder have measured; damaged runs and those of other kinds tell nothing.

    Of a language and model in several runs the newest counts, of several rows in one run (two
    scripts, two test sets) the one over most sentences.
    """
    paths = sorted(runs.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    costs: dict[str, dict[str, Cost]] = {}
    for path in paths:
        for tag, by_model in _costs(path).items():
            costs[tag] = by_model | costs.get(tag, {})
    by_tag = {tag: tuple(found.values()) for tag, found in costs.items()}
    return Measured(newest(runs), by_tag, every_alike(runs))


def _costs(path: Path) -> dict[str, dict[str, Cost]]:
    """The costs of a run by language and model."""
    try:
        content: dict[str, Any] = read_json(path, dict)
        check_shape(content, COSTS, str(path))
    except InputError:
        return {}
    found: dict[str, dict[str, Cost]] = {}
    for one in content["languages"]:
        known = found.setdefault(one["language"], {})
        before = known.get(one["model"])
        if len(one["premium"]) == 3 and (before is None or one["n"] > before.sentences):
            value, low, high = one["premium"]
            known[one["model"]] = Cost(path.parent.name, one["model"], value, low, high, one["n"])
    return found
