"""Shared tasks: which files to predict, and the answers' layout.

**sigmorphon2023** (https://github.com/sigmorphon/2023InflectionST, part 1). A line of the data is
lemma, features, form with tabs between; the covered files lack the form. The README asks for the
results by e-mail and states no layout, so answers have that of the data, under the data's names:
`swa.tst`, `swa.dev`. The organisers' baseline writes the same three columns and compares forms as
they are (part1/baselines/nonneural.py), and so does morph.submit. An early version of the README
names the scorer of 2022 instead, which brings forms to NFC first: what is right as it is stays
right. 27 files: 26 languages, and Hebrew without vowel points.

**sigmorphon2022** (https://github.com/sigmorphon/2022InflectionST, part 1). A line is lemma, form,
features. The scorer (evaluation/evaluate.py) takes every file of the folder with `.test` or `.dev`
in its name, looks for training data under what stands before the first point (`ang_small`) and
for the right forms under what stands before the first underscore (`ang`); it strips cells, passes
over blank lines, and brings both forms to NFC. The catalog has no copy: give the folders.

**generic**: any covered files of lemma and features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from data.access import Access
from data.catalog import File, dataset
from data.cli import did_you_mean
from data.download import fetch
from data.errors import InputError
from data.languages import resolve
from data.options import check, common, option
from data.tsv import excerpt
from data.unimorph import FEATURES, LEMMA, SHARED_TASK_ORDER, UNIMORPH_ORDER

LazyPath: TypeAlias = Callable[[], Path]
"""Finds or fetches a file when it is asked for."""

SPLITS = ("test", "dev")
COVERED = ".covered"


@dataclass(frozen=True, slots=True)
class Task:
    """A shared task.

    Attributes:
        columns: the order of the columns of an answer.
        suffixes: what a file of answers ends in, by split.
        normalise: whether the scorer brings forms to NFC.
    """

    name: str
    columns: tuple[str, ...]
    suffixes: Mapping[str, str]
    normalise: bool


TASKS = {
    task.name: task
    for task in (
        Task("sigmorphon2023", SHARED_TASK_ORDER, {"test": ".tst", "dev": ".dev"}, False),
        Task("sigmorphon2022", UNIMORPH_ORDER, {"test": ".test", "dev": ".dev"}, True),
        Task("generic", SHARED_TASK_ORDER, {}, False),
    )
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One file of answers.

    Attributes:
        name: what the file is of: swa, heb_unvoc, ang_small.
        file: the name of the file of answers.
        covered: has the lemmas and features, in the columns `covered_columns`.
        train, gold: None where there is none.
    """

    name: str
    split: str
    file: str
    covered: Path
    covered_columns: tuple[str, ...]
    train: LazyPath | None = None
    gold: LazyPath | None = None


def task_named(name: str) -> Task:
    """The task of that name.

    >>> task_named("sigmorphon2022").columns
    ('lemma', 'form', 'features')
    >>> task_named("sigmorphon2021")
    Traceback (most recent call last):
    data.errors.InputError: --task: expected one of sigmorphon2023, sigmorphon2022, generic, found \
"sigmorphon2021" (did you mean sigmorphon2023?); generic serves any other
    """
    if name not in TASKS:
        raise InputError(
            f"--task: expected one of {', '.join(TASKS)}, found {excerpt(name)}"
            f"{did_you_mean(name, TASKS)}; generic serves any other"
        )
    return TASKS[name]


def units_2023(
    languages: Sequence[str] = (),
    splits: Sequence[str] = SPLITS,
    *,
    access: Access = Access(),
) -> list[Unit]:
    """The files of the shared task of 2023, by the catalog; all languages, or those named.

    Raises:
        InputError: no such language. UnavailableError: a covered file cannot be had.
    """
    entry = dataset("sigmorphon2023")

    def file(role: str, group: str) -> LazyPath:
        [wanted] = entry.select(role, group)
        return lambda: fetch(wanted, access=access).path

    groups = _chosen(entry.select("covered-test"), languages)
    return [
        Unit(
            name=group,
            split=split,
            file=group + TASKS["sigmorphon2023"].suffixes[split],
            covered=file(f"covered-{split}", group)(),
            covered_columns=(LEMMA, FEATURES),
            train=file("train", group),
            gold=file(split, group),
        )
        for group in groups
        for split in splits
    ]


def _chosen(files: Sequence[File], languages: Sequence[str]) -> list[str]:
    """The groups of the languages named, in the order of the catalog.

    A name is a group's (heb_unvoc), or any code or name of a language.
    """
    groups = [file.group for file in files]
    wanted: set[str] = set()
    for name in languages:
        if name in groups:
            wanted.add(name)
            continue
        match = resolve(name).closest([code for file in files for code in file.codes])
        if match is None:
            raise InputError(
                f'--lang: expected a language of the task, found "{name}"; it has: '
                f"{', '.join(groups)}"
            )
        mine = {file.group for file in files if match.code in file.codes}
        wanted |= mine & {match.code} or mine  # heb and not heb_unvoc, which is of that code too
    return [group for group in groups if not languages or group in wanted]


