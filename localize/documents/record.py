r"""What a document is here: its text, untouched, and the segments of it that people read.

A segment is a span of the source. Whatever stands between two segments is never looked at and never
written anew, so a document that nobody translated comes back byte for byte.

>>> segment = Segment(2, 16, "quote", "One\nand two.", ("\n> ",), "> ")
>>> document = Document("> One\n> and two.\n", (segment,))
>>> document.rebuilt({}), document.rebuilt({0: "Eins und zwei."})
(b'> One\n> and two.\n', b'> Eins und zwei.\n')
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Span(NamedTuple):
    """A part of a segment's text that no translation may change: characters, and what it is."""

    start: int
    stop: int
    kind: str


class Marker(NamedTuple):
    """What `localize.sync` left beside a segment for a person to look at.

    Attributes:
        start, stop: where it stands, from the beginning of the segment's text in the file.
        proposal: a translation of the source as it is now; "" where there was no engine.
    """

    start: int
    stop: int
    proposal: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text to translate, and where it stands.

    Attributes:
        start, stop: characters of the document's text, `stop` excluded.
        kind: heading, paragraph, item, cell, title, message, ...; `UNSURE` where a bilingual file
            says that the translation which stands there is none yet, or is doubtful.
        text: what a reader sees of it; a line break where the source has one.
        breaks: for each line break in `text`, what stands there in the source, `\\n> ` in a quote.
        prefix: what begins a line that a translation adds.
        spans: the protected parts of `text`, in order, none within another.
        level: of a heading, from 1; 0 for all others.
        key: its name in the file, where it has one: a message's identifier.
        marker: what `localize.sync` left behind it.
        target: of a bilingual file, the translation that stands there; "" for none.
    """

    start: int
    stop: int
    kind: str
    text: str
    breaks: tuple[str, ...] = ()
    prefix: str = ""
    spans: tuple[Span, ...] = ()
    level: int = 0
    key: str = ""
    marker: Marker | None = None
    target: str = ""


UNSURE = "unsure message"

Encode = Callable[[str, Segment], str]
"""Text as it must be spelt where a segment stands: with a file's escapes, by itself unchanged."""


def as_it_is(text: str, _: Segment) -> str:
    """For files without escapes."""
    return text


