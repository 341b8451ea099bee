"""`evaluate`: the importable function under `python -m icl.eval`, the app and notebooks.

>>> from icl.options import RunConfig
>>> evaluation = evaluate(RunConfig("sw", shots=1, limit=8))          # doctest: +SKIP
>>> evaluation.results[0].score("BLEU")                               # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.access import Access
from data.errors import InputError, UnavailableError
from data.files import write_whole
from data.lexicon.lemmas import lemmatizer_for
from data.lexicon.load import load_lexicon
from icl.answers import answer_notes
from icl.diagnostics import contamination, invisible_notes, letterless_notes
from icl.dictionary import Dictionary, open_dictionary
from icl.engines import Backend, Settings, open_backend
from icl.engines.baselines import copy_baseline, gloss_baseline
from icl.options import RunConfig
from icl.prepare import Preparation, Task, prepare
from icl.report import write_report
from icl.scoring import (
    Evaluation,
    Result,
    Scored,
    below_copy,
    macro_averages,
    open_metrics,
    reason,
    scores_of,
)
from icl.store import SEGMENTS, Store, open_folder, read_records
from icl.system import Progress, System, answer
from runfolder.records import Record

Answers = Sequence[tuple[System, Sequence[Record]]]


def evaluate(
    config: RunConfig, *, access: Access | None = None, progress: Progress | None = None
) -> Evaluation:
    """Run a configuration to its end, or go on where it stopped.

    Args:
        access: how files are reached; by default as `config.offline` says, and nobody is told.
        progress: called with (label, segments done, segments in all) after each batch.

    Returns:
        The scores. `complete` is False when Ctrl-C stopped it; every system is then scored on
        the segments that the model has finished.

    Raises:
        InputError: a user's mistake.
        UnavailableError: something could not be had.
    """
    access = access or Access.of(config)
    return finish(prepare(config, access), access, progress)


def finish(
    prepared: Preparation,
    access: Access = Access(),
    progress: Progress | None = None,
    shards: Sequence[Path] = (),
) -> Evaluation:
    """Let every system answer, score, and write the run folder.

    A shard (`config.shard`) answers its segments and stops there: `icl.merge` scores.

    Args:
        shards: folders whose answers are taken over; then nothing may be left to answer.
    """
    config = prepared.config
    systems, notes = open_systems(prepared, access, needs_answers=not shards)
    if config.seen and not config.shard:  # first, so that a bad line in it is told before the work
        notes += contamination(config.seen, [system.task for system in systems], access)
    identity = _identity(config, systems)
    with open_folder(config, f"icl-{prepared.name}", identity) as run, Store(run.folder) as store:
        _adopt(shards, systems, store)
        again = list(_discarded_notes(systems, store))
        notes += again
        complete = _answer(systems, store, progress)
        if config.shard:
            left = (*again, _of_shard(systems))
            return Evaluation(run.folder, prepared.description, (), complete, left)
        if complete:
            for system in systems:
                system.settle(store)
        answers = _answers(systems, store)
        return _scored(prepared, run.folder, answers, notes, complete, access)


def open_systems(
    prepared: Preparation, access: Access = Access(), *, needs_answers: bool = True
) -> tuple[list[System], list[str]]:
    """The systems of all directions, and notes on what a reader must know beside them.

    The model is opened for real when it is first asked: a run whose answers are all stored never
    loads its weights.

    Args:
        needs_answers: whether the model will be asked anything; False where all are stored.
    """
    config, notes = prepared.config, list(prepared.notes)
    settings = Settings(config, prepared.template.stop, access, needs_answers)
    metrics = [
        open_metrics(config.metrics, task.corpus.target, task.scored, access)
        for task in prepared.tasks
    ]
    model = open_backend(settings)
    systems = []
    for task, (own, missing) in zip(prepared.tasks, metrics, strict=True):
        backends, absent, dictionary = _lexicon_systems(task, config, access)
        for name, backend in {"model": model, **backends}.items():
            systems.append(
                System(
                    name,
                    task,
                    backend,
                    prepared.template,
                    settings.decoding,
                    own,
                    dictionary if name == "model" else None,
                    config.max_prompt_tokens,
                    config.shard_of(),
                )
            )
        notes += [*missing, *absent, *_leak_notes(task), *task.remarks, *letterless_notes(task)]
    return systems, list(dict.fromkeys(notes))


def _lexicon_systems(
    task: Task, config: RunConfig, access: Access
) -> tuple[dict[str, Backend], list[str], Dictionary | None]:
    """What a direction has from a lexicon: its baselines by name, a note for one that cannot be
    had, and the dictionary of the prompts."""
    source, target = task.corpus.source, task.corpus.target
    baselines: dict[str, Backend] = {"copy": copy_baseline()}
    try:
        lexicon = load_lexicon(source, target, skip_bad=config.skip_bad, access=access)
    except UnavailableError as error:
        note = f"no gloss baseline for {task.direction}: {reason(error)}"
        return (
            baselines,
            [note],
            open_dictionary(config, source, target, access, skip_bad=config.skip_bad),
        )
    lemmatizer = lemmatizer_for(source, lexicon, lemmas=config.lemmas, access=access)
    baselines["gloss"] = gloss_baseline(lexicon, lemmatizer)
    if config.dictionary == "auto":  # the same: it is read, and what stands in for it told, once
        return baselines, [], Dictionary(lexicon, lemmatizer)
    return baselines, [], open_dictionary(config, source, target, access, skip_bad=config.skip_bad)


def _leak_notes(task: Task) -> Iterator[str]:
    if task.leaked:
        yield (
            f"{task.direction}: {task.leaked} pairs of the pool stand in the test set and were "
            "left out of it"
        )


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


def _adopt(shards: Sequence[Path], systems: Sequence[System], store: Store) -> None:
    """Take over the answers of shards.

    Raises:
        InputError: a segment that none of them answered.
    """
    for folder in shards:
        records = [record for _, record in read_records(folder / SEGMENTS)]
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


def _of_shard(systems: Sequence[System]) -> str:
    place, shards = systems[0].shard
    return f"shard {place} of {shards}: score all of them with python -m icl.merge"


def _answers(systems: Sequence[System], store: Store) -> Answers:
    """Each system's records, all on the segments that their direction's model has finished."""
    records = [(system, system.records(store)) for system in systems]
    finished = {
        record["id"] for system, mine in records if system.name == "model" for record in mine
    }
    return [(system, [r for r in mine if r["id"] in finished]) for system, mine in records]


def _scored(
    prepared: Preparation,
    folder: Path,
    answers: Answers,
    notes: list[str],
    complete: bool,
    access: Access,
) -> Evaluation:
    config = prepared.config
    scored = [
        Scored(
            _result(config, system, records, folder), system.task.language, system.metrics, records
        )
        for system, records in answers
        if records
    ]
    results = tuple(s.result for s in scored)
    averages, missing = macro_averages(scored, config.seed, access)
    notes += [*_answer_notes(answers), *_copy_notes(results), *missing, *_invisible_notes(answers)]
    evaluation = Evaluation(
        folder, prepared.description, results, complete, tuple(notes), tuple(averages)
    )
    if complete:
        _write(evaluation, answers, config)
    return evaluation


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


def _answer_notes(answers: Answers) -> Iterator[str]:
    """What a reader must know of a model's answers and prompts."""
    models = [(system, records) for system, records in answers if system.name == "model"]
    for system, records in models:
        yield from answer_notes(system.task.direction, records)
    for system, _ in models:
        if system.shortened:
            yield (
                f"{system.task.direction}: {system.shortened} prompts hold fewer shots than asked "
                "for, because more would not fit; segments.jsonl names those they hold"
            )
        if system.overlong:
            yield (
                f"{system.task.direction}: {system.overlong} prompts are too long even without "
                "shots, and were given to the model as they are"
            )


def _copy_notes(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if names := below_copy(results, result):
            yield (
                f"{result.label}, {result.direction}: no better than copying the source in "
                f"{' and '.join(names)}"
            )


def _invisible_notes(answers: Answers) -> Iterator[str]:
    for system, records in answers:
        if system.name == "model":
            yield from invisible_notes(system.task.direction, system.label, records)


def _write(evaluation: Evaluation, answers: Answers, config: RunConfig) -> None:
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
    write_report(evaluation, answers, config)
