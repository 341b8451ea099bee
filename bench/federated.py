"""Federated training measured: who is asked, what it costs, beside central training and Flower.

    python -m bench.federated --step rates              # a line a cell in bench/federated.jsonl
    python -m bench.federated --step selection
    python -m bench.federated --step tasks              # the gap to central training, four tasks
    python -m bench.federated --step speed              # 1,000 clients, 100 rounds, 50 a round
    python -m bench.federated --step flower             # beside Flower's simulation, in one run
    python -m bench.federated --table
    python -m bench.federated --document docs/FEDERATED.md

selection: activity against uniform, on AfriSenti, xSID and SIB-200, data dealt out by language and
by quantity, all at once (static) and over periods with old data deleted (continual), five seeds:
rounds to 95 % of the central score, final score, worst language. The encoder is frozen, its vectors
are computed once; clients train a linear layer. Cells that are there are not made again. A set has
one learning rate for all cells; `rates` chooses it on texts that `selection` does not score: the
sets' dev parts, and every fourth of xSID's training utterances, taken out of training for that.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from bench import kept
from bench.expansion import in_document
from data.access import Access
from data.randomness import stream
from runfolder.console import say, show
from trust.federation.client import flat
from trust.federation.config import Federated
from trust.federation.rounds import Federation, put_weights
from trust.federation.run import Begun, begun_in, dealt
from trust.federation.scores import Judge
from trust.federation.tasks import Opened

RESULTS = Path(__file__).with_suffix(".jsonl")
SHAPE = {"step": str, "cell": dict, "found": dict}
STEPS = ("rates", "selection", "tasks", "speed", "memory", "flower")
SEEDS = (1, 2, 3, 4, 5)
AFRICAN = ("am", "bm", "ha", "ig", "ln", "om", "so", "sw", "tn", "xh", "yo", "zu")
SENTIMENT = ("amh", "hau", "ibo", "kin", "pcm", "swa", "por", "twi", "yor", "arq", "ary")
SETS: dict[str, dict[str, Any]] = {
    "afrisenti": {
        "train": tuple(f"afrisenti:train:{code}" for code in SENTIMENT),
        "test": tuple(f"afrisenti:test:{code}" for code in SENTIMENT),
    },
    "xsid": {"train": ("xsid:dev:all",), "test": ("xsid:test:all",)},
    "sib200": {
        "train": tuple(f"sib200:train:{code}" for code in AFRICAN),
        "test": tuple(f"sib200:test:{code}" for code in AFRICAN),
    },
}
CHOSEN_ON = {
    "afrisenti": tuple(f"afrisenti:dev:{code}" for code in SENTIMENT),
    "sib200": tuple(f"sib200:dev:{code}" for code in AFRICAN),
}
MOST = {"afrisenti": (200, 100), "xsid": (3000, 100), "sib200": (250, 100)}  # train a set, test
PARTITIONS = ("language:0.5", "quantity:0.5")
MODES: dict[str, dict[str, Any]] = {
    "static": {},
    "continual": {"periods": 5, "memory": 1},
}
ARMS: dict[str, dict[str, Any]] = {
    "uniform": {"select": "uniform"},
    "activity": {"select": "activity"},
    "activity, counted twice": {"select": "activity", "weights": "samples"},
}
COMMON: dict[str, Any] = {
    "task": "topics",
    "model": "multilingual-e5-small",
    "freeze": "encoder",
    "clients": 100,
    "per_round": 10,
    "rounds": 30,
    "evaluate_every": 1,
}
RATES = (0.01, 0.03, 0.1, 0.3)
REACHED = 0.95  # of the central score
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}  # by degrees of freedom, 97.5 %


def curve(begun: Begun, opened: Opened, judge: Judge, config: Federated) -> list[list[Any]]:
    """(round, mean, worst, its language) of a run, from the weights that the model has now."""
    start = flat(opened.model).double()
    found = []
    with tempfile.TemporaryDirectory() as name:
        about = (config, opened, begun.parts, begun.periods, {"bench": config.seed})
        for row in Federation(*about).run(Path(name), judge.figures):
            if told := row.get("evaluation"):
                worst = min(told["languages"], key=lambda one: (told["languages"][one], one))
                found.append([row["round"], told["mean"], told["worst"], worst])
    put_weights(opened, start)
    return found


def rates(lines: list[dict[str, Any]], out: Path) -> None:
    """A partition of its own (seed 0), asked both ways, static and continual."""
    for name in SETS:
        cells: list[dict[str, Any]] = [
            {"set": name, "rate": rate, "arm": arm, "mode": mode, "partition": PARTITIONS[0]}
            for rate in RATES
            for mode in MODES
            for arm in ("uniform", "activity")
        ]
        opened = _Set(name, CHOSEN_ON.get(name, ()), of_training=name not in CHOSEN_ON)
        for cell in cells:
            if not _there(lines, "rates", cell):
                asked = {**_asked({**cell, "seed": 0}), "learning_rate": cell["rate"]}
                keep(lines, out, "rates", cell, opened.found(asked))


def chosen_rate(lines: Sequence[Mapping[str, Any]], name: str) -> float:
    """The rate whose cells of `rates` end highest in the mean; the smaller one of equals."""
    means = rate_means(lines, name)
    if means.keys() != {*RATES}:
        raise SystemExit(f"{name}: no learning rate is chosen yet; run --step rates first")
    return min(means, key=lambda rate: (-means[rate], rate))


def rate_means(lines: Sequence[Mapping[str, Any]], name: str) -> dict[float, float]:
    """The mean of the last rounds of the cells of each rate."""
    found: dict[float, list[float]] = {}
    for one in lines:
        if one["step"] == "rates" and one["cell"]["set"] == name:
            found.setdefault(one["cell"]["rate"], []).append(one["found"]["curve"][-1][1])
    return {rate: fmean(ends) for rate, ends in sorted(found.items())}


def selection(lines: list[dict[str, Any]], out: Path) -> None:
    """All cells, seed by seed: a part of the grid is whole seeds."""
    opened = {name: _Set(name, SETS[name]["test"]) for name in SETS}
    chosen = {name: chosen_rate(lines, name) for name in SETS}
    for seed in SEEDS:
        for name in SETS:
            for cell in selection_cells(name, seed):
                if not _there(lines, "selection", cell):
                    asked = {**_asked(cell), "learning_rate": chosen[name]}
                    keep(lines, out, "selection", cell, opened[name].found(asked))


def selection_cells(name: str, seed: int) -> Iterator[dict[str, Any]]:
    """Central training first."""
    yield {"set": name, "arm": "central", "seed": seed}
    for mode in MODES:
        for partition in PARTITIONS:
            for arm in ARMS:
                about = {"set": name, "partition": partition, "mode": mode}
                yield {**about, "arm": arm, "seed": seed}


class _Set:
    """A data set, opened when it is first asked for: its vectors, and a linear layer.

    Args:
        test: sets that are scored. of_training: every fourth utterance of the training set is
            scored in their place, in all its languages, and leaves training.
    """

    def __init__(self, name: str, test: Sequence[str], *, of_training: bool = False) -> None:
        self._options = {**COMMON, "train": SETS[name]["train"], "limit": MOST[name][0]}
        self._options["test"] = tuple(test) or SETS[name]["test"]
        self._most, self._of_training = MOST[name][1], of_training

    @cached_property
    def _opened(self) -> tuple[Begun, Opened, Judge]:
        begun = begun_in(Federated(**self._options), Access(), Path())
        found = begun.found
        if self._of_training:
            training, test = without_fourths(begun)
            begun = replace(begun, found=replace(found, training=training, test=test))
        opened = begun.task.open(begun.setting, begun.found.training)
        return begun, opened, Judge(opened, few(begun.found.test, self._most))

    def found(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The curve of a cell, and seconds of the processor."""
        begun, opened, judge = self._opened
        config = Federated(**{**self._options, **asked})
        parts, periods = dealt(config, begun.task, begun.found)
        clock = time.process_time()
        points = curve(replace(begun, parts=parts, periods=periods), opened, judge, config)
        return {"curve": points, "seconds": round(time.process_time() - clock, 1)}


