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
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.errors import InputError
from data.labels.bio import REPAIRED, Span, repaired, tags_of
from data.tsv import excerpt

BAD_RECORD = "record that is no utterance"  # the reason under which those left out are counted


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
    return annotate(text, labelled, words(text, by_character=by_character))


def annotate(
    text: str, labelled: Sequence[tuple[int, int, str]], tokens: Sequence[tuple[int, int]]
) -> Annotated:
    """Tags of a text's tokens from stretches of characters; a slot takes the words that it touches.

    Args:
        labelled: start, end and label of each slot, in characters, half-open.
        tokens: start and end of each token, in order; see `words`.

    >>> text = "ለጠዋት 12 ሰአት ማንቂያ"          # an alarm for twelve in the morning; ለ is "for"
    >>> annotate(text, [(1, 11, "TIME")], words(text)).slots
    ('B-TIME', 'I-TIME', 'I-TIME', 'O')

    Raises:
        InputError: a slot without words, two slots in one token.
    """
    spans = [_span(tokens, start, end, label) for start, end, label in labelled]
    tags = tags_of(spans, len(tokens))
    return Annotated(text, tuple(text[start:end] for start, end in tokens), tags)


OTHER = "Other"  # how MASSIVE's scripts call what is outside of slots


def official_labels(annotated: str, *, by_character: bool = False) -> tuple[str, ...]:
    """A label a token as MASSIVE's own script reads an annotation, its faults included.

    It looks for a `]` at the end of a word only. Where a mark stands behind the bracket, and in the
    locales that are split where the last word of a slot is in ASCII, it misses the end, and the
    label leaks to the right until the next slot. Published figures are of such labels.

    >>> official_labels("wake me [date : monday], please")
    ('Other', 'Other', 'date', 'date')
    >>> official_labels("[song_name : hello] を", by_character=True)
    ('song_name', 'song_name')
    """
    found: list[str] = []
    label, chunks, colon = OTHER, iter(annotated.split()), False
    for chunk in chunks:
        if chunk.startswith("["):
            label, colon = chunk.lstrip("["), True
            if not by_character:
                next(chunks, None)  # the colon, or whatever stands in its place
        elif by_character and colon and chunk == ":":
            colon = False
        elif not by_character:
            found.append(label)
            label = OTHER if chunk.endswith("]") else label
        elif chunk.isascii():  # its bracket is taken off, and the slot goes on
            found.append(label)
        else:
            for character in chunk:
                if character == "]":
                    label = OTHER
                else:
                    found.append(label)
    return tuple(found)


def _plain(annotated: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text, and where in it (characters, half-open) which label stands."""
    first, *others = annotated.split("[")
    pieces, length, labelled = [first], len(first), []
    for other in others:
        inside, closed, after = other.partition("]")
        label, colon, words = inside.partition(":")
        label, words = label.strip(), words.strip()
        if not closed or not colon or len(label.split()) != 1:
            raise _no_slots(annotated)
        labelled.append((length, length + len(words), label))
        pieces += [words, after]
        length += len(words) + len(after)
    text = "".join(pieces)
    if "]" in text:
        raise _no_slots(annotated)
    return text, labelled


def _no_slots(annotated: str) -> InputError:
    return InputError(f"expected slots like [label : words], found {excerpt(annotated)}")


def words(text: str, *, by_character: bool = False) -> list[tuple[int, int]]:
    """Where the words are, start and end in characters; `by_character`: words not in ASCII split.

    >>> words("五点 alexa", by_character=True)
    [(0, 1), (1, 2), (3, 8)]
    """
    found: list[tuple[int, int]] = []
    for word in re.finditer(r"\S+", text):
        if by_character and not word[0].isascii():
            found += ((place, place + 1) for place in range(word.start(), word.end()))
        else:
            found.append(word.span())
    return found


def _span(tokens: Sequence[tuple[int, int]], start: int, end: int, label: str) -> Span:
    """The tokens that a stretch of characters touches; tokens stand in order, apart."""
    first = bisect_right(tokens, start, key=lambda token: token[1])
    after = bisect_left(tokens, end, key=lambda token: token[0])
    if first >= after or start == end:
        raise InputError(f"expected words in the slot {label}, found none")
    return Span(first, after, label)
