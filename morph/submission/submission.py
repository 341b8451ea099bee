"""A submission from its configuration to its folder: prepare everything in memory, then write."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.files import raise_if_disk_full, sha256_file, write_whole
from morph.evaluation.folder import environment
from morph.submission.archive import archived
from morph.submission.config import SubmissionConfig, units_of
from morph.submission.console import summary
from morph.submission.layout import Asked, answers, problems, questions, read_covered
from morph.submission.places import model_folders
from morph.submission.predictors import LEMMA_FOR_EMPTY, Predictor, open_predictor
from morph.submission.scores import NOTE, Known, known, macro
from morph.submission.tasks import Task, Unit


@dataclass(frozen=True)
class Submission:
    """A submission: its files by path below the folder, and what a terminal shows of it."""

    folder: Path
    files: Mapping[str, bytes]
    known: tuple[Known, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Answer:
    """The checked answers of one unit."""

    unit: Unit
    content: bytes
    forms: Sequence[str]
    steps: Mapping[str, int]
    identity: Mapping[str, Any]


def prepare(config: SubmissionConfig, say: Callable[[str], None]) -> Submission:
    """Predict and check everything; nothing is written.

    Raises:
        InputError: see `morph.submit.submit`.
    """
    _check_names(config)
    task, units = units_of(config)
    units, missing = _with_models(config, units)
    if missing:
        say(f"no model in {config.folder} of {', '.join(missing)}; left out")
    answered = list(_answered(config, task, units, say))
    found = [one for a in answered if (one := known(a.unit, a.forms, task, config.seed))]
    below = f"{config.team}/{config.system}" if config.team else config.system
    settings = _json(_settings(config, task, answered))
    handed_in = {f"{below}/{answer.unit.file}": answer.content for answer in answered}
    handed_in[f"{below}/settings.json"] = settings
    files = {**handed_in, f"{config.system}.zip": archived(handed_in)}
    if found:
        files["scores.json"] = _json(_scores(found, config.seed))
    lines = summary([(a.unit, len(a.forms), a.steps) for a in answered], found)
    lines.append(f"wrote {config.out}: {below}/ ({len(answered)} files) {config.system}.zip")
    if missing:
        lines.append(f"left out, for want of a model: {', '.join(missing)}")
    if (config.languages or missing) and task.name != "generic":
        lines.append("note: not all languages; a shared task ranks systems that answer all of them")
    return Submission(config.out, files, tuple(found), tuple(lines))


def write(submission: Submission) -> Submission:
    """Write the folder, which appears whole or not at all."""
    out = submission.folder
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
            whole = Path(temporary) / "whole"
            for name, content in submission.files.items():
                write_whole(whole / name, content)
            whole.replace(out)  # refused by the system where `out` holds something
    except OSError as error:
        raise_if_disk_full(error, out)
        raise
    return submission


def _with_models(config: SubmissionConfig, units: list[Unit]) -> tuple[list[Unit], list[str]]:
    """The files whose languages have a trained model, and the names of the other languages.

    All files where no model is asked for, where languages are named, or where none has a model:
    then the first that is missing is an error.
    """
    if config.engine not in ("model", "both") or config.languages or config.folder is None:
        return units, []
    names = dict.fromkeys(unit.name for unit in units)
    there = {name for name in names if model_folders(config.folder, name)}
    if not there:
        return units, []
    return [unit for unit in units if unit.name in there], [n for n in names if n not in there]


def _answered(
    config: SubmissionConfig, task: Task, units: Sequence[Unit], say: Callable[[str], None]
) -> Iterator[_Answer]:
    """The answers of every unit; a model or a set of rules serves all splits of its language."""
    opened: dict[str, Predictor] = {}
    for number, unit in enumerate(units, 1):
        say(f"{number}/{len(units)} {unit.file}")
        key = unit.file if config.engine == "files" or config.trains else unit.name
        if key not in opened:
            opened.clear()
            opened[key] = open_predictor(
                config.engine,
                unit,
                task,
                folder=config.folder,
                policy=config.policy,
                device=config.device,
                beam=config.beam,
                seed=config.seed,
                skip_bad=config.skip_bad,
            )
            for reason, number in opened[key].left_out.items():
                say(f"{unit.name}: left out of the training file: {number} lines, {reason}")
        yield _answer(opened[key], unit, task)


def _answer(predictor: Predictor, unit: Unit, task: Task) -> _Answer:
    rows = read_covered(unit.covered, unit.covered_columns)
    predictor.steps.clear()
    predicted = predictor.predict(questions(rows))
    if len(predicted) != len(rows):
        raise InputError(
            f"{unit.file}: expected {len(rows)} forms, found {len(predicted)}; mend the predictor"
        )
    steps = Counter(predictor.steps)
    asked = zip(predicted, questions(rows), strict=True)
    forms = [_form(form, row, steps) for form, row in asked]
    content = answers(rows, forms, task.columns)
    wrong = next(problems(content, unit.file, rows, task.columns), None)
    if wrong:
        raise InputError(f"{wrong}; nothing was written, mend the predictor")
    return _Answer(unit, content, forms, +steps, predictor.identity)


def _form(form: str, row: Asked, steps: Counter[str]) -> str:
    """A form without space around it; an empty one would break the scorers' reading of the line."""
    if form.strip():
        return form.strip()
    steps[LEMMA_FOR_EMPTY] += 1
    return row[0].strip()


def _settings(config: SubmissionConfig, task: Task, answered: Sequence[_Answer]) -> dict[str, Any]:
    return {
        "task": task.name,
        "columns": list(task.columns),
        "system": config.system,
        "team": config.team,
        "engine": config.engine,
        "command": ["python", "-m", "morph.submit", *_without_place(config.command)],
        "seed": config.seed,
        "environment": environment(),
        "files": {
            answer.unit.file: {
                "lines": len(answer.forms),
                "covered": answer.unit.covered.name,
                "covered_sha256": sha256_file(answer.unit.covered),
                "answered_by": dict(answer.steps),
                "predictor": answer.identity,
            }
            for answer in answered
        },
    }


def _without_place(command: Sequence[str]) -> Iterator[str]:
    """The options without --out, so that the archive is the same wherever it is written."""
    options = iter(command)
    for option in options:
        if option == "--out":
            next(options, None)
        elif not option.startswith("--out="):
            yield option


def _scores(found: Sequence[Known], seed: int) -> dict[str, Any]:
    return {
        "note": NOTE,
        "files": [one.to_dict() for one in found],
        "macro": [score.to_dict() for score in macro(found, seed)],
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _check_names(config: SubmissionConfig) -> None:
    for what, name in (("--system", config.system), ("--team", config.team)):
        if name is not None and not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII):
            raise InputError(
                f'{what}: expected letters, digits, - _ and points, found "{name}"; rename it'
            )
    if config.out.exists() and (not config.out.is_dir() or any(config.out.iterdir())):
        raise InputError(f"{config.out}: holds something already; choose another --out")
