"""Attacks on membership: from what models say of candidates to a score each, higher for members.

    attack("loss").scores(evidence)         # (N,)

An attack is a file with a function and a row of ATTACKS, or a call of `register`:

>>> register("certain", lambda evidence: -evidence.target.entropy * 2, "entropy, twice")
>>> attack("certain").needs
()
>>> del ATTACKS["certain"]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from data.cli import did_you_mean
from data.errors import InputError
from trust.observed import Floats, Observed

NEIGHBOURS, REFERENCE, SHADOWS = "neighbours", "reference", "shadows"
TEXT = ("decoder", "encoder")


@dataclass(frozen=True)
class Shadow:
    """A model like the target, trained on some of the candidates.

    Attributes:
        members: (N,) which of them it was trained on.
    """

    members: NDArray[np.bool_]
    seen: Observed


@dataclass(frozen=True)
class Evidence:
    """What an attack knows; never who is a member.

    Attributes:
        neighbours: the mean over texts that are almost the candidate, asked of the target.
        reference: a model that has seen none of the candidates.
    """

    target: Observed
    neighbours: Observed | None = None
    reference: Observed | None = None
    shadows: Sequence[Shadow] = ()

    def has(self, what: str) -> bool:
        """Whether this is at hand: neighbours, reference or shadows."""
        return bool(getattr(self, what))

    @property
    def inside(self) -> Floats:
        """(S, N) losses of shadow models that were trained on a candidate, NaN for the others."""
        return np.array([np.where(one.members, one.seen.loss, np.nan) for one in self.shadows])

    @property
    def outside(self) -> Floats:
        """(S, N) losses of shadow models that were not, NaN for the others."""
        return np.array([np.where(one.members, np.nan, one.seen.loss) for one in self.shadows])


@dataclass(frozen=True, slots=True)
class Attack:
    """A row of ATTACKS.

    Attributes:
        made: the function, or where it lies: `module:name`.
        about: what it looks at, in a few words.
        needs: what of `Evidence` it needs beside the target; of several the first that is there.
        kinds: of models that it is for; () for all.
    """

    made: Callable[[Evidence], Floats] | str
    about: str
    needs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def scores(self, evidence: Evidence) -> Floats:
        """A score a candidate."""
        if isinstance(self.made, str):
            module, _, name = self.made.partition(":")
            made: Callable[[Evidence], Floats] = getattr(import_module(module), name)
            return made(evidence)
        return self.made(evidence)

    def lacks(self, evidence: Evidence) -> str:
        """What it would need, "" for nothing."""
        if not self.needs or any(evidence.has(what) for what in self.needs):
            return ""
        return " or ".join(self.needs)


ATTACKS: dict[str, Attack] = {
    "loss": Attack("trust.attacks.loss:threshold", "how little the model is surprised"),
    "entropy": Attack("trust.attacks.entropy:certainty", "how sure the model is beforehand"),
    "min-k": Attack("trust.attacks.lowest:least_likely", "its least likely pieces", kinds=TEXT),
    "neighbourhood": Attack(
        "trust.attacks.neighbourhood:calibrated",
        "loss beside that of almost the same text",
        (NEIGHBOURS,),
        TEXT,
    ),
    "reference": Attack(
        "trust.attacks.reference:calibrated",
        "loss beside that of models that have not seen it",
        (REFERENCE, SHADOWS),
    ),
    "lira": Attack("trust.attacks.lira:likelihood_ratio", "likelihood ratio", (SHADOWS,)),
    "rmia": Attack("trust.attacks.rmia:relative", "likelihood beside other texts'", (SHADOWS,)),
}


def register(
    name: str,
    made: Callable[[Evidence], Floats],
    about: str,
    *,
    needs: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> None:
    """Add an attack, before a command or `audit` is called."""
    ATTACKS[name] = Attack(made, about, tuple(needs), tuple(kinds))


def attack(name: str) -> Attack:
    """The attack of that name.

    Raises:
        InputError: there is none.
    """
    if name not in ATTACKS:
        raise InputError(
            f'--attacks "{name}": expected one of {", ".join(ATTACKS)}{did_you_mean(name, ATTACKS)}'
        )
    return ATTACKS[name]
