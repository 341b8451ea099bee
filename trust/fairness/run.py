"""A run of `trust.fairness`: one measure after the other, each kept as soon as it is done.

runs/fairness-<model>-<hash>/ holds

    measures.jsonl    a record a measure: its figures and notes
    scores.json    report.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from data.access import Access
from data.errors import InputError
from data.files import sha256_file
from data.options import command_line, identity_of, to_json
from runfolder.folder import Run, RunKind, cleared_if_refused, run_folder
from runfolder.records import RecordFile
from trust.fairness import MEASURES, measure
from trust.fairness.config import Advance, Fairness
from trust.fairness.figures import SHAPE, Figure, Made
from trust.fairness.report import Measured, finish
from trust.fairness.subject import Subject

FILE = "measures.jsonl"
RECORD = {"measure": str, "figures": [SHAPE], "notes": [str]}
KIND = RunKind(
    "trust.fairness",
    {"model": str, "measures": list, "lang": str, "lists": list},
    (FILE, "scores.json"),
    ("report.html",),
    ("numpy", "torch", "transformers"),
)
FILES = ("pairs", "templates", "texts", "groups", "professions", "prompts")


def run(config: Fairness, access: Access, advance: Advance | None) -> Measured:
    """See `trust.fairness.__main__.fairness`."""
    subject = Subject.of(config, access)
    for test in subject.tests:  # wrong lists are said before anything slow
        _ = test.title
    chosen = _chosen(config, subject)
    identity = {
        **identity_of(config),
        "measures": [name for name, lacks in chosen if not lacks],
        "model": f"{subject.model.name}@{subject.model.revision}",
        "sha256": _checksums(config),
    }
    name = f"fairness-{subject.model.name}"
    with run_folder(KIND, name, identity, out=config.out, options=to_json(config)) as opened:
        with cleared_if_refused(KIND, opened.folder):
            done = _measured(
                subject, [name for name, lacks in chosen if not lacks], opened, advance
            )
        made = [_made(name, done.get(name), lacks) for name, lacks in chosen]
        return finish(opened.folder, subject, made, command_line("trust.fairness", config))


def _measured(
    subject: Subject, wanted: Sequence[str], opened: Run, advance: Advance | None
) -> dict[str, dict[str, Any]]:
    """The records of the measures, of which those that are there are not made again."""
    with closing(RecordFile(opened.folder / FILE, RECORD)) as records:
        done = {one["measure"]: one for one in records}
        for number, name in enumerate(wanted):
            if advance:
                advance("measures", number, len(wanted))
            if name not in done:
                done[name] = _record(name, subject)
                records.append([done[name]])
        if advance and wanted:
            advance("measures", len(wanted), len(wanted))
    return done


def _chosen(config: Fairness, subject: Subject) -> list[tuple[str, str]]:
    """(measure, what it lacks), of those asked for or of all.

    Raises:
        InputError: one that was asked for cannot be made, or none can.
    """
    names = config.measures or tuple(MEASURES)
    found = [(name, measure(name).lacks(subject)) for name in names]
    lacking = [f"{name}: {why}" for name, why in found if why]
    if lacking and (config.measures or len(lacking) == len(found)):
        raise InputError(f"{config.model}: {lacking[0]}")
    return found


def _record(name: str, subject: Subject) -> dict[str, Any]:
    before = len(subject.notes)
    figures = [one.to_json() for one in measure(name).figures(subject)]
    notes = list(dict.fromkeys(subject.notes[before:]))
    return {"measure": name, "figures": figures, "notes": notes}


def _made(name: str, record: Mapping[str, Any] | None, lacks: str) -> Made:
    if record is None:
        return Made(name, (), (), lacks)
    return Made(name, [Figure.from_json(one) for one in record["figures"]], record["notes"])


def _checksums(config: Fairness) -> dict[str, str]:
    """Of the user's files: other contents are another run."""
    given = {name: getattr(config, name) for name in FILES}
    paths = {name: Path(value) for name, value in given.items() if value}
    for test in config.lists:
        paths |= {part: Path(part.partition("@")[0]) for part in test.split(":")}
    paths |= {f"corpus {name}": Path(name) for name in config.corpus}
    return {name: sha256_file(path) for name, path in paths.items() if path.is_file()}
