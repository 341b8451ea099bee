r"""reStructuredText: titles, paragraphs, lists, definitions, fields, directives whose body is text.

Literal blocks, code, comments, the targets of links and drawn tables stay. A title's adornment
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
    r"(?:[*+•‣⁃-]|(?:#|[0-9]{1,4}|[a-zA-Z]|[ivxlcdmIVXLCDM]{1,8})[.)]|\([0-9a-zA-Z#]{1,4}\))[ \t]+"
    r"(?=\S)"
)
_DIRECTIVE = re.compile(
    r"\.\.[ \t]+(?:\|[^|\n]{1,100}\|[ \t]+)?([\w:.+-]+?)::(?:[ \t]+|\Z)(?=(.*))"
)
# The repeat is not possessive: Python 3.11.2, Debian 12's, loses such ones over a lookahead.
_FIELD = re.compile(r":(?![\s:])(?:[^:\\]|\\.|:(?![ \t]|\Z)){1,100}:(?:[ \t]++|\Z)")
_FOOTNOTE = re.compile(r"\.\.[ \t]+\[[#*\w.-]{1,60}\][ \t]+(?=\S)")
_OPTION = re.compile(
    r"(?:(?:-\w|\+\w|--[\w-]{1,60}+|/\w{1,20}+)"
    r"(?:[ =]?+(?:<[^<>\n]{1,60}+>|[A-Z][\w-]{0,40}+))?+(?:,[ ]|(?=[ ]{2}|\Z))){1,8}+"
    r"(?:[ ]{2,200}+|\Z)"
)
_LINE_OF_BLOCK = re.compile(r"\|[ \t]+(?=\S)")
_TABLE = re.compile(r"\+[-=]{2,}|=+[ \t]+=|\|[ \t]")
_VERSION = re.compile(r"\S+[ \t]*")
_EXPLICIT = re.compile(r"(?:\.\.|__|>>>)(?:[ \t]|\Z)")
_LETTER = re.compile(r"[^\W\d_]")
# What stands behind these is the first line of their body.
_ADMONITIONS = frozenset(
    {
        *("attention", "caution", "danger", "error", "hint", "important", "note", "tip"),
        *("warning", "seealso", "todo", "epigraph", "highlights", "pull-quote", "replace"),
    }
)
# Behind these stands a title, as text.
_TITLED = frozenset(
    {
        *("admonition", "topic", "sidebar", "rubric", "centered", "table", "list-table"),
        *("csv-table", "tab", "group-tab", "dropdown", "card", "tab-item", "collapse", "toggle"),
    }
)
_VERSIONS = frozenset({"versionadded", "versionchanged", "deprecated", "versionremoved"})
# Their bodies are text, but what stands behind them is a name, a file or a condition.
_OTHERS = frozenset(
    {
        *("figure", "glossary", "container", "compound", "only", "ifconfig", "tabs", "tab-set"),
        *("grid", "grid-item", "grid-item-card", "hlist", "class", "method", "function", "data"),
        *("attribute", "property", "exception", "module", "describe", "object", "option"),
        *("envvar", "program", "confval", "classmethod", "staticmethod", "decorator", "macro"),
        *(
            "type",
            "struct",
            "enum",
            "enumerator",
            "member",
            "var",
            "directive",
            "role",
            "cmdoption",
        ),
    }
)
_TEXT_OPTIONS = frozenset({"alt", "caption", "title"})


class _Line(NamedTuple):
    """A line: where its text begins and ends, its column, what it says."""

    start: int
    stop: int
    indent: int
    text: str


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a reStructuredText file."""
    found = _blocks(text, _lines(text), "paragraph")
    return Document(text, tuple(found), codec, encode=spelt)


def spelt(text: str, segment: Segment) -> str:
    """New text; a title with its adornment, long enough for it."""
    if segment.kind != "heading" or not segment.key:
        return f"\\{text}" if text != segment.text and _opens_block(text) else text
    over, newline, under = segment.key.partition("\n")
    ending = "\r\n" if newline and under.startswith("\r") else "\n"
    under = under.lstrip("\r")
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    line = under[:1] * max(width, len(under))
    return f"{line}{ending}{text}{ending}{line}" if over else f"{text}{ending}{line}"


def _opens_block(text: str) -> bool:
    """Whether a paragraph that begins so would be something else."""
    mark = _mark(text)
    line = _FIELD.match(text) or _LINE_OF_BLOCK.match(text) or _EXPLICIT.match(text)
    return bool(mark or line)


def _mark(text: str) -> tuple[re.Match[str], str] | None:
    """What a line of a list, a footnote or an option begins with, and what its text is."""
    if found := _BULLET.match(text):
        return found, "item"
    if found := _FOOTNOTE.match(text):
        return found, "footnote"
    found = _OPTION.match(text)
    return (found, "definition") if found else None


def _lines(text: str) -> list[_Line]:
    starts = [*line_starts(text), len(text)]
    lines = []
    for start, stop in pairwise(starts):
        raw = text[start:stop].rstrip("\r\n")
        if raw.startswith("\ufeff"):
            raw, start = raw[1:], start + 1
        inner = raw.lstrip(" \t")
        indent = len(raw) - len(inner)
        told = inner.rstrip()
        lines.append(_Line(start + indent, start + indent + len(told), indent, told))
    return lines


