"""What whoever writes forms gives back."""

from __future__ import annotations

from typing import NamedTuple


class Hypothesis(NamedTuple):
    """A form, and the natural logarithm of its probability given lemma and features."""

    form: str
    score: float
