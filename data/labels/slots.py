"""An utterance with its slots, and slots written into text: `wake me at [time : five am]`.

    >>> parse("niamshe [time : saa kumi na moja] asubuhi").tokens
    ('niamshe', 'saa', 'kumi', 'na', 'moja', 'asubuhi')
    >>> parse("niamshe [time : saa kumi na moja] asubuhi").slots
    ('O', 'B-time', 'I-time', 'I-time', 'I-time', 'O')

MASSIVE and SLURP annotate like this (`[label : words]`, brackets are never nested). Tokens are the
words between spaces, or with `by_character` single characters, as MASSIVE splits Chinese and
Japanese: words in ASCII stay whole. A slot that ends within a word takes the whole word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.errors import InputError
from data.labels.bio import REPAIRED, Span, repaired, tags_of
from data.tsv import excerpt

BAD_RECORD = "record that is no utterance"  # the reason under which those left out are counted

_SLOT = re.compile(r"\[\s*([^\[\]:\s]+)\s*:\s*([^\[\]]*?)\s*\]")


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says to an assistant, in tokens, with its intent and a BIO tag a token.

    text: as it was written, which the tokens joined with spaces need not be. dialect: where the
    data set tells it of each utterance, as xSID does for Norwegian.
    """

    id: str
    tokens: tuple[str, ...]
    intent: str
    slots: tuple[str, ...]
    text: str
    dialect: str | None = None


def mended(slots: Sequence[str], repairs: Counter[str]) -> tuple[str, ...]:
    """The slots as valid BIO tags (`data.labels.bio.repaired`); how many were mended is counted.

    Raises:
        InputError: a tag that is none of O, B-LABEL and I-LABEL.
    """
    valid, number = repaired(slots)
    if number:
        repairs[REPAIRED] += number
    return valid


class Annotated(NamedTuple):
    """The text without its annotation, its tokens, and a BIO tag a token."""

    text: str
    tokens: tuple[str, ...]
    slots: tuple[str, ...]


def parse(annotated: str, *, by_character: bool = False) -> Annotated:
    """Take the annotation out of a text.

    >>> parse("[time : 五点]叫醒我", by_character=True).slots      # wake me at five
    ('B-time', 'I-time', 'O', 'O', 'O')

    Raises:
        InputError: a bracket that belongs to no `[label : words]`, a slot without words, two
            slots in one token.
    """
    text, labelled = _plain(annotated)
    tokens = list(_tokens(text, by_character=by_character))
    spans = [_span(tokens, start, end, label) for start, end, label in labelled]
    tags = tags_of(spans, len(tokens))
    return Annotated(text, tuple(text[start:end] for start, end in tokens), tags)


def _plain(annotated: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text, and where in it (characters, half-open) which label stands."""
    text, labelled, after = "", [], 0
    for slot in _SLOT.finditer(annotated):
        text += annotated[after : slot.start()]
        labelled.append((len(text), len(text) + len(slot[2]), slot[1]))
        text, after = text + slot[2], slot.end()
    text += annotated[after:]
    if "[" in text or "]" in text:
        raise InputError(f"expected slots like [label : words], found {excerpt(annotated)}")
    return text, labelled


def _tokens(text: str, *, by_character: bool) -> Iterator[tuple[int, int]]:
    """Where the tokens are: start and end in characters."""
    for word in re.finditer(r"\S+", text):
        if by_character and not word[0].isascii():
            yield from ((place, place + 1) for place in range(word.start(), word.end()))
        else:
            yield word.span()


def _span(tokens: list[tuple[int, int]], start: int, end: int, label: str) -> Span:
    """The tokens that a stretch of characters touches."""
    inside = [n for n, (first, last) in enumerate(tokens) if first < end and last > start]
    if not inside:
        raise InputError(f"expected words in the slot {label}, found none")
    return Span(inside[0], inside[-1] + 1, label)
