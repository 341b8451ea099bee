"""Inflection on a whole shared task: accuracy, speed, a table.

    python -m bench.inflection --suite sigmorphon2023 --time-budget 10m --jobs 2
    python -m bench.inflection --suite sigmorphon2023 --table        # what there is so far
    python -m bench.inflection --suite sigmorphon2023 --units swa,fin,kat --examples 500 \\
        --time-budget 8m --out runs/bench-500                        # few triples
    python -m bench.inflection --suite sigmorphon2023 --model runs/joint --out runs/bench-joint

Trains a model a language on one core each, `--jobs` languages at once, predicts the test files and
prints accuracy: of the model, of the rules of `morph.rules`, of both (what `morph.inflect` answers
and `morph.submit --both` hands in: dev data decide), and of the shared task's non-neural baseline,
which is measured as well; with the macro averages.
The budget is of processor time, so a busy machine takes longer and trains as much. Each language is
written when it is done: the same command goes on where it was stopped. With `--lines FILE` the
figures are kept there as well, a line a language and system, and what it has is not done again,
though its models may be gone. Test files are scored, never trained on: no setting was chosen by
them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.kept import read_lines, write_lines
from data.catalog import dataset
from data.files import canonical_json, write_whole
from data.inflections.tables import load_triples
from data.languages import resolve
from data.unimorph import Triple
from metrics.labels import exact_match
from morph.corpora import SHARED_TASK, load_data
from training.settings import seconds_of

if TYPE_CHECKING:
    from morph.corpora import InflectionData
    from morph.inflect.choice import Calibration
    from morph.rules import Rules
    from morph.transducer import Hypothesis, Transducer

SUITES = (SHARED_TASK,)
LINE = {"system": str, "unit": str}
KEPT = ("unit", "system", "recipe", "steps", "cpu seconds", "test items a second")
SCORES = ("both", "test", "rules", "baseline", "dev")


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
    """Train and score one language, or score a model of many; writes UNIT.json."""
    import torch

    from morph.rules import Rules

    torch.set_num_threads(1)
    found = joint(unit, options) if options.model else trained(unit, options)
    data = training_data(unit, options)
    rules = Rules.learn(data.train)
    calibration = found.calibration or calibrated(found.model, rules, data.dev)
    gold = test_of(unit)
    items = [(one.lemma, one.features) for one in gold]
    began = time.process_time()
    hypotheses = predicted(found.model, items)
    decoding = time.process_time() - began
    forms = [
        hypotheses[place][0].form if place in hypotheses else lemma
        for place, (lemma, _) in enumerate(items)
    ]
    rows = (f"{one.lemma}\t{one.features}\t{form}\n" for one, form in zip(gold, forms, strict=True))
    write_whole(options.out / f"{unit}.tst", "".join(rows))
    affix = Rules.learn(data.train, policy="affix")
    scores = {
        "unit": unit,
        "system": system_of(options),
        "test": score_of(gold, forms),
        **with_rules(found.model, hypotheses, rules, calibration, gold),
        "baseline": score_of(gold, [affix.predict(*item).form for item in items]),
        "test items a second": round(len(items) / decoding, 1),
        **found.told,
    }
    write_whole(options.out / f"{unit}.json", canonical_json(scores))


class Found(NamedTuple):
    """A model to be scored.

    Attributes:
        calibration: None where it is learned by the bench. told: what UNIT.json says of it.
    """

    model: Transducer
    calibration: Calibration | None
    told: Mapping[str, Any]


def trained(unit: str, options: argparse.Namespace) -> Found:
    """A model of one language."""
    from morph.recipe import Recipe, TrainingConfig
    from morph.run import train_model

    recipe = Recipe(
        seconds=seconds_of(options.time_budget),
        clock="cpu",
        networks=options.networks,
        seed=options.seed,
        hallucinated=options.hallucinate,
        backward=options.backward,
        width=options.width,
    )
    config = TrainingConfig((unit,), recipe, SHARED_TASK, examples=options.examples)
    began = time.process_time()
    run = train_model(config, options.out / f"morph-{unit}-bench")
    told = {
        "dev": run.accuracy[unit].to_dict(),
        "steps": run.steps,
        "cpu seconds": round(time.process_time() - began, 1),
        "training cpu seconds": round(run.seconds, 1),
        "recipe": recipe.to_json(),
    }
    return Found(run.transducer, run.calibration, told)


def joint(unit: str, options: argparse.Namespace) -> Found:
    """A model of many languages, asked for one of them."""
    from morph.transducer import Transducer

    model = Transducer.load(options.model / "model").in_language(unit)
    told = {name: model.origin[name] for name in ("recipe", "steps")}
    return Found(model, None, told | {"cpu seconds": 0.0})


def training_data(unit: str, options: argparse.Namespace) -> InflectionData:
    """The triples that a unit is learned from, all or `--examples`."""
    data = load_data(unit)
    return data.sample(options.examples, options.seed) if options.examples else data


def calibrated(model: Transducer, rules: Rules, dev: Sequence[Triple]) -> Calibration:
    """How far the model is to be trusted, by the items of a dev part that it does not refuse."""
    from morph.inflect.choice import calibrate

    return calibrate(
        model, rules, [one for one in dev if not model.refusal(one.lemma, one.features)]
    )


def predicted(
    model: Transducer, items: Sequence[tuple[str, str]]
) -> dict[int, Sequence[Hypothesis]]:
    """The model's hypotheses by the places of the items that it does not refuse."""
    places = [place for place, item in enumerate(items) if model.refusal(*item) is None]
    found = model.predict([items[place] for place in places])
    return dict(zip(places, found, strict=True))


