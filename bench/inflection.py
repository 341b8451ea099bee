"""Inflection on a whole shared task: python -m bench.inflection --suite sigmorphon2023

    python -m bench.inflection --suite sigmorphon2023 --time-budget 10m --jobs 2
    python -m bench.inflection --suite sigmorphon2023 --table        # what there is so far

Trains a model a language on one core each, `--jobs` languages at once, predicts the test files and
prints accuracy beside the non-neural baseline's, which is measured as well, with the macro average.
The budget is of processor time, so a busy machine takes longer and trains as much. Each language is
written when it is done: the same command goes on where it was stopped. Test files are scored, never
trained on: no setting was chosen by them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from data.catalog import dataset
from data.files import canonical_json, write_whole
from data.inflections.tables import load_triples
from data.languages import resolve
from data.unimorph import Triple
from metrics.labels import exact_match
from morph.corpora import SHARED_TASK, load_data
from morph.train import seconds_of

SUITES = (SHARED_TASK,)


def units() -> list[str]:
    """The shared task's languages by their files' names."""
    return sorted({file.group for file in dataset(SHARED_TASK).select("test")})


def test_of(unit: str) -> tuple[Triple, ...]:
    """The test triples of a unit, as they are written."""
    file = next(f for f in dataset(SHARED_TASK).select("test", unit))
    language = resolve(file.codes[0])
    return load_triples(language, "test", SHARED_TASK, group=unit, normalise=False).triples


def score_of(gold: Sequence[Triple], forms: Sequence[str]) -> dict[str, Any]:
    """Accuracy of forms, with an interval that draws lemmas."""
    return exact_match(
        [one.form or "" for one in gold], forms, groups=[one.lemma for one in gold], unit="lemmas"
    ).to_dict()


def work(unit: str, options: argparse.Namespace) -> None:
    """Train and score one language; writes UNIT.json."""
    import torch

    from morph.recipe import Recipe
    from morph.rules import Rules
    from morph.run import TrainingConfig, train_model

    torch.set_num_threads(1)
    recipe = Recipe(seconds=seconds_of(options.time_budget), clock="cpu", networks=options.networks)
    config = TrainingConfig((unit,), recipe, SHARED_TASK)
    began = time.process_time()
    trained = train_model(config, options.out / f"morph-{unit}-bench")
    total = time.process_time() - began
    gold = test_of(unit)
    items = [(one.lemma, one.features) for one in gold]
    began = time.process_time()
    forms = [best.form for best, *_ in trained.transducer.predict(items)]
    decoding = time.process_time() - began
    rows = (f"{one.lemma}\t{one.features}\t{form}\n" for one, form in zip(gold, forms, strict=True))
    write_whole(trained.folder / f"{unit}.tst", "".join(rows))
    affix = Rules.learn(load_data(unit).train, policy="affix")
    baseline = [affix.predict(*item).form for item in items]
    found = {
        "unit": unit,
        "test": score_of(gold, forms),
        "dev": trained.accuracy[unit].to_dict(),
        "baseline": score_of(gold, baseline),
        "steps": trained.steps,
        "cpu seconds": round(total, 1),
        "training cpu seconds": round(trained.seconds, 1),
        "test items a second": round(len(items) / decoding, 1),
        "recipe": recipe.to_json(),
    }
    write_whole(options.out / f"{unit}.json", canonical_json(found))


def run_all(options: argparse.Namespace) -> None:
    """Train what is not there yet, a process a language, and say what is done."""

    def one(unit: str) -> None:
        if (options.out / f"{unit}.json").exists():
            return
        command = [sys.executable, "-m", "bench.inflection", *sys.argv[1:], "--work", unit]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        options.out.mkdir(parents=True, exist_ok=True)
        with (options.out / f"{unit}.log").open("w") as log:
            done = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)
        if done.returncode:
            print(f"{unit}: failed, see {log.name}", flush=True)
        else:
            print(line_of(read(options.out / f"{unit}.json")), flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, options.units.split(",") if options.units else units()))


def read(path: Path) -> dict[str, Any]:
    """A language's results."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def line_of(found: dict[str, Any]) -> str:
    """A row of the table in Markdown."""
    test, dev, base = found["test"], found["dev"], found["baseline"]
    return (
        f"| {found['unit']} | {test['value']:.1f} | [{test['low']:.1f}, {test['high']:.1f}] | "
        f"{dev['value']:.1f} | {base['value']:.1f} | {found['cpu seconds']:.0f} | "
        f"{found['test items a second']:.0f} |"
    )


def table(options: argparse.Namespace) -> None:
    """Print what has been measured."""
    done = [read(path) for path in sorted(options.out.glob("*.json"))]
    print("| file | test | 95 % interval | dev | non-neural | CPU s | items/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for found in done:
        print(line_of(found))
    if done:
        values = [found["test"]["value"] for found in done]
        base = [found["baseline"]["value"] for found in done]
        mean, lower = sum(values) / len(done), sum(base) / len(done)
        print(f"| macro of {len(done)} | {mean:.2f} | | | {lower:.2f} | | |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--suite", choices=SUITES, required=True)
    add("--time-budget", default="10m", help="processor time a language (default 10m)")
    add("--networks", type=int, default=3, help="trained within the budget (default 3)")
    add("--jobs", type=int, default=2, help="languages at once (default 2)")
    add("--units", help="some of the languages, with commas between")
    add("--out", type=Path, default=Path("runs/bench-inflection"))
    add("--table", action="store_true", help="print the table of what is there, and end")
    add("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options)
        return
    if not options.table:
        run_all(options)
    table(options)


if __name__ == "__main__":
    main()
