r"""Apple's .strings and Java's .properties: a name and a text a line; remarks stay.

>>> read('/* a */\n"open" = "Open \\"%@\\"";\n').segments[0].text
'Open "%@"'
"""

from __future__ import annotations

import re

from localize.documents.inline import MESSAGE, protected
from localize.documents.record import Document, Segment

_PAIR = re.compile(
    r'/\*.*?\*/|//[^\r\n]*|("(?:[^"\\]|\\.)*"|[\w.-]+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*;', re.DOTALL
)
_ESCAPE = re.compile(r"\\(?:[uU]([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}
_BACK = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}
_SPECIAL = re.compile(r"[\n\t\r\\\"]")
_PROPERTY = re.compile(r"^[ \t]*([^#!\s=:][^=:\r\n]*?)[ \t]*[=:][ \t]*([^\r\n]*)", re.MULTILINE)
_LETTER = re.compile(r"[^\W\d_]")


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a .strings file."""
    found = [
        _segment(one.start(2), one.end(2), one[1].strip('"'), one[2])
        for one in _PAIR.finditer(text)
        if one[1] and _LETTER.search(one[2])
    ]
    return Document(text, tuple(found), codec, encode=spelt, by_line=False)


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
    found = [
        Segment(
            one.start(2),
            one.end(2),
            "message",
            one[2],
            spans=protected(one[2], MESSAGE),
            key=one[1],
        )
        for one in _PROPERTY.finditer(text)
        if _LETTER.search(one[2]) and "\\" not in one[2]
    ]
    return Document(text, tuple(found), codec, encode=_property, by_line=False)


def _property(text: str, _: Segment) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