def with_rules(
    model: Transducer,
    hypotheses: Mapping[int, Sequence[Hypothesis]],
    rules: Rules,
    calibration: Calibration,
    gold: Sequence[Triple],
) -> dict[str, Any]:
    """Scores of the rules, and of the model's hypotheses and the rules together.

    Args:
        hypotheses: by places in `gold`; elsewhere the rules answer, as in `morph.inflect`.
    """
    from morph.inflect.choice import choose

    items = [(one.lemma, one.features) for one in gold]
    answers = [rules.predict(*item) for item in items]
    chosen = choose(
        model,
        [items[place] for place in hypotheses],
        list(hypotheses.values()),
        [answers[place] for place in hypotheses],
        calibration,
    )
    alone = [one.form for one in answers]
    both = dict(enumerate(alone)) | {
        place: one.form for place, one in zip(hypotheses, chosen, strict=True)
    }
    return {"rules": score_of(gold, alone), "both": score_of(gold, list(both.values()))}


def again(unit: str, options: argparse.Namespace) -> None:
    """Calibrate a trained model once more, and score it with the rules; mends UNIT.json."""
    from morph.rules import Rules
    from morph.transducer import Transducer

    folder = options.out / f"morph-{unit}-bench" / "model"
    model, data = Transducer.load(folder), training_data(unit, options)
    rules = Rules.learn(data.train)
    calibration = calibrated(model, rules, data.dev)
    calibration.save(folder)
    gold = test_of(unit)
    hypotheses = predicted(model, [(one.lemma, one.features) for one in gold])
    scores = with_rules(model, hypotheses, rules, calibration, gold)
    path = options.out / f"{unit}.json"
    write_whole(path, canonical_json({**read(path), **scores}))


def run_all(options: argparse.Namespace) -> list[str]:
    """Train what is not there yet, a process a language, and say what is done; what has failed."""
    failed: list[str] = []
    lock = Lock()
    if options.lines:
        keep(options)  # what was done without a file of lines
    done_before = {path.stem for path in options.out.glob("*.json")}
    done_before |= {found["unit"] for found in kept(options)}

    def one(unit: str) -> None:
        if unit in done_before and not options.calibrate:
            return
        command = [sys.executable, "-m", "bench.inflection", *sys.argv[1:], "--work", unit]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        options.out.mkdir(parents=True, exist_ok=True)
        with (options.out / f"{unit}.log").open("w") as log:
            done = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)
        if done.returncode:
            failed.append(unit)
            print(f"{unit}: failed, see {log.name}", flush=True)
        else:
            print(line_of(read(options.out / f"{unit}.json")), flush=True)
        if options.lines:
            with lock:
                keep(options)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, options.units.split(",") if options.units else units()))
    return failed


def system_of(options: argparse.Namespace) -> str:
    """What is measured, in words; lines of one system are comparable.

    >>> parsed = arguments().parse_args
    >>> suite = ["--suite", "sigmorphon2023", "--time-budget"]
    >>> system_of(parsed([*suite, "200s", "--networks", "1", "--backward", "--width", "96"]))
    '200 s, networks 1, backward, width 96'
    """
    if options.model:
        return f"model {options.model.name}"
    words = [f"{seconds_of(options.time_budget):.0f} s", f"networks {options.networks}"]
    if options.backward is not None:
        words.append("backward" if options.backward else "no backward")
    for name, usual in (("width", None), ("hallucinate", None), ("examples", None), ("seed", 1)):
        value = getattr(options, name)
        if value != usual:
            words.append(f"{name} {value}")
    return ", ".join(words)


