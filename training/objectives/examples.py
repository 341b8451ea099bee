"""What an objective knows of a tokenizer, what it makes of a document, and batches of that.

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
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.randomness import stream
from training.tokenizer.special import CLM, sentinel_ids
from training.tokenizer.surfaces import spellings

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


@dataclass(frozen=True, slots=True)
class Read:
    """The objective of which nothing is to be predicted: what auxiliary objectives read.

    Attributes:
        prefix: ids before each document, part of what the model learned ("query: ").
    """

    special: Special
    prefix: tuple[int, ...] = ()

    def lengths(self, length: int) -> tuple[int, int]:
        """Tokens of input and of labels for a document of `length`."""
        read = len(self.special.start) + len(self.prefix) + length + len(self.special.end)
        return read, read

    def __call__(self, ids: Ids, rng: np.random.Generator) -> Example:  # noqa: ARG002
        """Input (T,): the document between its marks; labels (T,), all of them IGNORED."""
        read = joined(self.special.start, self.prefix, ids, self.special.end)
        return Example(read, np.full(len(read), IGNORED, dtype=np.int64))


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


SENTENCE_ENDS = ".!?…。！？।॥။።؟۔"
CLOSING = "\"'”’»)]"
APOSTROPHES = "'’"


@dataclass(frozen=True, eq=False)
class Special:
    """Ids by their role; None where the tokenizer has no such token.

    Attributes:
        size: number of ids.
        start, end: what the tokenizer itself puts around a text.
        others: further special ids, which are never masked nor drawn.
        written: what each id writes, a space in front where a word begins; empty: each id a word.
    """

    size: int
    pad: int = 0
    bos: int | None = None
    eos: int | None = None
    mask: int | None = None
    clm: int | None = None
    sentinels: tuple[int, ...] = ()
    start: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    others: frozenset[int] = frozenset()
    written: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, tokenizer: Any) -> Special:
        """The special ids of a `transformers` tokenizer.

        BERT's [CLS] and [SEP] are its bos and eos. Without a padding token the end of text pads:
        the attention mask hides it, and no label stands there.
        """
        bos = _first(tokenizer.bos_token_id, tokenizer.cls_token_id)
        eos = _first(tokenizer.eos_token_id, tokenizer.sep_token_id)
        start, end = _frame(tokenizer)
        clm = tokenizer.get_vocab().get(CLM)
        added = {id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
        return cls(
            size=len(tokenizer),
            pad=_first(tokenizer.pad_token_id, eos, 0) or 0,
            bos=bos,
            eos=eos,
            mask=tokenizer.mask_token_id,
            clm=clm,
            sentinels=sentinel_ids(tokenizer),
            start=start,
            end=end,
            others=frozenset(added | set(tokenizer.all_special_ids)),
            written=tuple(spellings(tokenizer)),
        )

    @cached_property
    def is_special(self) -> NDArray[np.bool_]:
        """Whether an id is a special token, (V,)."""
        named = (self.pad, self.bos, self.eos, self.mask, self.clm)
        ids = {id_ for id_ in named if id_ is not None}
        marks = np.zeros(self.size, dtype=bool)
        marks[sorted(ids.union(self.sentinels, self.start, self.end, self.others))] = True
        return marks

    @cached_property
    def ordinary(self) -> Ids:
        """The ids that are not special, in order."""
        return np.flatnonzero(~self.is_special)

    @cached_property
    def starts_word(self) -> NDArray[np.bool_]:
        """Whether an id begins a word, (V,)."""
        if not self.written:
            return np.ones(self.size, dtype=bool)
        return np.array([written[:1].isspace() for written in self.written])

    @cached_property
    def is_punctuation(self) -> NDArray[np.bool_]:
        """Whether an id holds no letter and no digit and is no apostrophe, (V,).

        A piece of bytes that are a part of a letter is a part of a word.
        """
        return np.array(
            [_is_punctuation(written) for written in self.written] or [False] * self.size
        )

    @cached_property
    def ends_sentence(self) -> NDArray[np.bool_]:
        """Whether a piece ends with a full stop or its like, quotes and brackets aside, (V,)."""
        return np.array(
            [_ends_sentence(written) for written in self.written] or [False] * self.size
        )


def _first(*ids: int | None) -> int | None:
    return next((id_ for id_ in ids if id_ is not None), None)


def _frame(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids that encode puts before and after a text."""
    whole = tokenizer("a").input_ids
    bare = tokenizer("a", add_special_tokens=False).input_ids
    at = next(n for n in range(len(whole)) if whole[n : n + len(bare)] == bare)
    return tuple(whole[:at]), tuple(whole[at + len(bare) :])


def _is_punctuation(written: bytes) -> bool:
    text = written.decode(errors="replace").strip()
    return bool(text) and not any(c.isalnum() or c == "\ufffd" or c in APOSTROPHES for c in text)


def _ends_sentence(written: bytes) -> bool:
    text = written.decode(errors="replace").rstrip(CLOSING)
    return text.endswith(tuple(SENTENCE_ENDS))
