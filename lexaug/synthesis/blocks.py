r"""Text in blocks of a few MB that are cut at line ends (or blank lines) and cleaned.

    for block in read_blocks(stream, "line"):
        cleaned = clean_lines(block, "news.en", skip_bad=False)

Block k holds the lines that begin in bytes k·B to (k+1)·B of the text, whoever reads it and from
where, so that a run which goes on in the middle, and one of eight tasks on a cluster, sees the
same blocks as a run that starts at the top. Between two blocks nothing is remembered: memory does
not grow with the text.

>>> import io
>>> text = io.BytesIO(b"one\ntwo\nthree\n")
>>> [(block.start.line, block.data) for block in read_blocks(text, "line", block_bytes=5)]
[(1, b'one\ntwo\n'), (3, b'three\n')]
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from data.errors import InputError
from data.labels.conll import DOCUMENT_MARK
from data.lines import (
    BYTE_ORDER_MARK,
    REPLACEMENT,
    BadLineError,
    clean,
    decode,
    excerpt,
    refuse_returns,
)
from lexaug.config import BLOCK_BYTES

LONGEST_BYTES = 16 << 20  # of a line, or of a labelled sentence
MARK = BYTE_ORDER_MARK.encode()
_PLAIN = bytes(set(range(1, 128)) - set(b"\n\r\t"))
# As signed numbers ASCII is 0 and more, bytes that continue a character are below -64. Text without
# its ASCII characters is UTF-8 if the text is; the text is as well if none of them parts another.
_AFTER_CONTINUATIONS = -64
_LINE_END = re.compile(rb"(?<!\r)\r+\n")  # files that were converted twice have CR CR LF

Unit = Literal["line", "sentence"]

# A reason under which --skip-bad counts lines, beside those of `data.lines`.
TAB_INSIDE = "tab inside a line"


class Position(NamedTuple):
    """A place between two blocks: all counts are of what stands before it, or from 1 after it.

    `block` blocks and `offset` bytes stand before; `line` is the number of the next line,
    `record` of the next line or labelled sentence.
    """

    block: int = 0
    offset: int = 0
    line: int = 1
    record: int = 1


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Whole lines, or whole sentences with the blank lines behind them."""

    start: Position
    data: bytes
    end: Position


class Piece(NamedTuple):
    """Clean lines without a gap: UTF-8 in NFC, each ended by a line feed."""

    first_line: int
    data: bytes


class Bad(NamedTuple):
    """A record that was left out: its line, the reason it is counted under, its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A block without what cannot be used; `repairs` counts repaired lines by reason."""

    pieces: list[Piece]
    repairs: Counter[str] = field(default_factory=Counter)
    bad: list[Bad] = field(default_factory=list)

    def add(self, first_line: int, parts: Sequence[bytes]) -> None:
        """Add a piece, unless it is empty."""
        data = b"".join(parts)
        if data:
            self.pieces.append(Piece(first_line, data))


def read_blocks(
    stream: BinaryIO,
    unit: Unit,
    start: Position = Position(),  # noqa: B008 (immutable)
    *,
    block_bytes: int = BLOCK_BYTES,
    stop: int | None = None,
    limit: int | None = None,
    name: str = "input",
) -> Iterator[TextBlock]:
    """Yield the blocks from `start`, at whose offset the stream stands.

    Args:
        unit: blocks end after a line, or after the blank line that ends a labelled sentence.
        stop: the number of the first block that is not read.
        limit: records that the whole text may have; the rest is not read.

    Raises:
        InputError: a line or a sentence of more than 16 MiB; a text whose lines end in CR only.
    """
    at = start
    while (stop is None or at.block < stop) and (limit is None or at.record <= limit):
        wanted = (at.block + 1) * block_bytes - at.offset
        data = _cut(stream, wanted, unit, name, at) if wanted > 0 else b""
        if wanted > 0 and not data:
            return
        if not at.block:
            _refuse_returns_only(data, name)
        end = _after(at, data, unit)
        if limit is not None and end.record > limit + 1:
            data = _first(data, limit + 1 - at.record, unit)
            end = _after(at, data, unit)
        yield TextBlock(at, data if data.endswith(b"\n") or not data else data + b"\n", end)
        at = end


