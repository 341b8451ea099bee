r"""Text in lines, read strictly: the one reader of lines, on which all others stand.

    for number, line in read_lines(Path("news.sw.txt.gz")):
        print(number, line)

A line feed ends a line, with the carriage returns before it; in a file without any line feed a
carriage return does (Excel for Mac). U+2028, U+0085 and their like are text. A file whose name
ends in .gz, .xz or .zst, in any case, is unpacked while it is read.

What has one right repair is repaired and counted: a byte-order mark inside a line is taken out,
text that is not NFC is normalised. A caller passes a `Counter` and gets the number of lines
repaired by reason; without one the numbers are logged as a warning. Everything else that is
wrong raises `InputError` with the path and the line, or is left out and counted.

How a bad line is said, left out and counted is what all readers of lines and records share:

    dropped = Counter()
    for number, text in read_lines(path, skip_bad=options.skip_bad, dropped=dropped): ...

A reader that can leave bad lines out raises an error that names `--skip-bad`, and one that cannot
raises one that does not: advice is given only where it can be followed.
"""

from __future__ import annotations

import gzip
import logging
import lzma
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from data.archives import open_zstandard
from data.errors import InputError

SKIP_BAD = "--skip-bad"

# Reasons under which lines are left out.
NOT_UTF8 = "not UTF-8"
NUL_INSIDE = "NUL character"
REPLACEMENT_INSIDE = "U+FFFD, where a letter was lost"

_LOG = logging.getLogger(__name__)
_EXCERPT_LENGTH = 60

BYTE_ORDER_MARK = "\ufeff"
REPLACEMENT = "\ufffd"

# Reasons under which repairs and drops are counted.
MARK_INSIDE = "byte-order mark inside a line, removed"
NOT_NFC = "not NFC, normalised"
REPLACEMENT_KEPT = "U+FFFD, kept"
MIXED_ENDS = "carriage return inside a line"

PACKED = (".gz", ".xz", ".zst")
_UNPACKERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".dz": gzip.open, ".xz": lzma.open}
DAMAGED_PACK = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
LONGEST_LINE = 1 << 24  # bytes; the longest entry of Wiktextract has 3 MB, a bomb has more
_PIECE = 1 << 20  # bytes read at once


class BadLineError(InputError):
    """A line that is no text; `reason` is what it is counted under where it is left out."""

    def __init__(self, message: str, reason: str, *, option: str | None = SKIP_BAD) -> None:
        super().__init__(message, option=option)
        self.reason = reason


def reject(problem: tuple[str, str], where: str, *, skip_bad: bool, dropped: Counter[str]) -> None:
    """Count a bad record under its reason, or raise; `problem` is (reason, what is wrong)."""
    reason, message = problem
    if not skip_bad:
        raise InputError(f"{where}: {message}; fix the line", option=SKIP_BAD)
    dropped[reason] += 1


def fault_of(error: InputError, where: str) -> str:
    """What an error says is wrong, without where and what next, which `reject` says.

    >>> fault_of(InputError("x.jsonl:1: expected JSON, found more; correct it"), "x.jsonl:1")
    'expected JSON, found more'
    """
    return str(error).removeprefix(f"{where}: ").removesuffix("; correct it")


@contextmanager
def counted(given: Counter[str] | None, path: Path, what: str) -> Iterator[Counter[str]]:
    """The caller's counter, or a fresh one that is logged as a warning when the block ends."""
    if given is not None:
        yield given
        return
    fresh: Counter[str] = Counter()
    try:
        yield fresh
    finally:
        if reasons := by_reason(fresh):
            _LOG.warning("%s: %s: %s", path, what, reasons)


