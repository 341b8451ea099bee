r"""PO and POT files (GNU gettext): the msgstr of each message; a plural form is one of its own.

>>> text = 'msgid "Open %s"\nmsgstr "Öffne %s"\n\nmsgid "One"\nmsgid_plural "%d of"\nmsgstr[0] ""\n'
>>> [(s.text, s.target, s.key) for s in read(text).segments]
[('Open %s', 'Öffne %s', ''), ('One', '', '[0]')]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from localize.documents.inline import MESSAGE, protected
from localize.documents.record import Document, Segment, line_starts

_LINE = re.compile(
    r"[ \t]*+(msgctxt|msgid_plural|msgid|msgstr(?:\[([0-9]{1,3})\])?)?[ \t]*+\"(.*)\"\Z"
)
_ESCAPE = re.compile(r"\\([abfnrtv\\\"])")
_SPELT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BACK = {character: f"\\{letter}" for letter, character in _SPELT.items()}
_BACK |= {"\\": "\\\\", '"': '\\"'}
_SPECIAL = re.compile(r"[\a\b\f\n\r\t\v\\\"]")


@dataclass
class _Message:
    """What is read of one message, and of the string that is being read."""

    texts: dict[str, str] = field(default_factory=dict)
    name: str = ""
    start: int = 0
    stop: int = 0


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a PO file; obsolete messages and the header are none of it."""
    found = tuple(_segments(text))
    return Document(text, found, codec, encode=spelt, by_line=False, bilingual=True)


def spelt(text: str, _: Segment) -> str:
    """A text in quotes."""
    return '"' + _SPECIAL.sub(lambda one: _BACK[one[0]], text) + '"'


def _segments(text: str) -> Iterator[Segment]:
    message, starts = _Message(), [*line_starts(text), len(text)]
    for start, stop in pairwise(starts):
        raw = text[start:stop]
        line = raw.rstrip("\r\n")
        found = _LINE.match(line.rstrip(" \t")) if not line.startswith("#") else None
        if found is None:
            yield from _ended(message)
            message = _Message() if not message.name.startswith("msgstr") or not line else message
            message.name = ""
            continue
        if found[1]:
            yield from _ended(message)
            if found[1] in ("msgctxt", "msgid") and (
                found[1] in message.texts or "msgstr" in "".join(message.texts)
            ):
                message = _Message()
            message.name, message.start = found[1], start + line.index('"', len(found[1]))
            message.texts[found[1]] = ""
        if message.name:
            message.texts[message.name] += _ESCAPE.sub(
                lambda one: _SPELT.get(one[1], one[1]), found[3]
            )
            message.stop = start + len(line.rstrip(" \t"))
    yield from _ended(message)


def _ended(message: _Message) -> Iterator[Segment]:
    """The segment of a msgstr that has come to its end."""
    name, texts = message.name, message.texts
    if not name.startswith("msgstr") or not texts.get("msgid"):
        return
    number = name.removeprefix("msgstr")
    text = texts["msgid"]
    if number not in ("", "[0]"):
        text = texts.get("msgid_plural", text)
    key = texts.get("msgctxt", "") + number
    yield Segment(
        message.start,
        message.stop,
        "message",
        text,
        spans=protected(text, MESSAGE),
        key=key,
        target=texts[name],
    )
    message.name = ""
