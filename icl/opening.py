"""From a preparation to systems that can answer: the model, and the baselines of each direction."""

from __future__ import annotations

from collections.abc import Iterator

from data.access import Access, Report
from data.errors import UnavailableError
from data.lexicon import Lexicon
from data.lexicon.lemmas import Lemmatizer, lemmatizer_for
from data.load import load_lexicon
from icl.backend import Backend, Decoding, Settings, open_backend
from icl.dictionary import Dictionary
from icl.engines.baselines import copy_baseline, gloss_baseline
from icl.prepare import Preparation
from icl.run import RunConfig, Task, reason
from icl.scoring import open_metrics
from icl.system import System
from icl.text_notes import letterless_notes


def open_systems(
    prepared: Preparation, report: Report, *, asking: bool = True
) -> tuple[list[System], list[str]]:
    """The systems of all directions, and notes on what a reader must know beside them.

    The model is opened for real when it is first asked: a run whose answers are all stored never
    loads its weights.

    Args:
        asking: whether the model will be asked anything; False where all answers are stored.
    """
    config = prepared.config
    decoding = Decoding(config.max_new_tokens, prepared.template.stop, config.decoding)
    metrics = [open_metrics(config, task) for task in prepared.tasks]
    model = open_backend(config.engine, _settings(config, decoding, report, asking))
    systems, notes = [], list(prepared.notes)
    for task, (own, missing) in zip(prepared.tasks, metrics, strict=True):
        backends, absent = _baselines(task, config, report)
        dictionary = _dictionary(task, config, report)
        for name, backend in {"model": model, **backends}.items():
            systems.append(
                System(
                    name,
                    task,
                    backend,
                    prepared.template,
                    decoding,
                    own,
                    dictionary if name == "model" else None,
                    config.max_prompt_tokens,
                    config.shard_of(),
                )
            )
        notes += [*missing, *absent, *_leak_notes(task), *task.remarks, *letterless_notes(task)]
    return systems, list(dict.fromkeys(notes))


def _settings(config: RunConfig, decoding: Decoding, report: Report, asking: bool) -> Settings:
    return Settings(
        model=config.model,
        decoding=decoding,
        device=config.device,
        dtype=config.dtype,
        batch_size=config.batch_size,
        offline=config.offline,
        base_url=config.base_url,
        concurrency=config.concurrency,
        max_prompt_tokens=config.max_prompt_tokens,
        report=report,
        asking=asking,
    )


def _baselines(
    task: Task, config: RunConfig, report: Report
) -> tuple[dict[str, Backend], list[str]]:
    """The baselines of one direction by name, and a note for each that cannot be had."""
    try:
        lexicon = _lexicon(task, None, config, report)
    except UnavailableError as error:
        return {"copy": copy_baseline()}, [
            f"no gloss baseline for {task.direction}: {reason(error)}"
        ]
    gloss = gloss_baseline(lexicon, _lemmatizer(task, lexicon, config, report))
    return {"copy": copy_baseline(), "gloss": gloss}, []


def _dictionary(task: Task, config: RunConfig, report: Report) -> Dictionary | None:
    """What --dictionary names: "auto" is the best lexicon at hand, else a data set or a file."""
    if config.dictionary is None:
        return None
    name = None if config.dictionary == "auto" else config.dictionary
    lexicon = _lexicon(task, name, config, report)
    return Dictionary(lexicon, _lemmatizer(task, lexicon, config, report))


def _lexicon(task: Task, name: str | None, config: RunConfig, report: Report) -> Lexicon:
    sides = task.corpus.source, task.corpus.target
    return load_lexicon(
        *sides, name=name, skip_bad=config.skip_bad, access=Access.of(config, report)
    )


def _lemmatizer(task: Task, lexicon: Lexicon, config: RunConfig, report: Report) -> Lemmatizer:
    return lemmatizer_for(task.corpus.source, lexicon, access=Access.of(config, report))


def _leak_notes(task: Task) -> Iterator[str]:
    if task.leaked:
        yield (
            f"{task.direction}: {task.leaked} pairs of the pool stand in the test set and were "
            "left out of it"
        )