def without_fourths(begun: Begun) -> tuple[list[Any], list[Any]]:
    """The training utterances, and every fourth of them, with all its translations."""
    (name,) = begun.config.train
    read = begun.task.read(name, begun.access)
    numbers = [int(one.id.partition("/")[0]) for one in read]  # "300/8": its eighth translation
    parted: tuple[list[Any], list[Any]] = ([], [])
    for one in begun.found.training:
        row = int(one.id.rpartition("#")[2])
        parted[numbers[row - 1] % 4 == 0].append(one)
    return parted


def _asked(cell: Mapping[str, Any]) -> dict[str, Any]:
    if cell["arm"] == "central":
        return {"clients": 1, "per_round": 1, "partition": "quantity:1", "seed": cell["seed"]}
    return {
        "partition": cell["partition"],
        "seed": cell["seed"],
        **MODES[cell["mode"]],
        **ARMS[cell["arm"]],
    }


def few(examples: Sequence[Any], most: int) -> list[Any]:
    """So many examples of each language, drawn."""
    by_language: dict[str, list[Any]] = {}
    for one in examples:
        by_language.setdefault(one.language, []).append(one)
    found = []
    for code in sorted(by_language):
        mine = by_language[code]
        places = sorted(stream(1, "few", code).sample(range(len(mine)), min(most, len(mine))))
        found += [mine[place] for place in places]
    return found


