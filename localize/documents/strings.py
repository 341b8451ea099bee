r"""Apple's .strings and Java's .properties: a name and a text a line; remarks stay.

>>> read('/* a */\n"open" = "Open \\"%@\\"";\n').segments[0].text
'Open "%@"'
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localize.documents.inline import MESSAGE, protected
from localize.documents.record import Document, Segment

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|/\*|//[^\r\n]*+|[\w.-]++|[=;]', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[uU]([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}
_BACK = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}
_SPECIAL = re.compile(r"[\n\t\r\\\"]")
_PROPERTY = re.compile(r"^[ \t]*+([^#!\s=:][^=:\r\n]*+)[=:]([^\r\n]*)", re.MULTILINE)
_LETTER = re.compile(r"[^\W\d_]")


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a .strings file."""
    found = [
        _segment(start, stop, name, text[start:stop])
        for name, start, stop in _pairs(text)
        if _LETTER.search(text, start, stop)
    ]
    return Document(text, tuple(found), codec, encode=spelt, by_line=False)


def _pairs(text: str) -> Iterator[tuple[str, int, int]]:
    """(name, where its text begins and ends in its quotes) of each `name = "text";`."""
    at, held = 0, list[re.Match[str]]()
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token[0] == "/*":
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 2
        elif not token[0].startswith("//"):
            held = [*held[-3:], token]
            told = [one[0] for one in held]
            if len(held) == 4 and told[1] == "=" and told[3] == ";" and _is_whole(told[2]):
                yield told[0].strip('"'), held[2].start() + 1, held[2].end() - 1


def _is_whole(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == '"'


def _segment(start: int, stop: int, name: str, raw: str) -> Segment:
    told = _ESCAPE.sub(
        lambda one: chr(int(one[1], 16)) if one[1] else _LETTERS.get(one[2], one[2]), raw
    )
    return Segment(start, stop, "message", told, spans=protected(told, MESSAGE), key=name)


def spelt(text: str, _: Segment) -> str:
    """A text as it stands between quotes."""
    return _SPECIAL.sub(lambda one: _BACK[one[0]], text)


def read_properties(text: str, codec: str = "utf-8") -> Document:
    r"""The document of a .properties file; a text that goes on in another line stays as it is.

    >>> read_properties("# a\nmenu.open = Open {0}\n").segments[0].key
    'menu.open'
    """
    found = list[Segment]()
    for one in _PROPERTY.finditer(text):
        told = one[2].strip()
        if _LETTER.search(told) and "\\" not in told:
            start = one.start(2) + one[2].index(told)
            spans = protected(told, MESSAGE)
            stop, name = start + len(told), one[1].strip()
            found.append(Segment(start, stop, "message", told, spans=spans, key=name))
    return Document(text, tuple(found), codec, encode=_property, by_line=False)


def _property(text: str, _: Segment) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
