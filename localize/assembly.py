"""The new translation of a document, put together of what stood there and of answers.

What stands between two segments belongs to the one before it: a person may have put a note there,
another image, a comment within code translated. It is merged line by line from the source as it
was, the source as it is, and the translation; where both changed, the translation's stays and is
told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from localize.documents.marker import marker
from localize.documents.record import Document
from localize.merging import merge, with_remarks
from localize.state import PERSON, SOURCE, Entry, Old, State
from localize.texts import fingerprint, key, snippet
from localize.threeway import Answer, Plan, Unit, needs_person

NO_ANSWER = Answer("", "", "no engine was asked")


@dataclass(frozen=True)
class Outcome:
    """A document that is in step.

    Attributes:
        text: the translation's new text.
        old: what went to the attic.
        conflicts: (line in the translation, what a person must look at).
        counts: segments by what became of them.
    """

    text: str
    state: State
    old: tuple[Old, ...]
    conflicts: tuple[tuple[int, str], ...]
    counts: Mapping[str, int]
    placed: tuple[Placed, ...] = ()


class Placed(NamedTuple):
    """Where the segment at a place of the source stands in the new text, and its number among the
    entries of the state."""

    place: int
    entry: int
    start: int
    stop: int


@dataclass
class _Work:
    """What is being put together."""

    plan: Plan
    name: str
    pieces: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    old: list[Old] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)  # (number of pieces before it, text)
    placed: list[Placed] = field(default_factory=list)
    size: int = 0

    def add(self, piece: str) -> None:
        """Go on with a piece of the text."""
        self.pieces.append(piece)
        self.size += len(piece)

    def note(self, text: str) -> None:
        """Something to look at, where the next piece will stand."""
        self.notes.append((len(self.pieces), text))


def put_together(plan: Plan, answers: Mapping[int, Answer], name: str) -> Outcome:
    """The new translation of a document.

    Args:
        answers: by the place of a segment in the source; missing ones are as none.
        name: the document's, as the attic names it.
    """
    work = _Work(plan, name)
    theirs = _ends(plan, plan.source.gap(-1))
    head, clash = merge(_ends(plan, plan.state.head), _head(plan), theirs)
    if plan.target is None or plan.source.pack:
        head, clash = theirs, False
    work.add(head)
    if clash:
        work.note("what stands before the first segment was changed here and in the source")
    gone = False
    for place, unit in enumerate(plan.units):
        entry = _entry(work, place, unit, answers.get(place, NO_ANSWER))
        if entry.gone:
            work.entries.append(entry)
            gone = True
            continue
        start = work.size
        work.add(_spelt(plan, place, unit, entry))
        work.placed.append(Placed(place, len(work.entries), start, work.size))
        work.entries.append(_behind(work, place, unit, entry))
    _retire(work)
    text = "".join(work.pieces)
    counts = Counter(unit.kind for unit in plan.units)
    counts.update(
        moved=sum(unit.moved for unit in plan.units),
        edited=sum(unit.edited for unit in plan.units),
        deleted=len(plan.deleted),
        asked=len(plan.asked),
        gone=int(gone) and sum(entry.gone for entry in work.entries),
    )
    state = State(plan.source.gap(-1), tuple(work.entries))
    conflicts = tuple(_lines(work))
    return Outcome(text, state, tuple(work.old), conflicts, counts, tuple(work.placed))


def _lines(work: _Work) -> Iterator[tuple[int, str]]:
    """The notes with the lines on which their pieces begin."""
    line, at = 1, 0
    for before, told in work.notes:
        line += sum(piece.count("\n") for piece in work.pieces[at:before])
        at = before
        yield line, told


def _entry(work: _Work, place: int, unit: Unit, answer: Answer) -> Entry:
    """The segment as the new state has it."""
    segment, gap = work.plan.source.segments[place], work.plan.source.gap(place)
    untranslated = "" if work.plan.source.bilingual else segment.text
    if unit.old < 0:
        return _of_answer(work, Entry(segment.text, gap, untranslated, SOURCE), answer)
    before = work.plan.state.entries[unit.old]
    entry = replace(before, source=segment.text, gap=gap)
    if before.gone or (unit.here < 0 and work.plan.target is not None):
        if unit.kind == "changed":
            work.note(f"taken out here, and its source has changed: {snippet(segment.text)}")
        return replace(entry, gone=True)
    if before.by == SOURCE and not unit.edited:
        guess = unit.text if work.plan.source.bilingual else segment.text  # of gettext, if any
        return _of_answer(work, replace(entry, target=guess), answer)
    entry = replace(entry, target=unit.text, by=PERSON if unit.edited else before.by)
    entry = _looked_at(work.plan, unit, entry)
    if unit.kind != "changed":
        if entry.of:
            work.note(f"outdated: {snippet(segment.text)}")
        return entry
    if needs_person(unit, entry):
        work.note(f"outdated, its source has changed: {snippet(segment.text)}{_told(answer)}")
        return replace(entry, of=entry.of or before.source, proposal=answer.text, was="")
    if not answer.text:
        work.note(f"outdated, its source has changed: {snippet(segment.text)}{_told(answer)}")
        return replace(entry, of=before.source, proposal="")
    work.old.append(Old(work.name, before.source, unit.text, entry.by, "replaced"))
    return replace(entry, target=answer.text, by=answer.by, was=unit.text)


def _of_answer(work: _Work, entry: Entry, answer: Answer) -> Entry:
    if answer.text:
        return replace(entry, target=answer.text, by=answer.by)
    work.note(f"not translated: {snippet(entry.source)}{_told(answer)}")
    return entry


def _told(answer: Answer) -> str:
    return f" ({answer.flaw})" if answer.flaw and answer is not NO_ANSWER else ""


def _looked_at(plan: Plan, unit: Unit, entry: Entry) -> Entry:
    """An entry without what a person has settled: by taking the marker out, or by an edit."""
    if entry.of and plan.target is not None:
        marked = plan.target.segments[unit.here].marker is not None
        if not marked if plan.target.comment else unit.edited:
            return replace(entry, of="", proposal="", was="", by=PERSON)
    return replace(entry, was="") if unit.edited else entry


def _spelt(plan: Plan, place: int, unit: Unit, entry: Entry) -> str:
    """A segment as it stands in the translation's file."""
    target, segment = plan.target, plan.source.segments[place]
    if plan.source.bilingual and not entry.target:
        return plan.source.raw(place)
    if plan.source.pack:
        return plan.source.spelt(entry.target, segment)
    # Another than `source` does it stand in a file that has no comments: it is told by the list.
    document = target or plan.source
    comment = marker(entry.proposal) if entry.of and document.comment else ""
    if target is not None and unit.here >= 0:
        there = target.segments[unit.here]
        same = target.translation(unit.here) == entry.target
        marked = there.marker.proposal if there.marker else None
        if same and marked == (entry.proposal if comment else None):
            straight = "\n" not in entry.target or not unit.moved or there.prefix == segment.prefix
            if straight:
                return target.raw(unit.here)
        if not unit.moved:
            return target.spelt(entry.target + comment, there)
    if entry.target == segment.text and not comment and not document.bilingual:
        return _ends(plan, plan.source.raw(place))
    return _ends(plan, plan.source.spelt(entry.target + comment, segment))