def clean_lines(
    block: TextBlock, name: str, *, skip_bad: bool, refuse_tabs: bool = False
) -> Cleaned:
    r"""The lines of a block as the substitution takes them: UTF-8, NFC, ended by a line feed.

    CRLF becomes LF; a byte-order mark is taken out; what is not NFC is normalised; U+FFFD stays.
    All but the first and a mark at the very start are counted. A line that is not UTF-8 or holds
    NUL is an error, or is left out and counted; the other lines keep their numbers.

    Args:
        refuse_tabs: a line with a tab is bad as well, because the output is a table.

    >>> block = TextBlock(Position(), b"caf\xc3\xa9\r\ncaf\xe9\n", Position(1, 11, 3, 3))
    >>> clean_lines(block, "menu.txt", skip_bad=True).pieces
    [Piece(first_line=1, data=b'caf\xc3\xa9\n')]
    >>> clean_lines(block, "menu.txt", skip_bad=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    data.lines.BadLineError: menu.txt:2: expected UTF-8, found byte 0xe9 at ...
    """
    data, first = unmarked(block), block.start.line
    cleaned = Cleaned([])
    parts: list[bytes] = []  # of the piece under way, which begins with line `begin`
    begin, copied = first, 0
    for place, start, end in _lines_to_check(data, refuse_tabs):
        number, line = first + place, data[start:end]
        try:
            text = checked_line(line, f"{name}:{number}", cleaned.repairs, refuse_tabs)
        except BadLineError as error:
            if not skip_bad:
                raise
            cleaned.bad.append(Bad(number, error.reason, shown(line)))
            cleaned.add(begin, [*parts, data[copied:start]])
            parts, copied, begin = [], end + 1, number + 1
        else:
            content = text.encode()
            if content != line:
                parts += [data[copied:start], content]
                copied = end
    cleaned.add(begin, [*parts, data[copied:]])
    return cleaned


def unmarked(block: TextBlock) -> bytes:
    """The block's bytes with LF at line ends and no byte-order mark at the start of the text."""
    data = _LINE_END.sub(b"\n", block.data) if b"\r" in block.data else block.data
    return data.removeprefix(MARK) if block.start.line == 1 else data


def checked_line(line: bytes, where: str, repairs: Counter[str], refuse_tabs: bool = False) -> str:
    """A line decoded and in NFC; repairs are counted.

    Raises:
        BadLineError: it is not UTF-8, or holds NUL, or a tab where tabs are refused.
    """
    text = decode(line, where)
    refuse_returns(text, where)
    if refuse_tabs and "\t" in text:
        raise BadLineError(
            f"{where}: expected a line without tabs, because a tab stands between source and"
            f" target; found {excerpt(text)}; choose --format jsonl",
            TAB_INSIDE,
        )
    odd = BYTE_ORDER_MARK in text or REPLACEMENT in text or "\0" in text
    if odd or not unicodedata.is_normalized("NFC", text):
        return clean(text, where, repairs=repairs, keep_replacement=True)
    return text


def shown(line: bytes) -> str:
    """A line as text, its bytes that are not UTF-8 written as backslash escapes."""
    return line.decode(errors="backslashreplace")