TASKS: dict[str, dict[str, Any]] = {
    "intents": {
        "train": ("xsid:dev:all",), "test": ("xsid:test:all",), "tokenizer": "train:2000",
        "optimizer": "adamw", "learning_rate": 3e-3, "limit": 2000,
    },
    "pos": {"limit": 200, "tokenizer": "train:2000", "optimizer": "adamw", "learning_rate": 3e-3},
    "topics": {
        "model": "multilingual-e5-small", "freeze": "encoder", "learning_rate": 0.1,
        "train": SETS["sib200"]["train"], "test": SETS["sib200"]["test"], "limit": 400,
    },
    "inflection": {"limit": 500, "optimizer": "adamw", "learning_rate": 4e-3},
}  # fmt: skip
FEDERATED: dict[str, dict[str, Any]] = {
    "fedavg": {"server": "fedavg"},
    "fedprox": {"server": "fedprox"},
    "fedopt-yogi": {"server": "fedopt-yogi"},
}


def tasks(lines: list[dict[str, Any]], out: Path) -> None:
    """Four tasks: central training, and three servers on as many passes over the data."""
    for name, options in TASKS.items():
        cells: list[dict[str, Any]] = [
            {"task": name, "arm": arm, "seed": seed}
            for seed in SEEDS[:3]
            for arm in ("central", *FEDERATED)
        ]
        cells = [cell for cell in cells if not _there(lines, "tasks", cell)]
        if not cells:
            continue
        common = {**options, "task": name, "evaluate_every": 0, "length": 48}
        with tempfile.TemporaryDirectory() as folder:
            first = Federated(**common)
            begun = begun_in(first, Access(), Path(folder))
            opened = begun.task.open(begun.setting, begun.found.training)
            judge = Judge(opened, few(begun.found.test, 60))
            for cell in cells:
                more = {"rounds": 8, "clients": 1, "per_round": 1, "partition": "quantity:1"}
                if cell["arm"] != "central":
                    more = {"rounds": 40, "clients": 50, "per_round": 10, "partition": "language:1",
                            **FEDERATED[cell["arm"]]}  # fmt: skip
                config = Federated(**{**common, **more, "seed": cell["seed"]})
                parts, periods = dealt(config, begun.task, begun.found)
                parted = replace(begun, parts=parts, periods=periods)
                clock = time.process_time()
                found: dict[str, Any] = {"curve": curve(parted, opened, judge, config)}
                found |= {"metric": opened.metric, "seconds": round(time.process_time() - clock, 1)}
                keep(lines, out, "tasks", cell, found)


def speed(lines: list[dict[str, Any]], out: Path) -> None:
    """The whole command: 1,000 clients, 100 rounds, 50 a round, the two-layer model of intents."""
    for clients in (1000,):
        cell = {"clients": clients, "rounds": 100, "per_round": 50}
        if _there(lines, "speed", cell):
            continue
        with tempfile.TemporaryDirectory() as folder:
            words = ["--task", "intents", "--train", "xsid:train", "--test", "xsid:test:en"]
            words += [f"--{k.replace('_', '-')}={v}" for k, v in cell.items()]
            words += ["--partition", "label:0.5", "--evaluate-every", "0", "--out", f"{folder}/run"]
            keep(lines, out, "speed", cell, timed(words))


def memory(lines: list[dict[str, Any]], out: Path) -> None:
    """The same data dealt out to few clients and to many: the most memory that a run takes."""
    for clients in (10, 1000, 20000):
        cell = {"clients": clients}
        if _there(lines, "memory", cell):
            continue
        with tempfile.TemporaryDirectory() as folder:
            words = ["--task", "intents", "--train", "xsid:train", "--test", "xsid:test:en"]
            words += ["--clients", str(clients), "--per-round", "10", "--rounds", "3"]
            words += ["--evaluate-every", "0", "--out", f"{folder}/run"]
            keep(lines, out, "memory", cell, timed(words))


