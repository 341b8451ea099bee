"""Phrases of several words that the lexicon has, in an analysed sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lexaug.english.clauses import OTHER, VERBS, Part, Sentence, VerbForms
from lexaug.english.words import WORD
from lexaug.transfer.dictionary import Dictionary


def units_of(
    sentence: Sentence, dictionary: Dictionary, forms: VerbForms
) -> Iterator[tuple[int, int]]:
    """(place, stop) of the phrases of several words that the lexicon has, the longest first.

    The first word of a phrase may be a form of a verb: "looked after" is "look after".
    """
    tokens = sentence.tokens
    at = 0
    while at < len(tokens):
        stop = at + 1
        if tokens[at].kind == WORD:
            firsts = [tokens[at].low]
            if sentence.tags[at] == "VERB":
                firsts += [forms.lemma(tokens[at].low, kind) for kind in forms.bundles(firsts[0])]
            stop = max(_reached(sentence, dictionary, at, first) for first in firsts)
        if stop > at + 1:
            yield at, stop
        at = stop


def _reached(sentence: Sentence, dictionary: Dictionary, at: int, first: str) -> int:
    """The place after the longest phrase that begins at a place, with its first word given."""
    table, tokens = dictionary.table, sentence.tokens
    reach = table.reach.get(table.fold(first), 0)
    for stop in range(min(at + reach, len(tokens)), at + 1, -1):
        rest = tokens[at + 1 : stop]
        words = [table.fold(word) for word in (first, *(token.low for token in rest))]
        if all(token.kind == WORD for token in rest) and dictionary.knows(" ".join(words)):
            return stop
    return at + 1


def merged(parts: Sequence[Part], units: dict[int, int]) -> list[Part]:
    """The parts, with those of one phrase of the lexicon made one; what cannot be is no phrase."""
    found: list[Part] = []
    moved: dict[int, int] = {}
    at = 0
    while at < len(parts):
        part = parts[at]
        moved[at] = len(found)
        inside = [place for place in units if part.first <= place < part.last]
        crossing = next((place for place in inside if units[place] > part.last), None)
        if crossing is not None:
            stop = at + 1
            while stop < len(parts) and parts[stop].last < units[crossing]:
                stop += 1
            ends = stop < len(parts) and parts[stop].last == units[crossing]
            if ends and part.kind == VERBS and part.head == crossing:
                part.last = units[crossing]
            elif ends and crossing == part.first and part.kind != VERBS:
                part = Part(OTHER, part.first, units[crossing], crossing, part.tag or "X")
            else:
                del units[crossing]
                stop = at
            for place in range(at, min(stop + 1, len(parts))):
                moved[place] = len(found)
            at = max(stop, at)
        found.append(part)
        at += 1
    for part in found:
        if part.subject is not None:
            part.subject = moved.get(part.subject)
    return found