def sentences_of(lines: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    r"""Yield (place of the first line, lines) of each labelled sentence: one token a line.

    Blank lines stand between sentences. A line -DOCSTART- before one is none of its own, and none
    of its tokens (CoNLL-2003).

    >>> list(sentences_of([b"-DOCSTART- O", b"", b"Dogs NOUN", b"bark VERB", b"", b"Yes INTJ"]))
    [(2, [b'Dogs NOUN', b'bark VERB']), (5, [b'Yes INTJ'])]
    """
    at = 0
    for is_blank, run in groupby(lines, lambda line: not line.strip()):
        rows = list(run)
        mark = rows[0].startswith(DOCUMENT_MARK.encode())
        if not is_blank and rows[mark:]:
            yield at + mark, rows[mark:]
        at += len(rows)


def _lines_to_check(data: bytes, refuse_tabs: bool) -> list[tuple[int, int, int]]:
    """(number from 0, begin, end) of the lines that may need a repair; all others are clean."""
    # Of most text little is left but line ends: what is not ASCII, and control characters.
    sparse = data.translate(None, _PLAIN if refuse_tabs else _PLAIN + b"\t")
    codes = np.frombuffer(data, np.int8)
    try:
        text = sparse.decode()
        if np.any((codes[:-1] >= 0) & (codes[1:] < _AFTER_CONTINUATIONS)):
            raise UnicodeError("a byte that continues a character after an ASCII one")
    except UnicodeError:
        numbers = [n for n, line in enumerate(sparse.split(b"\n")) if line]
    else:
        numbers = _odd_lines(text)
    if not numbers:
        return []
    ends = np.flatnonzero(codes == ord("\n"))
    return [(n, int(ends[n - 1]) + 1 if n else 0, int(ends[n])) for n in numbers]


def _odd_lines(text: str) -> list[int]:
    """The numbers of the lines, from 0, with a character that is not clean wherever it stands."""
    odd = "".join(c for c in set(text) - {"\n"} if c in "\r\t" or not _is_settled(c))
    numbers: list[int] = []
    number = counted = 0
    for match in re.finditer(f"[{re.escape(odd)}]", text) if odd else ():
        number += text.count("\n", counted, match.start())
        counted = match.start()
        if numbers[-1:] != [number]:
            numbers.append(number)
    return numbers


@cache
def _is_settled(character: str) -> bool:
    """Whether a character is in NFC whatever stands before it, and is no mark of damage.

    What can join the character before it is a mark (M), or a letter of Hangul's own. Characters
    beyond the first plane are looked at in their lines, but for pictures.
    """
    category = unicodedata.category(character)
    common = character < "\U00010000" or category[0] == "S"
    joins = category[0] == "M" or "\u1100" <= character <= "\u11ff"
    odd = character in (BYTE_ORDER_MARK, REPLACEMENT, "\0")
    return common and not joins and not odd and unicodedata.is_normalized("NFC", character)


def _cut(stream: BinaryIO, wanted: int, unit: Unit, name: str, at: Position) -> bytes:
    """At least `wanted` bytes where there are so many, up to the end of a record."""
    data = stream.read(wanted)
    if len(data) < wanted:
        return data
    pieces, spent = [data], 0
    line = data[data.rfind(b"\n", 0, -1) + 1 :]
    while not line.endswith(b"\n") or (unit == "sentence" and line.strip()):
        rest = stream.readline(LONGEST_BYTES + 1)
        if not rest:
            break
        spent += len(rest)
        if spent > LONGEST_BYTES:
            number = at.line + data.count(b"\n")
            raise InputError(
                f"{name}:{number}: expected {unit}s of at most {LONGEST_BYTES >> 20} MiB, found a"
                " longer one; is this such a text? cut it into shorter ones"
            )
        pieces.append(rest)
        line = rest if line.endswith(b"\n") else line + rest
    return b"".join(pieces)


def _refuse_returns_only(data: bytes, name: str) -> None:
    """Blocks are cut at line feeds: a text without any would be one line of all its words."""
    if b"\r" in data.rstrip(b"\r\n") and b"\n" not in data.rstrip(b"\r\n"):
        raise InputError(
            f"{name}:1: expected lines that end in LF, found carriage returns (CR) only; make them"
            " LF: tr '\\r' '\\n' < FILE"
        )


def _after(at: Position, data: bytes, unit: Unit) -> Position:
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    records = lines if unit == "line" else sum(1 for _ in sentences_of(data.split(b"\n")))
    return Position(at.block + 1, at.offset + len(data), at.line + lines, at.record + records)


def _first(data: bytes, records: int, unit: Unit) -> bytes:
    """The first so many records of a block."""
    lines = data.removesuffix(b"\n").split(b"\n")
    if unit == "sentence":
        ends = [first + len(rows) for first, rows in sentences_of(lines)]
        records = ends[records - 1]
    return b"".join(line + b"\n" for line in lines[:records])
