"""How finely a tokenizer cuts a language: pieces per word, and what comes of it.

    python -m training.tokenizer fertility FOLDER --text swa.txt

Fertility is the mean number of pieces of a word (Rust et al. 2021,
https://aclanthology.org/2021.acl-long.243): 1 would be a piece a word. What a word
is, `data.words` says; for languages without spaces only bytes per piece means something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.words import word_spans
from training.tokenizer.special import literal_backend
from training.tokenizer.surfaces import is_whole, spellings

_CHUNK = 1000  # texts that are encoded at a time


@dataclass(frozen=True, slots=True)
class Fertility:
    """Counts over some texts, and the figures that follow from them; a figure of nothing is nan.

    Attributes:
        bytes: of the texts in UTF-8.
        fallback: pieces that are unknown or stand for a part of a character.
        word_pieces: pieces that words touch; single: words of one piece.
    """

    texts: int
    words: int
    pieces: int
    bytes: int
    fallback: int
    word_pieces: int
    single: int

    @property
    def pieces_per_word(self) -> float:
        """At least 1, unless words share a piece."""
        return self.word_pieces / self.words if self.words else float("nan")

    @property
    def single_share(self) -> float:
        """Words in one piece, 0-100."""
        return 100 * self.single / self.words if self.words else float("nan")

    @property
    def bytes_per_piece(self) -> float:
        """Higher means fewer steps for the same text."""
        return self.bytes / self.pieces if self.pieces else float("nan")

    @property
    def fallback_share(self) -> float:
        """Pieces that are unknown or a part of a character, 0-100."""
        return 100 * self.fallback / self.pieces if self.pieces else float("nan")


def fertility(tokenizer: Any, texts: Iterable[str]) -> Fertility:
    """Count the pieces of texts and of their words."""
    backend = literal_backend(tokenizer)
    is_fallback = fallback_pieces(tokenizer)
    totals = np.zeros(7, dtype=np.int64)
    remaining = iter(texts)
    while chunk := list(islice(remaining, _CHUNK)):
        encodings = backend.encode_batch(chunk, add_special_tokens=False)
        for text, encoding in zip(chunk, encodings, strict=True):
            totals += _counts(text, encoding, is_fallback)
    return Fertility(*(int(total) for total in totals))


def fallback_pieces(tokenizer: Any, written: Sequence[bytes] | None = None) -> NDArray[np.bool_]:
    """For each id whether it is the unknown piece or a part of a character, (V,).

    Args:
        written: `spellings(tokenizer)`, where the caller has them.
    """
    spelt = spellings(tokenizer) if written is None else written
    partial = np.array([not is_whole(piece) for piece in spelt], dtype=bool)
    # The bytes below 128 are characters, and yet SentencePiece spells only what it lacks in <0x..>.
    for piece, id_ in tokenizer.get_vocab().items():
        partial[id_] |= piece.startswith("<0x") and len(piece) == len("<0x41>")
    if tokenizer.unk_token_id is not None:
        partial[tokenizer.unk_token_id] = True
    return partial


def _counts(text: str, encoding: Any, is_fallback: NDArray[np.bool_]) -> NDArray[np.int64]:
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    spans = np.array(list(word_spans(text)), dtype=np.int64).reshape(-1, 2)
    touching = pieces_of_words(offsets, spans)
    fallback = is_fallback[np.array(encoding.ids, dtype=np.int64)].sum()
    size = len(text.encode())
    numbers = [1, len(spans), len(offsets), size, fallback, touching.sum(), (touching == 1).sum()]
    return np.array(numbers, dtype=np.int64)


def pieces_of_words(offsets: NDArray[np.int64], spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many pieces each word touches, (W,).

    Args:
        offsets: (start, stop) of each piece in the text, (N, 2), in order.
        spans: (start, stop) of each word, (W, 2), in order.

    >>> pieces_of_words(np.array([[0, 3], [3, 5], [5, 6]]), np.array([[0, 5], [5, 6]])).tolist()
    [2, 1]
    """
    first = np.searchsorted(offsets[:, 1], spans[:, 0], side="right")
    last = np.searchsorted(offsets[:, 0], spans[:, 1], side="left")
    return np.asarray(last - first, dtype=np.int64)


COLUMNS = (
    "tokenizer",
    "text",
    "words",
    "pieces per word",
    "words in one piece %",
    "bytes per piece",
    "unknown or byte pieces %",
)


def rows(table: Sequence[tuple[str, str, Fertility]]) -> Iterator[tuple[str, ...]]:
    """Lines of a table under `COLUMNS`, from (tokenizer, text, fertility)."""
    for tokenizer, text, found in table:
        figures = (
            found.pieces_per_word,
            found.single_share,
            found.bytes_per_piece,
            found.fallback_share,
        )
        numbers = (
            f"{figure:.{places}f}" for figure, places in zip(figures, (2, 1, 2, 2), strict=True)
        )
        yield tokenizer, text, f"{found.words:,}", *numbers