def units_2022(
    folders: Sequence[Path], languages: Sequence[str] = (), splits: Sequence[str] = SPLITS
) -> list[Unit]:
    """The files of the shared task of 2022, from its folders (part1/development_languages ...).

    One unit a training file: ang_small and ang_large answer the same ang.test.

    Raises:
        InputError: no such folder, no training files, a language that is not there.
    """
    units = []
    for folder in folders:
        trains = sorted(folder.glob("*.train"))
        if not trains:
            raise InputError(
                f"{folder}: expected files such as ang_small.train, found none; give the folder "
                "part1/development_languages of the task's repository"
            )
        for train in trains:
            units += [_unit_2022(folder, train, split) for split in splits]
    names = {name: name.partition("_")[0] for name in dict.fromkeys(unit.name for unit in units)}
    unknown = [name for name in languages if name not in {*names, *names.values()}]
    if unknown:
        raise InputError(
            f'--lang: found no "{unknown[0]}" in the folders; there are: {", ".join(names)}'
        )
    wanted = {*languages}
    return [u for u in units if not wanted or wanted & {u.name, names[u.name]}]


def _unit_2022(folder: Path, train: Path, split: str) -> Unit:
    name = train.name.partition(".")[0]
    language = name.partition("_")[0]
    covered = folder / f"{language}.{split}"
    if not covered.is_file():
        raise InputError(f"{covered}: no such file, and {train} needs it; fetch the whole folder")
    gold = covered if split == "dev" else folder / f"{language}.gold"
    return Unit(
        name=name,
        split=split,
        file=f"{name}.{split}",
        covered=covered,
        covered_columns=UNIMORPH_ORDER if split == "dev" else (LEMMA, FEATURES),
        train=lambda: train,
        gold=(lambda: gold) if gold.is_file() else None,
    )


def units_generic(covered: Sequence[Path], trains: Sequence[Path] = ()) -> list[Unit]:
    """Any covered files; an answer has the file's own name, without `.covered`.

    Args:
        trains: none, one for all, or one for each covered file, in the same order.

    Raises:
        InputError: no file, another number of training files, two files of one name.
    """
    if not covered:
        raise InputError("--covered is missing: the files with lemmas and features to answer")
    if len(trains) not in (0, 1, len(covered)):
        raise InputError(
            f"--train: expected one file, or one for each of {len(covered)} covered files, found "
            f"{len(trains)}; give them in the order of --covered"
        )
    of = [*trains, *[trains[0]] * (len(covered) - 1)] if len(trains) == 1 else list(trains)
    names = [path.name.replace(COVERED, "") for path in covered]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--covered: two files would be answered as {name}; rename one")
    return [
        Unit(
            name=name.partition(".")[0],
            split=name.partition(".")[2] or "test",
            file=name,
            covered=path,
            covered_columns=(LEMMA, FEATURES),
            train=_lazy(of[number]) if of else None,
        )
        for number, (path, name) in enumerate(zip(covered, names, strict=True))
    ]


def _lazy(path: Path) -> LazyPath:
    return lambda: path


@dataclass(frozen=True)
class SubmissionConfig:
    """What is handed in, by whom, and where it goes; the options of the command.

    engine: copy, rules, model, both or files; folder: of the models or files; policy: of the rules.
    command: the command line, for the record.
    """

    task: str = option("sigmorphon2023", "sigmorphon2023, sigmorphon2022 or generic")
    system: str = option("", "name of the system: its folder and archive", metavar="NAME")
    team: str | None = option(
        None, "name of the team: a folder around the system's", metavar="NAME"
    )
    splits: tuple[str, ...] = option(
        SPLITS, "test,dev (default), or one of them", separator=",", choices=SPLITS
    )
    data: tuple[Path, ...] = option((), "folders with the data of 2022", metavar="DIR")
    covered: tuple[Path, ...] = option(
        (), "files of lemmas and features (--task generic)", metavar="FILE"
    )
    trains: tuple[Path, ...] = option(
        (),
        "what rules learn from (--task generic): one file, or one a covered file",
        flag="--train",
        metavar="FILE",
    )
    columns: tuple[str, ...] | None = option(
        None,
        "order of the columns of the answers (--task generic; lemma,features,form), and of"
        " training files whose cells do not tell theirs",
        metavar="A,B,C",
        separator=",",
    )
    skip_bad: bool = option(
        False, "leave out bad lines of training files, counted; every covered line is answered"
    )
    beam: int = option(1, "width of the models' search", least=1)
    languages: tuple[str, ...] = common(
        "--lang", (), separator=",", help="languages with commas between; all by default"
    )
    seed: int = common("--seed")
    device: str = common("--device")
    out: Path | None = common("--out")
    offline: bool = common("--offline")
    engine: str = "copy"
    folder: Path | None = None
    policy: str = "analogy"
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check(self)


def units_of(config: SubmissionConfig) -> tuple[Task, list[Unit]]:
    """The task and the files to answer.

    Raises:
        InputError: an unknown task, language or split; missing folders or files.
    """
    task = task_named(config.task)
    if task.name == "sigmorphon2023":
        return task, units_2023(config.languages, config.splits, access=Access.of(config))
    if task.name == "sigmorphon2022":
        if not config.data:
            raise InputError("--data is missing: the folders with the files of 2022, ang.test ...")
        return task, units_2022(config.data, config.languages, config.splits)
    if config.columns:
        columns = tuple(name.casefold() for name in config.columns)
        if sorted(columns) != sorted(task.columns):
            raise InputError(
                f"--columns: expected lemma, features and form in some order, found "
                f"{', '.join(columns)}"
            )
        task = replace(task, columns=columns)
    return task, units_generic(config.covered, config.trains)