def _behind(work: _Work, place: int, unit: Unit, entry: Entry) -> Entry:
    """Add what stands behind a segment; returns its entry with what is told of it."""
    plan = work.plan
    theirs = _ends(plan, _through_gone(plan, place))
    if unit.here < 0 or plan.target is None or plan.source.pack:
        work.add(theirs)
        return replace(entry, kept="")
    before = plan.state.entries[unit.old]
    base = _ends(plan, before.gap + _gone_behind(plan, unit.old))
    mine = _gap_here(plan, unit.here)
    text, clash = merge(base, mine, theirs)
    if clash and plan.source.bilingual:  # a message has its source's words
        text, clash = with_remarks(base, mine, theirs), False
    work.add(_parted(text, theirs))
    same = before.kept and before.kept == fingerprint(mine)
    if clash:
        work.note("what stands behind was changed here and in the source; this stays as it is here")
    return replace(entry, kept=fingerprint(mine) if clash or same else "")


def _parted(text: str, theirs: str) -> str:
    """A merged gap with a blank line at its end where the source has one: what a person put at the
    end of a file is not one with what the source puts behind it."""
    for newline in ("\r\n", "\n"):
        if theirs.endswith(2 * newline):
            if text.strip() and not text.endswith(2 * newline):
                return text.rstrip(" \t\r\n") + 2 * newline
            break
    return text