@dataclass(frozen=True)
class Document:
    """A file's text with its segments.

    Attributes:
        text: all of it; bytes that are no UTF-8 are lone surrogates (Python's surrogateescape).
        segments: in order, none within another.
        codec: what the file was read with.
        encode: how new text is spelt.
        comment: whether a marker can stand behind a segment (`<!-- -->`).
        bilingual: whether a segment's place holds its translation, its text being elsewhere.
        by_line: whether a text is spelt line by line, with the breaks of its segment between.
        line_break: what parts two lines where a segment has no break; the file's line end.
        settle: of a bilingual file's new text and the texts that it was made of: without the marks
            of messages that were unsure and have another translation now.
        pack: from the edited text's bytes to the file's, for a file that is an archive.
        remarks: what is odd in it, `12: a code fence that nothing closes`; lines count from 1.
    """

    text: str
    segments: tuple[Segment, ...]
    codec: str = "utf-8"
    encode: Encode = as_it_is
    comment: bool = False
    bilingual: bool = False
    by_line: bool = True
    line_break: str = ""
    pack: Callable[[bytes], bytes] | None = None
    settle: Callable[..., str] | None = None
    remarks: tuple[str, ...] = ()
    starts: list[int] = field(default_factory=list, compare=False, repr=False)

    @property
    def newline(self) -> str:
        """What ends its lines: that which ends the first one."""
        at = self.text.find("\n")
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    def translation(self, place: int) -> str:
        """What a translated document says in a segment."""
        segment = self.segments[place]
        return segment.target if self.bilingual else segment.text

    def raw(self, place: int) -> str:
        """A segment as it stands in the file, its marker included."""
        segment = self.segments[place]
        return self.text[segment.start : segment.stop]

    def gap(self, place: int) -> str:
        """What stands between the segment at `place` and the next one; -1: before the first."""
        start = self.segments[place].stop if place >= 0 else 0
        end = self.segments[place + 1].start if place + 1 < len(self.segments) else len(self.text)
        return self.text[start:end]

    def rebuilt(self, texts: Mapping[int, str]) -> bytes:
        """The file with other texts in some segments; the rest byte for byte as it was."""
        pieces, at = list[str](), 0
        for place, text in sorted(texts.items()):
            segment = self.segments[place]
            pieces += [self.text[at : segment.start], self.spelt(text, segment)]
            at = segment.stop
        text = "".join([*pieces, self.text[at:]])
        return self.encoded(self.settle(text, self.text) if self.settle and texts else text)

    def spelt(self, text: str, segment: Segment) -> str:
        """A text as it stands in the file in the place of a segment, line by line."""
        if not self.by_line:
            return self.encode(text, segment)
        lines = text.split("\n")
        told = self.encode(text, segment).split("\n")
        # Escapes are found in the whole (a tag may go over two lines), but where they make lines.
        spelt = told if len(told) == len(lines) else [self.encode(line, segment) for line in lines]
        breaks = [*segment.breaks[: len(lines) - 1]]
        breaks += [
            (self.line_break or self.newline) + segment.prefix
            if not segment.breaks
            else segment.breaks[-1]
        ] * (len(lines) - 1 - len(breaks))
        return spelt[0] + "".join(b + line for b, line in zip(breaks, spelt[1:], strict=True))

    def encoded(self, text: str) -> bytes:
        """A whole text as the file's bytes."""
        raw = encoded(text, self.codec)
        return self.pack(raw) if self.pack else raw

    def line_of(self, place: int) -> int:
        """The line of a segment's beginning, from 1."""
        if not self.starts:
            self.starts.extend(line_starts(self.text))
        from bisect import bisect_right

        return bisect_right(self.starts, self.segments[place].start)


def decoded(raw: bytes) -> tuple[str, str]:
    """A file's text and the codec that brings its bytes back: UTF-8, or UTF-16 with its mark.

    >>> decoded(b"caf\\xe9")
    ('caf\\udce9', 'utf-8')
    """
    codec = UTF16.get(raw[:2])
    if codec:
        try:
            text = raw.decode(codec, "surrogatepass")
            if text.encode(codec, "surrogatepass") == raw:
                return text, codec
        except UnicodeDecodeError:
            pass
    return raw.decode("utf-8", "surrogateescape"), "utf-8"


def encoded(text: str, codec: str = "utf-8") -> bytes:
    """The bytes that `decoded` had, where the text is still the same."""
    return text.encode(codec, "surrogateescape" if codec == "utf-8" else "surrogatepass")


def line_starts(text: str) -> list[int]:
    r"""Where each line begins; lines end with \n, \r\n or \r, as in CommonMark.

    >>> line_starts("a\r\nb\rc")
    [0, 3, 5]
    """
    starts, at = [0], 0
    while True:
        newline, carriage = text.find("\n", at), -1
        # A lone \r before the next \n; looked for in this line only, so that it stays linear.
        carriage = text.find("\r", at, newline if newline >= 0 else len(text))
        if carriage >= 0 and carriage + 1 != newline:
            at = carriage + 1
        elif newline >= 0:
            at = newline + 1
        else:
            return starts
        starts.append(at)


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that overlap taken together under the kind of the first.

    >>> joined([Span(4, 6, "math"), Span(0, 2, "code"), Span(5, 9, "tag")])
    (Span(start=0, stop=2, kind='code'), Span(start=4, stop=9, kind='math'))
    """
    done = list[Span]()
    for span in sorted(spans):
        if done and span.start < done[-1].stop:
            done[-1] = done[-1]._replace(stop=max(done[-1].stop, span.stop))
        else:
            done.append(span)
    return tuple(done)
