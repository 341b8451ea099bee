"""Where a translation stands: for each document what is current, outdated, missing, edited.

    python -m localize.status docs tr
    python -m localize.status docs tr --check      # exit 1 where a text is outdated or missing
    python -m localize.status docs tr --list       # each of them with its line

current: translated, and its source has not changed since; edited: of these, changed by a person
since `localize.sync` last saw it; proposed: a machine's, in place of an older one; outdated: the
source has changed; missing: not translated; left out: taken out of the translation by a person.
Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.options import check, command, option
from localize.documents.record import Document
from localize.repository import CONDITIONS, Place, Repository
from localize.state import SOURCE, Entry, State
from localize.texts import key, snippet
from localize.threeway import Plan, Unit, plan

LATE = ("outdated", "missing")


@dataclass(frozen=True)
class StatusConfig:
    """What is looked at; the options of `python -m localize.status`."""

    source: Path | None = option(
        None, "the documents, a folder or one file", flag="source", metavar="SOURCE", required=True
    )
    target: Path | None = option(
        None, "their translation", flag="target", metavar="TARGET", required=True
    )
    only: tuple[str, ...] = option((), "paths in the folder, guide/*.md", metavar="PATTERN")
    check: bool = option(False, "exit 1 where a text is outdated or missing")
    list: bool = option(False, "each text that is not current, with its line")

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """A segment that is not current: where it stands, what it is, and its source."""

    place: str
    condition: str
    source: str
    before: str = ""
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document's translation stands.

    Attributes:
        note: what is odd about it; "" for nothing.
    """

    name: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def is_late(self) -> bool:
        """Whether something of it is outdated or missing."""
        return any(self.counts.get(name, 0) for name in LATE)


def standing(place: Place, *, findings: bool = False) -> Standing:
    """Where one document stands.

    Raises:
        InputError: a file that cannot be read.
    """
    source, state = place.read_source(), place.read_state()
    if state is None:
        there = place.target.is_file()
        missing = sum(not segment.target for segment in source.segments)
        counts = Counter({"missing": 0 if there else missing})
        note = "translated, and not known yet: run localize.sync" if there else "not translated yet"
        return Standing(str(place.name), counts, note=note)
    target = place.read_target()
    made = plan(source, target, state)
    told = [(unit, _condition(made, at)) for at, unit in enumerate(made.units)]
    counts = Counter(condition for _, condition in told)
    counts["edited"] += sum(unit.edited and c == "current" for unit, c in told)
    note = "" if target is not None else "the file is gone; localize.sync writes it again"
    note = "; ".join([*state.notes, *([note] if note else [])])
    listed = tuple(_findings(place, made)) if findings else ()
    return Standing(str(place.name), counts, listed, note)


def _condition(made: Plan, at: int) -> str:
    unit = made.units[at]
    if unit.old < 0:
        return "missing"
    entry = made.state.entries[unit.old]
    if entry.gone or (unit.here < 0 and made.target is not None):
        return "left out"
    if entry.by == SOURCE and not unit.edited:
        return "missing"
    if unit.kind == "changed" or _is_open(entry, unit, made.target):
        return "outdated"
    return "proposed" if entry.was and not unit.edited else "current"


def _is_open(entry: Entry, unit: Unit, target: Document | None) -> bool:
    """Whether an outdated segment is so still: a person has neither taken the marker out nor, in a
    file without markers, changed it."""
    if entry.kept:
        return True
    if not entry.of or target is None:
        return bool(entry.of)
    if target.comment:
        return target.segments[unit.here].marker is not None
    return not unit.edited


def _findings(place: Place, made: Plan) -> Iterator[Finding]:
    for at, unit in enumerate(made.units):
        condition = _condition(made, at)
        if condition == "current":
            continue
        document, line = (place.source, made.source.line_of(at))
        if made.target is not None and unit.here >= 0:
            document, line = place.target, made.target.line_of(unit.here)
        entry = made.state.entries[unit.old] if unit.old >= 0 else None
        yield Finding(
            f"{document}:{line}",
            condition,
            key(made.source.segments[at].text),
            key(entry.was or entry.target) if entry else "",
            key(entry.proposal) if entry else "",
        )


def standings(repository: Repository, *, findings: bool = False) -> Iterator[Standing]:
    """Where each document stands, from the cache where none of its files has changed."""
    repository.load_sums()
    places = repository.places()
    for place in places:
        counts = None if findings else repository.unchanged(place)
        if counts is not None:
            yield Standing(str(place.name), counts)
            continue
        yield standing(place, findings=findings)
    for orphan in repository.orphans(places):
        yield Standing(str(orphan.name), {}, note="its source is gone, or has another name now")


def status(config: StatusConfig) -> int:
    """Print the table; returns 1 where --check finds something late."""
    from runfolder.console import aligned, say, show

    repository = Repository(config.source or Path(), config.target or Path(), config.only)
    rows, total, late = [["document", *CONDITIONS]], Counter[str](), 0
    notes = list[str]()
    for one in standings(repository, findings=config.list):
        rows.append([one.name, *(str(one.counts.get(name, 0)) for name in CONDITIONS)])
        total.update({name: one.counts.get(name, 0) for name in CONDITIONS})
        late += one.is_late
        notes += [f"{one.name}: {one.note}"] if one.note else []
        for finding in one.findings:
            show(f"{finding.place}: {finding.condition}: {snippet(finding.source, 80)}")
    rows.append(["all", *(str(total[name]) for name in CONDITIONS)])
    for line in aligned(rows):
        show(line)
    for note in notes:
        say(f"note: {note}")
    if config.check and late:
        say(f"{late:,} documents are outdated or not translated; run localize.sync")
        return 1
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `status`."""
    return command("localize.status", __doc__ or "", StatusConfig, status, argv)


__all__ = ["Finding", "InputError", "Standing", "State", "standing", "standings", "status"]

if __name__ == "__main__":
    raise SystemExit(main())
