"""Sentences as vectors: any encoder (or decoder) of `transformers`, by layer, pooled as asked.

    encoder = open_encoder("multilingual-e5-small")
    encoder.encode(["Mvua inanyesha.", "It is raining."])           # (2, 384), float32, length 1
    encoder.layers(["Mvua inanyesha."], range(13), pooling="first")  # (13, 1, 384), as they are

Batches hold texts of like length, so that little of them is padding, and no more pieces than a
CPU's cache holds; each text's vector is the same in every batch up to the last digits of its type.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from data.access import Access
from data.bounded import read_json
from data.cli import did_you_mean
from data.errors import InputError
from models.resolve import resolve_model
from models.tokenizer import open_fast_tokenizer, unknown_characters
from models.weights import check_ids, check_whole, open_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POOLINGS = ("mean", "first", "inner")
DTYPES = ("auto", "float32", "bfloat16")
BATCH_TOKENS = {"cpu": 2048, "cuda": 16384}  # padded, of a batch: on a CPU what its cache holds
LONGEST = 512  # pieces of a text that are read, where the model does not say
PROMPTS = "config_sentence_transformers.json"  # sentence-transformers' file of prefixes
PROMPTS_SHAPE = {"prompts?": {str: str}}


@dataclass(slots=True)
class Encoder:
    """An opened encoder, which several threads may use at once.

    Attributes:
        name, revision: as `models.resolve` tells them.
        width: of its vectors; `depth` the number of its layers, the embeddings aside.
        prefix: what stands before each text, part of what was learned; "" for none.
        dtype: what it computes in.
        batch_tokens: pieces of a batch, padding included.
        cut: texts so far that were longer than it reads.
    """

    name: str
    revision: str
    width: int
    depth: int
    prefix: str
    dtype: str
    device: str
    _model: Any = field(repr=False)
    _tokenizer: Any = field(repr=False)
    _longest: int = field(repr=False)
    batch_tokens: int
    cut: int = 0
    _tokenizing: Lock = field(default_factory=Lock, repr=False)  # each call sets how texts are cut

    @property
    def signature(self) -> str:
        """What its vectors hang on, for keys and signatures, the layer and pooling aside."""
        return f"{self.name}@{self.revision}|prefix:{self.prefix.strip()}|dtype:{self.dtype}"

    def encode(
        self, texts: Sequence[str], *, layer: int | None = None, pooling: str = "mean"
    ) -> NDArray[np.float32]:
        """Vectors of length 1.

        Args:
            layer: 0 (the embeddings) to `depth`; the last by default.
            pooling: mean over all pieces, the first piece, or the mean over the inner ones, without
                the marks of beginning and end.

        Returns:
            Shape (texts, width).

        Raises:
            InputError: a layer or a pooling that does not exist.
        """
        import numpy as np

        vectors = self.layers(texts, [self.depth if layer is None else layer], pooling=pooling)[0]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit

    def layers(
        self, texts: Sequence[str], layers: Sequence[int], *, pooling: str = "mean"
    ) -> NDArray[np.float32]:
        """Vectors of several layers at once, as they are: shape (layers, texts, width).

        Raises:
            InputError: a layer or a pooling that does not exist.
        """
        import numpy as np

        self._check(layers, pooling)
        out = np.zeros((len(layers), len(texts), self.width), np.float32)
        for rows, ids in self._batches(texts):
            out[:, rows] = self._forward(ids, layers, pooling)
        return out

    def words(
        self, texts: Sequence[str], spans: Sequence[tuple[int, int]], *, layer: int | None = None
    ) -> NDArray[np.float32]:
        """The vector of one word of each text in its context: the mean of the pieces that touch it.

        Args:
            spans: where the word stands in its text, in characters.
            layer: 0 (the embeddings) to `depth`; the last by default.

        Returns:
            Shape (texts, width), as they are; not a number where the text was cut before the word.

        Raises:
            InputError: a layer that does not exist.
        """
        import numpy as np

        found = self.spans(texts, [[span] for span in spans], layer=layer)
        return np.concatenate(found) if found else np.zeros((0, self.width), np.float32)

    def spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[tuple[int, int]]],
        *,
        layer: int | None = None,
    ) -> list[NDArray[np.float32]]:
        """As `words`, of several words of each text, which is read once: (words, width) each.

        Raises:
            InputError: a layer that does not exist.
        """
        import numpy as np

        layer = self.depth if layer is None else layer
        self._check([layer], "mean")
        out = [np.full((len(some), self.width), np.nan, np.float32) for some in spans]
        shift = len(self.prefix)
        with self._tokenizing:
            found = self._tokenizer(
                [self.prefix + text for text in texts],
                truncation=True,
                max_length=self._longest,
                return_offsets_mapping=True,
                return_attention_mask=False,
                return_token_type_ids=False,
            )
        for rows, ids in self._grouped(found["input_ids"]):
            states = self._states(ids, layer)
            for place, row in enumerate(rows):
                for number, (start, stop) in enumerate(spans[row]):
                    touching = [
                        n
                        for n, (first, last) in enumerate(found["offset_mapping"][row])
                        if max(first, start + shift) < min(last, stop + shift)
                    ]
                    if touching:
                        out[row][number] = states[place, touching].mean(axis=0)
        return out

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts with their prefix and marks, cut to what the model reads."""
        if not texts:
            return []
        with self._tokenizing:
            found = self._tokenizer(
                [self.prefix + text for text in texts],
                truncation=True,
                max_length=self._longest,
                return_attention_mask=False,
                return_token_type_ids=False,
            )["input_ids"]
            self.cut += sum(len(ids) >= self._longest for ids in found)
        return [list(ids) for ids in found]

    def unknown(self, texts: Sequence[str]) -> float:
        """The share of texts' characters, spaces aside, that no piece of the vocabulary has."""
        with self._tokenizing:
            lacking, every = unknown_characters(self._tokenizer, texts)
        return lacking / max(1, every)

    def _check(self, layers: Sequence[int], pooling: str) -> None:
        if pooling not in POOLINGS:
            near = did_you_mean(pooling, POOLINGS)
            raise InputError(f'pooling "{pooling}": expected one of {", ".join(POOLINGS)}{near}')
        if beyond := [layer for layer in layers if not 0 <= layer <= self.depth]:
            raise InputError(
                f"layer {beyond[0]}: {self.name} has 0 (its embeddings) to {self.depth}; choose"
                " among them"
            )

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[Sequence[int]]]]:
        """(positions, ids) of batches, the longest texts first: what fits them fits the rest."""
        yield from self._grouped(self.pieces(texts))

    def _grouped(
        self, ids: Sequence[Sequence[int]]
    ) -> Iterator[tuple[list[int], list[Sequence[int]]]]:
        order = sorted(range(len(ids)), key=lambda row: (-len(ids[row]), row))
        batch: list[int] = []
        for row in order:
            longest = max(1, len(ids[batch[0]])) if batch else 1
            if batch and (len(batch) + 1) * longest > self.batch_tokens:
                yield batch, [ids[one] for one in batch]
                batch = []
            batch.append(row)
        if batch:
            yield batch, [ids[one] for one in batch]

    def _forward(
        self, ids: Sequence[Sequence[int]], layers: Sequence[int], pooling: str
    ) -> NDArray[np.float32]:
        """The pooled layers of a batch: (layers, batch, width)."""
        import torch

        states, mask = self._outputs(ids, all_layers=list(layers) != [self.depth])
        weights = _weights(mask, pooling)
        pooled = [_pooled(states[layer], weights) for layer in layers]
        found: NDArray[np.float32] = torch.stack(pooled).cpu().numpy()
        return found

    def _states(self, ids: Sequence[Sequence[int]], layer: int) -> NDArray[np.float32]:
        """The states of a batch's pieces: (batch, length, width)."""
        states, _ = self._outputs(ids, all_layers=layer != self.depth)
        found: NDArray[np.float32] = states[layer].float().cpu().numpy()
        return found

    def _outputs(
        self, ids: Sequence[Sequence[int]], *, all_layers: bool
    ) -> tuple[Mapping[int, Any], Any]:
        """The states of a padded batch by layer, the last or all, and its mask."""
        import torch

        check_ids(self._model, max((max(row, default=0) for row in ids), default=0), self.name)
        longest = max(1, max(map(len, ids)))
        padded = torch.zeros((len(ids), longest), dtype=torch.long)
        mask = torch.zeros((len(ids), longest), dtype=torch.long)
        for number, row in enumerate(ids):
            padded[number, : len(row)] = torch.tensor(row, dtype=torch.long)
            mask[number, : max(1, len(row))] = 1
        padded, mask = padded.to(self.device), mask.to(self.device)
        with torch.inference_mode():
            out = self._model(
                input_ids=padded,
                attention_mask=None if bool(mask.all()) else mask,
                output_hidden_states=all_layers,
            )
        if not all_layers:
            return {self.depth: out.last_hidden_state}, mask
        return dict(enumerate(out.hidden_states)), mask


