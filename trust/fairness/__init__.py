"""Measures of fairness: what a representation associates, and whom a model serves worse.

    measure("weat").figures(subject)         # a list of `Figure`

A measure is a file with a function and a row of MEASURES, or a call of `register`:

>>> register("size", lambda subject: [], "extrinsic", "how many there are")
>>> measure("size").lacks(None)
''
>>> del MEASURES["size"]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from data.cli import did_you_mean
from data.errors import InputError
from trust.fairness.figures import EXTRINSIC, INTRINSIC

if TYPE_CHECKING:
    from trust.fairness.figures import Figure

Made = Callable[[Any], "Sequence[Figure]"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of MEASURES.

    Attributes:
        made: the function from a subject to figures, or where it lies: `module:name`.
        kind: intrinsic or extrinsic.
        about: what it asks, in a few words.
        needs: what of `trust.fairness.subject.NEEDS` it cannot do without.
    """

    made: Made | str
    kind: str
    about: str
    needs: tuple[str, ...] = ()

    def figures(self, subject: Any) -> Sequence[Figure]:
        """What it finds of a `trust.fairness.subject.Subject`."""
        if isinstance(self.made, str):
            module, _, name = self.made.partition(":")
            made: Made = getattr(import_module(module), name)
            return made(subject)
        return self.made(subject)

    def lacks(self, subject: Any) -> str:
        """What it would need and what gives it, "" for nothing."""
        return next((why for need in self.needs if (why := subject.lacks(need))), "")


MEASURES: dict[str, Measure] = {
    "weat": Measure(
        "trust.fairness.weat:weat", INTRINSIC,
        "words by themselves: are two lists nearer to one attribute than to the other?", ("lists",),
    ),
    "seat": Measure(
        "trust.fairness.seat:seat", INTRINSIC,
        "the same of words in sentences that say nothing", ("lists", "templates"),
    ),
    "ceat": Measure(
        "trust.fairness.ceat:ceat", INTRINSIC,
        "the same of words in sentences of a corpus, many samples combined",
        ("lists", "contexts"),
    ),
    "gaps": Measure(
        "trust.fairness.gaps:gaps", EXTRINSIC,
        "scores by language, script, family and group, and the worst served", ("predictions",),
    ),
    "flips": Measure(
        "trust.fairness.flips:flips", EXTRINSIC,
        "do answers change where women and men change places?", ("labels", "pairs"),
    ),
    "sensitivity": Measure(
        "trust.fairness.sensitivity:sensitivity", EXTRINSIC,
        "accumulated prediction sensitivity: along what tells women from men, do answers move?",
        ("gradients", "pairs"),
    ),
    "generation": Measure(
        "trust.fairness.generation:generation", EXTRINSIC,
        "does a decoder go on about women or about men where a profession is named?",
        ("writes", "pairs"),
    ),
}  # fmt: skip


def register(name: str, made: Made, kind: str, about: str, *, needs: Sequence[str] = ()) -> None:
    """Add a measure, before a command or `fairness` is called."""
    MEASURES[name] = Measure(made, kind, about, tuple(needs))


def measure(name: str) -> Measure:
    """The measure of that name.

    Raises:
        InputError: there is none.
    """
    if name not in MEASURES:
        near = did_you_mean(name, MEASURES)
        raise InputError(f'--measures "{name}": expected one of {", ".join(MEASURES)}{near}')
    return MEASURES[name]
