"""Sentences as unit vectors: the mean of a model's last layer, for retrieval of shots.

embed = SentenceEmbedder("smollm2-135m-instruct")
embed(["Mvua inanyesha.", "Paka amelala."]) @ embed(["Mvua ni kubwa."]).T   # cosines, (2, 1)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.access import Access
from icl.engines.tokenization import PromptTokenizer
from icl.prompt import Prompt
from models.resolve import resolve_model
from models.weights import check_ids, check_whole, open_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 32
LONGEST = 512  # ids of a sentence that are read


class SentenceEmbedder:
    """From sentences to unit vectors, each computed once.

    Attributes:
        identity: the model and its revision; with the pool it settles which shots are nearest.
    """

    def __init__(
        self,
        name: str,
        device: str = "cpu",
        access: Access = Access(),
    ) -> None:
        """Open a model by its name (`models.resolve`); of an encoder-decoder the encoder.

        Raises:
            InputError: no such model, or one that has no such layer.
            UnavailableError: a package or a file is missing.
        """
        model = resolve_model(name, access)
        self.identity = f"{model.name}@{model.revision}"
        self._tokenizer = PromptTokenizer(model, access)
        self._layers = _open(name, model.folder, device)
        self._device, self._access = device, access
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of n sentences, shape (n, d), float32."""
        import numpy as np

        new = [one for one in dict.fromkeys(sentences) if one not in self._known]
        if new:
            self._access.report(f"embedding {len(new):,} sentences with {self.identity}")
        self._known.update(self._vectors(new))
        return np.stack([self._known[sentence] for sentence in sentences])

    def _vectors(self, sentences: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Sentences and their vectors, neighbours in length together, so that padding is short."""
        ids = {one: self._tokenizer.encode(Prompt(one))[:LONGEST] or [0] for one in sentences}
        order = sorted(sentences, key=lambda sentence: len(ids[sentence]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            yield from zip(batch, self._means([ids[one] for one in batch]), strict=True)

    def _means(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The last layer's mean over each sentence, of length 1: (B, D)."""
        import torch

        rows = [torch.tensor(row) for row in ids]
        check_ids(self._layers, max(map(max, ids)), self.identity)
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # (B, T)
        lengths = torch.tensor([len(row) for row in rows])
        mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]  # (B, T)
        padded, mask = padded.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            out = self._layers(input_ids=padded, attention_mask=mask.long()).last_hidden_state
            total = (out * mask[:, :, None]).sum(dim=1)  # (B, D); the length does not matter
            unit: NDArray[np.float32] = torch.nn.functional.normalize(total, dim=1).cpu().numpy()
        return unit


def _open(name: str, folder: Path, device: str) -> Any:
    loaded, missing = open_weights(folder, "AutoModel", f"--embedder {name} cannot be opened")
    check_whole(missing, folder)
    layers = loaded.get_encoder() if loaded.config.is_encoder_decoder else loaded
    return layers.to(device).eval()
