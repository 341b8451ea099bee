r"""Text in lines, read strictly: the one reader of lines, on which all others stand.

    for number, line in read_lines(Path("news.sw.txt.gz")):
        print(number, line)

Only a line feed ends a line (U+2028, U+0085 and their like are text). CRLF counts as a line feed.
A file whose name ends in .gz or .zst is unpacked while it is read.

What has one right repair is repaired and counted: a byte-order mark inside a line is taken out,
text that is not NFC is normalised. A caller passes a `Counter` and gets the number of lines
repaired by reason; without one the numbers are logged as a warning. Everything else that is
wrong raises `InputError` with the path and the line, or is left out and counted.
"""

from __future__ import annotations

import gzip
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from data.compression import open_zstandard
from data.errors import InputError
from data.faults import NOT_UTF8, NUL_INSIDE, REPLACEMENT_INSIDE, BadLineError, counted

BYTE_ORDER_MARK = "\ufeff"
REPLACEMENT = "\ufffd"

# Reasons under which repairs and drops are counted.
MARK_INSIDE = "byte-order mark inside a line, removed"
NOT_NFC = "not NFC, normalised"
REPLACEMENT_KEPT = "U+FFFD, kept"

GZIP_SUFFIXES = (".gz", ".dz")
DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


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
        InputError: no such file, a damaged gzip file, invalid UTF-8, NUL, U+FFFD.
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
    binary = "NUL character", "the file is binary or damaged, fetch it again"
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
    """Open a file to read bytes; .gz, dictd's .dz and .zst are unpacked on the way."""
    if path.suffix == ".zst":
        return open_zstandard(path)
    try:
        opened = gzip.open if path.suffix in GZIP_SUFFIXES else open
        return cast("IO[bytes]", opened(path, "rb"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(f"{path}: expected a readable file, found: {reason}; check it") from error


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, bytes without their line end); a file is streamed."""
    number = 0
    with open_bytes(path) as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, line.removesuffix(b"\n").removesuffix(b"\r")
        except DAMAGED_GZIP as error:
            raise InputError(
                f"{path}:{number + 1}: expected gzip data, found: {error}; fetch the file again"
            ) from error


def decode(raw: bytes, where: str) -> str:
    """Strict UTF-8; the error names the byte and its place."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadLineError(
            f"{where}: expected UTF-8, found byte 0x{raw[error.start]:02x} at position"
            f" {error.start + 1}; convert the file with iconv -f ENCODING -t UTF-8",
            NOT_UTF8,
        ) from error


def _refuse(text: str, where: str, character: str, reason: str, name: str, advice: str) -> None:
    position = text.find(character)
    if position >= 0:
        message = f"{where}: expected text, found {name} at position {position + 1}; {advice}"
        raise BadLineError(message, reason)
