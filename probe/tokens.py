"""What a tokenizer makes of parallel sentences: counts a sentence, and figures that follow.

    mine, english = counts(tokenizer, swahili), counts(tokenizer, english)
    premium(mine, english)              # how many times as many pieces as English

The premium is the ratio of pieces over the same sentences (Petrov et al. 2023,
https://arxiv.org/abs/2305.15425); the same ratio of characters and of bytes stands beside it, which
no tokenizer is to blame for. Pieces a word is fertility (Rust et al. 2021); where a script has no
spaces between words there is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from data.words import script_of_letter, word_spans, writes_without_spaces
from training.tokenizer.fertility import fallback_pieces, pieces_of_words
from training.tokenizer.special import literal_backend
from training.tokenizer.surfaces import spellings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.float64]

# The columns of `counts`.
COLUMNS = ("pieces", "characters", "bytes", "words", "word_pieces", "unknown", "letters", "parts")
USED = 0.2  # of a text's letters, that a script must have: names in Latin letters are everywhere


class Cutter:
    """A tokenizer, ready to count: `Cutter(tokenizer).counts(texts)`."""

    def __init__(self, tokenizer: Any) -> None:
        self._backend = literal_backend(tokenizer)
        self._unknown = -1 if tokenizer.unk_token_id is None else int(tokenizer.unk_token_id)
        written = spellings(tokenizer)
        self._parts = fallback_pieces(tokenizer, written)
        if self._unknown >= 0:
            self._parts[self._unknown] = False
        self.scripts = vocabulary_scripts(written)

    def counts(self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> Counts:
        """A row of `COLUMNS` for each text.

        Args:
            spans: of each text's words, from `words_of`.

        Returns:
            Shape (texts, 8): pieces; characters and bytes of UTF-8; words, and the pieces that
            touch them; characters in unknown pieces, and all but spaces; pieces that are a part
            of a character.
        """
        rows = np.zeros((len(texts), len(COLUMNS)), np.float64)
        encodings = self._backend.encode_batch(list(texts), add_special_tokens=False)
        for row, text, encoding, words in zip(rows, texts, encodings, spans, strict=True):
            ids = np.array(encoding.ids, dtype=np.int64)
            offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
            places = np.array(words, dtype=np.int64).reshape(-1, 2)
            unknown = [text[start:stop] for start, stop in offsets[ids == self._unknown]]
            row[:] = (
                len(ids),
                len(text),
                len(text.encode()),
                len(places),
                pieces_of_words(offsets, places).sum(),
                sum(map(_letters, unknown)),
                _letters(text),
                self._parts[ids].sum(),
            )
        return rows


def words_of(texts: Iterable[str]) -> list[list[tuple[int, int]]]:
    """Where the words of each text stand: the same for every tokenizer."""
    of_chunk = cache(lambda chunk: tuple(word_spans(chunk)))  # most of a text occurs before in it
    return [
        [
            (chunk.start() + start, chunk.start() + stop)
            for chunk in re.finditer(r"\S+", text)
            for start, stop in of_chunk(chunk.group())
        ]
        for text in texts
    ]


def _letters(text: str) -> int:
    return len("".join(text.split()))


def vocabulary_scripts(written: Iterable[bytes]) -> Counter[str]:
    """How many pieces are in each script, by most of their letters; "" without a letter.

    >>> sorted(vocabulary_scripts([b" maji", "вода".encode(), b"12"]).items())
    [('', 1), ('Cyrl', 1), ('Latn', 1)]
    """
    script = cache(script_of_letter)  # a quarter of a million pieces have a few thousand letters
    found: Counter[str] = Counter()
    for piece in written:
        scripts = [name for name in map(script, piece.decode(errors="ignore")) if name]
        found[max(scripts, key=scripts.count) if scripts else ""] += 1
    return found


def scripts_used(texts: Iterable[str]) -> tuple[str, ...]:
    """The scripts with 20 % or more of the texts' letters, the most used first.

    >>> scripts_used(["食べる 食べる", "aaa"])
    ('HIRAGANA', 'Latn', 'CJK')
    """
    letters = Counter("".join(texts))
    found: Counter[str] = Counter()
    for letter, count in letters.items():
        script = script_of_letter(letter)
        if script:
            found[script] += count
    return tuple(name for name, count in found.most_common() if count >= USED * found.total())


def has_words(texts: Iterable[str]) -> bool:
    """Whether most letters are of scripts with spaces between words."""
    letters = {one: count for one, count in Counter("".join(texts)).items() if one.isalpha()}
    unspaced = sum(count for one, count in letters.items() if writes_without_spaces(one))
    return 2 * unspaced < sum(letters.values())


def vocabulary_share(scripts: Mapping[str, int], used: Sequence[str]) -> float:
    """The share of a vocabulary's pieces with letters that are in these scripts, 0-100."""
    lettered = sum(count for name, count in scripts.items() if name)
    return 100 * sum(scripts.get(name, 0) for name in used) / max(1, lettered)