def timed(words: Sequence[str]) -> dict[str, Any]:
    """Seconds and memory of a command in a process of its own."""
    clock = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", CHILD, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads(done.stdout.splitlines()[-1])
    return {
        "seconds": round(time.perf_counter() - clock, 1),
        "processor seconds": round(used, 1),
        "MB": round(told["kilobytes"] / 1024),
        "load": round(os.getloadavg()[0], 1),
    }


CHILD = """
import json, resource, sys
from trust.federated import main
code = main(sys.argv[1:])
print(json.dumps({"kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
raise SystemExit(code)
"""


def flower(lines: list[dict[str, Any]], out: Path) -> None:
    """10 clients x 3 rounds: a toy, and the whole command; here, and in Flower's simulation."""
    from bench.federated_flower import SIDES, both

    for what in SIDES:
        cell = {"what": what, "clients": 10, "rounds": 3}
        if not _there(lines, "flower", cell):
            keep(lines, out, "flower", cell, both(what))


def _there(lines: Sequence[Mapping[str, Any]], step: str, cell: Mapping[str, Any]) -> bool:
    return any(one["step"] == step and one["cell"] == cell for one in lines)


def keep(
    lines: list[dict[str, Any]], out: Path, step: str, cell: Mapping[str, Any],
    found: Mapping[str, Any],
) -> None:  # fmt: skip
    """Add a result and write all of them."""
    lines.append({"step": step, "cell": dict(cell), "found": dict(found)})
    kept.write_lines(out, lines, lambda one: json.dumps([one["step"], one["cell"]], sort_keys=True))
    say(f"{step} {dict(cell)} {str(found)[-120:]}")


