"""A submission: prepared in memory, then written; or only checked."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.files import raise_if_disk_full, sha256_file, write_whole
from morph.submit.layout import Asked, answers, forms_of, problems, questions, read_covered
from morph.submit.predictors import LEMMA_FOR_EMPTY, Predictor, model_folders, open_predictor
from morph.submit.scores import NOTE, FileScores, macro, score_file, summary
from morph.submit.tasks import TASKS, SubmissionConfig, Task, Unit, units_of
from runfolder.folder import environment

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive can name
UNIX, MODE = 3, 0o100644 << 16
SHOWN_PROBLEMS = 5  # a file
OTHER_FILES = ("settings.json", "README.md")


@dataclass(frozen=True)
class Submission:
    """A submission: its files by path below the folder, and what a terminal shows of it."""

    folder: Path
    files: Mapping[str, bytes]
    scores: tuple[FileScores, ...]
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
    out = _checked_out(config)
    task, units = units_of(config)
    units, missing = _with_models(config, units)
    if missing:
        say(f"no model in {config.folder} of {', '.join(missing)}; left out")
    answered = list(_answered(config, task, units, say))
    seed = config.seed
    scores = [file for a in answered if (file := score_file(a.unit, a.forms, task, seed))]
    below = f"{config.team}/{config.system}" if config.team else config.system
    settings = _json(_settings(config, task, answered))
    handed_in = {f"{below}/{answer.unit.file}": answer.content for answer in answered}
    handed_in[f"{below}/settings.json"] = settings
    files = {**handed_in, f"{config.system}.zip": archived(handed_in)}
    if scores:
        files["scores.json"] = _json(_scores(scores, seed))
    lines = summary([(a.unit, len(a.forms), a.steps) for a in answered], scores)
    lines.append(f"wrote {out}: {below}/ ({len(answered)} files) {config.system}.zip")
    if missing:
        lines.append(f"left out, for want of a model: {', '.join(missing)}")
    if (config.languages or missing) and task.name != "generic":
        lines.append("note: not all languages; a shared task ranks systems that answer all of them")
    return Submission(out, files, tuple(scores), tuple(lines))


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
        "environment": environment(("numpy",)),
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


def _scores(files: Sequence[FileScores], seed: int) -> dict[str, Any]:
    return {
        "note": NOTE,
        "files": [file.to_dict() for file in files],
        "macro": [score.to_dict() for score in macro(files, seed)],
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _checked_out(config: SubmissionConfig) -> Path:
    """The folder to write to, after a look at it and at the names."""
    for name in ("system", "out"):
        if not getattr(config, name):
            raise InputError(f"--{name} is missing; see python -m morph.submit --help")
    for flag, given in (("--system", config.system), ("--team", config.team)):
        if given is not None and not re.fullmatch(r"[A-Za-z0-9][\w.-]*", given, re.ASCII):
            raise InputError(
                f'{flag}: expected letters, digits, - _ and points, found "{given}"; rename it'
            )
    out = config.out or Path()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: holds something already; choose another --out")
    return out


def archived(files: Mapping[str, bytes]) -> bytes:
    """The bytes of the archive.

    >>> archived({"b": b"2", "a": b"1"}) == archived({"a": b"1", "b": b"2"})
    True
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = UNIX, MODE
            archive.writestr(entry, files[name])
    return packed.getvalue()


def check_folder(config: SubmissionConfig, folder: Path) -> tuple[list[str], int]:
    """Check a folder of answers alone: the lines to show, and how many are problems."""
    task, units = units_of(config)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one with the files of answers")
    wrong, right, missing = [], [], []
    for unit in units:
        path = folder / unit.file
        if not path.is_file():
            missing.append(unit)
            continue
        content = path.read_bytes()
        rows = read_covered(unit.covered, unit.covered_columns)
        of_file = list(problems(content, str(path), rows, task.columns))
        wrong += _shortened(of_file, path)
        if not of_file:
            right.append((unit, forms_of(content, task.columns)))
    wrong += _absent(missing, units, folder)
    scores = [file for unit, forms in right if (file := score_file(unit, forms, task, config.seed))]
    lines = summary([(unit, len(forms), {}) for unit, forms in right], scores) if right else []
    return [*lines, *_unknown(folder, units), *wrong, _verdict(len(right), wrong)], len(wrong)


def _shortened(wrong: Sequence[str], path: Path) -> list[str]:
    more = len(wrong) - SHOWN_PROBLEMS
    rest = [f"{path}: {more} more problems"] if more > 0 else []
    return [*wrong[:SHOWN_PROBLEMS], *rest]


def _absent(missing: Sequence[Unit], units: Sequence[Unit], folder: Path) -> list[str]:
    """Files that are not there; a split of which there is no file at all is not handed in."""
    absent = []
    for unit in missing:
        of_split = [other for other in units if other.split == unit.split]
        if unit.split == "test" or any(other not in missing for other in of_split):
            absent.append(f"{folder / unit.file}: no such file; predict it too")
    return absent


def _unknown(folder: Path, units: Sequence[Unit]) -> list[str]:
    """Files that the task does not ask for."""
    asked = {unit.file for unit in units}
    suffixes = {suffix for task in TASKS.values() for suffix in task.suffixes.values()}
    return [
        f"note: {path} is not asked for"
        for path in sorted(folder.iterdir())
        if path.name not in asked and path.name not in OTHER_FILES and path.suffix in suffixes
    ]


def _verdict(right: int, wrong: Sequence[str]) -> str:
    return f"{right} files are right" + (f"; {len(wrong)} problems" if wrong else "")
