r"""A change of formatting alone, carried over into a translation: nobody need translate anew.

>>> carried("See :cite:`A` and $x$.", "See :citet:`A` and $y$.", "Siehe $x$ bei :cite:`A`.")
'Siehe $y$ bei :citet:`A`.'
>>> carried("An oak", "[**An oak**]", "Eine Eiche")
'[**Eine Eiche**]'
>>> carried("An oak of $x$", "An oak", "Eine Eiche von $x$") is None
True
"""

from __future__ import annotations

import re

from localize.documents.inline import protected
from localize.texts import key

_OPENS = re.compile(r"[\[(]?[*_~]{1,3}")
_ENDS = re.compile(r"[\])]?[*_~]{1,3}")  # read backwards


def carried(before: str, now: str, target: str) -> str | None:
    """A translation with the formatting of its source as it is now; None where that cannot be told.

    Protected parts take the place of those that they stood for. Emphasis around the whole goes
    around the whole; emphasis within stays where the translator put it.

    Args:
        before, now: the source, twice with the same words.
    """
    wrapped = _rewrapped(before, now, target)
    if wrapped is not None:
        return wrapped
    old, new = _parts(before), _parts(now)
    if len(old) != len(new):
        return None
    instead = dict[str, str]()
    for part, other in zip(old, new, strict=True):
        if instead.setdefault(part, other) != other:
            return None
    pieces, at = list[str](), 0
    for start, stop, _ in protected(target):
        pieces += [target[at:start], instead.get(target[start:stop], target[start:stop])]
        at = stop
    return "".join([*pieces, target[at:]])


def _parts(text: str) -> list[str]:
    """The protected parts but for line breaks, which a translation need not have."""
    return [text[start:stop] for start, stop, kind in protected(text) if kind != "break"]


def _around(text: str) -> tuple[str, str, str, str] | None:
    """(the whole, the emphasis that opens it, what is within, the emphasis that ends it)."""
    opening, ending = _OPENS.match(text), _ENDS.match(text[::-1])
    if not opening or not ending or opening.end() + ending.end() >= len(text):
        return None
    stop = len(text) - ending.end()
    return text, opening[0], text[opening.end() : stop], text[stop:]


def _rewrapped(before: str, now: str, target: str) -> str | None:
    old, new, there = (_around(text) for text in (before, now, target))
    inner = old[2] if old else before
    if new and key(new[2]) == key(inner) and (not old or (old[1], old[3]) != (new[1], new[3])):
        words = there[2] if there and old and (there[1], there[3]) == (old[1], old[3]) else target
        return f"{new[1]}{words}{new[3]}"
    if old and key(old[2]) == key(now):
        return there[2] if there and (there[1], there[3]) == (old[1], old[3]) else target
    return None
