"""LIFT, the Lexicon Interchange FormaT that FLEx and WeSay export (https://github.com/sillsdev/lift-standard).

    <entry id="haw"><lexical-unit><form lang="kea"><text>hàw</text></form></lexical-unit>
      <sense><grammatical-info value="Noun"/><gloss lang="en"><text>house</text></gloss></sense>
    </entry>

Forms and glosses name their languages, often with a script or a private part (`kea-x-audio`, whose
forms are sound files and left out). A sense without a gloss in the language that is asked for is
read from its definition. XML is read piece by piece, without entities of its own or other files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from data.errors import InputError
from data.languages import Language
from data.lexicon.fieldwork import NO_GLOSS, OTHER_LANGUAGES, entry, glosses, universal_pos
from data.lexicon.reading import Entry, Reading, Sample, language_or_none
from data.lines import open_bytes

PIECE = 1 << 16
DEEPEST = 100
LONGEST = 100_000  # characters of one text
AUDIO = "-x-audio"

Texts = list[tuple[str, str]]  # language, text


@dataclass
class Sense:
    """A sense: its part of speech, its glosses and definitions by language."""

    pos: str = ""
    glosses: Texts = field(default_factory=list)
    definitions: Texts = field(default_factory=list)


@dataclass
class Record:
    """An entry: the line where it begins, its headword by language, its senses."""

    line: int
    forms: Texts = field(default_factory=list)
    senses: list[Sense] = field(default_factory=list)


def recognises(sample: Sample) -> bool:
    """Whether the root element is `lift`."""
    return any("<lift" in line for line in sample.lines[:20])


def entries(path: Path, reading: Reading) -> Iterator[Entry]:
    """Yield the entries; those without a form and a gloss in the two languages are counted.

    Raises:
        InputError: not XML, or declarations of its own in it; with path and line.
    """
    sides = _Sides(reading)
    for record in records(path):
        where = f"{path}:{record.line}"
        told = sides.of(record)
        if told is None:
            reading.dropped[OTHER_LANGUAGES] += 1
            continue
        turned, word = told
        found = False
        for number, sense in enumerate(record.senses, 1):
            texts = sides.glosses(sense, turned)
            for text in texts:
                made = entry(
                    where,
                    word,
                    text,
                    reading,
                    turned=turned,
                    pos=universal_pos(sense.pos),
                    sense=number,
                )
                if made:
                    found = True
                    yield made
        if not found:
            reading.dropped[NO_GLOSS] += 1


class _Sides:
    """Which of the two languages a text is in, each code asked once."""

    def __init__(self, reading: Reading) -> None:
        self._languages = reading.languages
        self._tags = (reading.source, reading.target)
        self._asked: dict[tuple[int, str], bool] = {}

    def of(self, record: Record) -> tuple[bool, str] | None:
        """Whether the headword is in the target language, and the headword; None if in neither."""
        for turned, side in ((False, 0), (True, 1)):
            for code, text in record.forms:
                if text.strip() and self._is(side, code):
                    return turned, text
        return None

    def glosses(self, sense: Sense, turned: bool) -> list[str]:
        """The glosses of a sense in the other language; else its definition there."""
        side = 0 if turned else 1
        for texts in (sense.glosses, sense.definitions):
            found = [part for code, text in texts if self._is(side, code) for part in glosses(text)]
            if found:
                return found
        return []

    def _is(self, side: int, code: str) -> bool:
        if (side, code) not in self._asked:
            self._asked[side, code] = _same(self._languages[side], self._tags[side], code)
        return self._asked[side, code]


def _same(language: Language | None, tag: str, code: str) -> bool:
    if code.endswith(AUDIO):
        return False
    plain = code.partition("-x-")[0]
    other = language_or_none(plain)
    if language and other:
        return other.same_language(language) or language.closest([plain]) is not None
    return plain.casefold() == tag.casefold()


def records(path: Path) -> Iterator[Record]:
    """The entries of a file, one at a time.

    Raises:
        InputError: not XML, or a document type with declarations; with path and line.
    """
    parser = _Parser(path)
    with open_bytes(path) as source:
        try:
            while piece := source.read(PIECE):
                parser.feed(piece, last=False)
                yield from parser.taken()
            parser.feed(b"", last=True)
        except expat.ExpatError as error:
            raise InputError(
                f"{path}:{error.lineno}: expected LIFT, an XML file, found"
                f" {expat.ErrorString(error.code)}; export it again"
            ) from error
    yield from parser.taken()


class _Parser:
    """Listens to expat, and keeps the entries that are whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: list[Record] = []
        self._record: Record | None = None
        self._above: list[str] = []
        self._language = ""
        self._text: list[str] | None = None
        self._size = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, piece: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except (LookupError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise self._fault("text in UTF-8", "another encoding") from error

    def taken(self) -> list[Record]:
        found, self._records = self._records, []
        return found

    def _fault(self, expected: str, found: str) -> InputError:
        line = self._parser.CurrentLineNumber
        return InputError(
            f"{self._path}:{line}: expected {expected}, found {found}; export it again"
        )

    def _doctype(self, _name: str, _system: str | None, _public: str | None, subset: int) -> None:
        if subset:
            raise self._fault("no declarations of its own", "a DOCTYPE with some")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._above.append(name)
        if len(self._above) > DEEPEST:
            raise self._fault(f"at most {DEEPEST} elements in each other", "more")
        record = self._record
        if name == "entry":
            self._record = Record(self._parser.CurrentLineNumber)
        elif record is not None and name in ("sense", "subsense"):
            record.senses.append(Sense())
        elif record is not None and name == "grammatical-info" and record.senses:
            if self._above[-2] in ("sense", "subsense"):
                record.senses[-1].pos = attributes.get("value", "")
        elif name in ("form", "gloss"):
            self._language = attributes.get("lang", "")
        elif name == "text":
            self._text, self._size = [], 0

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
            self._size += len(text)
            if self._size > LONGEST:
                raise self._fault(f"texts of at most {LONGEST:,} characters", "more")

    def _end(self, name: str) -> None:
        self._above.pop()
        if name == "text" and self._text is not None:
            self._keep(" ".join("".join(self._text).split()))
            self._text = None
        elif name == "entry" and self._record is not None:
            self._records.append(self._record)
            self._record = None

    def _keep(self, text: str) -> None:
        """A text goes where the elements above it say."""
        record, above = self._record, self._above
        if record is None or len(above) < 2:
            return
        pair = (self._language, text)
        sense = record.senses[-1] if record.senses else None
        match above[-2:]:
            case ["lexical-unit", "form"]:
                record.forms.append(pair)
            case ["sense" | "subsense", "gloss"] if sense:
                sense.glosses.append(pair)
            case ["definition", "form"] if sense:
                sense.definitions.append(pair)
