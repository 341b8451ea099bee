"""Shadow models: the target's own recipe on halves of the candidates, for an attack to compare.

Each candidate is in exactly half of them: shadow 1 is trained on a half drawn by seed, shadow 2 on
the rest, and so on. They are trained by the command that trained the target, with its options and
as many updates an example, one after the other; one that was killed goes on. What each says of all
candidates is a line of observations.jsonl, and its folder is then removed.

>>> [one.tolist() for one in halves(4, 2, seed=1)]
[[False, True, True, False], [True, False, False, True]]
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.files import sha256_text
from data.randomness import stream
from trust.examples import Example
from trust.observed import Observed
from trust.targets import Target, TrainedRun

FOLDER = "shadows"


def halves(examples: int, number: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Which candidates each shadow model is trained on, (N,) each."""
    for shadow in range(number):
        order = list(range(examples))
        stream(seed, "shadows", str(shadow // 2)).shuffle(order)
        mine = np.zeros(examples, bool)
        mine[order[: examples // 2]] = True
        yield mine if shadow % 2 == 0 else ~mine


def train_shadow(
    target: Target,
    run: TrainedRun,
    examples: Sequence[Example],
    members: NDArray[np.bool_],
    *,
    folder: Path,
    number: int,
    seed: int,
    steps: int,
) -> Observed:
    """Train one shadow model, or go on with it, and ask it about all candidates.

    Args:
        folder: the audit's.
        steps: updates; 0 for as many an example as the target had.
    """
    data = folder / FOLDER / f"{number}{target.suffix}"
    data.parent.mkdir(exist_ok=True)
    chosen = [one for one, inside in zip(examples, members, strict=True) if inside]
    target.write(data, chosen)
    out = folder / FOLDER / str(number)
    target.train(run, data, out, seed * 1000 + number, steps)
    return Observed.of(target.observe(target.open(out / "model"), examples))


def remove(folder: Path) -> None:
    """Take away what shadow models left, once all that they say is written down."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def key_of(members: NDArray[np.bool_]) -> str:
    """A checksum of who is in a half."""
    return sha256_text("".join("01"[bool(one)] for one in members))
