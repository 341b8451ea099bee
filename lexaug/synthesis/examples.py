"""Some records side by side for a report, each cut where a replacement begins or ends.

>>> cut("My dog barks.", [(3, 6, "exact")])
[['My ', ''], ['dog', 'exact'], [' barks.', '']]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lexaug.substitute import Line, Substitution

SHOWN = 12
LONGEST = 400  # characters of a line that is shown

Segment = list[str]


def evenly(count: int) -> list[int]:
    """At most 12 places among so many, evenly spaced, the first among them.

    >>> evenly(3), evenly(36)[:3]
    ([0, 1, 2], [0, 3, 6])
    """
    step = max(-(-count // SHOWN), 1)
    return list(range(0, count, step))


def cut(text: str, spans: Iterable[tuple[int, int, str]]) -> list[Segment]:
    """The text as [piece, rule] with an empty rule for what was not replaced."""
    pieces, end = [], 0
    for start, stop, rule in spans:
        pieces += [[text[end:start], ""], [text[start:stop], rule]]
        end = stop
    return [piece for piece in [*pieces, [text[end:], ""]] if piece[0]]


def of_line(number: int, source: str, line: Line) -> dict[str, Any] | None:
    """A line and what became of it; None for one that is too long to show."""
    if len(source) > LONGEST:
        return None
    rules = [(r, r.option.rule) for r in line.replacements]
    return {
        "number": number,
        "source": cut(source, [(r.start, r.end, rule) for r, rule in rules]),
        "target": cut(line.text, [(r.target_start, r.target_end, rule) for r, rule in rules]),
    }


def of_sentence(
    number: int, tokens: Sequence[str], tags: Sequence[str], done: Substitution
) -> dict[str, Any] | None:
    """A labelled sentence and what became of it, each token followed by its tag."""
    if len(" ".join(tokens)) > LONGEST:
        return None
    rules = [(r, r.option.rule) for r in done.replacements]
    return {
        "number": number,
        "source": _tagged(tokens, tags, [(r.start, r.end, rule) for r, rule in rules]),
        "target": _tagged(
            done.tokens,
            done.tags or (),
            [(r.target_start, r.target_end, rule) for r, rule in rules],
        ),
    }


def _tagged(
    tokens: Sequence[str], tags: Sequence[str], spans: Iterable[tuple[int, int, str]]
) -> list[Segment]:
    rules = {place: rule for start, stop, rule in spans for place in range(start, stop)}
    return [
        [token, rules.get(place, ""), tag]
        for place, (token, tag) in enumerate(zip(tokens, tags, strict=True))
    ]
