"""Plain text: paragraphs between blank lines; addresses are protected."""

from __future__ import annotations

import re

from localize.documents.inline import PLAIN, protected
from localize.documents.record import Document, Segment

_BREAK = re.compile(r"((?:\r\n|\r|\n)[ \t]*)")
_LETTER = re.compile(r"[^\W\d_]")


def read(text: str, codec: str = "utf-8") -> Document:
    r"""The document of a plain text.

    >>> [segment.text for segment in read("One.\n  Two.\n\n---\n\nThree.\n").segments]
    ['One.\nTwo.', 'Three.']
    """
    found = list[Segment]()
    at = 0
    for blank in [*re.finditer(r"(?:\r\n|\r(?!\n)|\n)[ \t]*(?=[\r\n])", text), None]:
        stop = blank.start() if blank else len(text)
        found += _paragraph(text, at, stop)
        at = blank.end() if blank else stop
    return Document(text, tuple(found), codec)


def _paragraph(text: str, start: int, stop: int) -> list[Segment]:
    while start < stop and (text[start].isspace() or text[start] == "\ufeff"):
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    if not _LETTER.search(text, start, stop):
        return []
    pieces = _BREAK.split(text[start:stop])
    told = "\n".join(pieces[::2])
    return [
        Segment(start, stop, "paragraph", told, tuple(pieces[1::2]), "", protected(told, PLAIN))
    ]
