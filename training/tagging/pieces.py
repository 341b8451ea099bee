"""Words cut into the pieces of a tokenizer, and the first piece of each, which carries its label.

A sentence is encoded as its words with spaces between, so that a word has the pieces that it has
in running text. A sentence longer than the model sees is cut between words into windows. A word of
which the tokenizer leaves nothing has no piece, and is not scored in training.

    coder = Coder(tokenizer, length=128)
    windows = coder.windows([("Mbwa", "analala")])
    windows[0].ids, windows[0].firsts               # [<s>, ▁M, bwa, ▁ana, lala, </s>], [1, 3]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import InputError
from data.randomness import stream
from training.noising.examples import IGNORED
from training.noising.ids import Special
from training.vocabulary.special import as_data

if TYPE_CHECKING:
    from torch import Tensor

NO_PIECE = -1
POOL = 32  # batches whose sentences are sorted by length together: little padding, mixed batches


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a sentence that a model sees at once.

    Attributes:
        sentence: number of the sentence, from 0.
        word: number of its first word in the sentence.
        ids: pieces with what the tokenizer puts around a text, at most `length`.
        firsts: for each word the place of its first piece in `ids`; NO_PIECE if it has none.
    """

    sentence: int
    word: int
    ids: tuple[int, ...]
    firsts: tuple[int, ...]


class Coder:
    """Cuts sentences into windows of pieces."""

    def __init__(self, tokenizer: Any, length: int) -> None:
        special = Special.of(tokenizer)
        self._backend = as_data(tokenizer)
        self._start, self._end, self.pad = special.start, special.end, special.pad
        self._room = length - len(special.start) - len(special.end)

    def windows(self, sentences: Sequence[Sequence[str]]) -> list[Window]:
        """The windows of sentences of words, in order."""
        texts = [" ".join(words) for words in sentences]
        encodings = self._backend.encode_batch(texts, add_special_tokens=False)
        return [
            window
            for number, (words, encoding) in enumerate(zip(sentences, encodings, strict=True))
            for window in self._cut(number, encoding.ids, first_pieces(words, encoding))
        ]

    def _cut(self, sentence: int, ids: list[int], firsts: list[int]) -> Iterator[Window]:
        word = 0
        while word < len(firsts):
            stop = self._last_word(ids, firsts, word)
            begin, end = _span(firsts, word, stop, len(ids))
            inside = ids[begin : min(end, begin + self._room)]  # a word of its own may be longer
            shift = len(self._start) - begin
            places = tuple(f if f == NO_PIECE else f + shift for f in firsts[word:stop])
            yield Window(sentence, word, (*self._start, *inside, *self._end), places)
            word = stop

    def _last_word(self, ids: list[int], firsts: list[int], word: int) -> int:
        """The end of the longest stretch of words from `word` on that fits, at least one."""
        stop = word + 1
        while stop < len(firsts):
            begin, end = _span(firsts, word, stop + 1, len(ids))
            if end - begin > self._room:
                break
            stop += 1
        return stop


def first_pieces(words: Sequence[str], encoding: Any) -> list[int]:
    """For each word the piece that holds its first character, or the next that any piece holds."""
    firsts, at = [], 0
    for word in words:
        held = (encoding.char_to_token(place) for place in range(at, at + len(word)))
        firsts.append(next((piece for piece in held if piece is not None), NO_PIECE))
        at += len(word) + 1
    return firsts


def labels_of(window: Window, tags: Sequence[int]) -> list[int]:
    """A label a piece: that of the word on its first piece, IGNORED elsewhere."""
    labels = [IGNORED] * len(window.ids)
    for place, tag in zip(window.firsts, tags[window.word :], strict=False):
        if place != NO_PIECE:
            labels[place] = tag
    return labels


def batches_of(
    windows: Sequence[Window], tokens: int, pad: int, tags: Sequence[Sequence[int]], seed: int
) -> list[Mapping[str, Tensor]]:
    """Batches to train on, each of at most `tokens` pieces with padding; sentences are mixed.

    Args:
        tags: for each sentence the numbers of its words' labels.

    Raises:
        InputError: no window.
    """
    if not windows:
        raise InputError("training data: expected sentences, found none")
    order = list(range(len(windows)))
    stream(seed, "sentences").shuffle(order)
    mean = sum(len(window.ids) for window in windows) / len(windows)
    pool = max(1, round(POOL * tokens / mean))
    found: list[Mapping[str, Tensor]] = []
    for start in range(0, len(order), pool):
        chosen = sorted((windows[n] for n in order[start : start + pool]), key=_length)
        found += [collate(group, pad, tags) for group in grouped(chosen, tokens)]
    return found


def grouped(windows: Sequence[Window], tokens: int) -> Iterator[list[Window]]:
    """Windows sorted by length, as many together as stay within `tokens` with padding."""
    group: list[Window] = []
    for window in windows:
        if group and len(window.ids) * (len(group) + 1) > tokens:
            yield group
            group = []
        group.append(window)
    if group:
        yield group


def collate(
    windows: Sequence[Window], pad: int, tags: Sequence[Sequence[int]] | None = None
) -> dict[str, Tensor]:
    """input_ids and attention_mask, (B, T) each, with `tags` also labels (B, T)."""
    import torch

    longest = max(len(window.ids) for window in windows)
    ids = np.full((len(windows), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    labels = np.full_like(ids, IGNORED)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        if tags is not None:
            labels[row, : len(window.ids)] = labels_of(window, tags[window.sentence])
    batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    return batch | ({"labels": torch.from_numpy(labels)} if tags is not None else {})


def _span(firsts: Sequence[int], word: int, stop: int, size: int) -> tuple[int, int]:
    """Where the pieces of the words from `word` to before `stop` begin and end."""
    begins = (place for place in firsts[word:stop] if place != NO_PIECE)
    ends = (place for place in firsts[stop:] if place != NO_PIECE)
    end = next(ends, size)
    return (0 if word == 0 else next(begins, end)), end


def _length(window: Window) -> int:
    return len(window.ids)
