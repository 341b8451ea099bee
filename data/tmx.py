r"""Translation memories (TMX 1.1 to 1.4b): units of segments, one for each language.

    for unit in read_units(Path("memory.tmx")):
        print([(segment.language, segment.text) for segment in unit])

The file is streamed, and all of its parts are bounded. A line break or tab inside a segment,
with the spaces around it, becomes one space, and spaces at its ends go: in most files they are
indentation.

A DOCTYPE may name a DTD, which is never fetched. One that declares anything itself (an internal
subset) is refused before its declarations are read: entities can expand without bound.

The text of a segment is without the codes of the file that it was taken from (`SegmentText`).
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

import codecs
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from data.errors import InputError
from data.lines import DAMAGED_PACK, open_bytes
from data.words import writes_without_spaces

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

DEEPEST = 10_000  # open elements; no memory that people use has 20
LONGEST_TAG = 1 << 20  # bytes of one tag or comment, which the parser reads again with each chunk
LONGEST_SEGMENT = 1 << 20  # characters; a sentence has 100
LARGEST_UNIT = 1 << 24  # characters of all languages
# Codecs of Python that would read the bytes of any file as Latin-1 or worse.
NO_ENCODINGS = frozenset({"charmap", "raw-unicode-escape", "unicode-escape", "utf-8-sig"})
OVERHEAD = 100  # what a variant counts as beside its text

_CHUNK = 1 << 16


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


class Segment(NamedTuple):
    """One language's text in a translation unit; the language as `language_tag` spells it."""

    language: str
    text: str


def read_units(path: Path) -> Iterator[list[Segment]]:
    """Yield the segments of every translation unit, in bounded memory.

    Raises:
        InputError: XML that is not well formed (with its line), an encoding that does not exist,
            an internal subset, a part past its limit, a damaged gzip file.
    """
    memory = _Memory(path)
    try:
        yield from _units(path, memory)
    except expat.ExpatError as error:
        raise InputError(
            f"{path}:{error.lineno}: expected well-formed XML, found: {error}; correct it"
        ) from error
    except DAMAGED_PACK as error:
        raise InputError(
            f"{path}: expected gzip data, found: {error}; fetch the file again"
        ) from error


def language_tag(language: str) -> str:
    """One spelling for a language tag, to compare it.

    >>> language_tag("sw_KE")
    'sw-ke'
    """
    return language.strip().lower().replace("_", "-")


def _units(path: Path, memory: _Memory) -> Iterator[list[Segment]]:
    fed = 0
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            fed += len(chunk)
            memory.feed(chunk)
            if fed - memory.parser.CurrentByteIndex > LONGEST_TAG + _CHUNK:
                raise memory.fault(f"tags of at most {LONGEST_TAG:,} bytes", "a longer one")
            yield from memory.taken()
    memory.feed(b"", last=True)
    yield from memory.taken()


class _Memory:
    """Listens to the parser, and keeps the units that are whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._depth = 0
        self._units: list[list[Segment]] = []
        self._unit: list[Segment] | None = None
        self._unit_size = 0
        self._language: str | None = None  # of the variant that is open and has no segment yet
        self._text: SegmentText | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self._encoding = "UTF-8"
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.SkippedEntityHandler = self._unknown_entity
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse a piece of the file.

        The parser asks Python for encodings that it does not know; Python answers in many ways.
        """
        try:
            self.parser.Parse(chunk, last)
        except InputError:
            raise
        except (LookupError, ValueError) as error:
            raise self._unreadable() from error

    def taken(self) -> list[list[Segment]]:
        """The units that are whole and were not taken yet."""
        units, self._units = self._units, []
        return units

    def fault(self, expected: str, found: str) -> InputError:
        """What to raise where a part of the file is past its limit."""
        line = self.parser.CurrentLineNumber
        return InputError(f"{self._path}:{line}: expected {expected}, found {found}; correct it")

    def _unreadable(self) -> InputError:
        return InputError(
            f"{self._path}:1: expected text in UTF-8, UTF-16 or an encoding of one byte a letter,"
            f' found "{self._encoding[:40]}"; convert it to UTF-8 and declare that'
        )

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._encoding = encoding or "UTF-8"
        try:
            known = codecs.lookup(self._encoding).name
        except (LookupError, ValueError):  # the parser knows more, or `feed` says so
            return
        if known in NO_ENCODINGS:
            raise self._unreadable()

    def _doctype(
        self, _name: str, _system: str | None, _public: str | None, has_subset: int
    ) -> None:
        if has_subset:
            raise InputError(
                f"{self._path}: expected a DOCTYPE without declarations of its own, found an"
                " internal subset, whose entities could expand without bound; take it out of the"
                " file"
            )

    def _unknown_entity(self, name: str, is_parameter: int) -> None:
        if not is_parameter:
            raise self.fault("well-formed XML", f"the undefined entity {name}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.fault(f"at most {DEEPEST:,} elements in each other", "more")
        match name.rpartition(":")[2]:  # some exporters declare a namespace
            case "tu":
                self._unit, self._unit_size = [], 0
            case "tuv" if self._text is None:
                language = attributes.get("xml:lang") or attributes.get("lang") or ""
                self._language = language_tag(language)
            case "seg" if self._text is None and self._language is not None:
                self._text = SegmentText()
            case local if self._text is not None:
                self._text.open(local, attributes.get("type", ""))

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.add(text)
            if self._text.size > LONGEST_SEGMENT:
                raise self.fault(f"segments of at most {LONGEST_SEGMENT:,} characters", "more")

    def _end(self, name: str) -> None:
        self._depth -= 1
        match name.rpartition(":")[2]:
            case "tu" if self._unit is not None:
                self._units.append(self._unit)
                self._unit = None
            case "tuv" if self._text is None:
                if self._language is not None:  # without a segment
                    self._keep(self._language, "")
            case "seg" if self._text is not None and not self._text.depth:
                self._keep(self._language or "", self._text.joined())
                self._text = None
            case _ if self._text is not None:
                self._text.close()

    def _keep(self, language: str, text: str) -> None:
        """Add the segment of a variant to its unit; a second one of the same variant is none."""
        self._language = None
        if self._unit is None:
            return
        self._unit.append(Segment(language, text))
        self._unit_size += len(text) + OVERHEAD
        if self._unit_size > LARGEST_UNIT:
            raise self.fault(f"units of at most {LARGEST_UNIT:,} characters", "a larger one")
