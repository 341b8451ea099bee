"""What the objectives must know of a tokenizer: its special ids, and what its pieces begin and end.

special = Special.of(open_fast_tokenizer(folder))
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.noising.examples import Ids
from training.vocabulary.special import CLM, sentinel_ids
from training.vocabulary.surfaces import spellings

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