def _weights(mask: Any, pooling: str) -> Any:
    """How much of each position is in the pooled vector: (batch, length), each row's sum 1."""
    import torch

    weights = mask.float()
    lengths = mask.sum(dim=1)
    if pooling == "first":
        weights = torch.zeros_like(weights)
        weights[:, 0] = 1
    elif pooling == "inner":
        inner = weights.clone()
        inner[:, 0] = 0
        inner[torch.arange(len(mask)), lengths - 1] = 0
        weights = torch.where((lengths > 2)[:, None], inner, weights)
    return weights / weights.sum(dim=1, keepdim=True)


def _pooled(states: Any, weights: Any) -> Any:
    """The weighted mean of positions in float32: (batch, width)."""
    return (weights[:, None, :] @ states.float())[:, 0]


def open_encoder(
    name: str,
    *,
    prefix: str | None = None,
    device: str = "cpu",
    dtype: str = "auto",
    access: Access | None = None,
    option: str = "--model",
) -> Encoder:
    """Open an encoder by a name of the catalog, a folder, or a hub id at a commit.

    Args:
        prefix: what stands before each text: a name in the model's file of prompts ("query"), or
            a text; None is "query" where the model has it, else nothing.
        dtype: "auto" is bfloat16 where the device computes fast in it, else float32.
        option: by which the model was named, for messages.

    Raises:
        InputError: no such model, one without a tokenizer or whose files lack weights, a dtype
            or device that there is none of.
        UnavailableError: a package, a file or the device cannot be had.
    """
    if dtype not in DTYPES:
        near = did_you_mean(dtype, DTYPES)
        raise InputError(f'--dtype "{dtype}": expected one of {", ".join(DTYPES)}{near}')
    from models.device import find_device

    device, access = str(find_device(device)), access or Access()
    model = resolve_model(name, access, option=option)
    tokenizer = open_fast_tokenizer(model.folder, access)
    kind = fast_dtype(device) if dtype == "auto" else dtype
    loaded, missing = open_weights(
        model.folder, "AutoModel", f"{name}: cannot be opened as an encoder", dtype=kind
    )
    check_whole(missing, model.folder)
    body = loaded.get_encoder() if loaded.config.is_encoder_decoder else loaded
    told = prompts_of(model.folder)
    config = body.config
    return Encoder(
        model.name,
        model.revision,
        int(config.hidden_size),
        int(config.num_hidden_layers),
        told.get("query", "") if prefix is None else told.get(prefix, prefix),
        kind,
        device,
        body.to(device).eval(),
        tokenizer,
        min(LONGEST, getattr(config, "max_position_embeddings", None) or LONGEST),
        BATCH_TOKENS["cpu" if device == "cpu" else "cuda"],
    )


def prompts_of(folder: Path) -> Mapping[str, str]:
    """The prefixes of a model's card by name, as sentence-transformers keeps them; often none.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / PROMPTS
    if not path.is_file():
        return {}
    prompts: dict[str, str] = read_json(path, PROMPTS_SHAPE).get("prompts") or {}
    return prompts


def keep_prompts(folder: Path, out: Path) -> None:
    """Put a model's file of prefixes, if it has one, beside what was trained from it."""
    if (folder / PROMPTS).is_file():
        shutil.copyfile(folder / PROMPTS, out / PROMPTS)


def fast_dtype(device: str) -> str:
    """bfloat16 where the device has instructions for it, else float32."""
    import torch

    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if device == "cpu" and fast else "float32"
