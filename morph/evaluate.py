"""How good are predicted forms? Accuracy, edit distance, both by part, and what goes wrong.

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

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.cli import Parser, run

if TYPE_CHECKING:
    from data.languages import Language
    from data.unimorph import Triple
    from morph.evaluation.compare import Comparison
    from morph.evaluation.rows import Table
    from morph.evaluation.scores import Evaluation, Plan

OPTIONS: dict[str, dict[str, Any]] = {
    "--gold": {"type": Path, "metavar": "FILE", "help": "lemmas, features and the right forms"},
    "--predictions": {
        "type": Path,
        "metavar": "FILE",
        "action": "append",
        "help": "the same rows with a system's forms; give it again for another system",
    },
    "--train": {
        "type": Path,
        "metavar": "FILE",
        "help": "what the system learned from: scores by what it has seen",
    },
    "--columns": {"metavar": "A,B,C", "help": "order of the columns: lemma,form,features"},
    "--skip-bad": {
        "action": "store_true",
        "help": "pass over bad lines, counted; one of the predictions is scored as no answer",
    },
    "--raw": {
        "action": argparse.BooleanOptionalAction,
        "default": None,
        "help": "compare text as it is (default for lemma, features, form), or after NFC",
    },
}


def evaluate(
    gold: Sequence[Triple],
    predicted: Sequence[str],
    train: Iterable[Triple] | None = None,
    *,
    system: str = "system",
    normalise: bool = False,
    seed: int = 1,
    resamples: int = 1000,
) -> Evaluation:
    """Score the forms that a system predicted for a test set.

    >>> from data.unimorph import Triple
    >>> gold = [Triple("soma", "V;PST;3;SG", "alisoma"), Triple("soma", "V;FUT;3;SG", "atasoma")]
    >>> found = evaluate(gold, ["alisoma", "alisoma"])
    >>> print(found.score("exact match"), found.score("edit distance").value)
    exact match 50.0 [9.5, 90.5] 1.0
    >>> str(found.confusions[0].difference.missed[0])
    'add ata at the start'

    Args:
        predicted: one form for each row of gold, in its order; stripped before it is compared.
        train: what the system learned from, for the official partition.
        normalise: compare after NFC. The shared task of 2023 compares text as it is.

    Raises:
        InputError: no rows, another number of forms, a gold row without its form.
    """
    from morph.evaluation.confusion import confusions, faults, slips
    from morph.evaluation.items import Seen, scored
    from morph.evaluation.scores import Evaluation, Plan, parts, totals

    plan = Plan(normalise, seed, resamples)
    items = scored(gold, predicted, normalise)
    seen = None if train is None else Seen(train)
    found, macro = parts(items, gold, seen, plan)
    return Evaluation(
        system=system,
        scores=totals(items, plan),
        macro=tuple(macro),
        parts=tuple(found),
        confusions=tuple(confusions(items)),
        slips=tuple(slips(items)),
        faults=tuple(faults(items, seen)),
        items=tuple(items),
        notes=_notes(gold, seen),
    )


def _notes(gold: Sequence[Triple], seen: Any) -> tuple[str, ...]:
    repeated = seen.repeated(gold) if seen is not None else 0
    if not repeated:
        return ()
    return (f"{repeated} of {len(gold)} rows stand in the training data, with their features",)


def compare_all(systems: Sequence[Evaluation], plan: Plan) -> list[Comparison]:
    """Each further system against the first."""
    from morph.evaluation.compare import compare

    return [compare(systems[0], system, plan) for system in systems[1:]]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; `evaluate` is the function beneath it."""
    parser = Parser("morph.evaluate", __doc__ or "")
    for name, settings in OPTIONS.items():
        parser.add_argument(name, **settings)
    parser.add_common("--lang", "--seed", "--out", "-v")
    return run(parser, _evaluate, argv)


def _evaluate(options: argparse.Namespace) -> int:
    from functools import partial

    from data.errors import InputError
    from data.inflections.columns import order_of_option
    from data.languages import resolve
    from morph.evaluation import console
    from morph.evaluation.rows import order_by_predictions, read_rows
    from morph.evaluation.scores import Plan

    for name in ("gold", "predictions"):
        if not getattr(options, name):
            raise InputError(f"--{name} is missing; see python -m morph.evaluate --help")
    language = resolve(options.lang) if options.lang else None
    columns = order_of_option(options.columns)
    read = partial(read_rows, columns=columns, skip_bad=options.skip_bad)
    differing = order_by_predictions(options.gold, options.predictions)
    gold = read(options.gold, usual=differing, why_usual="by where predictions differ")
    read = partial(read, usual=gold.columns, why_usual="as the gold file has it")
    tables = [read(path, predictions=True) for path in options.predictions]
    train = read(options.train) if options.train else None
    raw = gold.is_raw_by_layout if options.raw is None else options.raw
    plan = Plan(normalise=not raw, seed=options.seed)
    systems = _systems(gold, tables, train, plan)
    comparisons = compare_all(systems, plan)
    for table in (gold, *tables, *([train] if train else [])):
        console.show(f"{table.path}: columns {', '.join(table.columns)}: {table.evidence}")
        if table.left_out:
            console.show(f"{table.path}: left out: {table.left_out}")
    console.show(_description(gold, train, plan))
    for line in console.lines(systems, comparisons):
        console.show(line)
    folder = _write(options.out, language, (gold, tables, train), systems, comparisons, plan)
    console.show(f"wrote {folder}: config.json scores.json report.html")
    return 0


def _systems(
    gold: Table, tables: Sequence[Table], train: Table | None, plan: Plan
) -> list[Evaluation]:
    """Every file of predictions, scored; signatures say what was scored."""
    from morph.evaluation.rows import lined_up

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
    out: Path | None,
    language: Language | None,
    tables: tuple[Table, Sequence[Table], Table | None],
    systems: Sequence[Evaluation],
    comparisons: Sequence[Comparison],
    plan: Plan,
) -> Path:
    """Write the run folder; neither file holds a time, so the same evaluation writes the same."""
    from morph.evaluation.folder import open_folder, write_json
    from morph.evaluation.report import write_report

    gold, predictions, train = tables
    identity = {
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
    name = f"morph-evaluate-{language.bcp47}" if language else "morph-evaluate"
    folder = open_folder(out, name, identity)
    content = {
        "evaluations": [system.to_dict() for system in systems],
        "comparisons": [comparison.to_dict() for comparison in comparisons],
    }
    write_json(folder / "scores.json", content)
    title = f"{gold.path.name}: {', '.join(system.system for system in systems)}"
    title = f"{language.name}, {title}" if language else title
    about = _description(gold, train, plan)
    write_report(folder / "report.html", title, about, systems, comparisons, (), language)
    return folder


if __name__ == "__main__":
    raise SystemExit(main())
