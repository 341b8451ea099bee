r"""Comments in code, on lines of their own: texts for whoever asks for them (`--comments`).

Comments behind code on the same line stay, and so do those that speak to a tool.

>>> code = "# Plant an oak\n# and water it\nplant()  # now\n#@save\n"
>>> [segment.text for segment in comments_of(code, 0, len(code), "python")]
['Plant an oak\nand water it']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from localize.documents.inline import PLAIN, protected
from localize.documents.record import Segment, line_starts

_SLASHES = (
    "c cpp c++ cs csharp java js javascript jsx ts typescript tsx go rust rs swift kotlin scala"
)
_HASHES = (
    "python py python3 ipython r sh bash shell console yaml toml ruby rb perl julia make cmake"
)
MARKS = {
    **dict.fromkeys(_SLASHES.split(), "//"),
    **dict.fromkeys(_HASHES.split(), "#"),
    **dict.fromkeys(("sql", "lua", "haskell"), "--"),
}
_TOOL = re.compile(r"(?:[!@%:]|(?:type|noqa|pragma|pylint|mypy|ruff|fmt|isort|eslint)\b)")
_LETTER = re.compile(r"[^\W\d_]")


def mark_of(info: str) -> str:
    """What begins a comment in a language, as a code fence names it: `{.python .input}`, `js`.

    >>> mark_of("{.python .input}"), mark_of("js {1,3}"), mark_of("text")
    ('#', '//', '')
    """
    words = re.findall(r"[a-zA-Z][\w+]*", info.lower())
    return next((MARKS[word] for word in words if word in MARKS), "")


def comments_of(text: str, start: int, stop: int, language: str) -> Iterator[Segment]:
    """The comments in a part of a text, those on lines one below the other as one."""
    mark = mark_of(language)
    if not mark:
        return
    line_of = re.compile(rf"([ \t]*){re.escape(mark)}+([ \t]*)(\S[^\r\n]*)")
    held = list[re.Match[str]]()
    for begin in [start + at for at in line_starts(text[start:stop])]:
        found = line_of.match(text, begin, stop) if begin < stop else None
        if found and (_TOOL.match(found[3]) or not _LETTER.search(found[3])):
            found = None
        if held and (found is None or found[1] != held[-1][1]):
            yield _segment(text, held)
            held = []
        held += [found] if found else []
    if held:
        yield _segment(text, held)


def _segment(text: str, lines: list[re.Match[str]]) -> Segment:
    spans = [(line.start(3), line.start(3) + len(line[3].rstrip())) for line in lines]
    told = "\n".join(text[start:stop] for start, stop in spans)
    breaks = tuple(text[a[1] : b[0]] for a, b in pairwise(spans))
    begin = lines[0].start()
    prefix = text[begin : spans[0][0]]
    start, stop = spans[0][0], spans[-1][1]
    return Segment(start, stop, "comment", told, breaks, prefix, protected(told, PLAIN))
