r"""PO and POT files (GNU gettext): the msgstr of each message; a plural form is one of its own.

A message that is marked fuzzy (msgmerge guessed, or a translator is not sure) takes the mark off
when it gets another translation, and the former message beside it (`#| msgid "Old tree"`).

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
from localize.documents.record import UNSURE, Document, Segment, line_starts

_LINE = re.compile(
    r"[ \t]*+(msgctxt|msgid_plural|msgid|msgstr(?:\[([0-9]{1,3})\])?)?[ \t]*+\"(.*)\"\Z"
)
_ESCAPE = re.compile(r"\\([abfnrtv\\\"])")
_SPELT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BACK = {character: f"\\{letter}" for letter, character in _SPELT.items()}
_BACK |= {"\\": "\\\\", '"': '\\"'}
_FUZZY = re.compile(r"#,(?=[^\n]*\bfuzzy\b)")
_NO_LONGER_FUZZY = re.compile(
    r"^(?:#,[ \t]*fuzzy[ \t]*\r?\n|#\|[^\n]*\n)|(?<=#,)[ \t]*fuzzy,|,[ \t]*fuzzy\b", re.MULTILINE
)
_SPECIAL = re.compile(r"[\a\b\f\n\r\t\v\\\"]")


@dataclass
class _Message:
    """What is read of one message, and of the string that is being read."""

    texts: dict[str, str] = field(default_factory=dict)
    name: str = ""
    start: int = 0
    stop: int = 0
    fuzzy: int = -1  # where the line of flags begins that says so


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a PO file; obsolete messages and the header are none of it."""
    found = tuple(segment for segment, _ in _segments(text))
    return Document(text, found, codec, spelt, by_line=False, bilingual=True, settle=settled)


def settled(text: str, *before: str) -> str:
    """A file without the mark of fuzzy messages whose translation is new: in none of `before`."""
    known = {segment.target for one in before for segment, _ in _segments(one)} - {""}
    pieces, at = list[str](), 0
    for segment, fuzzy in _segments(text):
        if fuzzy >= at and segment.target not in known:
            pieces += [text[at:fuzzy], _NO_LONGER_FUZZY.sub("", text[fuzzy : segment.start])]
            at = segment.start
    return "".join([*pieces, text[at:]])


def spelt(text: str, _: Segment) -> str:
    """A text in quotes."""
    return '"' + _SPECIAL.sub(lambda one: _BACK[one[0]], text) + '"'


def _segments(text: str) -> Iterator[tuple[Segment, int]]:
    """Each segment, and where the flags begin that mark its message fuzzy; -1: they do not."""
    message, starts = _Message(), [*line_starts(text), len(text)]
    for start, stop in pairwise(starts):
        raw = text[start:stop]
        line = raw.rstrip("\r\n")
        found = _LINE.match(line.rstrip(" \t")) if not line.startswith("#") else None
        if found is None:
            yield from _ended(message)
            if _FUZZY.match(line):
                message = _Message(fuzzy=start)
            elif not line or not message.name.startswith("msgstr"):
                message = _Message(fuzzy=-1 if message.texts or not line else message.fuzzy)
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


def _ended(message: _Message) -> Iterator[tuple[Segment, int]]:
    """The segment of a msgstr that has come to its end."""
    name, texts = message.name, message.texts
    if not name.startswith("msgstr") or not texts.get("msgid"):
        return
    number = name.removeprefix("msgstr")
    text = texts["msgid"]
    if number not in ("", "[0]"):
        text = texts.get("msgid_plural", text)
    key = texts.get("msgctxt", "") + number
    segment = Segment(
        message.start,
        message.stop,
        UNSURE if message.fuzzy >= 0 else "message",
        text,
        spans=protected(text, MESSAGE),
        key=key,
        target=texts[name],
    )
    yield segment, message.fuzzy
    message.name = ""