def kept(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The lines of this system; none where no file of lines is given."""
    lines = read_lines(options.lines, LINE) if options.lines else []
    return [one for one in lines if one["system"] == system_of(options)]


def keep(options: argparse.Namespace) -> None:
    """Put what lies in the folder into the file of lines, each under the system that it tells."""
    there = [read(path) for path in options.out.glob("*.json")]
    new = [shortened(found) for found in there if "both" in found and "system" in found]
    lines = {place_of(one): one for one in [*read_lines(options.lines, LINE), *new]}
    write_lines(options.lines, lines.values(), key=place_of)


def place_of(line: Mapping[str, Any]) -> tuple[str, ...]:
    """By what a line is told from others, and sorted."""
    return tuple(line[name] for name in LINE)


def shortened(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a line keeps of UNIT.json: of scores their value and interval."""
    scores = {
        name: {part: round(found[name][part], 4) for part in ("value", "low", "high")}
        for name in SCORES
        if name in found
    }
    return {**{name: found[name] for name in KEPT}, **scores}


def read(path: Path) -> dict[str, Any]:
    """A language's results."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def line_of(found: dict[str, Any]) -> str:
    """A row of the table in Markdown."""
    test, seconds = found["both"], found["cpu seconds"]
    alone = " | ".join(f"{found[key]['value']:.1f}" for key in ("test", "rules", "baseline"))
    return (
        f"| {found['unit']} | **{test['value']:.1f}** | [{test['low']:.1f}, {test['high']:.1f}] | "
        f"{alone} | {found['recipe']['seconds']:.0f} | {seconds:.0f} | "
        f"{found['test items a second']:.0f} |"
    )


def table(options: argparse.Namespace) -> None:
    """Print what has been measured."""
    there = {found["unit"]: found for found in kept(options)}
    there |= {path.stem: read(path) for path in options.out.glob("*.json")}
    done = [found for _, found in sorted(there.items()) if "both" in found]
    if len(done) < len(there):
        print(f"{len(there) - len(done)} languages are not scored with rules: --calibrate\n")
    heads = ["file", "both", "95 % interval", "model", "rules", "non-neural"]
    heads += ["budget, s", "CPU s", "items/s"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for found in done:
        print(line_of(found))
    if done:
        both, *alone = (
            f"{sum(found[key]['value'] for found in done) / len(done):.2f}"
            for key in ("both", "test", "rules", "baseline")
        )
        print(f"| macro of {len(done)} | **{both}** | | {' | '.join(alone)} | | | |")


def arguments() -> argparse.ArgumentParser:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--suite", choices=SUITES, required=True)
    add("--time-budget", default="10m", help="processor time a language (default 10m)")
    add("--examples", type=int, help="train on so many triples, drawn by seed (default: all)")
    add("--seed", type=int, default=1, help="of the drawing and the networks (default 1)")
    add("--networks", type=int, default=3, help="trained within the budget (default 3)")
    add("--hallucinate", type=int, metavar="N", help="as morph.train has it, with its default")
    add(
        "--backward",
        action=argparse.BooleanOptionalAction,
        help="as morph.train has it, with its default",
    )
    add("--width", type=int, help="as morph.train has it, with its default")
    add("--jobs", type=int, default=2, help="languages at once (default 2)")
    add("--units", help="some of the languages, with commas between")
    add("--out", type=Path, default=Path("runs/bench-inflection"))
    add("--lines", type=Path, metavar="FILE", help="keep the figures there as well")
    add("--model", type=Path, help="a run of morph.train of all the languages: train nothing")
    add("--calibrate", action="store_true", help="only calibrate and score what is trained")
    add("--table", action="store_true", help="print the table of what is there, and end")
    add("--work", help=argparse.SUPPRESS)
    return parser


def main() -> None:
    """The command line."""
    options = arguments().parse_args()
    if options.work:
        (again if options.calibrate else work)(options.work, options)
        return
    failed = [] if options.table else run_all(options)
    table(options)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; see {options.out}")


if __name__ == "__main__":
    main()
