r"""HTML: the texts between blocks' tags; inline tags stay within a segment, as protected parts.

Scripts, styles, code and comments are passed over. Of attributes, `alt` and `title` are texts, and
so is the `content` of a page's description.

>>> page = read('<p>One <b>oak</b>.</p><script>var p="<p>No</p>"</script><p>Two.')
>>> [segment.text for segment in page.segments]
['One <b>oak</b>.', 'Two.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localize.documents.inline import XML, protected
from localize.documents.marker import split_marker
from localize.documents.record import Document, Segment, Span

_TOKEN = re.compile(r"<!--|<!\[CDATA\[|</?([a-zA-Z][\w:-]{0,40})[^<>]*>|<[!?][^<>]*>")
INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "data", "del", "dfn"),
        *("em", "font", "i", "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s"),
        *("samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
        *("wbr", "code"),
    }
)
_OPAQUE = frozenset({"script", "style", "pre", "textarea", "math", "svg", "template", "noscript"})
_HEADING = re.compile(r"h([1-6])\Z")
_KINDS = {"li": "item", "td": "cell", "th": "cell", "title": "title", "blockquote": "quote"}
_ATTRIBUTE = re.compile(
    r"(?<=\s)(alt|title|placeholder|aria-label)=(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE
)
_KEPT = re.compile(r"\stranslate=[\"']?no\b|\sclass=[\"'][^\"'<>]*\bnotranslate\b", re.IGNORECASE)
_DESCRIPTION = re.compile(
    r"<meta\s[^<>]{0,200}name=\"(?:description|og:title|og:description)\"\s+content=\"([^\"<>]*)\"",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_BARE = re.compile(r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of an HTML page."""
    segments = tuple(segments_of(text, 0, len(text)))
    return Document(text, segments, codec, encode=spelt, comment=True)


def spelt(text: str, segment: Segment) -> str:
    """New text with `<`, `>` and `&` as entities where they are no tags and entities.

    >>> spelt("1 < 2 & <b>3</b>", Segment(0, 1, "paragraph", ""))
    '1 &lt; 2 &amp; <b>3</b>'
    """
    pieces, at, quote = list[str](), 0, '"' if segment.kind == "attribute" else ""
    for span in (*protected(text, XML), Span(len(text), len(text), "")):
        pieces += [_escaped(text[at : span.start], quote), text[span.start : span.stop]]
        at = span.stop
        if span.kind == "tag":  # a tag up to the text of an attribute, and from there on
            ends = text[at - 1]
            quote = ends if ends in "\"'" else ""
    return "".join(pieces)


def _escaped(text: str, quote: str) -> str:
    told = _BARE.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return told.replace(quote, {'"': "&quot;", "'": "&#39;"}[quote]) if quote else told


def segments_of(text: str, start: int, stop: int) -> Iterator[Segment]:
    """The segments of a part of a text that is HTML, in order."""
    at, begin, kind, level = start, start, "html", 0
    while found := _TOKEN.search(text, at, stop):
        at, name = found.end(), (found[1] or "").lower()
        if not name:
            if found[0] in ("<!--", "<![CDATA["):
                closing = "-->" if found[0] == "<!--" else "]]>"
                end = text.find(closing, at, stop)
                at = stop if end < 0 else end + 3
                if text.startswith("<!-- localize:", found.start()):
                    continue  # a marker belongs to its segment
        elif name in INLINE and not (name == "img" and begin == found.start()):
            continue
        elif not found[0].startswith("</") and (name in _OPAQUE or _KEPT.search(found[0])):
            behind = _behind(text, name, at, stop)
            at = behind if behind >= 0 else stop if name in _OPAQUE else at
        yield from _between(text, begin, found.start(), kind, level)
        yield from _attributes(text, found.start(), found.end())
        begin = at
        heading = _HEADING.match(name)
        if name and not found[0].startswith("</"):
            kind = "heading" if heading else _KINDS.get(name, "paragraph")
            level = int(heading[1]) if heading else 0
        else:
            kind, level = "paragraph", 0
    yield from _between(text, begin, stop, kind, level)


def _behind(text: str, name: str, at: int, stop: int) -> int:
    """Behind the end of an element; -1 where nothing closes it."""
    closing = re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE).search(text, at, stop)
    return closing.end() if closing else -1


def _between(text: str, start: int, stop: int, kind: str, level: int) -> Iterator[Segment]:
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    if start < stop and _LETTER.search(re.sub(r"<[^<>]*>", "", text[start:stop])):
        yield segment_at(text, start, stop, kind, level)


def segment_at(text: str, start: int, stop: int, kind: str, level: int = 0) -> Segment:
    """A segment of marked-up text; indentation is a part of its line breaks."""
    pieces = re.split(r"((?<!\s)[ \t]*(?:\r\n|\r|\n)\s*)", text[start:stop])
    content, marker = split_marker("\n".join(pieces[::2]))
    breaks = tuple(pieces[1::2])
    spans = protected(content, XML)
    return Segment(start, stop, kind, content, breaks, "", spans, level, "", marker)


def _attributes(text: str, start: int, stop: int) -> Iterator[Segment]:
    """The texts within one block's tag."""
    for pattern in (_ATTRIBUTE, _DESCRIPTION):
        for found in pattern.finditer(text, start, stop):
            begin, end = found.span(found.lastindex or 1)
            if _LETTER.search(text, begin, end):
                told = text[begin:end]
                yield Segment(begin, end, "attribute", told, spans=protected(told, XML))
