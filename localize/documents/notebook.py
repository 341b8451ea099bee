r"""Jupyter notebooks (nbformat 4): the Markdown of their cells. Code, outputs and metadata stay.

A cell's source is a list of strings, or one; its segments are found in the text that they make, and
their places in the strings' own spelling.

>>> cells = '{"cells": [{"cell_type": "markdown", "source": ["# Oak\\n", "\\n", "Text."]}]}'
>>> [(segment.kind, segment.text) for segment in read(cells).segments]
[('heading', 'Oak'), ('paragraph', 'Text.')]
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from data.errors import InputError
from localize.documents import markdown
from localize.documents.comments import comments_of
from localize.documents.json_text import (
    JsonString,
    decoded_string,
    encoded_string,
    is_ascii_only,
    strings,
)
from localize.documents.record import Document, Segment

_ESCAPED = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|.", re.DOTALL
)


def read(text: str, codec: str = "utf-8", *, comments: bool = False) -> Document:
    """The document of a notebook; with `comments` those in its code are texts too.

    Raises:
        InputError: not JSON, or no notebook.
    """
    kinds, sources = dict[int, str](), defaultdict[int, list[JsonString]](list)
    language = "python"
    for one in strings(text):
        match one.path:
            case ("cells", int(cell), "cell_type"):
                kinds[cell] = text[one.start : one.stop]
            case ("cells", int(cell), "source") | ("cells", int(cell), "source", int()):
                sources[cell].append(one)
            case ("metadata", "kernelspec", "language"):
                language = text[one.start : one.stop]
            case ("worksheets", *_):
                raise InputError("a notebook of nbformat 3; run: jupyter nbconvert --to notebook")
    if not kinds and '"cells"' not in text:
        raise InputError('expected a notebook, found no "cells"')
    found = list[Segment]()
    for cell, kind in kinds.items():
        if kind == "markdown" and sources[cell]:
            found += _of_cell(text, sources[cell])
        elif kind == "code" and comments and sources[cell]:
            found += _of_cell(text, sources[cell], language)
    found.sort(key=lambda segment: segment.start)
    plain = is_ascii_only(text)

    def spelt(told: str, segment: Segment) -> str:
        return encoded_string(markdown.spelt(told, segment), ascii_only=plain)

    return Document(text, tuple(found), codec, encode=spelt, comment=True, line_break="\\n")


def _of_cell(text: str, pieces: Sequence[JsonString], language: str = "") -> list[Segment]:
    """The segments of one cell, where they stand in the notebook; of code in a language the
    comments."""
    starts, ends, told = list[int](), list[int](), list[str]()
    for piece in pieces:
        for one in _ESCAPED.finditer(text, piece.start, piece.stop):
            for character in decoded_string(one[0]):
                starts.append(one.start())
                ends.append(one.end())
                told.append(character)
    cell = "".join(told)
    within = comments_of(cell, 0, len(cell), language) if language else markdown.read(cell).segments
    return [_placed(text, segment, starts, ends) for segment in within]


def _placed(text: str, segment: Segment, starts: Sequence[int], ends: Sequence[int]) -> Segment:
    """A segment of a cell's text as one of the notebook's."""
    breaks, at = list[str](), segment.start
    for line, gap in zip(segment.text.split("\n"), segment.breaks, strict=False):
        behind = at + len(line)
        after = behind + len(gap)
        end = ends[behind - 1] if behind > segment.start else starts[segment.start]
        breaks.append(text[end : starts[after]])
        at = after
    return replace(
        segment,
        start=starts[segment.start],
        stop=ends[segment.stop - 1],
        breaks=tuple(breaks),
    )
