"""A folder of answers, checked alone: `python -m morph.submit --check FOLDER`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.errors import InputError
from morph.submission.config import SubmissionConfig, units_of
from morph.submission.console import summary
from morph.submission.layout import forms_of, problems, read_covered
from morph.submission.scores import known
from morph.submission.tasks import TASKS, Unit

SHOWN_PROBLEMS = 5  # a file
OTHER_FILES = ("settings.json", "README.md")


def check(config: SubmissionConfig, folder: Path) -> tuple[list[str], int]:
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
        found = list(problems(content, str(path), rows, task.columns))
        wrong += _shortened(found, path)
        if not found:
            right.append((unit, forms_of(content, task.columns)))
    wrong += _absent(missing, units, folder)
    scored = [one for unit, forms in right if (one := known(unit, forms, task, config.seed))]
    lines = summary([(unit, len(forms), {}) for unit, forms in right], scored) if right else []
    return [*lines, *_unknown(folder, units), *wrong, _verdict(len(right), wrong)], len(wrong)


def _shortened(found: Sequence[str], path: Path) -> list[str]:
    more = len(found) - SHOWN_PROBLEMS
    rest = [f"{path}: {more} more problems"] if more > 0 else []
    return [*found[:SHOWN_PROBLEMS], *rest]


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
