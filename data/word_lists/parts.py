"""Words of a text and their parts between hyphens and apostrophes, as places.

>>> text = "Her mother-in-law's ex-wife (she's 40) wrote to her2@example.org."
>>> [[[text[a:b] for a, b in word] for word in [word]][0] for run in parts(text) for word in run]
[['Her'], ['mother', 'in', 'law', 's'], ['ex', 'wife'], ['she', 's'], ['wrote'], ['to']]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.words import Span, word_runs

JOINERS = re.compile(r"['’ʼ\-‐‑]")


def parts(text: str) -> Iterator[list[list[Span]]]:
    """Yield runs of words with nothing but space between them; a word is a list of its parts."""
    for run in word_runs(text):
        yield [list(_parts(text, *word)) for word in run]


def _parts(text: str, start: int, stop: int) -> Iterator[Span]:
    at = start
    for joiner in JOINERS.finditer(text, start, stop):
        yield at, joiner.start()
        at = joiner.end()
    yield at, stop
