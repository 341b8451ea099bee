r"""The marker that `localize.sync` leaves behind a segment: a comment, which no build shows.

It holds a proposal where a person's translation is of an older source. Whoever has looked at it
takes the comment out; what stands there then is the translation.

>>> text = "Eine Eiche." + marker("Eine alte Eiche -- von 1820.")
>>> text
'Eine Eiche. <!-- localize: outdated; proposal: Eine alte Eiche &#45;&#45; von 1820. -->'
>>> split_marker(text)
('Eine Eiche.', Marker(start=11, stop=87, proposal='Eine alte Eiche -- von 1820.'))
"""

from __future__ import annotations

import re

from localize.documents.record import Marker

_MARKER = re.compile(r"[ \n]?<!-- localize: outdated(?:; proposal: ([^>]*))? -->\Z")
_ESCAPES = (("&", "&amp;"), ("--", "&#45;&#45;"), (">", "&gt;"), ("\n", " "))


def marker(proposal: str) -> str:
    """The comment that stands behind a text, with a proposal or without."""
    if not proposal:
        return " <!-- localize: outdated -->"
    for plain, escaped in _ESCAPES:
        proposal = proposal.replace(plain, escaped)
    return f" <!-- localize: outdated; proposal: {proposal} -->"


def split_marker(text: str) -> tuple[str, Marker | None]:
    """A text without the marker behind it, and the marker."""
    start = text.rfind("<!-- localize: outdated")
    found = _MARKER.search(text, max(0, start - 1)) if start >= 0 else None
    if not found:
        return text, None
    proposal = found[1] or ""
    for plain, escaped in reversed(_ESCAPES[:3]):
        proposal = proposal.replace(escaped, plain)
    return text[: found.start()], Marker(found.start(), found.end(), proposal)
