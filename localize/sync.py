"""A translation kept in step with its source: unchanged texts stay, changed ones get a proposal.

    python -m localize.sync docs tr --lang tr
    python -m localize.sync docs tr --lang tr --engine openai --base-url http://localhost:8000/v1
    python -m localize.sync docs tr --check        # for continuous integration: exit 1 where late
    python -m localize.sync docs tr --watch

Three versions of each document are brought together: the source as it was translated, the source as
it is, and the translation with all that people changed in it. Nobody's words are overwritten. What
is needed to know lies in `tr/.localize`, text files for the same repository; git is not needed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from data.access import Access
from data.bounded import parse_json
from data.errors import InputError
from data.options import command, option
from localize.adoption import adopted, adopted_of, base_document
from localize.asking import Ask, Told, Translator, open_translator
from localize.assembly import Outcome, document_of
from localize.documents import form_of
from localize.documents.record import Document
from localize.files import STATE
from localize.guards import check_swapped, renamed, strangers
from localize.memory import Memory, Remembered, of_files, of_folder
from localize.options import TranslatorOptions
from localize.readback import settled
from localize.repository import Place, Repository, Writing
from localize.state import State, attic_lines, lines_of
from localize.status import StatusConfig, status
from localize.threeway import Plan, plan

AT_ONCE = 50  # documents that are written together
MOST_SEARCHED = 200  # texts that are looked up in the states' lines without reading all of them
SECONDS = 1.0  # between two looks of --watch


@dataclass(frozen=True)
class SyncConfig(TranslatorOptions):
    """What is brought into step with what; the options of `python -m localize.sync`."""

    source: Path | None = option(
        None, "the documents, a folder or one file", flag="source", metavar="SOURCE", required=True
    )
    target: Path | None = option(
        None, "their translation, written here", flag="target", metavar="TARGET", required=True
    )
    only: tuple[str, ...] = option((), "paths in the folder, guide/*.md", metavar="PATTERN")
    base: str | None = option(
        None,
        "of translations that are not known yet: the sources that they were made of, a folder or a"
        " revision of git (default: the sources as they are)",
        metavar="DIR",
    )
    fill: bool = option(False, "put in again what a translation leaves out")
    check: bool = option(False, "write nothing; exit 1 where a text is outdated or missing")
    watch: bool = option(False, "go on until Ctrl-C, whenever a file has changed")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        self.check_translator()


@dataclass
class Summary:
    """What a run did.

    Attributes:
        counts: segments by what became of them, and documents that were written.
        conflicts: (a translation's path and line, what a person must look at).
        refused: documents that were left as they are, and why.
        asked: texts that an engine was asked for; `answered`: those in memory or the journal aside.
    """

    counts: Counter[str] = field(default_factory=Counter)
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    asked: int = 0


def synchronize(config: SyncConfig, access: Access | None = None) -> Summary:
    """Bring a translation into step with its source.

    Raises:
        InputError: a folder that is not there, another process at work in it, source and
            translation swapped.
        UnavailableError: the engine cannot be had.
    """
    repository = Repository(config.source or Path(), config.target or Path(), config.only)
    summary = Summary()
    access = access or Access.of(config)
    places = repository.places()
    with repository.open():
        repository.load_sums()
        plans = list(_plans(config, repository, places, summary))
        translator = _translator(config, repository, access)
        summary.notes += _remember(translator, repository, plans)
        answers = _answers(translator, plans)
        for start in range(0, len(plans), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            _bring(repository, plans[part], answers[part], summary)
        summary.asked = translator.asked
        repository.save_sums(places)
        journal = repository.root / STATE / "answers.jsonl"
        if translator.journal is not None:
            translator.journal.close()
        journal.unlink(missing_ok=True)
    return summary


def _bring(
    repository: Repository,
    plans: Sequence[tuple[Place, Plan]],
    answers: Sequence[Mapping[int, Told]],
    summary: Summary,
) -> None:
    """Write some documents, all of them or none."""
    outcomes = [
        settled(made, {at: one.answer for at, one in told.items()}, place.name)
        for (place, made), told in zip(plans, answers, strict=True)
    ]
    writings, counted = list[Writing](), list[tuple[Place, Outcome]]()
    for (place, made), outcome in zip(plans, outcomes, strict=True):
        try:
            writings.append(_writing(place, made, outcome))
            counted.append((place, outcome))
        except InputError as error:
            summary.refused.append(str(error))
    repository.write(writings)
    for place, outcome in counted:
        _count(summary, place, outcome, repository)


def _plans(
    config: SyncConfig, repository: Repository, places: Sequence[Place], summary: Summary
) -> Iterator[tuple[Place, Plan]]:
    """What is to be done with each document that is not in step."""
    waits = config.engine != "none" or bool(config.memory)
    orphans = repository.orphans(places)
    places = [renamed(place, orphans) for place in places]
    taken = {place.moved_from.state for place in places if place.moved_from}
    for orphan in orphans:
        if orphan.state not in taken and orphan.target.is_file():
            summary.notes.append(
                f"{orphan.target}: its source is gone; it stays as it is: remove it and"
                f" {orphan.state} when nobody needs them"
            )
    for place in places:
        counts = repository.unchanged(place)
        if counts is not None and not config.fill and not (waits and counts.get("missing")):
            summary.counts["unchanged documents"] += 1
            continue
        try:
            made = _plan(config, place, repository)
        except InputError as error:
            summary.refused.append(str(error))
            continue
        summary.notes += [f"{place.source}:{remark}" for remark in made.source.remarks]
        summary.notes += made.state.notes
        yield place, made


def _plan(config: SyncConfig, place: Place, repository: Repository) -> Plan:
    source, target, state = place.read_source(), place.read_target(), place.read_state()
    if state is None:
        state = _adopted(config, place, source, target)
    else:
        check_swapped(place, source, state)
        strangers(place, target, state, repository)
    if config.fill:
        state = replace(state, entries=tuple(e for e in state.entries if not e.gone))
    return plan(source, target, state)


def _adopted(config: SyncConfig, place: Place, base: Document, document: Document | None) -> State:
    """The state of a translation that is not known yet; an empty one where there is none."""
    if document is None:
        return adopted_of(base)
    if config.base is not None:
        folder = config.source or Path()
        older = base_document(config.base, place.name, folder if folder.is_dir() else folder.parent)
        base = older or base
    return adopted(base, document)


def _translator(config: SyncConfig, repository: Repository, access: Access) -> Translator:
    memory = Memory()
    if config.memory:
        from data.languages import resolve

        if config.lang is None:
            raise InputError("--lang is missing: which language of --memory is to be taken")
        of_files(config.memory, resolve(config.source_lang), resolve(config.lang), memory)
    return open_translator(config, memory, repository.root / STATE / "answers.jsonl", access)


def _remember(
    translator: Translator, repository: Repository, plans: Sequence[tuple[Place, Plan]]
) -> list[str]:
    """Fill the memory from the folder: with all of it where examples are shown."""
    texts = {made.source.segments[at].text for _, made in plans for at in made.asked}
    if not texts:
        return []
    wanted = None if translator.reads_prompt or len(texts) > MOST_SEARCHED else texts
    notes = of_folder(repository.root, translator.memory, wanted)
    for place, made in plans:
        for unit in made.units:
            if unit.edited and unit.kind != "changed":
                entry = made.state.entries[unit.old]
                source = entry.of or entry.source
                translator.memory.add(Remembered(source, unit.text, str(place.name)))
    return notes


def _answers(
    translator: Translator, plans: Sequence[tuple[Place, Plan]]
) -> list[Mapping[int, Told]]:
    """The answers to all that the documents ask for, together: equal texts are asked once."""
    asks = [
        (number, at, _ask(made, at, str(place.name)))
        for number, (place, made) in enumerate(plans)
        for at in made.asked
    ]
    answers: list[dict[int, Told]] = [{} for _ in plans]
    told = translator.answers([ask for _, _, ask in asks])
    for (number, at, _), one in zip(asks, told, strict=True):
        answers[number][at] = one
    return list(answers)


def _ask(made: Plan, at: int, name: str) -> Ask:
    segment, unit = made.source.segments[at], made.units[at]
    before = None
    if unit.kind == "changed" and unit.old >= 0:
        before = made.state.entries[unit.old].source, unit.text
    return Ask(segment.text, segment.spans, before, name)


def _writing(place: Place, made: Plan, outcome: Outcome) -> Writing:
    raw = document_of(outcome, made)
    if form_of(place.source) in ("json", "notebook"):
        try:
            parse_json(raw, str(place.target))
        except InputError as error:
            raise InputError(
                f"{place.target}: what changed in it by hand and in {place.source} does not go"
                f" together ({error}); bring its cells into the order of the source's"
            ) from error
    there = place.moved_from.target if place.moved_from else place.target
    same = place.moved_from is None and there.is_file() and there.read_bytes() == raw
    return Writing(place, None if same else raw, lines_of(outcome.state), attic_lines(outcome.old))


def _count(summary: Summary, place: Place, outcome: Outcome, repository: Repository) -> None:
    summary.counts.update(outcome.counts)
    summary.counts["documents"] += 1
    summary.counts["to the attic"] += len(outcome.old)
    summary.conflicts += [(f"{place.target}:{line}", told) for line, told in outcome.conflicts]
    conditions = Counter(
        "left out" if entry.gone else entry.condition for entry in outcome.state.entries
    )
    repository.note(replace(place, moved_from=None), conditions)


def _show(summary: Summary) -> int:
    from runfolder.console import say, show

    names = ("same", "formatting", "moved", "changed", "new", "deleted", "edited", "to the attic")
    told = ", ".join(f"{summary.counts[name]:,} {name}" for name in names if summary.counts[name])
    for place, conflict in summary.conflicts:
        show(f"{place}: {conflict}")
    for note in dict.fromkeys(summary.notes):
        say(f"note: {note}")
    for refused in summary.refused:
        say(f"left as it is: {refused}")
    documents = summary.counts["documents"], summary.counts["unchanged documents"]
    asked = f"; {summary.asked:,} texts asked of the engine" if summary.asked else ""
    show(
        f"{documents[0]:,} documents brought into step, {documents[1]:,} were:"
        f" {told or 'nothing to do'}{asked}"
    )
    return 1 if summary.refused else 0


def run(config: SyncConfig) -> int:
    """The command: once, as a check, or until Ctrl-C."""
    from runfolder.console import say

    if config.check:
        return status(StatusConfig(config.source, config.target, config.only, check=True))
    if not config.watch:
        return _show(synchronize(config, Access.of(config, say)))
    watched(config, lambda: _show(synchronize(config, Access.of(config, say))))
    return 0


def watched(config: SyncConfig, act: Callable[[], object], *, looks: int | None = None) -> None:
    """Act now, and whenever a document has changed.

    Args:
        looks: how often to look, for tests; without end by default.
    """
    before: object = None
    while looks is None or looks > 0:
        now = _signature(config)
        if now != before:
            act()
            now = _signature(config)
        before = now
        looks = None if looks is None else looks - 1
        if looks != 0:
            time.sleep(SECONDS)


def _signature(config: SyncConfig) -> object:
    repository = Repository(config.source or Path(), config.target or Path(), config.only)
    paths = [path for place in repository.places() for path in (place.source, place.target)]
    stats = [(path, path.stat()) for path in paths if path.exists()]
    return [(path, found.st_size, found.st_mtime_ns) for path, found in stats]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `synchronize`."""
    return command("localize.sync", __doc__ or "", SyncConfig, run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
