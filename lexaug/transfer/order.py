"""The phrases of a clause in the order of a language: verbs last, or before their subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lexaug.english.clauses import OTHER, VERBS, Part, Sentence
from lexaug.english.closed_class import RELATIVES
from lexaug.transfer.grammar import Grammar
from lexaug.transfer.pieces import Piece


class Group(NamedTuple):
    """A phrase as it is said, and the part of the English clause that it is."""

    part: Part
    pieces: list[Piece]


def ordered(
    groups: list[Group], sentence: Sentence, parts: Sequence[Part], grammar: Grammar
) -> list[Group]:
    """The phrases between two marks, clause by clause in the order of a grammar."""
    if not (grammar.verb_last or grammar.verb_first):
        return groups
    found: list[Group] = []
    for clause in _clauses(groups, sentence):
        found += _verb_last(clause) if grammar.verb_last else _verb_first(clause, parts)
    return found


def _clauses(groups: Sequence[Group], sentence: Sentence) -> Iterator[list[Group]]:
    """The groups of a run, cut before conjunctions and relative pronouns."""
    clause: list[Group] = []
    for place, group in enumerate(groups):
        part = group.part
        low = sentence.tokens[part.head].low
        after = groups[place + 1 : place + 3]
        cuts = part.kind == OTHER and (
            part.tag == "SCONJ"
            or low in RELATIVES
            or (part.tag == "CCONJ" and any(one.part.kind == VERBS for one in after))
        )
        if cuts and clause:
            yield clause
            clause = []
        clause.append(group)
    if clause:
        yield clause


def _verb_last(clause: list[Group]) -> list[Group]:
    """Every verb after what follows it; infinitives before the verb that they depend on."""
    places = [at for at, group in enumerate(clause) if group.part.kind == VERBS]
    if not places:
        return clause
    found = clause[: places[0]]
    tails: list[list[Group]] = []
    for at, stop in zip(places, [*places[1:], len(clause)], strict=True):
        tails.append([*clause[at + 1 : stop], clause[at]])
    first, *rest = tails
    later = [group for tail in rest for group in tail]
    return [*found, *first[:-1], *later, first[-1]]


def _verb_first(clause: list[Group], parts: Sequence[Part]) -> list[Group]:
    """The first finite verb before its subject."""
    at = next((i for i, g in enumerate(clause) if g.part.kind == VERBS and g.part.finite), None)
    if at is None or clause[at].part.subject is None:
        return clause
    subject = parts[clause[at].part.subject]  # type: ignore[index]
    place = next((i for i, g in enumerate(clause[:at]) if g.part is subject), None)
    if place is None:
        return clause
    return [*clause[:place], clause[at], *clause[place:at], *clause[at + 1 :]]
