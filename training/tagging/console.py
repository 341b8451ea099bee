"""What `python -m training.tag` shows: scores on stderr, the model's folder on stdout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.pretraining.console import say


def show(told: Mapping[str, Any], model: Path) -> None:
    """A line a test set and system, the labels of the model, notes, and where the model lies."""
    for one in told["results"]:
        score = one["score"]
        say(
            f"{one['test']}, {one['system']}: {score['name']} {score['value']:.1f}"
            f" [{score['low']:.1f}, {score['high']:.1f}], n {score['n']:,}"
        )
    for one in told["data"]:
        for reason, number in (*one["dropped"].items(), *one["repaired"].items()):
            say(f"{one['name']}: {reason}: {number:,}")
    for note in told["notes"]:
        say(f"note: {note}")
    print(model, flush=True)
