r"""The forms of a text by which segments are compared: on one line, as a key, without formatting.

>>> one_line("One\n  and two."), one_line("一\n二")
('One and two.', '一二')
>>> key("One\nand two.") == key("One and  two.")
True
>>> unformatted("An *old* [oak](x.html)."), unformatted("An old **oak**.")
('An old [oak]().', 'An old oak.')
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from data.files import sha256_text
from data.words import writes_without_spaces
from localize.documents.inline import MARKDOWN, Syntax, protected
from localize.documents.record import Span

_SPACES = re.compile(r"\s+")
_EMPHASIS = re.compile(r"[*_~]+")


def one_line(text: str) -> str:
    """A text without its line breaks: a space in their place, but for scripts that write none."""
    if "\n" not in text:
        return text
    lines = text.split("\n")
    told = lines[0].rstrip(" \t")
    pieces = [told]
    for line in lines[1:]:
        line = line.strip(" \t")
        before, behind = told[-1:], line[:1]
        together = before and behind and writes_without_spaces(before)
        pieces += ["" if together and writes_without_spaces(behind) else " ", line]
        told = line or told
    return "".join(pieces)


def key(text: str) -> str:
    """What two segments with the same words have in common, however their lines are broken."""
    return _SPACES.sub(" ", one_line(text)).strip()


def fingerprint(text: str) -> str:
    """The first 16 hex digits of the sha256 of a text's key."""
    return sha256_text(key(text).encode("utf-8", "backslashreplace").decode())[:16]


def unformatted(text: str, spans: Sequence[Span] | None = None, syntax: Syntax = MARKDOWN) -> str:
    """A text without emphasis and protected parts: two that share it differ in formatting only."""
    pieces, at = list[str](), 0
    for span in protected(text, syntax) if spans is None else spans:
        pieces.append(text[at : span.start])
        at = span.stop
    return key(_EMPHASIS.sub(_emphasis, "".join([*pieces, text[at:]])))


def _emphasis(found: re.Match[str]) -> str:
    """Nothing for marks of emphasis: those that touch a word."""
    text = found.string
    before, behind = (
        text[max(0, found.start() - 1) : found.start()],
        text[found.end() : found.end() + 1],
    )
    touches = behind.isalnum() or before.isalnum() or before in tuple(".,!?;:)")
    return "" if touches else found[0]


def with_edges(answer: str, source: str) -> str:
    """A translation with the space at both ends that its source may have.

    >>> with_edges("Jina:", "Name: ")
    'Jina: '
    """
    inner = source.strip()
    before, _, behind = source.partition(inner) if inner else (source, "", "")
    return f"{before}{answer.strip()}{behind}"


def snippet(text: str, length: int = 60) -> str:
    """The beginning of a text, on one line."""
    line = key(text)
    return line if len(line) <= length else line[: length - 1] + "…"
