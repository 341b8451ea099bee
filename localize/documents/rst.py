r"""reStructuredText: paragraphs, titles, items, the bodies of admonitions.

Literal blocks, code, tables, comments and the arguments of directives stay. A title's adornment
grows with its translation, as docutils asks.

>>> document = read("Oaks\n====\n\nAn *oak* is ``big``::\n\n    code\n\n* One\n  item\n")
>>> [(segment.kind, segment.text) for segment in document.segments]
[('heading', 'Oaks'), ('paragraph', 'An *oak* is ``big``::'), ('item', 'One\nitem')]
>>> document.rebuilt({0: "Eichen und Buchen"}).decode().splitlines()[:2]
['Eichen und Buchen', '=================']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from localize.documents.inline import RST, protected
from localize.documents.record import Document, Segment, line_starts

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+[ \t]*\Z")
_BULLET = re.compile(
    r"(?:[*+•‣⁃-]|(?:#|[0-9]{1,4}|[a-zA-Z])[.)]|\([0-9a-zA-Z#]{1,4}\))[ \t]+(?=\S)"
)
_DIRECTIVE = re.compile(r"\.\.[ \t]+([\w:.+-]+)::[ \t]*(.*)")
_FIELD = re.compile(r":[^:\s][^:]{0,60}:[ \t]+(?=\S)")
_FOOTNOTE = re.compile(r"\.\.[ \t]+\[[#*\w.-]{1,60}\][ \t]+(?=\S)")
_TABLE = re.compile(r"[+|]|=+[ \t]+=")
_LETTER = re.compile(r"[^\W\d_]")
PROSE = frozenset(
    {
        *("admonition", "attention", "caution", "danger", "error", "hint", "important", "note"),
        *("seealso", "tip", "warning", "topic", "sidebar", "epigraph", "deprecated", "rubric"),
        *("versionadded", "versionchanged", "figure", "centered", "glossary", "container"),
    }
)


class _Line(NamedTuple):
    """A line: where it begins and ends, its indentation, what it says."""

    start: int
    stop: int
    indent: int
    text: str


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a reStructuredText file."""
    lines = _lines(text)
    return Document(text, tuple(_segments(text, lines)), codec, encode=spelt)


def spelt(text: str, segment: Segment) -> str:
    """New text; a title with its adornment, long enough for it."""
    if segment.kind != "heading" or not segment.key:
        return text
    over, newline, under = segment.key.partition("\n")
    ending = "\r\n" if newline and under.startswith("\r") else "\n"
    under = under.lstrip("\r")
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    line = under[:1] * max(width, len(under))
    return f"{line}{ending}{text}{ending}{line}" if over else f"{text}{ending}{line}"


def _lines(text: str) -> list[_Line]:
    starts = [*line_starts(text), len(text)]
    lines = []
    for start, stop in pairwise(starts):
        raw = text[start:stop].rstrip("\r\n")
        inner = raw.lstrip(" \t")
        if raw.startswith("\ufeff"):
            inner, raw, start = raw[1:], raw[1:], start + 1
        lines.append(_Line(start, start + len(raw), len(raw) - len(inner), inner.rstrip()))
    return lines


def _segments(text: str, lines: Sequence[_Line]) -> Iterator[Segment]:
    at, hidden = 0, -1
    while at < len(lines):
        line = lines[at]
        if not line.text:
            at += 1
            continue
        if 0 <= hidden < line.indent:
            at += 1
            continue
        hidden = -1
        end = _block_end(lines, at)
        if line.text.startswith(("..", ">>>", "__ ")) and not _FOOTNOTE.match(line.text):
            directive = _DIRECTIVE.match(line.text)
            if not directive or directive[1] not in PROSE:
                hidden = line.indent
            at += 1
            while at < len(lines) and lines[at].text.startswith(":") and directive:
                at += 1  # a directive's options
            continue
        if title := _title(text, lines, at):
            yield title[0]
            at = title[1]
            continue
        if not _TABLE.match(line.text) and not _ADORNMENT.match(line.text):
            yield from _paragraph(text, lines[at:end])
        if lines[end - 1].text.endswith("::"):
            hidden = min(one.indent for one in lines[at:end])
        at = end


def _block_end(lines: Sequence[_Line], at: int) -> int:
    """Behind the last line of a block: a blank line, another item, or another indentation."""
    first = lines[at]
    bullet = _BULLET.match(first.text) or _FOOTNOTE.match(first.text) or _FIELD.match(first.text)
    inside = first.indent + len(bullet[0]) if bullet else first.indent
    end = at + 1
    while end < len(lines) and lines[end].text:
        line = lines[end]
        if _BULLET.match(line.text) and line.indent <= first.indent and bullet:
            break
        if line.indent != inside and not (bullet and end == at + 1 and line.indent > first.indent):
            break
        inside = line.indent
        end += 1
    return end


def _title(text: str, lines: Sequence[_Line], at: int) -> tuple[Segment, int] | None:
    """A section's title with its adornment, and the line behind it."""
    here, after = lines[at], lines[at + 1 : at + 3]
    over = _ADORNMENT.match(here.text)
    if over and len(after) == 2 and after[0].text and after[1].text.strip() == here.text.strip():
        told = after[0].text
        start, stop, end, line = here.start, after[1].stop, at + 3, after[1]
    elif not over and after and not here.indent and _ADORNMENT.match(after[0].text):
        told, line = here.text, after[0]
        if len(line.text) < min(len(told), 4):
            return None
        start, stop, end = here.start, line.stop, at + 2
    else:
        return None
    if not _LETTER.search(told):
        return None
    key = ("over" if over else "") + "\n" + ("\r" if "\r" in text[start:stop] else "") + line.text
    segment = Segment(start, stop, "heading", told, spans=protected(told, RST), level=1, key=key)
    return segment, end


def _paragraph(text: str, lines: Sequence[_Line]) -> Iterator[Segment]:
    first, kind = lines[0], "paragraph"
    start = first.start + first.indent
    for pattern, name in ((_BULLET, "item"), (_FOOTNOTE, "footnote"), (_FIELD, "field")):
        found = pattern.match(first.text)
        if found:
            start, kind = start + len(found[0]), name
            break
    starts = [start, *(line.start + line.indent for line in lines[1:])]
    stops = [line.start + line.indent + len(line.text) for line in lines]
    told = "\n".join(text[a:b] for a, b in zip(starts, stops, strict=True))
    if not _LETTER.search(told):
        return
    breaks = tuple(text[a:b] for a, b in zip(stops, starts[1:], strict=False))
    prefix = " " * (start - first.start)
    yield Segment(start, stops[-1], kind, told, breaks, prefix, protected(told, RST))
