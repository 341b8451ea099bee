"""What a machine's translation saves the person who corrects it.

work saved: the share of the reference's characters that need not be typed, because they stand in
words that the translation has in the same order (a longest common subsequence; a character is a
word where no spaces are written). untouched: the share of segments that stay as they are. HTER is
TER against the person's version (Snover et al. 2006, https://aclanthology.org/2006.amta-papers.25):
the edits a word of it, here with whatever reference is given.

>>> saved("An oak is a tree .", "An old oak is a tree .")
(13, 16)
>>> [piece.kind for piece in differences("An oak is old", "An ash is old")]
['same', 'gone', 'new', 'same']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from data.words import writes_without_spaces
from localize.texts import key
from metrics.rates import Rate
from metrics.significance import Columns, Row

_WORD = re.compile(r"\w+|[^\w\s]")
UNTOUCHED = Rate("untouched", "match:key", lambda one, other: key(one) == key(other))


@dataclass(frozen=True, slots=True)
class WorkSaved:
    """A metric (see `metrics.translation.Metric`) whose row is [characters kept, characters]."""

    name: str = "work saved"
    signature: str = "words:lcs|unit:characters"
    width: int = 2

    @property
    def higher_is_better(self) -> bool:
        """It is."""
        return True

    def extract(
        self, hypotheses: Sequence[str], references: Sequence[str]
    ) -> list[list[int | float]]:
        """Characters kept and all characters of each reference, without space."""
        return [list(saved(*pair)) for pair in zip(hypotheses, references, strict=True)]

    def aggregate(self, totals: Row) -> float:
        """The share on 0-100; 0 of nothing."""
        kept, size = totals
        return 100 * kept / size if size else 0.0

    def aggregate_segment(self, row: Row) -> float:
        """The share of one segment."""
        return self.aggregate(row)

    def aggregate_columns(self, totals: Columns) -> Columns:
        """Shares of many summed rows: shape (2, m) to (m,)."""
        import numpy as np

        shares: Columns = np.divide(
            100 * totals[0], totals[1], out=np.zeros_like(totals[0]), where=totals[1] > 0
        )
        return shares

    def aggregate_segment_columns(self, rows: Columns) -> Columns:
        """The same of single segments."""
        return self.aggregate_columns(rows)


def words(text: str) -> list[str]:
    """Words and signs; each character of a script that writes no spaces.

    >>> words("Yaşlı meşe, 你好")
    ['Yaşlı', 'meşe', ',', '你', '好']
    """
    return [part for word in _WORD.findall(text) for part in _pieces(word)]


def _pieces(word: str) -> Iterator[str]:
    if any(map(writes_without_spaces, word)):
        yield from word
    else:
        yield word


def saved(translation: str, reference: str) -> tuple[int, int]:
    """(characters of the reference that need not be typed, all of them), without space."""
    from rapidfuzz.distance import LCSseq

    there, wanted = words(translation), words(reference)
    blocks = LCSseq.opcodes(there, wanted)
    kept = sum(
        len(word)
        for one in blocks
        if one.tag == "equal"
        for word in wanted[one.dest_start : one.dest_end]
    )
    return kept, sum(map(len, wanted))


class Piece(NamedTuple):
    """A part of two texts: in both (same), in the first alone (gone), in the second alone (new)."""

    kind: str
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """What was taken out of a text and what was put in, word by word."""
    from rapidfuzz.distance import Indel

    sides = [list(_spaced(text)) for text in (before, after)]
    pieces, gone, new = list[Piece](), "", ""
    for one in [*Indel.opcodes(*sides), None]:
        if one is None or one.tag == "equal":
            pieces += [Piece(kind, text) for kind, text in (("gone", gone), ("new", new)) if text]
            gone = new = ""
        if one is not None and one.tag == "equal":
            pieces.append(Piece("same", "".join(sides[1][one.dest_start : one.dest_end])))
        elif one is not None:
            gone += "".join(sides[0][one.src_start : one.src_end])
            new += "".join(sides[1][one.dest_start : one.dest_end])
    return pieces


def marked(before: str, after: str) -> str:
    """A text in HTML, with what was taken out in <del> and what was put in in <ins>.

    >>> marked("An oak", "An ash")
    'An <del>oak</del><ins>ash</ins>'
    """
    tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    return "".join(tags[kind].format(escape(text)) for kind, text in differences(before, after))


def _spaced(text: str) -> Iterator[str]:
    """The words of a text and what stands between them: joined they are the text."""
    at = 0
    for word in _WORD.finditer(text):
        if word.start() > at:
            yield text[at : word.start()]
        yield from _pieces(word[0])
        at = word.end()
    if at < len(text):
        yield text[at:]
