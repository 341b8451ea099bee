r"""The text of a TMX segment, without the codes of the file that it was taken from.

TMX 1.4b, section "Content markup": `bpt`, `ept`, `it`, `ph` and `ut` hold codes of the original
format, with all that stands in them; they are left out. Every other inline element, such as `hi`,
marks text, which is kept.

A code can stand for the gap between two words. A break is one space: the types lb, pb and cb (of
lines, pages, columns), and codes like `<br/>`, `</p>` or `\n`. A placeholder (`ph`) is a thing by
itself, an image or a value: where letters stand on both sides of it, they are two words, but for
scripts that put no spaces between words. Of formatting, `<b>` for instance, nothing is left.

>>> text = SegmentText()
>>> text.add("Opening hours"), text.open("ph", "lb"), text.close(), text.add("Monday")
(None, None, None, None)
>>> text.joined()
'Opening hours Monday'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from data.scripts import writes_without_spaces

CODES = frozenset({"bpt", "ept", "it", "ph", "ut"})
BREAK_TYPES = frozenset({"lb", "pb", "cb"})

_BREAK = "\n"  # what a line break in the segment is, too
_GAP = "\0"  # no character of XML
_PREFIX = r"</?(?:[A-Za-z]{1,20}:)?"
_BREAKING = re.compile(
    _PREFIX + r"(?:br|cr|lb|p|par|div|li|ul|ol|dl|dt|dd|tr|td|th|table|hr|h[1-6]|section|pagebreak"
    r"|line-break|linebreak|tab)(?![A-Za-z])|<text:s\b"
    r"|\\(?:n|r|t|line|par|page|tab)(?![A-Za-z])|[\n\r\t\u2028\u2029]",
    re.IGNORECASE,
)
_FORMATTING = re.compile(
    _PREFIX + r"(?:a|abbr|b|big|bookmark|cf|code|del|em|emphasis|font|g|i|ins|link|mark|q|s|small"
    r"|span|strike|strong|style|sub|sup|tt|u|wbr)(?![A-Za-z])|^(?:&shy;|\\-|[\u00ad\u200b-\u200d])$",
    re.IGNORECASE,
)


class SegmentText:
    """Collects what a parser meets inside a segment.

    Attributes:
        depth: how many inline elements are open.
        size: characters so far, those of codes included.
    """

    def __init__(self) -> None:
        self.depth = self.size = 0
        self._parts: list[str] = []
        self._code: tuple[str, str] | None = None  # name and type of the outermost open code
        self._code_depth = 0
        self._content: list[str] = []

    def open(self, name: str, kind: str) -> None:
        """An inline element begins; `kind` is its attribute `type`."""
        self.depth += 1
        if self._code is None and name == "br":  # HTML in a segment: no TMX, and often met
            self._parts.append(_BREAK)
        if self._code is None and name in CODES:
            self._code, self._code_depth, self._content = (name, kind), self.depth, []

    def close(self) -> None:
        """The inline element that was opened last ends."""
        if self._code is not None and self.depth == self._code_depth:
            self._parts.append(stands_for(*self._code, "".join(self._content)))
            self._code = None
        self.depth -= 1

    def add(self, text: str) -> None:
        """Characters: of the segment, of a code, or of what is nested in a code (dropped)."""
        self.size += len(text)
        if self._code is None:
            self._parts.append(text)
        elif self.depth == self._code_depth:
            self._content.append(text)

    def joined(self) -> str:
        """The text on one line."""
        pieces = "".join(self._parts).split(_GAP)
        return squeezed("".join(_bridged(pieces)))


def stands_for(name: str, kind: str, content: str) -> str:
    r"""What a code leaves in the text: a line break, a gap between words, or nothing.

    >>> stands_for("ph", "", "<w:br/>"), stands_for("it", "", "<b>"), stands_for("ph", "", "{1}")
    ('\n', '', '\x00')
    """
    if kind.strip().lower() in BREAK_TYPES or _BREAKING.search(content):
        return _BREAK
    return _GAP if name == "ph" and not _FORMATTING.search(content) else ""


def squeezed(text: str) -> str:
    r"""Text on one line: a line break or tab and the spaces around it are one space.

    >>> squeezed("\n  the  dog\n     sleeps\n")
    'the  dog sleeps'
    """
    lines = text.replace("\t", "\n").replace("\r", "\n").split("\n")
    return " ".join(filter(None, (line.strip(" ") for line in lines)))


def _bridged(pieces: Sequence[str]) -> list[str]:
    """The pieces with a space between those whose words would run together."""
    bridged: list[str] = []
    last = ""
    for piece in pieces:
        if piece:
            if last and _parts_words(last, piece[0]):
                bridged.append(" ")
            bridged.append(piece)
            last = piece[-1]
    return bridged


def _parts_words(left: str, right: str) -> bool:
    """Whether both characters belong to words of a script that puts spaces between words."""
    return all(
        unicodedata.category(character)[0] in "LMN" and not writes_without_spaces(character)
        for character in (left, right)
    )
