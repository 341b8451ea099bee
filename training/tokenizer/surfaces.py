"""What each piece of a vocabulary writes: bytes, with a space in front where a word begins.

Vocabularies spell a space before a word in three ways: byte-level BPE as Ġ (and every other byte
as a letter, too), SentencePiece as ▁, WordPiece by ## before all that does *not* begin a word.

>>> spelling("▁maji", "metaspace"), spelling("<0xE1>", "metaspace"), spelling("##ni", "wordpiece")
(b' maji', b'\\xe1', b'ni')
>>> spelling("Ġwai", "byte-level").decode(), spelling("ÅĭĠ", "byte-level").decode()
(' wai', 'ŋ ')
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from typing import Any, Literal

Style = Literal["byte-level", "metaspace", "wordpiece"]

MARKER = "▁"
BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def style_of(specification: dict[str, Any]) -> Style:
    """How the vocabulary of a `tokenizer.json` spells spaces.

    >>> style_of({"model": {"type": "WordPiece"}, "decoder": None})
    'wordpiece'
    """
    if specification["model"]["type"] == "WordPiece":
        return "wordpiece"
    parts = json.dumps([specification.get("decoder"), specification.get("pre_tokenizer")])
    return "byte-level" if '"ByteLevel"' in parts else "metaspace"


def spelling(piece: str, style: Style) -> bytes:
    """The bytes that a piece writes, with a space in front where a word begins."""
    if style == "byte-level":
        table = _bytes_of_letters()
        return b"".join(table.get(letter, letter.encode()) for letter in piece)
    if style == "wordpiece":
        return piece[2:].encode() if piece.startswith("##") else b" " + piece.encode()
    byte = BYTE_PIECE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece.replace(MARKER, " ").encode()


def spellings(tokenizer: Any) -> list[bytes]:
    """What each id of a `transformers` tokenizer writes; special tokens write themselves."""
    style = style_of(json.loads(tokenizer.backend_tokenizer.to_str()))
    added = {id_: str(token).encode() for id_, token in tokenizer.added_tokens_decoder.items()}
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    return [
        added[id_] if id_ in added else spelling(piece or "", style)
        for id_, piece in enumerate(pieces)
    ]


def is_of_letters(written: bytes) -> bool:
    """Whether a piece is a part of one word: letters and marks, after one space at most.

    Bytes that are only a part of a letter count as a letter: pieces grow from them.

    >>> is_of_letters(b" maji"), is_of_letters(b"a b"), is_of_letters(b"2."), is_of_letters(b" ")
    (True, False, False, False)
    """
    text = written.decode(errors="replace").removeprefix(" ")
    return bool(text) and all(_is_letter(character) for character in text)


def _is_letter(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character)[0] in "LM"


def is_whole(written: bytes) -> bool:
    """Whether bytes are whole characters, not a part of one.

    >>> is_whole("ŋ".encode()), is_whole("ŋ".encode()[:1])
    (True, False)
    """
    try:
        written.decode()
    except UnicodeDecodeError:
        return False
    return True


@cache
def _bytes_of_letters() -> dict[str, bytes]:
    """GPT-2's table turned round: the letter that stands for a byte, and the byte.

    Printable bytes stand for themselves; the others, in order, for the letters from U+0100 on.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    table = {chr(byte): bytes([byte]) for byte in printable}
    return table | {chr(0x100 + n): bytes([byte]) for n, byte in enumerate(others)}
