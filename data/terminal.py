r"""What may reach a terminal or a report: text, never a command to either.

Data, models and servers can hold terminal escapes (`ESC ]0;...` renames a window, others type for
the user) and bidi controls that make a line read as something else (CVE-2021-42574). Every exit
shows text through `printable`; `data.cli.run` puts that filter on stdout and stderr.

>>> printable("dog\x1b]0;pwned\x07")
'dog\\x1b]0;pwned\\x07'
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

# C0 but for tab and line feed, DEL, C1, line and paragraph separators, the bidi embeddings,
# overrides and isolates, lone surrogates. The marks LRM, RLM and ALM, and the joiners, belong to
# the spelling of Persian, Sindhi or Malayalam and reorder nothing beyond their neighbours.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Text whose control characters are spelt out as Python would (`\x1b`, `\u202e`).

    Tabs and line feeds stay.

    >>> printable("Kila\tsiku\n")
    'Kila\tsiku\n'
    """
    return _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text)


def one_line(text: str) -> str:
    r"""Printable text on one line, for an error or a note.

    >>> one_line("bad\r\ngateway")
    'bad gateway'
    """
    return printable(" ".join(text.split()))


class FilteredStream(io.TextIOBase):
    """A text stream whose writers can send no control characters (see `printable`).

    `raw` is the stream behind it, for bytes that are nobody's text: a progress bar's own colours.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def write(self, text: str) -> int:
        """Write printable text; the number of characters that were given."""
        self.raw.write(printable(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what is waiting."""
        self.raw.flush()

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return not self.raw.closed and self.raw.isatty()

    def fileno(self) -> int:
        """The descriptor of the system."""
        return self.raw.fileno()

    def writable(self) -> bool:
        """It is."""
        return True

    @property
    def buffer(self) -> Any:
        """The stream of bytes below, for data that a program reads: unfiltered."""
        return self.raw.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only here
        """The encoding of the stream behind it."""
        return self.raw.encoding


@contextmanager
def settled_streams() -> Iterator[None]:
    """stdout and stderr as every command can use them, for as long as the block lasts.

    A stream that is missing (closed by the parent) goes nowhere. A console that is not UTF-8
    (cp1252, ASCII) gets escapes for what it cannot show, where Python would raise. Controls are
    filtered. Nested blocks change nothing more.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _settled(sys.stdout), _settled(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def unfiltered(stream: TextIO) -> TextIO:
    """The stream behind the filter, for `rich`, which draws with escapes of its own.

    What it shows of data must go through `printable` first.
    """
    return stream.raw if isinstance(stream, FilteredStream) else stream


def bar_settings() -> dict[str, Any]:
    """How a progress bar of `rich` is drawn: on stderr past the filter, and nothing else with it.

    `rich` would catch what others print while the bar is up, and write it unfiltered.
    """
    from rich.console import Console

    console = Console(file=unfiltered(sys.stderr))
    return {"console": console, "redirect_stdout": False, "redirect_stderr": False}


def _settled(stream: TextIO | None) -> TextIO:
    if stream is None or stream.closed:
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, FilteredStream):
        return stream
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return cast("TextIO", FilteredStream(stream))
