"""A line of English taken apart: words, numbers and marks, with contractions as two words.

>>> [token.low for token in tokens("Amina's goats don't eat 3.5 kg.")]
['amina', "'s", 'goats', 'do', 'not', 'eat', '3.5', 'kg', '.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lexaug.english.closed_class import CLITICS, SHORT_NEGATIONS

WORD, NUMBER, MARK = "word", "number", "mark"

_CHUNK = re.compile(r"\S+")
_FIXED = re.compile(r"\d|://|[@#]|[^\W_]\.[^\W_]")  # what has no words, as in data.words
_PARTS = re.compile(r"[^\W\d_]+(?:['’ʼ\-‐‑][^\W\d_]+)*|.", re.DOTALL)
_EDGES = re.compile(r"^([^\w@#]*)(.*?)([^\w%/]*)$", re.DOTALL)
_CLITIC = re.compile(r"(?i)^(.+?)(n['’]t|['’](?:ll|re|ve|s|m|d))$")


class Token(NamedTuple):
    """A word, number or mark: as written, in small letters and whole ("n't": not), and its place.

    places are half-open and count characters of the line.
    """

    text: str
    low: str
    start: int
    stop: int
    kind: str


def tokens(line: str) -> list[Token]:
    """The tokens of a line, from left to right; what holds a digit or looks like an address is one.

    >>> [(token.low, token.kind) for token in tokens("See www.example.org, mother-in-law!")]
    [('see', 'word'), ('www.example.org', 'number'), (',', 'mark'), ('mother-in-law', 'word'), ('!', 'mark')]
    """  # noqa: E501
    found: list[Token] = []
    for chunk in _CHUNK.finditer(line):
        text, at = chunk.group(), chunk.start()
        found.extend(_fixed(text, at) if _FIXED.search(text) else _split(text, at))
    return found


def _fixed(text: str, at: int) -> Iterator[Token]:
    before, core, after = _EDGES.match(text).groups()  # type: ignore[union-attr]
    yield from _marks(before, at)
    at += len(before)
    if core:
        yield Token(core, core.lower(), at, at + len(core), NUMBER)
    yield from _marks(after, at + len(core))


def _marks(text: str, at: int) -> Iterator[Token]:
    for place, mark in enumerate(text, at):
        yield Token(mark, mark, place, place + 1, MARK)


def _split(text: str, at: int) -> Iterator[Token]:
    for part in _PARTS.finditer(text):
        word, start = part.group(), at + part.start()
        if not word[0].isalpha():
            yield Token(word, word, start, start + len(word), MARK)
            continue
        clitic = _CLITIC.match(word)
        if clitic is None:
            yield Token(word, word.lower(), start, start + len(word), WORD)
            continue
        body, tail = clitic.groups()
        middle = start + len(body)
        low = CLITICS[tail.lower().replace("’", "'")]
        lower = body.lower()
        whole = SHORT_NEGATIONS.get(lower, lower) if low == "not" else lower
        yield Token(body, whole, start, middle, WORD)
        yield Token(tail, low, middle, middle + len(tail), WORD)
