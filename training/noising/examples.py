"""What an objective makes of a document, and how examples become a batch.

>>> one = Example(np.array([5, 6, 7]), np.array([5, 2]))
>>> two = Example(np.array([8]), np.array([8, 9, 2]))
>>> batch = collate([one, two], pad=0)
>>> batch["input_ids"].tolist(), batch["attention_mask"].tolist()
([[5, 6, 7], [8, 0, 0]], [[1, 1, 1], [1, 0, 0]])
>>> batch["labels"].tolist()
[[5, 2, -100], [8, 9, 2]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.randomness import stream

if TYPE_CHECKING:
    from torch import Tensor

Ids = NDArray[np.int64]
IGNORED = -100  # the label of a place that is not scored, as torch and transformers have it


class Example(NamedTuple):
    """One document as a model sees it.

    Attributes:
        input: (T,) what the encoder, or the only stack, reads.
        labels: what is to be predicted, IGNORED where nothing is scored. Encoder and decoder: (T,),
            place by place, not shifted; encoder-decoder: (U,), what the decoder writes.
    """

    input: Ids
    labels: Ids


def generator(seed: int, *keys: str) -> np.random.Generator:
    """Randomness of its own for a document: the same numbers whoever draws them, whenever.

    >>> one, two = generator(1, "lafand", "7"), generator(1, "lafand", "7")
    >>> one.random() == two.random()
    True
    """
    return np.random.Generator(np.random.PCG64(stream(seed, *keys).getrandbits(64)))


def joined(*parts: Sequence[int] | Ids) -> Ids:
    """Ids one after the other.

    >>> joined((1,), np.array([7, 8]), (2,)).tolist()
    [1, 7, 8, 2]
    """
    return np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])


def collate(examples: Sequence[Example], pad: int) -> dict[str, Tensor]:
    """A batch of int64 tensors on the right of which `pad` (labels: IGNORED) fills up.

    Returns:
        input_ids (B, T), attention_mask (B, T) with 1 for what is not padding, labels (B, T), or
        (B, U) for encoder-decoder examples. `model(**batch).loss` of `transformers` takes it.
    """
    import torch

    inputs = [example.input for example in examples]
    lengths = np.array([len(row) for row in inputs])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    return {
        "input_ids": torch.from_numpy(padded(inputs, pad)),
        "attention_mask": torch.from_numpy(mask),
        "labels": torch.from_numpy(padded([example.labels for example in examples], IGNORED)),
    }


def padded(rows: Sequence[Ids], fill: int) -> Ids:
    """Rows of several lengths as one array (B, T), filled up on the right."""
    out = np.full((len(rows), max(map(len, rows))), fill, dtype=np.int64)
    for number, row in enumerate(rows):
        out[number, : len(row)] = row
    return out
