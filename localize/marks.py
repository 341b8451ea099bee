r"""Protected parts as numbered marks: what a translator, or a model, sees in their place.

A part that occurs twice has the same number. Whatever came back must hold the same marks as often,
in any order; `restore` says what is missing or invented.

>>> text = "Let $x$ be in :numref:`fig_a`, and $x$ > 0."
>>> masked, parts = mask(text, protected(text))
>>> masked, parts
('Let ⟦1⟧ be in ⟦2⟧, and ⟦1⟧ > 0.', ('$x$', ':numref:`fig_a`'))
>>> restore("In ⟦2⟧ sei ⟦1⟧, und ⟦1⟧ > 0.", parts, masked)
('In :numref:`fig_a` sei $x$, und $x$ > 0.', '')
>>> restore("Sei ⟦1⟧ > 0 und ⟦3⟧.", parts, masked)[1]
'lacks $x$, :numref:`fig_a`; invents ⟦3⟧'
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from localize.documents.inline import CLOSE, OPEN, protected
from localize.documents.record import Span

__all__ = ["compare", "mask", "mask_known", "mask_with", "protected", "restore"]

_MARK = re.compile(r"[⟦［\[]{1,2} ?([0-9]{1,4}) ?[⟧］\]]{1,2}")
_EXACT = re.compile(r"⟦ ?([0-9]{1,4}) ?⟧")
MOST_NAMED = 3  # parts in a message


def mask(text: str, spans: Sequence[Span]) -> tuple[str, tuple[str, ...]]:
    """A text with marks in the place of its protected parts, and the parts by their numbers."""
    numbers = dict[str, int]()
    return mask_with(text, spans, numbers), tuple(numbers)


def mask_with(text: str, spans: Sequence[Span], numbers: dict[str, int]) -> str:
    """A text with marks; `numbers` has the parts that are known and takes those that are new."""
    pieces, at = list[str](), 0
    for span in spans:
        part = text[span.start : span.stop]
        number = numbers.setdefault(part, len(numbers) + 1)
        pieces += [text[at : span.start], f"{OPEN}{number}{CLOSE}"]
        at = span.stop
    return "".join([*pieces, text[at:]])


def mask_known(text: str, parts: Sequence[str]) -> str:
    """A translation that is there, with its source's marks for the parts that both have.

    >>> mask_known("Fungua %s (%d)", ("%s",))
    'Fungua ⟦1⟧ (%d)'
    """
    numbers = {part: number for number, part in enumerate(parts, 1)}
    if not numbers:
        return text
    known = re.compile("|".join(map(re.escape, sorted(numbers, key=len, reverse=True))))
    return known.sub(lambda found: f"{OPEN}{numbers[found[0]]}{CLOSE}", text)


def restore(answer: str, parts: Sequence[str], masked: str) -> tuple[str, str]:
    """(the answer with its parts, what is wrong with it; "" for nothing).

    Args:
        masked: what was asked; the answer must hold its marks as often.
    """
    wanted = Counter(int(number) for number in _EXACT.findall(masked))
    exact = Counter(int(number) for number in _EXACT.findall(answer))
    pattern = _EXACT
    if exact != wanted and Counter(int(n) for n in _MARK.findall(answer)) == wanted:
        pattern = _MARK  # a model that writes [1] or [[1]] for ⟦1⟧
        exact = wanted

    def part(found: re.Match[str]) -> str:
        number = int(found[1])
        return parts[number - 1] if 0 < number <= len(parts) else found[0]

    text = pattern.sub(part, answer)
    return text, "; ".join(filter(None, _faults(wanted, exact, parts)))


def _faults(wanted: Counter[int], there: Counter[int], parts: Sequence[str]) -> list[str]:
    lacking, invented = list((wanted - there).elements()), list((there - wanted).elements())
    return [
        _named("lacks", [parts[number - 1] for number in lacking]),
        _named("invents", [f"{OPEN}{number}{CLOSE}" for number in invented]),
    ]


def compare(source: Sequence[str], target: Sequence[str]) -> str:
    """What the protected parts of a translation lack or have too many of; "" for nothing.

    >>> compare(["$x$", "$y$"], ["$y$", "`z`"])
    'lacks $x$; invents `z`'
    """
    wanted, there = Counter(source), Counter(target)
    faults = [
        _named("lacks", list((wanted - there).elements())),
        _named("invents", list((there - wanted).elements())),
    ]
    return "; ".join(filter(None, faults))


def _named(what: str, parts: Sequence[str]) -> str:
    if not parts:
        return ""
    names = [part if len(part) <= 40 else part[:39] + "…" for part in parts[:MOST_NAMED]]
    more = f" and {len(parts) - MOST_NAMED} more" if len(parts) > MOST_NAMED else ""
    return f"{what} {', '.join(names)}{more}"
