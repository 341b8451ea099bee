"""`evaluate`: the importable function under `python -m icl.eval`, the app and notebooks.

>>> from icl.run import RunConfig
>>> evaluation = evaluate(RunConfig("sw", shots=1, limit=8))          # doctest: +SKIP
>>> evaluation.results[0].score("BLEU")                               # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.access import Report
from data.errors import InputError
from data.files import write_whole
from icl.answers import answer_notes
from icl.averages import macro_averages
from icl.diagnostics import contamination
from icl.folder import open_folder
from icl.opening import open_systems
from icl.prepare import Preparation, prepare
from icl.report import write_report
from icl.run import Evaluation, Progress, Result, RunConfig, below_copy
from icl.scoring import scores_of
from icl.store import Record, Store, read_records
from icl.system import System, answer
from icl.text_notes import invisible_notes

Answers = Sequence[tuple[System, Sequence[Record]]]


def evaluate(
    config: RunConfig, *, report: Report | None = None, progress: Progress | None = None
) -> Evaluation:
    """Run a configuration to its end, or go on where it stopped.

    Args:
        report: called with one line before anything slow.
        progress: called with (label, segments done, segments in all) after each batch.

    Returns:
        The scores. `complete` is False when Ctrl-C stopped it; every system is then scored on
        the segments that the model has finished.

    Raises:
        InputError: a user's mistake.
        UnavailableError: something could not be had.
    """
    return finish(prepare(config, report), report, progress)


def finish(
    prepared: Preparation,
    report: Report | None = None,
    progress: Progress | None = None,
    shards: Sequence[Path] = (),
) -> Evaluation:
    """Let every system answer, score, and write the run folder.

    A shard (`config.shard`) answers its segments and stops there: `icl.merge` scores.

    Args:
        shards: folders whose answers are taken over; then nothing may be left to answer.
    """
    config = prepared.config
    systems, notes = open_systems(prepared, report or (lambda _: None), asking=not shards)
    if config.seen and not config.shard:  # first, so that a bad line in it is told before the work
        notes += contamination(config.seen, [system.task for system in systems], report)
    folder = open_folder(config, f"icl-{prepared.name}", _identity(config, systems))
    with Store(folder) as store:
        _adopt(shards, systems, store)
        again = list(_discarded_notes(systems, store))
        notes += again
        complete = _answer(systems, store, progress)
        if config.shard:
            return Evaluation(
                folder, prepared.description, (), complete, (*again, _of_shard(systems))
            )
        if complete:
            _settle(systems, store)
        answers = _answers(systems, store)
    return _scored(prepared, folder, answers, notes, complete)


def _scored(
    prepared: Preparation, folder: Path, answers: Answers, notes: list[str], complete: bool
) -> Evaluation:
    config = prepared.config
    results = [_result(config, system, records, folder) for system, records in answers if records]
    averages, missing = macro_averages(results, answers, config)
    notes += [*_answer_notes(answers), *_shortened_notes(answers), *_copy_notes(results), *missing]
    notes += _invisible_notes(answers)
    evaluation = Evaluation(
        folder, prepared.description, tuple(results), complete, tuple(notes), tuple(averages)
    )
    if complete:
        _write(evaluation, answers)
    return evaluation


def _adopt(shards: Sequence[Path], systems: Sequence[System], store: Store) -> None:
    """Take over the answers of shards.

    Raises:
        InputError: a segment that none of them answered.
    """
    for folder in shards:
        records = [record for _, record in read_records(folder / "segments.jsonl")]
        store.append([r for r in records if store.get(r["id"], r["key"]) is None])
    missing = [request.id for system in systems for request in system.missing(store)]
    if shards and missing:
        raise InputError(
            f"{', '.join(map(str, shards))}: {len(missing)} answers are missing ({missing[0]} for "
            "instance); run the other shards, or these to their end"
        )


def _discarded_notes(systems: Sequence[System], store: Store) -> Iterator[str]:
    """What a folder of an earlier format held that is no answer."""
    for system in systems:
        if count := system.discarded(store):
            yield (
                f"{system.label}, {system.task.direction}: {count} stored answers were none, or do "
                "not say how they ended (an earlier format); asked again"
            )


def _settle(systems: Sequence[System], store: Store) -> None:
    for system in systems:
        if system.name == "model":
            system.settle(store)


def _answer_notes(answers: Answers) -> Iterator[str]:
    for system, records in answers:
        if system.name == "model":
            yield from answer_notes(system.task.direction, records)


def _of_shard(systems: Sequence[System]) -> str:
    place, shards = systems[0].shard
    return f"shard {place} of {shards}: score all of them with python -m icl.merge"


def _identity(config: RunConfig, systems: Sequence[System]) -> dict[str, Any]:
    """Everything that a result hangs on; its hash names the run folder."""
    return {
        "metrics": list(config.metrics),
        "limit": config.limit,
        "systems": [
            {"system": system.name, **system.context(config.limit, config.seed)}
            for system in systems
        ],
    }


def _answer(systems: Sequence[System], store: Store, progress: Progress | None) -> bool:
    """Let every system answer, baselines first. False when Ctrl-C came."""
    try:
        for system in systems:
            if system.name != "model":
                answer([system], store, progress)
        answer([system for system in systems if system.name == "model"], store, progress)
    except KeyboardInterrupt:
        return False
    return True


def _answers(systems: Sequence[System], store: Store) -> Answers:
    """Each system's records, all on the segments that their direction's model has finished."""
    records = [(system, system.records(store)) for system in systems]
    finished = {
        record["id"] for system, mine in records if system.name == "model" for record in mine
    }
    return [(system, [r for r in mine if r["id"] in finished]) for system, mine in records]


def _result(config: RunConfig, system: System, records: Sequence[Record], folder: Path) -> Result:
    context = system.context(config.limit, config.seed)
    segments, seconds = system.timing(folder)
    return Result(
        system=system.name,
        label=system.label,
        direction=system.task.direction,
        scores=scores_of(records, system.metrics, config.seed, context),
        seconds=seconds,
        timed=segments,
    )


def _shortened_notes(answers: Answers) -> Iterator[str]:
    for system, _ in answers:
        if system.name == "model" and system.shortened:
            yield (
                f"{system.task.direction}: {system.shortened} prompts hold fewer shots than asked "
                "for, because more would not fit; segments.jsonl names those they hold"
            )
        if system.name == "model" and system.overlong:
            yield (
                f"{system.task.direction}: {system.overlong} prompts are too long even without "
                "shots, and were given to the model as they are"
            )


def _invisible_notes(answers: Answers) -> Iterator[str]:
    for system, records in answers:
        if system.name == "model":
            yield from invisible_notes(system.task.direction, system.label, records)


def _copy_notes(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if names := below_copy(results, result):
            yield (
                f"{result.label}, {result.direction}: no better than copying the source in "
                f"{' and '.join(names)}"
            )


def _write(evaluation: Evaluation, answers: Answers) -> None:
    """scores.json and report.html; neither holds a time, so a resumed run writes the same."""
    results = [
        {
            "system": result.system,
            "label": result.label,
            "direction": result.direction,
            "scores": [score.to_dict() for score in result.scores],
        }
        for result in evaluation.results
    ]
    content = {"results": results, "notes": list(evaluation.notes)}
    if evaluation.averages:
        content["averages"] = [average.to_dict() for average in evaluation.averages]
    text = json.dumps(content, ensure_ascii=False, indent=2)
    write_whole(evaluation.folder / "scores.json", f"{text}\n")
    write_report(evaluation, answers)
