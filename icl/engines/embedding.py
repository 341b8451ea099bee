"""Sentences as unit vectors, for retrieval of shots: any encoder or decoder, each sentence once.

embed = SentenceEmbedder("multilingual-e5-small")
embed(["Mvua inanyesha.", "Paka amelala."]) @ embed(["Mvua ni kubwa."]).T   # cosines, (2, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.access import Access
from models.encoder import open_encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SentenceEmbedder:
    """From sentences to the mean of a model's last layer, of length 1 (`models.encoder`).

    Attributes:
        identity: the model, its revision, prefix and type; with the pool it settles which shots
            are nearest. The type is float32 everywhere, so that all machines find the same.
    """

    def __init__(
        self,
        name: str,
        device: str = "cpu",
        access: Access = Access(),
        *,
        option: str = "--model",
    ) -> None:
        """Open a model by its name (`models.resolve`); of an encoder-decoder the encoder.

        Args:
            option: by which it was named, for messages.

        Raises:
            InputError: no such model, or one that has no such layer or no fast tokenizer.
            UnavailableError: a package or a file is missing.
        """
        self.encoder = open_encoder(
            name, device=device, dtype="float32", access=access, option=option
        )
        self.identity = self.encoder.signature
        self._access = access
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of n sentences, shape (n, d), float32."""
        import numpy as np

        new = [one for one in dict.fromkeys(sentences) if one not in self._known]
        if new:
            self._access.report(f"embedding {len(new):,} sentences with {self.encoder.name}")
            self._known.update(zip(new, self.encoder.encode(new), strict=True))
        return np.stack([self._known[sentence] for sentence in sentences])
