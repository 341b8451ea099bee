r"""JSON: where its strings stand. For notebooks, and for tables of messages (i18n, ARB, Chrome's).

>>> table = read('{"menu": {"open": "Open %s", "n": 3}, "@@locale": "en"}')
>>> [(segment.key, segment.text) for segment in table.segments]
[('menu.open', 'Open %s')]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from data.errors import InputError
from localize.documents.inline import MESSAGE, protected
from localize.documents.record import Document, Segment

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},:]')
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)"
)
_LETTER = re.compile(r"[^\W\d_]")
NO_TEXT = frozenset({"description", "placeholders", "comment", "context", "type", "example"})
DEEPEST = 100


class JsonString(NamedTuple):
    """A string that is a value: the names and numbers that lead to it, and where it stands."""

    path: tuple[str | int, ...]
    start: int
    stop: int


def strings(text: str) -> Iterator[JsonString]:
    """The strings of a JSON text that are values, in order.

    Raises:
        InputError: brackets that do not match, nested too deep.
    """
    stack, path, is_name = list[str](), list[str | int](), False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign[0] == '"' and (len(sign) < 2 or sign[-1] != '"'):
            line = text.count("\n", 0, token.start()) + 1
            raise InputError(f"expected JSON, found a text that nothing closes in line {line}")
        if sign in "[{":
            stack.append(sign)
            path.append(0 if sign == "[" else "")
            is_name = sign == "{"
            if len(stack) > DEEPEST:
                raise InputError(f"expected at most {DEEPEST} levels of JSON, found more")
        elif sign in "]}":
            if not stack or stack.pop() + sign not in ("[]", "{}"):
                line = text.count("\n", 0, token.start()) + 1
                raise InputError(f"expected JSON, found {sign} without its partner in line {line}")
            path.pop()
            is_name = False
        elif sign == ",":
            if stack and stack[-1] == "[":
                path[-1] = int(path[-1]) + 1
            is_name = bool(stack) and stack[-1] == "{"
        elif sign == ":":
            is_name = False
        elif is_name:
            path[-1] = decoded_string(sign[1:-1])
        else:
            yield JsonString(tuple(path), token.start() + 1, token.end() - 1)
    if stack:
        raise InputError(f"expected JSON, found its end with {stack[-1]} open")


def decoded_string(spelt: str) -> str:
    r"""What the characters between two quotes of JSON say; an escape that is none stays.

    >>> decoded_string("caf\\u00e9\\n\\q")
    'café\n\\q'
    """
    return _ESCAPE.sub(lambda found: _character(found[0]), spelt)


def _character(escape: str) -> str:
    try:
        told = json.loads(f'"{escape}"')
    except ValueError:
        return escape
    return escape if "\ud800" <= told <= "\udfff" else str(told)


def encoded_string(text: str, *, ascii_only: bool) -> str:
    """A text as it stands between quotes of JSON."""
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def is_ascii_only(text: str) -> bool:
    r"""Whether a file spells its letters as `\u00e9`."""
    return text.isascii() and "\\u" in text


def read(text: str, codec: str = "utf-8") -> Document:
    """The document of a table of messages: all strings but names, remarks and descriptions."""
    found = list[Segment]()
    for one in strings(text):
        names = [str(part) for part in one.path]
        if any(name.startswith("@") or name in NO_TEXT for name in names):
            continue
        told = decoded_string(text[one.start : one.stop])
        if _LETTER.search(told):
            spans = protected(told, MESSAGE)
            found.append(
                Segment(one.start, one.stop, "message", told, spans=spans, key=".".join(names))
            )
    plain = is_ascii_only(text)
    return Document(
        text,
        tuple(found),
        codec,
        encode=lambda told, _: encoded_string(told, ascii_only=plain),
        by_line=False,
    )
