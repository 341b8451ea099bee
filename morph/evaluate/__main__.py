"""Score predicted forms: accuracy, edit distance, what goes wrong.

    python -m morph.evaluate --gold swa.tst --predictions run/swa.tst --train swa.trn --lang sw
    python -m morph.evaluate --gold swa.tst --predictions a/swa.tst --predictions b/swa.tst

The files have lemma, features and form in any order of columns: a first line of names or the cells
tell it, and what tells it is printed; where that is too little, --columns says it.

Prints the tables and writes config.json, scores.json and report.html: by part of speech, by
feature, by what training has seen (the official partition), and the confusion of edits: what was to
be changed and what was. With several predictions, the first is the baseline of paired tests.

Files in the order lemma, features, form (the shared task of 2023) are compared as the text is;
other orders after NFC, as the scorer of 2022 does. --raw and --no-raw settle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.options import check, command, command_line, common, option, to_json

if TYPE_CHECKING:
    from data.languages import Language
    from morph.evaluate.rows import Table
    from morph.evaluate.scores import Comparison, Evaluation, Plan


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """What is evaluated, and how; the options of the command."""

    gold: Path | None = option(
        None, "lemmas, features and the right forms", metavar="FILE", required=True
    )
    predictions: tuple[Path, ...] = option(
        (),
        "the same rows with a system's forms; give it again for another system",
        metavar="FILE",
        repeated=True,
        required=True,
    )
    train: Path | None = option(
        None, "what the system learned from: scores by what it has seen", metavar="FILE"
    )
    columns: tuple[str, ...] | None = option(
        None, "order of the columns: lemma,form,features", metavar="A,B,C", separator=","
    )
    skip_bad: bool = option(
        False, "pass over bad lines, counted; one of the predictions is scored as no answer"
    )
    raw: bool | None = option(
        None, "compare text as it is (default for lemma, features, form), or after NFC"
    )
    lang: str | None = common("--lang")
    seed: int = common("--seed")
    out: Path | None = common("--out", identity=False)

    def __post_init__(self) -> None:
        check(self)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `morph.evaluate.evaluate` is the function beneath it."""
    return command("morph.evaluate", __doc__ or "", EvaluationConfig, run, argv)


def run(config: EvaluationConfig) -> None:
    """Score every file of predictions, print the tables, and write the run folder.

    Raises:
        InputError: files that cannot be read or do not line up; a folder of something else.
    """
    from data.languages import resolve
    from morph.evaluate import compare_all
    from morph.evaluate.report import lines
    from morph.evaluate.scores import Plan
    from runfolder.console import show

    language = resolve(config.lang) if config.lang else None
    gold, predictions, train = _read(config)
    raw = gold.is_raw_by_layout if config.raw is None else config.raw
    plan = Plan(normalise=not raw, seed=config.seed)
    systems = _systems(gold, predictions, train, plan)
    comparisons = compare_all(systems, plan)
    for table in (gold, *predictions, *([train] if train else [])):
        show(f"{table.path}: columns {', '.join(table.columns)}: {table.evidence}")
        if table.left_out:
            show(f"{table.path}: left out: {table.left_out}")
    show(_description(gold, train, plan))
    for line in lines(systems, comparisons):
        show(line)
    folder = _write(config, language, (gold, predictions, train), systems, comparisons, plan)
    show(f"wrote {folder}: config.json scores.json report.html")


def _read(config: EvaluationConfig) -> tuple[Table, list[Table], Table | None]:
    """The gold file, the predictions, and the training file if there is one."""
    from functools import partial

    from morph.evaluate.rows import order_by_predictions, read_rows

    assert config.gold is not None  # noqa: S101  # `check` has asked for it
    read = partial(read_rows, columns=config.columns, skip_bad=config.skip_bad)
    differing = order_by_predictions(config.gold, config.predictions)
    gold = read(config.gold, usual=differing, why_usual="by where predictions differ")
    read = partial(read, usual=gold.columns, why_usual="as the gold file has it")
    predictions = [read(path, predictions=True) for path in config.predictions]
    return gold, predictions, read(config.train) if config.train else None


