r"""How a bad line is said, left out and counted: what all readers of lines and records share.

    dropped = Counter()
    for number, text in read_lines(path, skip_bad=options.skip_bad, dropped=dropped): ...

A reader that can leave bad lines out raises an error that names `--skip-bad`, and one that cannot
raises one that does not: advice is given only where it can be followed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import InputError

SKIP_BAD = "--skip-bad"

# Reasons under which lines are left out.
NOT_UTF8 = "not UTF-8"
NUL_INSIDE = "NUL character"
REPLACEMENT_INSIDE = "U+FFFD, where a letter was lost"

_LOG = logging.getLogger(__name__)
_EXCERPT_LENGTH = 60


class BadLineError(InputError):
    """A line that is no text; `reason` is what it is counted under where it is left out."""

    def __init__(self, message: str, reason: str, *, option: str | None = SKIP_BAD) -> None:
        super().__init__(message, option=option)
        self.reason = reason


def reject(problem: tuple[str, str], where: str, *, skip_bad: bool, dropped: Counter[str]) -> None:
    """Count a bad record under its reason, or raise; `problem` is (reason, what is wrong)."""
    reason, message = problem
    if not skip_bad:
        raise InputError(f"{where}: {message}; fix the line", option=SKIP_BAD)
    dropped[reason] += 1


def fault_of(error: InputError, where: str) -> str:
    """What an error says is wrong, without where and what next, which `reject` says.

    >>> fault_of(InputError("x.jsonl:1: expected JSON, found more; correct it"), "x.jsonl:1")
    'expected JSON, found more'
    """
    return str(error).removeprefix(f"{where}: ").removesuffix("; correct it")


@contextmanager
def counted(given: Counter[str] | None, path: Path, what: str) -> Iterator[Counter[str]]:
    """The caller's counter, or a fresh one that is logged as a warning when the block ends."""
    if given is not None:
        yield given
        return
    fresh: Counter[str] = Counter()
    try:
        yield fresh
    finally:
        if reasons := by_reason(fresh):
            _LOG.warning("%s: %s: %s", path, what, reasons)


def by_reason(counts: Counter[str]) -> str:
    """What a counter of reasons says, on one line; "" where nothing was counted.

    >>> by_reason(Counter({"empty cell": 2}))
    'empty cell (2)'
    """
    return "; ".join(f"{reason} ({number})" for reason, number in (+counts).items())


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names from a file for a message, cut where there are many or one is long.

    >>> listed(["en", "sw"]), listed(map(str, range(100)), most=3)
    ('en, sw', '0, 1, 2 and 97 more')
    """
    known = [name if len(name) <= _EXCERPT_LENGTH else excerpt(name) for name in names]
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def excerpt(text: str) -> str:
    r"""A text in quotes for a message: one line, at most 60 characters, tabs to be seen.

    >>> print(excerpt("dog\tmbwa"))
    "dog<TAB>mbwa"
    """
    short = text if len(text) <= _EXCERPT_LENGTH else text[: _EXCERPT_LENGTH - 1] + "…"
    return '"' + "".join(map(_visible, short)) + '"'


def _visible(character: str) -> str:
    if character == "\t":
        return "<TAB>"
    return character if character.isprintable() else ascii(character)[1:-1]
