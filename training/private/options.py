"""What private training is asked for; the options of every command that trains a model on people.

>>> Privacy(epsilon=8.0, delta=1e-5).clip
'auto'
>>> Privacy(epsilon=0.0, delta=1e-5)
Traceback (most recent call last):
data.errors.InputError: --dp-epsilon 0.0: expected a number above 0 and up to 1000; 1 is strong, 8\
 usual, above 10 says little
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.options import option, options_of
from training.private.clip import Clip
from training.settings import LoopOptions, Settings

SENTENCE, DOCUMENT, SPEAKER = "sentence", "document", "speaker"
UNITS = (SENTENCE, DOCUMENT, SPEAKER)
PRV, RDP = "prv", "rdp"
ACCOUNTANTS = (PRV, RDP)
PRIVACY = "privacy"  # the heading in the help
MOST_PRV = 40  # its arrays grow with epsilon: seconds at 50, hours at 100


@dataclass(frozen=True, slots=True)
class Privacy:
    """The guarantee that a run is to give, and how.

    Attributes:
        epsilon, delta: of the model that comes out, against adding or removing one unit.
        clip: see `training.private.clip.Clip.parse`.
        unit: what is protected as a whole.
        units_file: two columns, a sentence's id and its unit; None: every sentence is one.
        batch: units an update, on average; the number itself is drawn.
        most: sentences of a document or speaker an update; which ones is drawn.
        accountant: "prv" (Gopi et al. 2021) or "rdp" (Mironov 2017), both opacus'.
        secure: noise and sampling come from the system's cryptographic generator.
    """

    epsilon: float
    delta: float = 1e-5
    clip: str = "auto"
    unit: str = SENTENCE
    units_file: Path | None = None
    batch: int = 256
    most: int = 8
    accountant: str = PRV
    secure: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.epsilon <= 1000:
            raise InputError(
                f"--dp-epsilon {self.epsilon}: expected a number above 0 and up to 1000; 1 is"
                " strong, 8 usual, above 10 says little"
            )
        if self.epsilon > MOST_PRV and self.accountant == PRV:
            raise InputError(
                f"--dp-epsilon {self.epsilon:g}: above {MOST_PRV} the PRV accountant takes hours,"
                " and such an epsilon promises nothing; give a smaller one, or --dp-accountant rdp"
            )
        if not 0 < self.delta < 1:
            raise InputError(
                f"--dp-delta {self.delta}: expected a number above 0 and below 1, less than one"
                " over the number of sentences, such as 1e-5"
            )
        Clip.parse(self.clip)
        if self.unit == SENTENCE and self.units_file:
            raise InputError(
                "--dp-units names documents or speakers; give --dp-unit document or speaker too"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateOptions(LoopOptions):
    """Options of every command that can train privately; without --dp-epsilon it does not."""

    dp_epsilon: float | None = option(
        None,
        "train privately: what the model may give away of anybody (8 usual, 1 strong)",
        metavar="E",
        group=PRIVACY,
    )
    dp_delta: float = option(
        1e-5, "probability of giving away more; below 1/sentences", metavar="D", group=PRIVACY
    )
    dp_clip: str = option(
        "auto",
        "bound of a unit's gradient: auto, a number, or either behind layer:",
        metavar="C",
        group=PRIVACY,
    )
    dp_unit: str = option(SENTENCE, "what is protected as a whole", choices=UNITS, group=PRIVACY)
    dp_units: Path | None = option(
        None,
        "a table of sentence ids and whose they are: ID, tab, document or speaker",
        metavar="FILE",
        group=PRIVACY,
    )
    dp_batch: int = option(
        256, "units an update, on average: each is drawn by itself", least=1, group=PRIVACY
    )
    dp_most: int = option(
        8, "sentences of a document or speaker an update, at most", least=1, group=PRIVACY
    )
    dp_accountant: str = option(
        PRV, "who adds up: opacus' PRV (tighter) or RDP", choices=ACCOUNTANTS, group=PRIVACY
    )
    dp_secure: bool = option(
        False,
        "noise and sampling from the system's cryptographic generator: cannot be made again",
        group=PRIVACY,
    )

    @property
    def privacy(self) -> Privacy | None:
        """The guarantee that is asked for, or None."""
        return privacy_of(self)

    def loop_settings(self, optimizer: str, learning_rate: float) -> Settings:
        """Those of the loop; with --dp-epsilon those that keep the bound.

        Raises:
            InputError: a value that cannot be; the message names the option.
        """
        if self.privacy is None:
            return LoopOptions.loop_settings(self, optimizer, learning_rate)
        refuse_with_privacy(
            {
                "--time-budget": self.seconds is not None,
                "--accumulate": self.accumulate != 1,
                "--dtype bfloat16": self.dtype == "bfloat16",
            }
        )
        plain = LoopOptions.loop_settings(self, optimizer, learning_rate)
        return private_settings(plain)


def privacy_of(options: Any) -> Privacy | None:
    """The guarantee that options with the names of `PrivateOptions` ask for.

    Raises:
        InputError: an option that needs --dp-epsilon without it, or a value that cannot be.
    """
    names = [name for name in options_of(PrivateOptions) if name.startswith("dp_")]
    if options.dp_epsilon is None:
        usual = {field.name: field.default for field in dataclasses.fields(PrivateOptions)}
        for name in names:
            if getattr(options, name) != usual[name]:
                flag = "--" + name.replace("_", "-")
                raise InputError(f"{flag} needs --dp-epsilon; give it, or leave {flag} out")
        return None
    values = {name.removeprefix("dp_"): getattr(options, name) for name in names}
    return Privacy(**{"units_file" if name == "units" else name: v for name, v in values.items()})


def private_option(name: str) -> Any:
    """One of these options in a configuration that is no `LoopOptions`."""
    about = options_of(PrivateOptions)[name]
    [default] = [one.default for one in dataclasses.fields(PrivateOptions) if one.name == name]
    return dataclasses.field(default=default, metadata={"option": about})


WHY = {
    "--time-budget": "the noise hangs on the number of updates: give --steps N",
    "--accumulate": "--dp-batch says how many sentences an update has; leave it out",
    "--dtype bfloat16": "lengths of gradients are measured in float32; leave it out",
}


def refuse_with_privacy(given: dict[str, bool], why: dict[str, str] | None = None) -> None:
    """Refuse options that no bound can be kept with.

    Args:
        given: whether each is given, by name. why: beside those of every command.

    Raises:
        InputError: names the first.
    """
    reasons = {**WHY, **(why or {})}
    for name, there in given.items():
        if there:
            raise InputError(f"{name} does not go with --dp-epsilon: {reasons[name]}")


def private_settings(settings: Settings) -> Settings:
    """Settings of the loop without what a private update does by itself.

    Raises:
        InputError: more processes than one.
    """
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise InputError(
            "--dp-epsilon trains in one process; start the command without accelerate launch"
        )
    return dataclasses.replace(settings, clip=None, dtype="float32")
