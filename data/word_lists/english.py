"""What "her" and "his" are in an English sentence: before a noun, or by themselves.

>>> sentences = "I saw her brother", "I told her that", "I saw her", "I let her go"
>>> [english_role(sentence.split(), 2) for sentence in sentences]
['possessive', 'object', 'object', 'object']

The words around it decide, and they alone: the answer is the same for "his", "him" and "hers" in
the same place, so that a swap can be undone. The words are in `english.tsv`. Rules without a model
err; docs/FAIRNESS.md says how often.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from data.tsv import read_tsv

TABLE = Path(__file__).with_suffix(".tsv")
POSSESSIVE, OBJECT = "possessive", "object"
_OPEN = frozenset("\"'“‘")


def english_role(words: Sequence[str], place: int) -> str:
    """POSSESSIVE where a noun phrase seems to follow, else OBJECT.

    Args:
        words: a sentence's words and marks, each a text of its own.
        place: where "her" is among them.
    """
    group = _groups()
    following, then = [*(word.lower() for word in words[place + 1 : place + 3]), "", ""][:2]
    before = words[place - 1].lower() if place else ""
    if not following[:1].isalnum():
        return POSSESSIVE if following in _OPEN and then[:1].isalpha() else OBJECT
    ends_alone = (
        following in group["no noun"]
        or (before in group["give"] and following in group["given"])
        or (before in group["let"] and following in group["done"])
        or (before in group["take"] and following == "home")
        or before in group["leave"]
        or (before in group["watch"] and following.endswith("ing"))
        or ((following in group["number"] or following.isdecimal()) and then in group["unit"])
    )
    if following.endswith("ly") and following not in group["ly"]:  # "her newly built house"
        ends_alone |= not then[:1].isalpha() or then in group["no noun"]
    return OBJECT if ends_alone else POSSESSIVE


@functools.cache
def _groups() -> Mapping[str, frozenset[str]]:
    rows = read_tsv(TABLE, ("group", "what", "words"), header=True)
    return {row.cells[0]: frozenset(row.cells[2].split()) for row in rows}
