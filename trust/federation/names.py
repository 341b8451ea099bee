"""Names that options and what they name share: NAME or NAME:ARGUMENT, kinds of weights."""

from __future__ import annotations

from collections.abc import Sequence

from data.cli import did_you_mean
from data.errors import InputError

SAMPLES, EQUAL, CORRECTED = "samples", "equal", "corrected"
WEIGHTS = (CORRECTED, SAMPLES, EQUAL)
KEEP, DROP = "keep", "drop"
ENCODER, CLIENT = "encoder", "client"


def named_with(text: str, names: Sequence[str], flag: str) -> tuple[str, str]:
    """NAME or NAME:ARGUMENT, with a name that there is.

    Raises:
        InputError: no such name; what may be meant is said.

    >>> named_with("label:0.5", ("label", "language"), "--partition")
    ('label', '0.5')
    >>> named_with("lable:0.5", ("label", "language"), "--partition")
    Traceback (most recent call last):
    data.errors.InputError: --partition "lable": expected one of label, language (did you mean \
label?)
    """
    name, _, argument = text.partition(":")
    if name not in names:
        raise InputError(
            f'{flag} "{name}": expected one of {", ".join(names)}{did_you_mean(name, names)}'
        )
    return name, argument
