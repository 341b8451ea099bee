r"""XLIFF 2 and 1.2: the target of each segment; one that has none gets one behind its source.

A target whose state is `new` or `needs-translation` is unsure; what takes its place has no state.

>>> text = '<segment><source>Open <ph id="1"/></source></segment>'
>>> document = read(text)
>>> document.rebuilt({0: 'Öffne <ph id="1"/> & mehr'}).decode().partition("</source>")[2]
'<target>Öffne <ph id="1"/> &amp; mehr</target></segment>'
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localize.documents import html
from localize.documents.inline import XLIFF, protected
from localize.documents.record import UNSURE, Document, Segment

_UNIT = re.compile(r"<(?:[\w-]{1,40}:)?source(?:\s[^<>]*)?>")
_SOURCE_END = re.compile(r"</(?:[\w-]{1,40}:)?source\s*>")
_TARGET = re.compile(r"\s*<((?:[\w-]{1,40}:)?target)(?:\s[^<>]*)?(/)?>")
_HIDDEN = re.compile(  # comments, earlier translations, what is not to be translated
    r"<!--.*?-->|<(alt-trans|mtc:matches|skeleton|skl)\b.*?</\1>"
    r"|<((?:trans-)?unit)\s(?=[^<>]*(?:\btranslate=[\"']no[\"']|[\"']x-gettext-domain-header[\"']))"
    r".*?</\2>",
    re.DOTALL,
)
_UNDONE = re.compile(r"\sstate=[\"'](?:new|needs-[\w-]{1,40})[\"']")  # of version 1.2
_LETTER = re.compile(r"[^\W\d_]")


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of an XLIFF file."""
    found = tuple(_segments(text))
    return Document(text, found, codec, spelt, by_line=False, bilingual=True, settle=settled)


def settled(text: str, *before: str) -> str:
    """A file without the state of unsure targets whose text is new: in none of `before`."""
    known = {segment.target for one in before for segment in _segments(one)} - {""}
    pieces, at = list[str](), 0
    for segment in _segments(text):
        if segment.kind != UNSURE or segment.target in known:
            continue
        opening = text.rindex("<", at, segment.start)
        pieces += [text[at:opening], _UNDONE.sub("", text[opening : segment.start])]
        at = segment.start
    return "".join([*pieces, text[at:]])


def spelt(text: str, segment: Segment) -> str:
    """A translation as XML, in an element of its own where there was none."""
    told = html.spelt(text, segment)
    return f"<{segment.key}>{told}</{segment.key}>" if segment.kind == "new target" else told


def _segments(text: str) -> Iterator[Segment]:
    hidden = [found.span() for found in _HIDDEN.finditer(text)]
    hidden.reverse()
    at = 0
    while opening := _UNIT.search(text, at):
        while hidden and hidden[-1][1] <= opening.start():
            hidden.pop()
        at = opening.end()
        closing = _SOURCE_END.search(text, at)
        if closing is None:
            return
        if hidden and hidden[-1][0] <= opening.start():
            continue
        source = text[at : closing.start()]
        at = closing.end()
        if _LETTER.search(re.sub(r"<[^<>]*>", "", source)):
            yield _segment(text, source, closing)


def _segment(text: str, source: str, closing: re.Match[str]) -> Segment:
    spans = protected(source, XLIFF)
    there = _TARGET.match(text, closing.end())
    if there is None:
        name = closing[0][2:-1].strip().replace("source", "target")
        at = closing.end()
        return Segment(at, at, "new target", source, spans=spans, key=name)
    if there[2]:
        start, stop = there.start(1) - 1, there.end()
        return Segment(start, stop, "new target", source, spans=spans, key=there[1])
    end = text.find(f"</{there[1]}", there.end())
    stop = end if end >= 0 else there.end()
    kind = UNSURE if _UNDONE.search(there[0]) else "message"
    target = text[there.end() : stop]
    return Segment(there.end(), stop, kind, source, spans=spans, target=target)
