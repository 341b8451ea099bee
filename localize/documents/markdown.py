r"""Markdown: CommonMark with tables, MyST's roles and directives, D2L's labels, tabs and slides.

markdown-it-py finds the blocks (CommonMark 0.31); where a segment stands within its lines is found
here, in the bytes of the source. Mathematics, labels, comments, code and front matter are no text.

>>> document = read("# Trees\n:label:`sec_trees`\n\n* An *oak* of $3$ m.\n")
>>> [(segment.kind, segment.text) for segment in document.segments]
[('heading', 'Trees'), ('item', 'An *oak* of $3$ m.')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from localize.documents.comments import comments_of
from localize.documents.html import segments_of
from localize.documents.inline import MARKDOWN, protected
from localize.documents.markdown_blocks import COLONS, parser
from localize.documents.marker import split_marker
from localize.documents.record import Document, Segment, line_starts

if TYPE_CHECKING:
    from markdown_it.token import Token

_TASK = re.compile(r"\[[ xX]\][ \t]+")
_ALERT = re.compile(r"\[!\w{1,30}\][+-]?[ \t]*(?:\n|(?=\S))")  # GitHub: > [!NOTE]
_CAPTION = re.compile(r":[ \t]*(?=\S)")  # D2L: the caption of a table
_ADMONITION = re.compile(r"(`{3,}+|~{3,}+|:{3,}+)\{([\w.:-]++)\}(.*)")
# MyST's directives whose body is Markdown; those of others, code-block or math, are not text.
PROSE = frozenset(
    {
        *("admonition", "attention", "caution", "danger", "error", "hint", "important", "note"),
        *("seealso", "tip", "warning", "epigraph", "pull-quote", "sidebar", "topic", "margin"),
        *("dropdown", "card", "tab-item", "tab-set", "grid", "grid-item", "details", "exercise"),
        *("solution", "proof", "theorem", "lemma", "definition", "remark", "example", "figure"),
        *("versionadded", "versionchanged", "deprecated", "versionremoved", "glossary"),
    }
)
# Behind these stands a name, a file or a number in place of text.
NAMED = frozenset(
    {
        *("figure", "glossary", "tab-set", "grid", "grid-item", "versionadded", "versionchanged"),
        *("deprecated", "versionremoved", "epigraph", "pull-quote", "margin", "solution"),
    }
)
_FRONT = re.compile(r"(?:\ufeff)?---[ \t]*(?:\r\n|\r|\n)")
_FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_FRONT_TEXT = re.compile(
    r"^(title|subtitle|description|summary|abstract|sidebar_label|linkTitle)[ \t]*+:"
    r"[ \t]++(\S[^\r\n]*)",
    re.MULTILINE,
)
# Before what would make a paragraph another block, and is no part of the text.
_OPENS_BLOCK = re.compile(
    r"(?:[0-9]{1,9}(?=[.)](?:\s|\Z))|(?=(?:#{1,6}|[-+*:]|=+|-+)(?:\s|\Z)|>|```|~~~|\$\$|:::|%))"
)
_LETTER = re.compile(r"[^\W\d_]")


def read(text: str, codec: str = "utf-8", *, comments: bool = False) -> Document:
    """The document of a Markdown text; with `comments` those in its code are texts too."""
    body, front = _front_matter(text)
    tokens = parser().parse(text[body:])
    lines = Lines(text, body)
    found = [*front, *_segments(tokens, lines)]
    if comments:
        found += [one for token in tokens for one in _in_code(token, lines)]
        found.sort(key=lambda segment: segment.start)
    segments = tuple(_with_parts(segment) for segment in found)
    kept = tuple(segment for segment in segments if is_text(segment))
    remarks = tuple(_remarks(tokens, lines))
    return Document(text, kept, codec, encode=spelt, comment=True, remarks=remarks)


def spelt(text: str, segment: Segment) -> str:
    r"""New text as it must stand there: a value of the front matter in quotes where YAML needs
    them, a pipe in a table's cell behind a backslash.

    >>> spelt("Bäume: ein Buch", Segment(0, 1, "title", "Trees", key="title"))
    '"Bäume: ein Buch"'
    >>> spelt("a | b", Segment(0, 1, "cell", "x"))
    'a \\| b'
    >>> spelt("1. Mai", Segment(0, 1, "paragraph", "May Day"))
    '1\\. Mai'
    """
    if segment.kind == "cell":
        return re.sub(r"(?<!\\)\|", r"\\|", text.replace("\n", " "))
    if segment.kind in ("paragraph", "item", "quote") and text != segment.text:
        opens = _OPENS_BLOCK.match(text)
        return f"{text[: opens.end()]}\\{text[opens.end() :]}" if opens else text
    if segment.kind == "heading" and "\n" not in segment.text:
        return text.replace("\n", " ")
    if segment.kind != "title" or not segment.key or text == segment.text:
        return text
    if segment.prefix == "'":
        return text.replace("'", "''")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if segment.prefix:
        return escaped
    plain = text[:1].isalnum() and ": " not in text and " #" not in text and text[-1] != ":"
    return text if plain else f'"{escaped}"'


def is_text(segment: Segment) -> bool:
    """Whether anything is left to translate when the protected parts are gone.

    >>> is_text(Segment(0, 9, "paragraph", "$x$, 3"))
    True
    """
    at = 0
    for span in segment.spans:
        if _LETTER.search(segment.text, at, span.start):
            return True
        at = span.stop
    return bool(_LETTER.search(segment.text, at))


class Lines:
    """The lines of a text as markdown-it-py counts them, from where its body begins.

    Attributes:
        text: all of it.
    """

    def __init__(self, text: str, body: int) -> None:
        self.text = text
        starts = line_starts(text[body:]) if body else line_starts(text)
        self.starts = [start + body for start in starts]
        self.starts.append(len(text))
        self._first = text.count("\n", 0, body)

    def span(self, line: int) -> tuple[int, int]:
        """Where a line stands, its end not included."""
        if line + 1 >= len(self.starts):
            return len(self.text), len(self.text)
        start, stop = self.starts[line], self.starts[line + 1]
        while stop > start and self.text[stop - 1] in "\r\n":
            stop -= 1
        return start, stop

    def number(self, line: int) -> int:
        """The number of a line in the file, from 1."""
        return line + self._first + 1


def _segments(tokens: Sequence[Token], lines: Lines) -> Iterator[Segment]:
    kinds, level = list[str](), 0
    for token in tokens:
        if token.nesting == 1:
            kinds.append(token.type)
            level = int(token.tag[1]) if token.type == "heading_open" else 0
        elif token.nesting == -1:
            kinds.pop()
        elif token.type == "inline" and token.map:
            kind = _kind(kinds)
            if kind == "row":
                continue
            yield from _paragraph(token, lines, kind, level if kind == "heading" else 0)
        elif token.type in ("fence", "colon_fence"):
            yield from _fence(token, lines)
        elif token.type == "indented" and token.map:
            yield from _quoted_title(lines, *lines.span(token.map[0]))
        elif token.type == "html_block" and token.map:
            yield from _html(token.map, lines)
        if token.type == "tr_open" and token.map:
            yield from _row(token.map[0], lines)


def _kind(kinds: Sequence[str]) -> str:
    if kinds and kinds[-1] == "heading_open":
        return "heading"
    if any(kind in ("th_open", "td_open") for kind in kinds):
        return "row"
    if "list_item_open" in kinds:
        return "item"
    return "quote" if "blockquote_open" in kinds else "paragraph"


def _paragraph(token: Token, lines: Lines, kind: str, level: int) -> Iterator[Segment]:
    """The segment of a paragraph or heading: its content is found at the end of each line."""
    pieces = list[tuple[int, int]]()
    content = token.content.split("\n")
    first = token.map[0] if token.map else 0
    for offset, wanted in enumerate(content):
        start, stop = lines.span(first + offset)
        stripped = wanted.strip(" \t")
        place = lines.text.rfind(stripped, start, stop)
        if kind == "heading" and place >= 0 and len(content) == 1:
            place = _heading_place(lines.text, stripped, start, stop)
        if place < 0:  # a character that CommonMark replaces: NUL
            return
        # What stands behind the content and before the line's end is kept with a break within
        # the paragraph: two spaces are a line break.
        last = offset == len(content) - 1
        pieces.append((place, place + len(stripped) if last else stop))
    if content and pieces:
        yield from _joined(pieces, lines, kind, level)


def _heading_place(text: str, wanted: str, start: int, stop: int) -> int:
    hashes = text.find("#", start, stop)
    inside = hashes
    while 0 <= inside < stop and text[inside] == "#":
        inside += 1
    return text.find(wanted, inside if hashes >= 0 else start, stop)


def _joined(
    pieces: Sequence[tuple[int, int]], lines: Lines, kind: str, level: int
) -> Iterator[Segment]:
    text = lines.text
    parts = [text[start:stop] for start, stop in pieces]
    breaks = tuple(text[a[1] : b[0]] for a, b in pairwise(pieces))
    content = "\n".join(parts)
    start, stop = pieces[0][0], pieces[-1][1]
    opening = _TASK.match(content) if kind in ("paragraph", "item", "quote") else None
    if opening and "\n" not in opening[0]:
        content, start = content[opening.end() :], start + opening.end()
    if alert := _ALERT.match(content) if kind == "quote" else None:
        of_mark = alert[0].count("\n")
        start += alert.end() - of_mark + sum(map(len, breaks[:of_mark]))
        content, breaks = content[alert.end() :], breaks[of_mark:]
    caption = _CAPTION.match(content) if kind == "paragraph" else None
    if caption and not content.startswith(":", 1) and ":`" not in content[:40]:
        content, start, kind = content[caption.end() :], start + caption.end(), "caption"
    if content.startswith("![") and content.rstrip().endswith(")") and "\n" not in content:
        kind = "figure"
    if content:
        line = text.rfind("\n", 0, start) + 1
        prefix = breaks[-1].lstrip("\r\n") if breaks else _prefix(text[line:start])
        yield Segment(start, stop, kind, content, breaks, prefix, level=level)


def _prefix(before: str) -> str:
    """What begins the next line of a container, from what began its first one.

    >>> _prefix("> 1. "), _prefix("  * "), _prefix("## ")
    ('>    ', '    ', '   ')
    """
    return "".join(c if c in "> \t" else " " for c in before)


def _row(line: int, lines: Lines) -> Iterator[Segment]:
    """The cells of a row of a table, which pipes part; an escaped pipe is a character."""
    start, stop = lines.span(line)
    at, cells = start, list[tuple[int, int]]()
    for place in range(start, stop + 1):
        ended = place == stop
        if not ended and (lines.text[place] != "|" or _escaped(lines.text, place)):
            continue
        cells.append((at, place))
        at = place + 1
    for left, right in cells:
        cell = lines.text[left:right]
        text = cell.strip(" \t>") if (left, right) == cells[0] else cell.strip(" \t")
        if text:
            begin = left + cell.index(text)
            yield Segment(begin, begin + len(text), "cell", text)


def _escaped(text: str, place: int) -> bool:
    slashes = place
    while slashes and text[slashes - 1] == "\\":
        slashes -= 1
    return (place - slashes) % 2 == 1


def _fence(token: Token, lines: Lines) -> Iterator[Segment]:
    """The title and the body of a directive of MyST whose body is Markdown; code has none."""
    if not token.map:
        return
    first, after = token.map
    start, stop = lines.span(first)
    while start < stop and lines.text[start] not in "`~:":
        start += 1
    colons = COLONS.match(lines.text, start, stop) if token.type == "colon_fence" else None
    for group in ("in", "on"):
        if colons and colons[group]:
            yield _title(lines, *colons.span(group))
    opening = _ADMONITION.match(lines.text, start, stop)
    if not opening or opening[2] not in PROSE:
        return
    # What stands behind {note} is the first line of its body.
    if opening[2] not in NAMED and opening[3].strip():
        yield _title(lines, *opening.span(3))
    if token.type == "fence" and after - first > 2:
        yield from _inner(first + 1, after - 1, lines)


def _in_code(token: Token, lines: Lines) -> Iterator[Segment]:
    """The comments in a code fence."""
    if token.type == "fence" and token.map and token.map[1] - token.map[0] > 2:
        start, stop = lines.span(token.map[0] + 1)[0], lines.span(token.map[1] - 2)[1]
        yield from comments_of(lines.text, start, stop, token.info)


def _title(lines: Lines, start: int, stop: int) -> Segment:
    """The text of a part of a line, without the space around it."""
    raw = lines.text[start:stop]
    title = raw.strip()
    start += raw.index(title)
    return Segment(start, start + len(title), "title", title)


def _quoted_title(lines: Lines, start: int, stop: int) -> Iterator[Segment]:
    """The title in quotes behind `!!! note`."""
    opens, closes = lines.text.find('"', start, stop), lines.text.rfind('"', start, stop)
    if closes - opens > 1:
        yield _title(lines, opens + 1, closes)


def _inner(first: int, after: int, lines: Lines) -> Iterator[Segment]:
    """Markdown within the lines of a fence, but for the options at its beginning (`:name: x`)."""
    told = [lines.text[slice(*lines.span(line))].strip() for line in range(first, after)]
    if "---" in told[1:] and told[0] == "---":  # the options as YAML
        first += told.index("---", 1) + 1
    while first < after and lines.text[slice(*lines.span(first))].lstrip().startswith(":"):
        first += 1
    if first >= after:
        return
    body = lines.text[: lines.span(after - 1)[1]]
    begin = lines.span(first)[0]
    tokens = parser().parse(body[begin:])
    inner = Lines(body, begin)
    yield from _segments(tokens, inner)


def _html(place: Sequence[int], lines: Lines) -> Iterator[Segment]:
    """The texts between the tags of a block of HTML."""
    start, stop = lines.span(place[0])[0], lines.span(place[1] - 1)[1]
    if "<" in lines.text[start:stop]:
        yield from segments_of(lines.text, start, stop)


def _front_matter(text: str) -> tuple[int, list[Segment]]:
    """(where the body begins, the texts of the front matter): values of title, description, ..."""
    opening = _FRONT.match(text)
    closing = _FRONT_END.search(text, opening.end()) if opening else None
    if not opening or not closing:
        return (1, []) if text.startswith("\ufeff") else (0, [])
    body = closing.end()
    while text.startswith(("\r", "\n"), body) and body < closing.end() + 2:
        body += 1
    found = list[Segment]()
    for line in _FRONT_TEXT.finditer(text, opening.end(), closing.start()):
        value, start = line[2].rstrip(), line.start(2)
        if value[0] in "|>&*[{!%@#":
            continue
        quoted = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
        inner = value[1:-1] if quoted else value
        if inner and "\\" not in inner and "''" not in inner:
            begin = start + quoted
            quote = value[0] if quoted else ""
            found.append(Segment(begin, begin + len(inner), "title", inner, (), quote, key=line[1]))
    return body, found


def _with_parts(segment: Segment) -> Segment:
    """A segment without its marker, and with its protected parts."""
    if segment.spans or segment.marker or segment.kind == "comment":  # of a block of HTML, code
        return segment
    text, marker = split_marker(segment.text)
    spans = protected(text, MARKDOWN)
    return replace(segment, text=text, marker=marker, spans=spans)


def _remarks(tokens: Sequence[Token], lines: Lines) -> Iterator[str]:
    """What is odd: a fence that nothing closes, mathematics that opens only."""
    for token in tokens:
        if token.type == "fence" and token.map:
            last = lines.text[slice(*lines.span(token.map[1] - 1))].strip(" \t>")
            if not last.startswith(token.markup) or token.map[1] - token.map[0] < 2:
                yield f"{lines.number(token.map[0])}: a code fence that nothing closes"
        if token.type == "inline" and token.map and token.content.count("$$") % 2:
            yield f"{lines.number(token.map[0])}: $$ that opens and never closes"
