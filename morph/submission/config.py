"""What is handed in, by whom, and which files that means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import InputError
from morph.submission.tasks import (
    SPLITS,
    Task,
    Unit,
    task_named,
    units_2022,
    units_2023,
    units_generic,
)


@dataclass(frozen=True)
class SubmissionConfig:
    """What is handed in, by whom, and where it goes.

    engine: copy, rules, model, both or files; folder: of the models or files; policy: of the rules.
    languages: all by default; of models, all that have one. skip_bad: leave bad lines of training
    files out, counted. command: the options, for the record.
    """

    task: str = "sigmorphon2023"
    system: str = ""
    out: Path = Path()
    engine: str = "copy"
    folder: Path | None = None
    policy: str = "analogy"
    team: str | None = None
    languages: tuple[str, ...] = ()
    splits: tuple[str, ...] = SPLITS
    data: tuple[Path, ...] = ()
    covered: tuple[Path, ...] = ()
    trains: tuple[Path, ...] = ()
    columns: tuple[str, ...] | None = None
    beam: int = 1
    device: str = "cpu"
    seed: int = 1
    offline: bool = False
    skip_bad: bool = False
    command: tuple[str, ...] = ()


def units_of(config: SubmissionConfig) -> tuple[Task, list[Unit]]:
    """The task and the files to answer.

    Raises:
        InputError: an unknown task, language or split; missing folders or files.
    """
    task = task_named(config.task)
    wrong = [split for split in config.splits if split not in SPLITS]
    if wrong or not config.splits:
        raise InputError(
            f"--splits: expected test, dev or both, found {', '.join(wrong) or 'none'}"
        )
    if task.name == "sigmorphon2023":
        return task, units_2023(config.languages, config.splits, offline=config.offline)
    if task.name == "sigmorphon2022":
        if not config.data:
            raise InputError("--data is missing: the folders with the files of 2022, ang.test ...")
        return task, units_2022(config.data, config.languages, config.splits)
    if config.columns:
        if sorted(config.columns) != sorted(task.columns):
            raise InputError(
                f"--columns: expected lemma, features and form in some order, found "
                f"{', '.join(config.columns)}"
            )
        task = replace(task, columns=config.columns)
    return task, units_generic(config.covered, config.trains)
