"""What an audit is asked for; the options of `python -m trust.audit`.

>>> Audit("runs/nlu-1f2e", ("train.tsv",), ("held-out.tsv",)).shadows
4
>>> Audit("runs/nlu-1f2e", ("train.tsv",))
Traceback (most recent call last):
data.errors.InputError: --members and --others belong together: an attack must part them
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.options import check, common, option

Advance = Callable[[str, int, int], None]


def attack_names() -> Sequence[str]:
    """The attacks that there are."""
    from trust.attacks import ATTACKS

    return tuple(ATTACKS)


@dataclass(frozen=True, slots=True)
class Audit:
    """What `python -m trust.audit` is asked for.

    Attributes:
        members, others: records that the model was trained on, and that it was not.
        attacks: those that can be made where none is named.
        shadows: models trained for comparison, each on half of the records; 0 for none.
        shadow_steps: updates of each; by default as many an example as the model had.
        reference: a model of the same kind that has seen none of the records.
        coins: members and others were parted by fair coins, and so were the canaries.
        guesses: other secrets that a canary's is ranked among.
    """

    model: str = option(None, "a run's folder, or a model's", metavar="NAME", required=True)
    members: tuple[str, ...] = option(
        (), "records that it was trained on: FILE, LANG=FILE, a set", metavar="NAMES", separator=","
    )
    others: tuple[str, ...] = option(
        (), "records that it was not trained on", metavar="NAMES", separator=","
    )
    canaries: Path | None = option(None, "what trust.canaries wrote", metavar="FILE")
    attacks: tuple[str, ...] = option(
        (), "which (default: all that can be made)", choices=attack_names, separator=",",
        identity=False,
    )  # fmt: skip
    shadows: int = option(4, "models trained for comparison", metavar="N", least=0, most=1024)
    shadow_steps: int | None = option(
        None, "updates of each (default: as many an example as the model had)", metavar="N", least=1
    )
    reference: str | None = option(
        None, "a model like it that has seen none of the records", metavar="NAME"
    )
    coins: bool = option(False, "fair coins said what was trained on: epsilon is bounded")
    guesses: int = option(
        9_999, "secrets that a canary's is ranked among", metavar="N", least=1, most=1_000_000
    )
    drop_shared: bool = option(False, "leave out texts that members and others share, counted")
    limit: int | None = common("--limit", least=1, help="so many of each side, drawn by seed")
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)
    offline: bool = common("--offline", identity=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)
        if bool(self.members) != bool(self.others):
            raise InputError("--members and --others belong together: an attack must part them")
        if not self.members and self.canaries is None:
            raise InputError("expected --members and --others, or --canaries, found neither")
        if self.shadows == 1:
            raise InputError("--shadows 1: each record needs models with and without it; give 2")
