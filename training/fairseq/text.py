r"""What a text is cut into before fairseq sees it and joined from afterwards; its lines.

>>> cut = units("characters")
>>> " ".join(cut.split("mti huo"))
'm t i ▁ h u o'
>>> cut.join("m t i ▁ h u o".split())
'mti huo'

fairseq knows no cutting of its own: symbols stand between white space. Three ways are offered:

- `words`: text as it stands, for text that a tokenizer has been over. White space of any kind and
  length comes back as one space.
- `characters`: each character by itself, and every text comes back as it was. A space is `▁`, as in
  SentencePiece, so that fairseq's own `--remove-bpe sentencepiece` reads it too; any other white
  space, and a `▁` of the text, is written as `\u` and its code point: `\u2581`.
- a SentencePiece model: `FILE.model`, or the folder in which `training.tokenizer` saved one.

Only a line feed ends a line. fairseq opens its files in Python's text mode, where a lone carriage
return does so too; nothing that is written here holds one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from data.errors import InputError
from data.tsv import decode, raw_lines
from models.tokenizer import open_sentencepiece

SPACE = "▁"
WORDS, CHARACTERS = "words", "characters"
MODEL_IN_FOLDER = "sentencepiece.model"

_ESCAPED = re.compile(r"\\u([0-9a-f]{4,5})")


class Units(Protocol):
    """A way to cut a text into symbols without white space, and back."""

    def split(self, text: str) -> list[str]:
        """The symbols of a text."""

    def join(self, tokens: Iterable[str]) -> str:
        """The text of some symbols; symbols of fairseq's own stay as they are."""


class Words:
    """Symbols are what stands between white space.

    >>> Words().split("haba  na\thaba")
    ['haba', 'na', 'haba']
    """

    def split(self, text: str) -> list[str]:
        """The words of a text."""
        return text.split()

    def join(self, tokens: Iterable[str]) -> str:
        """The words with a space between them."""
        return " ".join(tokens)


class Characters:
    r"""Symbols are characters; what would be lost between spaces is escaped.

    >>> Characters().split("a ▁\t")
    ['a', '▁', '\\u2581', '\\u0009']
    """

    def split(self, text: str) -> list[str]:
        """The characters of a text."""
        return [escape(character) for character in text]

    def join(self, tokens: Iterable[str]) -> str:
        """The text of some characters; a symbol of several characters, `<unk>`, stays."""
        return "".join(unescape(token) for token in tokens)


@dataclass(frozen=True)
class SentencePieces:
    """Symbols are the pieces of a SentencePiece model (Kudo and Richardson 2018)."""

    processor: Any

    def split(self, text: str) -> list[str]:
        """The pieces of a text; white space of any kind is read as a space, as fairseq does."""
        return list(self.processor.encode(" ".join(text.split()), out_type=str))

    def join(self, tokens: Iterable[str]) -> str:
        """The text of some pieces, bytes of byte fallback put together."""
        return str(self.processor.decode(list(tokens)))


def units(name: str) -> Units:
    """The way of cutting that a name means: `words`, `characters`, or a SentencePiece model.

    Raises:
        InputError: no such way and no such file; a file that is no SentencePiece model.
        UnavailableError: sentencepiece is not installed.
    """
    if name == WORDS:
        return Words()
    return Characters() if name == CHARACTERS else _pieces(Path(name))


def escape(character: str) -> str:
    r"""One character as a symbol without white space.

    >>> escape(" "), escape("ŋ"), escape("\u3000")
    ('▁', 'ŋ', '\\u3000')
    """
    if character == " ":
        return SPACE
    if character == SPACE or character.isspace():
        return f"\\u{ord(character):04x}"
    return character


def unescape(token: str) -> str:
    r"""The character that a symbol stands for; any other symbol as it is.

    >>> unescape("▁"), unescape("\\u2581"), unescape("<unk>")
    (' ', '▁', '<unk>')
    """
    if token == SPACE:
        return " "
    match = _ESCAPED.fullmatch(token)
    return chr(int(match[1], 16)) if match else token


def _pieces(path: Path) -> SentencePieces:
    file = path / MODEL_IN_FOLDER if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            f"units: expected {WORDS}, {CHARACTERS} or a SentencePiece model, found {file}, which"
            " is no file; give FILE.model or a folder that training.tokenizer saved"
        )
    return SentencePieces(open_sentencepiece(file))


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
