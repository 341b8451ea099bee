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

from localize.documents.record import Marker

_OPENS, _PROPOSAL, _ENDS = "<!-- localize: outdated", "; proposal: ", " -->"
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
    start = text.rfind(_OPENS)
    inner = text[start + len(_OPENS) : -len(_ENDS)]
    if start < 0 or not text.endswith(_ENDS) or ">" in inner:
        return text, None
    if inner and not inner.startswith(_PROPOSAL):
        return text, None
    proposal = inner.removeprefix(_PROPOSAL)
    for plain, escaped in reversed(_ESCAPES[:3]):
        proposal = proposal.replace(escaped, plain)
    begin = start - (start > 0 and text[start - 1] in " \n")
    return text[:begin], Marker(begin, len(text), proposal)
