"""Translation memories (TMX 1.1 to 1.4b): units of segments, one for each language.

    for unit in read_units(Path("memory.tmx")):
        print([(segment.language, segment.text) for segment in unit])

The file is streamed, and all of its parts are bounded. What inline elements become is said in
`data.tmx_text`. A line break or tab inside a segment, with the spaces around it, becomes one
space, and spaces at its ends go: in most files they are indentation.

A DOCTYPE may name a DTD, which is never fetched. One that declares anything itself (an internal
subset) is refused before its declarations are read: entities can expand without bound.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from data.errors import InputError
from data.lines import DAMAGED_PACK, open_bytes
from data.tmx_text import SegmentText

DEEPEST = 10_000  # open elements; no memory that people use has 20
LONGEST_TAG = 1 << 20  # bytes of one tag or comment, which the parser reads again with each chunk
LONGEST_SEGMENT = 1 << 20  # characters; a sentence has 100
LARGEST_UNIT = 1 << 24  # characters of all languages
# Codecs of Python that would read the bytes of any file as Latin-1 or worse.
NO_ENCODINGS = frozenset({"charmap", "raw-unicode-escape", "unicode-escape", "utf-8-sig"})
OVERHEAD = 100  # what a variant counts as beside its text

_CHUNK = 1 << 16


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