def _systems(
    gold: Table, tables: Sequence[Table], train: Table | None, plan: Plan
) -> list[Evaluation]:
    """Every file of predictions, scored; signatures say what was scored."""
    from morph.evaluate import evaluate
    from morph.evaluate.rows import lined_up

    learned = train.triples if train else None
    context = {"set": gold.path.name, "sha256": gold.sha256[:12]}
    if train:
        context |= {"train": train.path.name, "train-sha256": train.sha256[:12]}
    found = []
    for name, table in zip(system_names([table.path for table in tables]), tables, strict=True):
        forms = lined_up(gold, table, normalise=plan.normalise)
        plain = evaluate(
            gold.triples, forms, learned, system=name, normalise=plan.normalise, seed=plan.seed
        )
        mine = {**context, "system": name, "system-sha256": table.sha256[:12]}
        scores = tuple(score.with_context(**mine) for score in plain.scores)
        macro = tuple(score.with_context(**mine) for score in plain.macro)
        found.append(replace(plain, scores=scores, macro=macro))
    return found


def system_names(paths: Sequence[Path]) -> list[str]:
    """Names that tell files apart: the last parts of their paths, as few as will do.

    >>> system_names([Path("runs/rules/swa.tst"), Path("runs/model/swa.tst")])
    ['rules/swa.tst', 'model/swa.tst']
    """
    for length in range(1, max(len(path.parts) for path in paths)):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{number} {path}" for number, path in enumerate(paths, 1)]


def _description(gold: Table, train: Table | None, plan: Plan) -> str:
    how = "compared after NFC" if plan.normalise else "compared as the text is, not brought to NFC"
    seen = f", parts by what {train.path.name} has" if train else ""
    return f"{len(gold.triples)} rows of {gold.path.name} ({', '.join(gold.columns)}){seen}; {how}"


def _write(
    config: EvaluationConfig,
    language: Language | None,
    tables: tuple[Table, Sequence[Table], Table | None],
    systems: Sequence[Evaluation],
    comparisons: Sequence[Comparison],
    plan: Plan,
) -> Path:
    """Write the run folder; neither file holds a time, so the same evaluation writes the same."""
    import json

    from data.files import write_whole
    from morph.evaluate.report import write_report
    from runfolder.folder import RunKind, run_folder

    kind = RunKind(
        "morph.evaluate",
        {"gold": dict, "systems": list, "compared": str},
        ("scores.json", "report.html"),
        packages=("numpy",),
    )
    name = f"morph-evaluate-{language.bcp47}" if language else "morph-evaluate"
    identity = _identity(tables, systems, language, plan)
    content = {
        "evaluations": [system.to_dict() for system in systems],
        "comparisons": [comparison.to_dict() for comparison in comparisons],
    }
    gold, _, train = tables
    title = f"{gold.path.name}: {', '.join(system.system for system in systems)}"
    with run_folder(kind, name, identity, out=config.out, options=to_json(config)) as run:
        scores = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        write_whole(run.folder / "scores.json", scores)
        write_report(
            run.folder / "report.html",
            f"{language.name}, {title}" if language else title,
            _description(gold, train, plan),
            systems,
            comparisons,
            language,
            command_line("morph.evaluate", config),
        )
    return run.folder


def _identity(
    tables: tuple[Table, Sequence[Table], Table | None],
    systems: Sequence[Evaluation],
    language: Language | None,
    plan: Plan,
) -> dict[str, Any]:
    """What the scores hang on: the files by their checksums, and how forms are compared."""
    gold, predictions, train = tables
    return {
        "gold": {"file": gold.path.name, "sha256": gold.sha256, "columns": list(gold.columns)},
        "train": {"file": train.path.name, "sha256": train.sha256} if train else None,
        "systems": [
            {"system": system.system, "sha256": table.sha256}
            for system, table in zip(systems, predictions, strict=True)
        ],
        "language": language.bcp47 if language else None,
        "compared": plan.signature,
        "seed": plan.seed,
        "resamples": plan.resamples,
    }


if __name__ == "__main__":
    raise SystemExit(main())