def _blocks(text: str, lines: Sequence[_Line], kind: str) -> Iterator[Segment]:
    """The segments of some lines that stand by themselves; `kind` is that of paragraphs."""
    at, literal, outer = 0, False, -1
    while at < len(lines):
        line = lines[at]
        if not line.text:
            at += 1
            continue
        outer = line.indent if outer < 0 else min(outer, line.indent)
        if line.indent > outer:
            end = _body_end(lines, at, outer)
            if not literal:
                yield from _blocks(text, lines[at:end], kind)
            at, literal = end, False
            continue
        title = _title(text, lines, at) if kind == "paragraph" else None
        if title:
            yield title[0]
            at, literal = title[1], False
            continue
        found, end = _block(text, lines, at, kind)
        yield from found
        literal = lines[end - 1].text.endswith("::") and not line.text.startswith("..")
        at = end


def _block(text: str, lines: Sequence[_Line], at: int, kind: str) -> tuple[Iterator[Segment], int]:
    """The segments of the block that begins in a line, and the line behind it."""
    line = lines[at]
    field = _FIELD.match(line.text)
    told = (field, "field") if field else _mark(line.text)
    if told:
        end = _body_end(lines, at + 1, line.indent)
        return _blocks(text, _behind(lines[at:end], told[0].end()), told[1]), end
    if line.text.startswith(".. ") or line.text in ("..", "__") or line.text.startswith("__ "):
        end = _body_end(lines, at + 1, line.indent)
        return _explicit(text, lines[at:end]), end
    if line.text.startswith(">>>") or _is_table(lines, at):
        end = at
        while end < len(lines) and lines[end].text:
            end += 1
        return iter(()), _table_end(lines, at, end)
    if _LINE_OF_BLOCK.match(line.text):
        end = at + 1
        while end < len(lines) and lines[end].text and lines[end].indent > line.indent:
            end += 1
        inner = _behind(lines[at:end], 2)
        return _paragraph(text, inner, "line"), end
    end = at + 1
    while end < len(lines) and lines[end].text and lines[end].indent == line.indent:
        end += 1
    if _ADORNMENT.match(line.text):  # a transition
        return iter(()), at + 1
    return _paragraph(text, lines[at:end], kind), end


def _is_table(lines: Sequence[_Line], at: int) -> bool:
    text = lines[at].text
    if _LINE_OF_BLOCK.match(text):
        return False
    return bool(_TABLE.match(text))


def _table_end(lines: Sequence[_Line], at: int, end: int) -> int:
    """Behind a drawn table; blank lines are allowed in a simple one up to its last border."""
    if not lines[at].text.startswith("="):
        return end
    borders = [
        place
        for place in range(at, len(lines))
        if lines[place].text.startswith("==") and not lines[place].text.strip("= \t")
    ]
    # One above, one below the head, one at the end; a table without a head has two.
    for number, border in enumerate(borders[1:], 1):
        if number == 2 or border + 1 == len(lines) or not lines[border + 1].text:
            return border + 1
    return end


def _body_end(lines: Sequence[_Line], at: int, indent: int) -> int:
    """Behind the lines that stand further in; blank lines at their end are not theirs."""
    end = last = at
    while end < len(lines) and (not lines[end].text or lines[end].indent > indent):
        if lines[end].text:
            last = end + 1
        end += 1
    return max(last, at)


def _behind(lines: Sequence[_Line], width: int) -> list[_Line]:
    """The lines of a body whose first one begins behind a mark."""
    first = lines[0]
    inner = first.text[width:]
    following = next((line.indent for line in lines[1:] if line.text), first.indent + width)
    start = first.start + width + len(inner) - len(inner.lstrip())
    return [_Line(start, first.stop, following, inner.strip()), *lines[1:]]


def _explicit(text: str, lines: Sequence[_Line]) -> Iterator[Segment]:
    """What a directive holds that is text; nothing of a comment, a target, an image."""
    found = _DIRECTIVE.match(lines[0].text)
    if not found:
        return
    name = found[1].rpartition(":")[2].casefold()
    body = list(lines[1:])
    if name in _ADMONITIONS and found[2]:
        body = _behind(lines, found.end())
        options = 1
        while options < len(body) and _FIELD.match(body[options].text):
            options += 1
        told = [body[0], *body[options:]] if options > 1 else body
        yield from _options(text, body[1:options])
        yield from _blocks(text, told, "paragraph")
        return
    if name in _TITLED and found[2]:
        yield from _paragraph(text, _behind(lines[:1], found.end()), "title")
    elif name in _VERSIONS and (version := _VERSION.match(found[2])):
        width = found.end() + version.end()
        body = _behind(lines, width) if lines[0].text[width:] else body
    options = 0
    while options < len(body) and _FIELD.match(body[options].text):
        options += 1
    yield from _options(text, body[:options])
    if name in _ADMONITIONS | _TITLED | _OTHERS | _VERSIONS and name != "csv-table":
        yield from _blocks(text, body[options:], "paragraph")


def _options(text: str, lines: Sequence[_Line]) -> Iterator[Segment]:
    """The texts among a directive's options: `:alt: A tree`."""
    for line in lines:
        mark = _FIELD.match(line.text)
        if mark and mark[0].strip(" \t:") in _TEXT_OPTIONS:
            yield from _paragraph(text, _behind([line], mark.end()), "attribute")


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


def _paragraph(text: str, lines: Sequence[_Line], kind: str) -> Iterator[Segment]:
    lines = [line for line in lines if line.text]
    told = "\n".join(line.text for line in lines)
    if not _LETTER.search(told):
        return
    start, stop = lines[0].start, lines[-1].stop
    breaks = tuple(text[a.stop : b.start] for a, b in pairwise(lines))
    prefix = " " * lines[0].indent
    yield Segment(start, stop, kind, told, breaks, prefix, protected(told, RST))
