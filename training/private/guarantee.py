"""What a private run gives away: the noise that its promise takes, what was spent, what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data.errors import InputError
from runfolder.folder import version_of
from training.private.accounting import epsilon_of, group_epsilon, sigma_for
from training.private.card import lines
from training.private.options import Privacy

GROUPS = (2, 5, 10)  # units of one person, for which the card says what holds


@dataclass(frozen=True, slots=True)
class Guarantee:
    """The promise of a run.

    Attributes:
        number: the units of the training data.
        rate: the probability that a unit is in an update; sigma: the noise, in bounds.
        steps: the updates that the noise was found for.
    """

    privacy: Privacy
    number: int
    rate: float
    sigma: float
    steps: int

    @classmethod
    def of(cls, privacy: Privacy, number: int, steps: int) -> Guarantee:
        """Find the noise for so many updates on so many units.

        Raises:
            InputError: more units an update than there are, or a promise that no noise keeps.
            UnavailableError: opacus is not installed.
        """
        if privacy.batch > number:
            raise InputError(
                f"--dp-batch {privacy.batch}: expected at most the {number:,} units"
                f" ({privacy.unit}s) of the training data; give fewer"
            )
        rate = privacy.batch / number
        sigma = sigma_for(
            epsilon=privacy.epsilon,
            delta=privacy.delta,
            rate=rate,
            steps=steps,
            accountant=privacy.accountant,
        )
        return cls(privacy, number, rate, sigma, steps)

    def told(self, steps: int) -> dict[str, Any]:
        """What the run gave away after so many updates, and how: for scores.json and the card."""
        of, how = self.privacy, {"delta": self.privacy.delta, "rate": self.rate, "steps": steps}
        spent = epsilon_of(sigma=self.sigma, **how, accountant=of.accountant)  # type: ignore[arg-type]
        return {
            "epsilon": round(spent, 4),
            "target_epsilon": of.epsilon,
            "delta": of.delta,
            "unit": of.unit,
            "units": self.number,
            "accountant": f"opacus {version_of('opacus')} {of.accountant.upper()}",
            "sigma": self.sigma,
            "clip": of.clip,
            "rate": self.rate,
            "steps": steps,
            "noise": "secure" if of.secure else "seeded",
            "groups": {
                str(size): round(group_epsilon(size, sigma=self.sigma, **how), 2)  # type: ignore[arg-type]
                for size in GROUPS
            },
        }

    def card(self, steps: int, uncovered: Sequence[str] = ()) -> str:
        """The section of a model card."""
        return lines(self.told(steps), uncovered)

    def notes(self) -> list[str]:
        """What whoever reads the scores must know."""
        found = []
        if self.privacy.delta > 1 / self.number:
            found.append(
                f"--dp-delta {self.privacy.delta:g} is above 1/{self.number:,}: a model that gives"
                " away one unit whole would pass; give a smaller one"
            )
        if not self.privacy.secure:
            found.append(
                "the noise can be made again from the command and the data: for a model that is"
                " given away, --dp-secure"
            )
        return found