def tables(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """By step, those that the results are enough for."""
    rows = {"rates": _rate_rows, "selection": _selection_rows, "tasks": _task_rows}
    there = {one["step"] for one in lines}
    return {name: list(kept.markdown(make(lines))) for name, make in rows.items() if name in there}


def table(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """All tables, and what has no table."""
    for rows in tables(lines).values():
        yield from [*rows, ""]
    for one in lines:
        if one["step"] in ("speed", "memory", "flower"):
            yield f"{one['step']} {one['cell']}: {one['found']}"


def _curves(lines: Sequence[Mapping[str, Any]], step: str, **cell: Any) -> dict[int, list[Any]]:
    """Curves by seed."""
    return {
        one["cell"]["seed"]: one["found"]["curve"]
        for one in lines
        if one["step"] == step
        if {k: v for k, v in one["cell"].items() if k != "seed"} == cell
    }


def _rate_rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield ("set", *(f"rate {rate:g}" for rate in RATES), "chosen")
    for name in SETS:
        if len(means := rate_means(lines, name)) == len(RATES):
            chosen = f"{chosen_rate(lines, name):g}"
            yield (name, *(f"{mean:.1f}" for mean in means.values()), chosen)


def _selection_rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield ("set", "data", "mode", "asked by", "rounds to 95 %", "final", "worst",
           "rounds - uniform", "final - uniform", "worst - uniform", "seeds")  # fmt: skip
    for name in SETS:
        central = _curves(lines, "selection", set=name, arm="central")
        best = {seed: max(row[1] for row in found) for seed, found in central.items()}
        if central:
            finals = [found[-1] for found in central.values()]
            yield (name, "all", "central", "-", "-", interval([row[1] for row in finals]),
                   interval([row[2] for row in finals]), *"---", str(len(finals)))  # fmt: skip
        for partition in PARTITIONS:
            for mode in MODES:
                about = {"set": name, "partition": partition, "mode": mode}
                base = _curves(lines, "selection", arm="uniform", **about)
                for arm in ARMS:
                    found = _curves(lines, "selection", arm=arm, **about)
                    seeds = sorted(found.keys() & base.keys() & best.keys())
                    if seeds:
                        yield (name, partition, mode, arm, *_figures(found, base, best, seeds))
    yield from _pooled_rows(lines)


def _pooled_rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Differences of a seed, their mean over all sets and partitions; then over seeds."""
    best = {
        name: {seed: max(row[1] for row in found) for seed, found in central.items()}
        for name in SETS
        if (central := _curves(lines, "selection", set=name, arm="central"))
    }
    for mode in MODES:
        for arm in [one for one in ARMS if one != "uniform"]:
            cells = []
            for name, scores in best.items():
                for partition in PARTITIONS:
                    about = {"set": name, "partition": partition, "mode": mode}
                    one, other = (
                        _curves(lines, "selection", arm=which, **about)
                        for which in (arm, "uniform")
                    )
                    cells.append(_differences(one, other, scores))
            seeds = sorted(set.intersection(*(set(cell) for cell in cells))) if cells else []
            if seeds:
                means = [
                    [fmean(cell[seed][place] for cell in cells) for seed in seeds]
                    for place in range(3)
                ]
                told = (interval(one, sign="+") for one in means)
                yield ("all", "both", mode, arm, *"---", *told, str(len(seeds)))


def _differences(
    found: Mapping[int, Any], base: Mapping[int, Any], best: Mapping[int, float]
) -> dict[int, tuple[float, float, float]]:
    """By seed, of rounds to the central score, final mean and final worst: less uniform's."""
    return {
        seed: (
            first(found[seed], REACHED * best[seed]) - first(base[seed], REACHED * best[seed]),
            found[seed][-1][1] - base[seed][-1][1],
            found[seed][-1][2] - base[seed][-1][2],
        )
        for seed in found.keys() & base.keys() & best.keys()
    }


def _figures(
    found: Mapping[int, Any], base: Mapping[int, Any], best: Mapping[int, float], seeds: list[int]
) -> tuple[str, ...]:
    times = {seed: first(found[seed], REACHED * best[seed]) for seed in seeds}
    told, late = interval([*times.values()]), sum(one > len(found[s]) for s, one in times.items())
    last, apart = {seed: found[seed][-1] for seed in seeds}, _differences(found, base, best)
    places = ([apart[seed][place] for seed in seeds] for place in range(3))
    return (
        f"{told}, {late} never" if late else told,
        interval([last[seed][1] for seed in seeds]),
        interval([last[seed][2] for seed in seeds]),
        *(interval(one, sign="+") if any(one) else "-" for one in places),
        str(len(seeds)),
    )


def first(points: Sequence[Sequence[Any]], least: float) -> int:
    """The first round whose mean is at least so much; one more than there are, if there is none.

    >>> first([[1, 30.0], [2, 60.0]], 50), first([[1, 30.0], [2, 60.0]], 70)
    (2, 3)
    """
    return next((row[0] for row in points if row[1] >= least), len(points) + 1)


def interval(values: Sequence[float], sign: str = "") -> str:
    """The mean over seeds with a 95 % interval of Student's t; of one seed the value alone.

    A bootstrap of five values is too narrow by a third.

    >>> interval([60.0, 62.0, 64.0]), interval([1.5], sign="+")
    ('62.0 [57.0, 67.0]', '+1.5')
    """
    mean, number = fmean(values), len(values)
    if number < 2:
        return f"{mean:{sign}.1f}"
    half = STUDENT[number - 1] * stdev(values) / number**0.5
    low = mean - half if sign else max(0.0, mean - half)  # scores and rounds are not below 0
    return f"{mean:{sign}.1f} [{low:{sign}.1f}, {mean + half:{sign}.1f}]"


def _task_rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield ("task", "trained", "mean of languages", "worst", "gap to central", "seeds")
    for name in TASKS:
        central = _curves(lines, "tasks", task=name, arm="central")
        for arm in ("central", *FEDERATED):
            found = _curves(lines, "tasks", task=name, arm=arm)
            seeds = sorted(found.keys() & central.keys())
            if seeds:
                last = [found[seed][-1] for seed in seeds]
                gaps = [found[seed][-1][1] - central[seed][-1][1] for seed in seeds]
                gap = "-" if arm == "central" else interval(gaps, sign="+")
                means, worst = ([row[place] for row in last] for place in (1, 2))
                yield (name, arm, interval(means), interval(worst), gap, str(len(seeds)))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bench.federated", description=__doc__, formatter_class=how)
    parser.add_argument("--step", choices=STEPS, help="what is measured")
    parser.add_argument("--out", type=Path, default=RESULTS, help="a line a result")
    parser.add_argument("--table", action="store_true", help="show what is there")
    parser.add_argument("--document", type=Path, help="a Markdown file to put the tables into")
    given = parser.parse_args(argv)
    lines = kept.read_lines(given.out, SHAPE)
    if given.step:
        globals()[given.step](lines, given.out)
    if given.table or not (given.step or given.document):
        for line in table(lines):
            show(line)
    if given.document:
        for name, rows in tables(lines).items():
            in_document(given.document, f"federated-{name}", "".join(f"{row}\n" for row in rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
