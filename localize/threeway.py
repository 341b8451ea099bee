r"""One document brought into step: its source as it was translated and as it is, its translation.

`plan` says what becomes of each segment and whose translation must be asked for; `put_together` of
`localize.assembly` makes the new translation of the answers. Nothing here opens a file.

A person's words are never replaced. Where their source has changed they stay, marked, with a
proposal beside them; where it is gone they go to the attic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from localize.alignment import align, increasing, text_trait
from localize.documents.record import Document
from localize.formatting import carried
from localize.matching import Match, equal, match
from localize.state import PERSON, SOURCE, Entry, State
from localize.texts import key


@dataclass(frozen=True, slots=True)
class Answer:
    """What a translator said to a text.

    Attributes:
        text: the translation; "" for none.
        by: who made it.
        flaw: why there is none, or what is wrong with it.
    """

    text: str
    by: str
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes of a segment of the source.

    Attributes:
        kind: same, formatting, changed, new.
        old: its place in the state; -1 for none.
        here: its place in the translation's file; -1 for none.
        text: the translation that it has, with the new formatting of its source; "" for none.
        asks: whether a translation of the segment is asked for.
        edited: whether a person changed the translation since the state was written.
        moved: whether it stands in another order than before.
    """

    kind: str
    old: int = -1
    here: int = -1
    text: str = ""
    asks: bool = False
    edited: bool = False
    moved: bool = False


@dataclass(frozen=True)
class Plan:
    """What is to be done with a document; see `plan`.

    Attributes:
        places: where in the translation's file the segment of each entry of the state stands.
    """

    source: Document
    target: Document | None
    state: State
    units: tuple[Unit, ...]
    places: Mapping[int, int]

    @property
    def asked(self) -> list[int]:
        """The places of the segments whose translation is asked for."""
        return [place for place, unit in enumerate(self.units) if unit.asks]

    @property
    def deleted(self) -> list[int]:
        """The places in the state of segments that the source no longer has."""
        kept = {unit.old for unit in self.units}
        return [place for place in range(len(self.state.entries)) if place not in kept]

    @cached_property
    def _known(self) -> list[int]:
        return sorted(self.places.values())

    def next_known(self, here: int) -> int:
        """The next segment of the translation's file whose source is known; behind the last one,
        how many there are."""
        at = bisect_right(self._known, here)
        size = len(self.target.segments) if self.target else 0
        return self._known[at] if at < len(self._known) else size


def plan(source: Document, target: Document | None, state: State) -> Plan:
    """What becomes of each segment of the source.

    Args:
        target: None where the file is not there: it is written from the state.
        state: of an empty one every segment is new.
    """
    entries = state.entries
    found = match([entry.source for entry in entries], [s.text for s in source.segments])
    places = place_entries(entries, target)
    known = [place for place, one in enumerate(found) if one.old >= 0]
    stayed = {known[at] for at in increasing([found[place].old for place in known])}
    units = []
    for place, (segment, one) in enumerate(zip(source.segments, found, strict=True)):
        unit = _unit(segment.text, one, entries, target, places)
        units.append(replace(unit, moved=one.old >= 0 and place not in stayed))
    return Plan(source, target, state, tuple(units), places)


def place_entries(entries: Sequence[Entry], target: Document | None) -> dict[int, int]:
    """Where in the translation's file the segment of each entry stands now.

    A segment that a person changed beyond recognition is found by its neighbours.
    """
    if target is None:
        return {}
    wanted = [place for place, entry in enumerate(entries) if not entry.gone]
    if target.bilingual:
        sources = [key(entries[place].source) for place in wanted]
        pairs = equal(sources, [key(segment.text) for segment in target.segments])
        return {wanted[before]: here for here, before in pairs.items()}
    there = [segment.text for segment in target.segments]
    found = match([entries[place].target for place in wanted], there)
    places = {wanted[one.old]: here for here, one in enumerate(found) if one.old >= 0}
    places.update(_by_neighbours(wanted, places, entries, there))
    return places


def _by_neighbours(
    wanted: Sequence[int], places: Mapping[int, int], entries: Sequence[Entry], there: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Entries left over between two neighbours, with the segments of the file between them."""
    taken, waiting, before, size = set(places.values()), list[int](), -1, len(there)
    for entry in [*wanted, -1]:
        here = places.get(entry, size if entry < 0 else -1)
        if here < 0:
            waiting.append(entry)
            continue
        free = [place for place in range(before + 1, here) if place not in taken]
        if len(free) == len(waiting):
            yield from zip(waiting, free, strict=True)
        elif free and waiting:
            yield from _by_length(waiting, free, entries, there)
        waiting, before = [], here


def _by_length(
    waiting: Sequence[int], free: Sequence[int], entries: Sequence[Entry], there: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """The same where they are not as many: by what translations share with their sources."""
    sources = [text_trait(entries[place].source) for place in waiting]
    for bead in align(sources, [text_trait(there[place]) for place in free]):
        if bead.source and bead.target:
            yield waiting[bead.source[0]], free[bead.target[0]]


def _unit(
    text: str,
    one: Match,
    entries: Sequence[Entry],
    target: Document | None,
    places: Mapping[int, int],
) -> Unit:
    if one.old < 0:
        return Unit("new", asks=True)
    entry, here = entries[one.old], places.get(one.old, -1)
    if entry.gone or (target is not None and here < 0):  # a person took it out
        return Unit(one.kind, one.old)
    there = target.translation(here) if target is not None else entry.target
    edited = key(there) != key(entry.target)
    if entry.by == SOURCE and not edited:
        return Unit(one.kind, one.old, here, there, True)
    kind = one.kind
    if kind == "formatting":
        told = carried(entry.source, text, there)
        there, kind = (there, "changed") if told is None else (told, kind)
    return Unit(kind, one.old, here, there, kind == "changed", edited)


def needs_person(unit: Unit, entry: Entry) -> bool:
    """Whether a changed segment's translation is a person's, which no proposal replaces."""
    return unit.edited or entry.by == PERSON or bool(entry.of)
