"""What people do to files by hand: renamed, exchanged, swapped. Told before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.errors import InputError
from localize.documents import is_document, read_document
from localize.documents.record import Document
from localize.matching import match
from localize.repository import Place, Repository
from localize.state import State, read_state
from localize.texts import key

HALF = 0.5  # of its segments are those of a document that it is taken for
FEW = 4  # segments by which a document cannot be told
STRANGE = 0.2  # share of known segments below which a file is another document's


def renamed(place: Place, orphans: Sequence[Place]) -> Place:
    """A place with where it was before, if its document is one whose name was changed."""
    if not orphans or place.state.exists() or place.target.exists():
        return place
    keys = {key(segment.text) for segment in place.read_source().segments}
    best, most = None, 0
    for orphan in orphans:
        state = read_state(orphan.state)
        common = sum(key(entry.source) in keys for entry in state.entries) if state else 0
        if common > most and common >= HALF * max(len(keys), 1):
            best, most = orphan, common
    return replace(place, moved_from=best) if best else place


def check_swapped(place: Place, source: Document, state: State) -> None:
    """Raise where the source's file holds what the state knows as the translation.

    Raises:
        InputError: it does.
    """
    translations = {key(e.target) for e in state.entries if key(e.target) != key(e.source)}
    sources = {key(entry.source) for entry in state.entries}
    there = [key(segment.text) for segment in source.segments]
    as_target = sum(text in translations for text in there)
    as_source = sum(text in sources for text in there)
    if len(translations) >= FEW and as_target > max(as_source, HALF * len(there)):
        raise InputError(
            f"{place.source}: expected the source, found its translation, as {place.state} has it;"
            f" the files of two languages are swapped: put {place.source} back, and"
            f" {place.target}, then run this again"
        )


def strangers(place: Place, target: Document | None, state: State, repository: Repository) -> None:
    """Raise where the translation's file is another document's, or has another name now.

    Raises:
        InputError: it is, or has.
    """
    known = [e.target for e in state.entries if not e.gone and e.target]
    if len(known) < FEW:
        return
    if target is None:
        found = _under_another_name(place, {key(text) for text in known}, repository)
        if found:
            raise InputError(
                f"{place.target}: no such file, and {found} holds what was in it; rename it back,"
                f" or rename {place.source} in the same way"
            )
        return
    there = [target.translation(at) for at in range(len(target.segments))]
    placed = sum(one.old >= 0 for one in match(known, there))
    if placed < STRANGE * len(known):
        raise InputError(
            f"{place.target}: {placed} of its {len(there)} segments are among the {len(known)}"
            f" that {place.state} knows; if another document was put there, bring the right one"
            " back; if it was translated anew, remove the state, and it is paired anew"
        )


def _under_another_name(place: Place, known: set[str], repository: Repository) -> str:
    """A document beside a missing translation that holds it and is nobody's translation."""
    taken = {one.target for one in repository.places()}
    for path in sorted(place.target.parent.glob("*")) if place.target.parent.is_dir() else ():
        if path in taken or not path.is_file() or not is_document(path):
            continue
        document = read_document(path)
        there = {key(document.translation(at)) for at in range(len(document.segments))}
        if len(there & known) >= HALF * len(known):
            return str(path)
    return ""
