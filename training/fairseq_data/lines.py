"""Text that fairseq writes or reads, line by line, with nothing normalised.

Only a line feed ends a line. fairseq opens its files in Python's text mode, where a lone carriage
return does so too; nothing that is written here holds one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data.tsv import decode, raw_lines


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end) of a UTF-8 file; it is streamed.

    Raises:
        InputError: no such file, or invalid UTF-8.
    """
    for number, line in raw_lines(path):
        yield number, decode(line, f"{path}:{number}")


def read_tokens(path: Path) -> Iterator[list[str]]:
    """Yield the symbols of each line: what stands between white space, as fairseq reads it."""
    for _, line in text_lines(path):
        yield line.split()
