"""Spans as BIO tags: `B-PER` begins a name, `I-PER` goes on with it, `O` is outside.

    >>> spans(("B-PER", "I-PER", "O", "B-LOC"))     # Wangari Maathai alizaliwa Nyeri
    (Span(start=0, end=2, label='PER'), Span(start=3, end=4, label='LOC'))

The scheme is IOB2 (Ratnaparkhi 1998; Tjong Kim Sang and De Meulder 2003): every span begins with
B-. Published files break the rule here and there; what `repaired` makes of them are the spans that
the shared tasks' scorer, conlleval, reads in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from data.errors import InputError

OUTSIDE = "O"
REPAIRED = "I- tag that continues no span, made B-"  # the reason under which repairs are counted


class Span(NamedTuple):
    """A labelled stretch of tokens, half-open: `start` is the first, `end` is after the last."""

    start: int
    end: int
    label: str


def spans(tags: Sequence[str]) -> tuple[Span, ...]:
    """The spans of a sentence from left to right.

    Raises:
        InputError: the tags break the scheme (see `problem`).
    """
    fault = problem(tags)
    if fault:
        raise InputError(f"{fault}; mend the tags with data.labels.bio.repaired")
    found: list[Span] = []
    for position, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append(Span(position, position + 1, tag[2:]))
        elif tag != OUTSIDE:
            found[-1] = found[-1]._replace(end=position + 1)
    return tuple(found)


def tags_of(labelled: Iterable[Span], length: int) -> tuple[str, ...]:
    """The tags of a sentence of `length` tokens with these spans, in any order.

    >>> tags_of([Span(1, 3, "date")], 4)            # niamshe kesho asubuhi tafadhali
    ('O', 'B-date', 'I-date', 'O')

    Raises:
        InputError: a span that is empty, outside the sentence or overlaps another one.
    """
    tags = [OUTSIDE] * length
    for span in labelled:
        inside = range(span.start, span.end)
        if not inside or span.start < 0 or span.end > length or not span.label:
            raise InputError(f"expected a labelled span within {length} tokens, found {span}")
        if any(tags[position] != OUTSIDE for position in inside):
            raise InputError(f"expected spans that do not overlap, found {span} over another")
        tags[span.start] = f"B-{span.label}"
        tags[span.start + 1 : span.end] = [f"I-{span.label}"] * (len(inside) - 1)
    return tuple(tags)


def problem(tags: Sequence[str]) -> str | None:
    """What first breaks the scheme, with the token's number from 1; None where nothing does.

    >>> problem(["O", "I-LOC"])
    'token 2: expected B-LOC, found I-LOC after O'
    >>> problem(["PER"])
    'token 1: expected O, B-LABEL or I-LABEL, found PER'
    """
    before = OUTSIDE
    for number, tag in enumerate(tags, 1):
        if not _is_tag(tag):
            return f"token {number}: expected O, B-LABEL or I-LABEL, found {tag or 'nothing'}"
        if _continues_nothing(tag, before):
            return f"token {number}: expected B-{tag[2:]}, found {tag} after {before}"
        before = tag
    return None


def repaired(tags: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The tags with B- where an I- continues no span, and how many that were.

    >>> repaired(["I-PER", "I-PER", "I-LOC"])
    (('B-PER', 'I-PER', 'B-LOC'), 2)

    Raises:
        InputError: a tag that is none of O, B-LABEL and I-LABEL.
    """
    mended: list[str] = []
    for tag in tags:
        before = mended[-1] if mended else OUTSIDE
        mended.append(f"B-{tag[2:]}" if _continues_nothing(tag, before) else tag)
    fault = problem(mended)
    if fault:
        raise InputError(f"{fault}; correct the tag")
    return tuple(mended), sum(new != old for new, old in zip(mended, tags, strict=True))


def _is_tag(tag: str) -> bool:
    return tag == OUTSIDE or (tag[:2] in ("B-", "I-") and len(tag) > 2)


def _continues_nothing(tag: str, before: str) -> bool:
    return tag.startswith("I-") and before not in (f"B-{tag[2:]}", tag)
