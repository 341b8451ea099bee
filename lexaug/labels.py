"""Labels that stay with their words when the number of words changes.

>>> carried_bio(("B-LOC", "I-LOC"), 3)      # "New York", and a translation of three words
('B-LOC', 'I-LOC', 'I-LOC')
>>> carried_pos(("VERB", "ADP"), None, 1)   # "look after"
('VERB',)
"""

from __future__ import annotations

from collections.abc import Sequence

from data.errors import InputError
from data.labels.bio import OUTSIDE, problem
from data.lexicon import OPEN_CLASSES

SCHEMES = ("pos", "bio")


def check_tags(tokens: Sequence[str], tags: Sequence[str] | None, scheme: str | None) -> None:
    """Refuse labels that do not belong to these tokens.

    Raises:
        InputError: labels without a scheme or a scheme without labels, an unknown scheme, more
            or fewer labels than tokens, or an I- that continues no span.
    """
    if scheme not in (None, *SCHEMES):
        raise InputError(f'no labelling scheme "{scheme}"; choose one of: {", ".join(SCHEMES)}')
    if (tags is None) != (scheme is None):
        given = "tags without a scheme" if scheme is None else f"the scheme {scheme} without tags"
        raise InputError(f'expected tags and their scheme ("pos" or "bio"), found {given}')
    if tags is None:
        return
    if len(tags) != len(tokens):
        raise InputError(f"expected one tag a token, found {len(tags)} for {len(tokens)} tokens")
    fault = problem(tags) if scheme == "bio" else None
    if fault:
        raise InputError(f"{fault}; mend the tags with data.labels.bio.repaired")


def fits(pos: str | None, tags: Sequence[str]) -> bool:
    """Whether an entry's part of speech is that of a phrase, or the lexicon does not tell.

    One tag of the phrase is enough. An auxiliary takes entries listed as verbs, because few
    lexicons tell the two apart.

    >>> fits("NOUN", ["VERB"]), fits("VERB", ["AUX"]), fits(None, ["DET"])
    (False, True, True)
    """
    return pos is None or pos in tags or (pos == "VERB" and "AUX" in tags)


def straddles(tags: Sequence[str]) -> bool:
    """Whether a phrase with these tags lies neither outside all spans nor within a single one.

    >>> straddles(["I-PER", "I-PER"]), straddles(["I-PER", "O"]), straddles(["B-PER", "B-PER"])
    (False, True, True)
    """
    first = tags[0]
    rest = OUTSIDE if first == OUTSIDE else f"I-{first[2:]}"
    return any(tag != rest for tag in tags[1:])


def carried_pos(tags: Sequence[str], pos: str | None, length: int) -> tuple[str, ...]:
    """The tags of a translation of `length` words: all the same, that of the phrase's head.

    The head is the word whose tag the entry has; else the first noun, verb, adjective, adverb,
    interjection or name; else the first word.

    >>> carried_pos(("ADP",), None, 2)      # "after", baada ya
    ('ADP', 'ADP')
    """
    if pos in tags:
        return (pos,) * length if pos else ()
    return (next((tag for tag in tags if tag in OPEN_CLASSES), tags[0]),) * length


def carried_bio(tags: Sequence[str], length: int) -> tuple[str, ...]:
    """The tags of a translation of `length` words for a phrase that straddles no span's edge."""
    first = tags[0]
    rest = OUTSIDE if first == OUTSIDE else f"I-{first[2:]}"
    return (first,) + (rest,) * (length - 1)