def by_reason(counts: Counter[str]) -> str:
    """What a counter of reasons says, on one line; "" where nothing was counted.

    >>> by_reason(Counter({"empty cell": 2}))
    'empty cell (2)'
    """
    return "; ".join(f"{reason} ({number})" for reason, number in (+counts).items())


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names from a file for a message, cut where there are many or one is long.

    >>> listed(["en", "sw"]), listed(map(str, range(100)), most=3)
    ('en, sw', '0, 1, 2 and 97 more')
    """
    known = [name if len(name) <= _EXCERPT_LENGTH else excerpt(name) for name in names]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def excerpt(text: str) -> str:
    r"""A text in quotes for a message: one line, at most 60 characters, tabs to be seen.

    >>> print(excerpt("dog\tmbwa"))
    "dog<TAB>mbwa"
    """
    short = text if len(text) <= _EXCERPT_LENGTH else text[: _EXCERPT_LENGTH - 1] + "…"
    return '"' + "".join(map(_visible, short)) + '"'


def _visible(character: str) -> str:
    if character == "\t":
        return "<TAB>"
    return character if character.isprintable() else ascii(character)[1:-1]


def read_lines(
    path: Path,
    *,
    repairs: Counter[str] | None = None,
    keep_replacement: bool = False,
    skip_bad: bool | None = None,
    dropped: Counter[str] | None = None,
) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end), decoded strictly and in NFC.

    The file is streamed. `repairs` receives the number of lines repaired, by reason.

    Args:
        keep_replacement: keep and count U+FFFD, which stands where an earlier conversion lost
            a letter; by default it is an error.
        skip_bad: leave out lines that are no text and count them in `dropped`, by reason. None: the
            caller has no such choice to offer, so no message advises it.

    Raises:
        InputError: no such file, a damaged packed file, invalid UTF-8, NUL, U+FFFD, a carriage
            return in a file with line feeds, a line of more than 16 MiB.
    """
    with counted(dropped, path, "dropped") as lost:
        for number, text in tried_lines(path, repairs=repairs, keep_replacement=keep_replacement):
            if isinstance(text, str):
                yield number, text
            elif skip_bad:
                lost[text.reason] += 1
            else:
                text.option = None if skip_bad is None else text.option
                raise text


def tried_lines(
    path: Path, *, repairs: Counter[str] | None = None, keep_replacement: bool = False
) -> Iterator[tuple[int, str | BadLineError]]:
    """Yield what `read_lines` does, and in place of a line that is no text what is wrong with it.

    For a reader to whom a line is part of something larger, that is left out whole.
    """
    with counted(repairs, path, "repaired") as tally:
        for number, raw in raw_lines(path):
            where = f"{path}:{number}"
            try:
                text = decode(raw, where)
                if number == 1:
                    text = text.removeprefix(BYTE_ORDER_MARK)
                refuse_returns(text, where)
                text = clean(text, where, repairs=tally, keep_replacement=keep_replacement)
            except BadLineError as error:
                yield number, error
            else:
                yield number, text


