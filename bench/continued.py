"""Does synthetic text lower the bits a byte of a model that others pretrained?

    python -m bench.continued --langs bam,wol --arms none,published,ours --seeds 1
    python -m bench.continued --seeds 1,2,3 --document docs/EXPANSION.md    # what is still to do
    python -m bench.continued --table                                       # of what there is
    python -m bench.continued --commands                                    # what would be run

`bench.continued_plan` says what the arms are. Results are kept in bench/continued.jsonl, a line a
cell (a language, an arm, a seed), written when the cell ends: a cell whose line is there is not run
again, on whatever machine, so the grid goes on over several sittings. Models are removed once they
are scored, unless --keep says that another --score comes next. Each command runs on one thread.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bench.continued_plan import (
    ARMS,
    BITS,
    LANGUAGES,
    SCORES,
    Continued,
    Settings,
    name_of_line,
    score_of,
)
from bench.continued_table import table
from bench.expansion import Runner, in_document
from bench.expansion_plan import Task
from bench.kept import read_lines, write_lines
from data.errors import InputError
from models.encoder import fast_dtype

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {"language": str, "arm": str, "seed": int, "settings": dict, "tests?": dict}
SHAPE |= {"topics?": str, "carried?": str, "dtype?": str}
WEIGHTS = ("model", "checkpoints", "data")  # of a run that was scored: hundreds of megabytes


def check_settings(lines: Iterable[Mapping[str, Any]], settings: Settings, path: Path) -> None:
    """Refuse to put cells beside those of other settings.

    Raises:
        InputError: the file has such a cell.
    """
    for line in lines:
        if line["settings"] not in ({}, asdict(settings)):
            raise InputError(
                f"{path}: expected results of {asdict(settings)}, found {name_of_line(line)} of"
                f" {line['settings']}; give another file with --lines"
            )


def kept(path: Path, cells: Path) -> None:
    """Add the lines of cells to the file, each once, in the order of the plan."""
    found = (*read_lines(cells, SHAPE), *read_lines(path, SHAPE))
    lines = {name_of_line(line): line for line in found}
    write_lines(
        path,
        lines.values(),
        lambda line: (
            SCORES.index(score_of(line)),
            ARMS.index(line["arm"]),
            line["seed"],
            list(LANGUAGES).index(line["language"]),
        ),
    )


def after(plan: Continued, path: Path, keep: bool, task: Task) -> None:
    """Keep the lines of cells that have ended, and remove the weights behind them unless `keep`."""
    if not task.name.startswith("cells-"):
        return
    kept(path, task.done)
    for line in read_lines(task.done, SHAPE) if not keep else ():
        run = plan.run_of(line["language"], line["arm"], line["seed"])
        for folder in (run, plan.asked_of(line["language"], line["arm"], line["seed"])):
            for weights in WEIGHTS:
                shutil.rmtree(folder / weights, ignore_errors=True)


def chosen(text: str, allowed: Iterable[str], option: str) -> list[str]:
    """The names in `text`, commas between.

    Raises:
        InputError: one that is not allowed.
    """
    names, allowed = text.split(","), list(allowed)
    for name in names:
        if name not in allowed:
            raise InputError(f"{option} {name}: expected some of {', '.join(allowed)}")
    return names


def parsed() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, settings = parser.add_argument, Settings()
    add("--langs", default=",".join(LANGUAGES))
    add("--arms", default=",".join(ARMS))
    add("--seeds", default="1")
    add("--score", choices=SCORES, default=BITS, help="bits of sentences (default), topics ...")
    add("--model", default=settings.model, help="a decoder: a folder or a catalog name")
    add("--steps", type=int, default=settings.steps)
    add("--dtype", choices=("float32", "bfloat16"), help="default: which is fast here")
    add("--jobs", type=int, default=1, help="commands at once, a thread each (default 1)")
    add("--keep", action="store_true", help="leave the models, for another score")
    add("--out", type=Path, default=Path("runs/continued"))
    add("--lines", type=Path, default=LINES, help="the results, a line a cell")
    add("--document", type=Path, help="a Markdown file to put the tables into")
    add("--table", action="store_true", help="run nothing: the tables of what is there")
    add("--commands", action="store_true", help="run nothing: print the commands")
    return parser.parse_args()


def main() -> None:
    """The command line."""
    options = parsed()
    settings = Settings(model=options.model, steps=options.steps)
    lines = read_lines(options.lines, SHAPE)
    check_settings(lines, settings, options.lines)
    plan = Continued(
        chosen(options.langs, LANGUAGES, "--langs"),
        chosen(options.arms, ARMS, "--arms"),
        [int(seed) for seed in options.seeds.split(",")],
        options.out,
        settings,
        options.score,
        options.dtype or fast_dtype("cpu"),
        [name_of_line(line) for line in lines],
    )
    if options.commands:
        print("\n".join(shlex.join(task.command) for task in plan.tasks()))
        return
    failed: list[str] = []
    if not options.table:
        done = partial(after, plan, options.lines, options.keep)
        failed = Runner(plan.tasks(), options.jobs, plan.out / "logs", done).run()
    content = table(read_lines(options.lines, SHAPE))
    if options.document:
        in_document(options.document, "continued", content)
    print(content)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; see {plan.out / 'logs'}")


if __name__ == "__main__":
    main()