def _through_gone(plan: Plan, place: int) -> str:
    """The gap behind a segment of the source, through segments that a person took out."""
    told = plan.source.gap(place)
    for after in range(place + 1, len(plan.units)):
        unit = plan.units[after]
        is_gone = unit.old >= 0 and unit.here < 0 and plan.target is not None
        if not is_gone:
            break
        told += plan.source.segments[after].text + plan.source.gap(after)
    return told


def _gone_behind(plan: Plan, old: int) -> str:
    """The same of the source as it was."""
    told = ""
    for place in range(old + 1, len(plan.state.entries)):
        entry = plan.state.entries[place]
        if place in plan.places:
            break
        told += entry.source + entry.gap
    return told


def _gap_here(plan: Plan, here: int) -> str:
    """What stands in the translation's file behind a segment, up to the next one that is known."""
    if plan.target is None:
        return ""
    segments = plan.target.segments
    after = plan.next_known(here)
    end = segments[after].start if after < len(segments) else len(plan.target.text)
    return plan.target.text[segments[here].stop : end]


def _head(plan: Plan) -> str:
    """What stands in the translation's file before the first segment that is known."""
    if plan.target is None:
        return ""
    first = min(plan.places.values(), default=len(plan.target.segments))
    segments = plan.target.segments
    end = segments[first].start if first < len(segments) else len(plan.target.text)
    return plan.target.text[:end]


def _ends(plan: Plan, text: str) -> str:
    """A text of the source with the line ends of the translation's file."""
    if plan.target is None or plan.source.newline == plan.target.newline:
        return text
    return text.replace("\r\n", "\n").replace("\n", plan.target.newline)


def _retire(work: _Work) -> None:
    """What the source no longer has goes to the attic, with what a person had put behind it."""
    plan = work.plan
    for place in plan.deleted:
        entry, here = plan.state.entries[place], plan.places.get(place, -1)
        text = plan.target.translation(here) if plan.target and here >= 0 else entry.target
        edited = key(text) != key(entry.target)
        if entry.gone or (entry.by == SOURCE and not edited):
            continue
        by = PERSON if edited else entry.by
        work.old.append(Old(work.name, entry.source, text, by, "deleted"))
        gap = _gap_here(plan, here) if here >= 0 else ""
        base = {key(line) for line in _ends(plan, entry.gap).splitlines()}
        put_in = [line for line in gap.splitlines() if key(line) and key(line) not in base]
        if put_in:
            work.old.append(Old(work.name, "", "\n".join(put_in), PERSON, "deleted"))


def document_of(outcome: Outcome, plan: Plan, *, settled: bool = True) -> bytes:
    """The translation's file; not settled, with places as `Outcome` has them."""
    # Parts of an archive belong together: those of the source's, with what they refer to.
    document: Document = plan.source if plan.source.pack else plan.target or plan.source
    text = outcome.text
    if document.settle and settled:
        text = document.settle(text, plan.source.text, *([plan.target.text] if plan.target else ()))
    return document.encoded(text)
