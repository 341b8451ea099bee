"""The size of a transducer's network; needs no torch.

>>> Architecture(units=40, names=9).width
128
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from data.errors import InputError

FEATURE_MODES = ("both", "attended", "added")

Features = Literal["both", "attended", "added"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """The size of a model.

    Args:
        units: ids that the alphabet tells apart, V. names: names of features.
        width: D, a multiple of twice the heads. inner: of the feed-forward layers.
        features: `attended` by the form, `added` to each letter of the lemma, or `both`.
        dropout: share of the width that is silenced, the same along a word.
    """

    units: int
    names: int
    width: int = 128
    heads: int = 4
    inner: int = 512
    encoder_layers: int = 2
    decoder_layers: int = 2
    dropout: float = 0.1
    features: Features = "both"

    def __post_init__(self) -> None:
        if self.features not in FEATURE_MODES:
            choices = ", ".join(FEATURE_MODES)
            raise InputError(f"features: expected {choices}, found {self.features!r}")
        if self.width % (2 * self.heads):
            raise InputError(
                f"width: expected a multiple of twice the heads ({self.heads}), found {self.width}"
            )

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Architecture:
        """What `to_json` gave."""
        return cls(**found)
