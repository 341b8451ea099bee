"""What a translated sentence is made of: pieces of text that know where they come from.

>>> around("{s} na_", [Piece("soma", 0, 4)], (9, 12), {"s": "a"})[0].text
'a na'
>>> [piece.text for piece in around("_ɔ", [Piece("xɔ", 4, 9)], (0, 3))]
['xɔ', 'ɔ']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

KEPT = ""  # the rule of a word that stays as it is
GRAMMAR, FOLDED, DROPPED, NAME = "grammar", "folded", "dropped", "name"
# Rules beside those of `lexaug.phrases.RULES`: a function word of the grammar sheet; what another
# word's form or place says; what nothing stands for; a name in the target's writing.
TRANSFER_RULES = (GRAMMAR, FOLDED, DROPPED, NAME)
NO_ENTRY = -1


class Piece(NamedTuple):
    """A text of the result and the characters of the source that it stands for.

    entry: of the lexicon, or -1. rule: of the replacement, "" for a word that stays. joined: no
    space stands before it.
    """

    text: str
    start: int
    stop: int
    entry: int = NO_ENTRY
    rule: str = KEPT
    features: str = ""
    joined: bool = False


def around(
    template: str,
    pieces: Sequence[Piece],
    span: tuple[int, int],
    cells: Mapping[str, str] | None = None,
) -> list[Piece]:
    """The texts of a template around pieces, at its `_`; a text that touches it is joined to it.

    After bars a template may change what it is put around, by the first pattern that fits:
    "_ | a$>ile".

    Args:
        span: the source that the template's texts stand for.
        cells: what stands for {name} in the template.
    """
    template, *changes = template.split(" | ")
    template = filled(template, cells or {})
    before, _, after = template.partition("_")
    inner = list(pieces)
    if changes:
        inner = [_changed(piece, changes) for piece in inner]
    left, right = before.strip(), after.strip()
    if inner and left and not before.endswith(" "):
        inner[0] = inner[0]._replace(joined=True)
    made = [Piece(left, *span, NO_ENTRY, GRAMMAR)] if left else []
    tail = [Piece(right, *span, NO_ENTRY, GRAMMAR, "", not after.startswith(" "))] if right else []
    if not made and not tail:
        made = [Piece("", *span, NO_ENTRY, FOLDED)]
    return [*made, *inner, *tail]


def filled(template: str, cells: Mapping[str, str]) -> str:
    """A template with its cells in the places of their {names}."""
    for name, cell in cells.items():
        template = template.replace(f"{{{name}}}", cell)
    return template


def _changed(piece: Piece, changes: Sequence[str]) -> Piece:
    """A piece of the language with the first change made whose pattern is in it."""
    if piece.rule == KEPT:
        return piece
    for change in changes:
        pattern, _, replacement = change.partition(">")
        text, count = re.subn(pattern, replacement, piece.text, count=1)
        if count:
            return piece._replace(text=text)
    return piece


def joined(
    pieces: Iterable[Piece], separator: str = " "
) -> tuple[str, list[tuple[Piece, int, int]]]:
    """The text of pieces with a separator between, and where each is in it.

    >>> joined([Piece("mbwa", 0, 3), Piece("", 4, 7), Piece("wangu", 8, 10)])[0]
    'mbwa wangu'
    """
    text, places = "", []
    for piece in pieces:
        if piece.text and text and not piece.joined and not text.endswith(separator):
            text += separator
        places.append((piece, len(text), len(text) + len(piece.text)))
        text += piece.text
    return text, places
