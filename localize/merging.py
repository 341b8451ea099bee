r"""Three versions of some lines brought together: what one side changed, and the other did not.

>>> merge("a\nb\nc\n", "a\nB\nc\n", "a\nb\nc\nd\n")
('a\nB\nc\nd\n', False)
>>> merge("a\n", "x\n", "y\n")
('x\n', True)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_MESSAGE = re.compile(r"^(?=#|msg)", re.MULTILINE)
MOST_LINES = 5000  # of one side; more are not compared line by line


def merge(base: str, mine: str, theirs: str) -> tuple[str, bool]:
    """(the text with both sides' changes, whether they contradict each other).

    Where they do, mine stands.
    """
    if mine in (base, theirs):
        return theirs, False
    if theirs == base:
        return mine, False
    sides = [text.splitlines(keepends=True) for text in (base, mine, theirs)]
    if max(map(len, sides)) > MOST_LINES:
        return mine, True
    merged, conflict = list[str](), False
    for start, stop, of_mine, of_theirs in _chunks(*sides):
        common = sides[0][start:stop]
        if of_mine == of_theirs or of_theirs == common:
            merged += of_mine
        elif of_mine == common:
            merged += of_theirs
        else:
            merged += of_mine
            conflict = True
    return "".join(merged), conflict


def with_remarks(base: str, mine: str, theirs: str) -> str:
    r"""`theirs`, with comments (of a PO file) that `mine` has and `base` lacks, where they belong.

    >>> with_remarks('\nmsgid "Ox"\n', '\n# Which?\n#, fuzzy\nmsgid "Ox"\n', '\nmsgid "An ox"\n')
    '\n# Which?\n#, fuzzy\nmsgid "An ox"\n'
    """
    known = {*base.splitlines(), *theirs.splitlines()}
    lines = mine.splitlines(keepends=True)
    added = [line for line in lines if line.startswith("#") and line.rstrip("\r\n") not in known]
    place = _MESSAGE.search(theirs)
    at = place.start() if place else len(theirs)
    return "".join([theirs[:at], *added, theirs[at:]])


def _chunks(
    base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, int, list[str], list[str]]]:
    """Stretches of the base with what both sides made of them, those that overlap as one."""
    changes = [
        [
            (i1, i2, list(side[j1:j2]))
            for tag, i1, i2, j1, j2 in SequenceMatcher(None, base, side, False).get_opcodes()
            if tag != "equal"
        ]
        for side in (mine, theirs)
    ]
    at = 0
    while changes[0] or changes[1]:
        start = min(side[0][0] for side in changes if side)
        taken: list[list[tuple[int, int, list[str]]]] = [[], []]
        stop = max(side[0][1] for side in changes if side and side[0][0] == start)
        grown = True
        while grown:
            grown = False
            for number, side in enumerate(changes):
                while side and side[0][0] <= stop:
                    one = side.pop(0)
                    taken[number].append(one)
                    stop, grown = max(stop, one[1]), True
        yield at, start, list(base[at:start]), list(base[at:start])
        applied = [_applied(base, start, stop, one) for one in taken]
        yield start, stop, applied[0], applied[1]
        at = stop
    yield at, len(base), list(base[at:]), list(base[at:])


def _applied(
    base: Sequence[str], start: int, stop: int, changes: Sequence[tuple[int, int, list[str]]]
) -> list[str]:
    lines, at = list[str](), start
    for begin, end, instead in changes:
        lines += [*base[at:begin], *instead]
        at = end
    return [*lines, *base[at:stop]]