def clean(text: str, where: str, *, repairs: Counter[str], keep_replacement: bool = False) -> str:
    r"""Text without byte-order marks and in NFC; what was done is counted in `repairs`.

    >>> repairs = Counter()
    >>> clean("\ufeffn\u0303andu", "swa.txt:3", repairs=repairs)  # n and a combining tilde
    'ñandu'
    >>> sorted(repairs)
    ['byte-order mark inside a line, removed', 'not NFC, normalised']

    Raises:
        InputError: the text holds NUL, or U+FFFD without `keep_replacement`.
    """
    if text.isascii() and "\0" not in text:
        return text
    binary = "NUL character", "the file is binary, or UTF-16: iconv -f UTF-16 -t UTF-8 converts it"
    _refuse(text, where, "\0", NUL_INSIDE, *binary)
    if not keep_replacement:
        _refuse(text, where, REPLACEMENT, REPLACEMENT_INSIDE, "U+FFFD", "restore the letter")
    elif REPLACEMENT in text:
        repairs[REPLACEMENT_KEPT] += 1
    if BYTE_ORDER_MARK in text:
        text = text.replace(BYTE_ORDER_MARK, "")
        repairs[MARK_INSIDE] += 1
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        repairs[NOT_NFC] += 1
    return text


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file to read bytes; .gz, dictd's .dz, .xz and .zst are unpacked on the way."""
    suffix = path.suffix.lower()
    if suffix == ".zst":
        return open_zstandard(path)
    try:
        return cast("IO[bytes]", _UNPACKERS.get(suffix, open)(path, "rb"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(f"{path}: expected a readable file, found: {reason}; check it") from error


def unpacked_suffix(path: Path) -> str:
    """What a file's name says that it holds, once it is unpacked, in small letters.

    >>> unpacked_suffix(Path("memory.TMX")), unpacked_suffix(Path("pairs.tsv.GZ"))
    ('.tmx', '.tsv')
    """
    inner = Path(path.stem) if path.suffix.lower() in PACKED else path
    return inner.suffix.lower()


def shows_nothing(text: str) -> bool:
    r"""Whether a text has only spaces, control characters and invisible ones (U+200B, U+00AD).

    >>> shows_nothing("\u200b "), shows_nothing("។")
    (True, False)
    """
    return not text.strip() or (
        not text.isascii()
        and all(char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in text)
    )


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, bytes without their line end); a file is streamed.

    Raises:
        InputError: no such file, a damaged packed file, a line of more than 16 MiB.
    """
    number = 0
    with open_bytes(path) as file:
        try:
            for number, line in enumerate(_split(file), 1):
                if len(line) > LONGEST_LINE:
                    raise InputError(
                        f"{path}:{number}: expected lines of at most {LONGEST_LINE >> 20} MiB,"
                        " found a longer one; break it, or check that the file is text"
                    )
                yield number, line.rstrip(b"\r")
        except DAMAGED_PACK as error:
            raise InputError(
                f"{path}:{number + 1}: expected {_form(path)}, found: {error}; fetch the file again"
            ) from error


def _form(path: Path) -> str:
    return "xz data" if path.suffix.lower() == ".xz" else "gzip data"


def unchanged_lines(
    path: Path, *, skip_bad: bool = False, dropped: Counter[str] | None = None
) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers as they are written, whatever their normal form.

    Every reader that must not change a text stands on this one: it takes away the byte-order mark
    with which a file begins, and line ends.

    Args:
        skip_bad: leave out lines that are not UTF-8, counted in `dropped`.

    Raises:
        InputError: a byte that is not UTF-8.
    """
    for number, line in raw_lines(path):
        try:
            text = decode(line, f"{path}:{number}")
        except BadLineError as error:
            if not skip_bad:
                raise
            (Counter[str]() if dropped is None else dropped)[error.reason] += 1
            continue
        yield number, text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text


def decode(raw: bytes, where: str) -> str:
    """Strict UTF-8; the error names the byte and its place."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        marks = {b"\xff\xfe\0\0": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
        encoding = marks.get(raw[:4]) or marks.get(raw[:2]) or "ENCODING"
        raise BadLineError(
            f"{where}: expected UTF-8, found byte 0x{raw[error.start]:02x} at position"
            f" {error.start + 1}; convert the file with iconv -f {encoding} -t UTF-8",
            NOT_UTF8,
        ) from error


def _split(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file without their last character; one past the limit is cut behind it."""
    piece = _first_piece(file)
    end = b"\r" if b"\r" in piece and b"\n" not in piece else b"\n"
    parts: list[bytes] = []
    length = 0
    while piece:
        first, *others = piece.split(end)
        parts.append(first)
        length += len(first)
        if others:
            yield b"".join(parts)
            yield from others[:-1]
            parts, length = [others[-1]], len(others[-1])
        if length > LONGEST_LINE:
            break
        piece = file.read(_PIECE)
    if length:
        yield b"".join(parts)


def _first_piece(file: IO[bytes]) -> bytes:
    """The beginning of a file, never cut between the two characters of CRLF."""
    piece = file.read(_PIECE)
    return piece + file.read(1) if piece.endswith(b"\r") else piece


def refuse_returns(text: str, where: str) -> None:
    """Raise for a line with another kind of line end inside.

    Raises:
        BadLineError: a carriage return or a line feed in the line.
    """
    if ("\r" in text or "\n" in text) and "\0" not in text:  # UTF-16 has both; `clean` says so
        raise BadLineError(
            f"{where}: expected one kind of line end, found carriage returns (CR) and line feeds"
            " (LF) in one file; make all of them LF: tr '\\r' '\\n' < FILE",
            MIXED_ENDS,
        )


def _refuse(text: str, where: str, character: str, reason: str, name: str, advice: str) -> None:
    position = text.find(character)
    if position >= 0:
        message = f"{where}: expected text, found {name} at position {position + 1}; {advice}"
        raise BadLineError(message, reason)
