"""A new translation read again as it will stand in its file, before it is written.

An answer may not stand there as it came: `&` is spelt `&amp;`, what begins with a tag or `<!--` may
be no text. What is read is what the state knows, or the next run would take it for a
person's edit; an answer that would break the document is left out, with the reason.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from data.errors import InputError
from localize.assembly import Outcome, Placed, document_of, put_together
from localize.documents import form_of, parse_document
from localize.documents.record import Document, Segment
from localize.texts import key, snippet
from localize.threeway import Answer, Plan

_LIKE_A_MARK = re.compile(r"\w{1,9}[.)](?:\s|\Z)|.*[|<]")
MOST_ROUNDS = 20
BROKEN = "an answer that does not stand as one text there"


def settled(plan: Plan, answers: Mapping[int, Answer], name: Path) -> Outcome:
    """The new translation of a document, as it reads; answers that break it are left out."""
    outcome = put_together(plan, answers, str(name))
    if not any(_is_doubtful(plan, place, answer.text) for place, answer in answers.items()):
        return outcome
    read, broken = _read(outcome, plan, answers, name)
    answers = dict(answers)
    for rounds in range(MOST_ROUNDS + 1):
        if not broken:
            break
        # One that opens and never closes takes those behind it along: they are not to blame.
        blamed = {place for place in broken if not _stands_alone(plan, place, answers[place], name)}
        if not blamed:
            blamed = {min(broken)} if rounds < MOST_ROUNDS else broken
        answers.update({place: _without(answers[place]) for place in blamed})
        outcome = put_together(plan, answers, str(name))
        read, broken = _read(outcome, plan, answers, name)
    entries = list(outcome.state.entries)
    for number, text in read.items():
        entries[number] = replace(entries[number], target=text)
    return replace(outcome, state=replace(outcome.state, entries=tuple(entries)))


def _is_doubtful(plan: Plan, place: int, text: str) -> bool:
    """Whether an answer may read otherwise than it was given."""
    if not text:
        return False
    segment = plan.source.segments[place]
    plain = text[0].isalpha() or text[:2] == segment.text[:2]
    if not plain or "\n" in text or _LIKE_A_MARK.match(text):
        return True
    return plan.source.encode(text, segment) != text


def _stands_alone(plan: Plan, place: int, answer: Answer, name: Path) -> bool:
    """Whether an answer is one text between two others, in a document of its own."""
    if plan.source.pack or not plan.source.by_line or not plan.source.text:
        return True
    spelt = plan.source.spelt(answer.text, replace(plan.source.segments[place], breaks=()))
    page = f"Aa.\n\n{spelt}\n\nZz.\n".encode("utf-8", "surrogateescape")
    try:
        document = parse_document(page, form_of(name), str(name))
    except InputError:
        return True  # a form whose files are not text alone, as notebooks
    return len(document.segments) == 3 or form_of(name) == "html"


def _without(answer: Answer) -> Answer:
    return Answer("", answer.by, f"{BROKEN}: {snippet(answer.text)}")


def _read(
    outcome: Outcome, plan: Plan, answers: Mapping[int, Answer], name: Path
) -> tuple[dict[int, str], set[int]]:
    """(what the file says of each answer that is spelt otherwise, by the number of its entry; the
    places of answers that are not one segment of the kind of their source)."""
    given = [one for one in outcome.placed if answers.get(one.place, Answer("", "")).text]
    try:
        document = parse_document(
            document_of(outcome, plan, settled=False), form_of(name), str(name)
        )
    except InputError:
        return {}, {one.place for one in given}
    starts = [segment.start for segment in document.segments]
    read, broken = dict[int, str](), set[int]()
    for one in given:
        entry, source = outcome.state.entries[one.entry], plan.source.segments[one.place]
        found = _one_segment(document, starts, one, source)
        if found is None:
            broken.add(one.place)
        elif found != entry.target and entry.target == answers[one.place].text:
            read[one.entry] = found
    return read, broken


def _one_segment(document: Document, starts: list[int], one: Placed, source: Segment) -> str | None:
    """What the only segment in a place says; None where there is none, or another kind of one."""
    first, after = bisect_left(starts, one.start), bisect_left(starts, one.stop)
    if after != first + 1:
        return None
    found = document.segments[first]
    same = document.bilingual or (found.kind, found.level) == (source.kind, source.level)
    begins = document.bilingual or found.start == one.start
    text = document.translation(first)
    return text if same and begins and found.stop <= one.stop and key(text) else None
