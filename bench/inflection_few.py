"""Inflection where data are few: nine languages of different types, bundles that are new.

    python -m bench.inflection_few --split few                    # 500 triples, nine files of 2023
    python -m bench.inflection_few --split unseen-700             # bundles that training never saw
    python -m bench.inflection_few --system "128 wide" \\
        --set '{"width": 128, "inner": 512, "batch": 32, "learning_rate": 0.004}'
    python -m bench.inflection_few --table                        # what there is so far

`few` draws 500 triples of a file's train part by seed; its dev and test parts have other lemmas.
`unseen-700` and `unseen-7000` hold whole bundles out of UniMorph tables, a fifth of them, each made
of features that other bundles have: half of these are asked for in the test, the others are half of
the dev part. Lemmas are seen or not, as chance has it. 500 items are asked for, and 300 are dev.
A cell is a split, a language and a system; one network from each end of words shares its budget of
processor time. Cells are kept in bench/inflection_few.jsonl, and done once. Every setting was
chosen on dev parts and on the languages of TUNING, never on the nine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.inflection import predicted, score_of, with_rules
from bench.kept import markdown, read_lines, write_lines
from data.catalog import dataset
from data.files import write_whole
from data.inflections.tables import load_triples
from data.languages import resolve
from data.randomness import stream
from data.unimorph import Triple
from morph.alphabet import WHOLE, feature_names
from morph.corpora import SHARED_TASK
from morph.recipe import Recipe, TrainingConfig
from morph.rules import Rules
from morph.run import train_model
from training.settings import seconds_of

FEW = {
    "amh": "Semitic: roots and patterns, a syllabary",
    "fin": "Uralic: many cases, stems that change",
    "jap": "Japonic: agglutinating suffixes, three scripts",
    "kat": "Kartvelian: both ends, many verb classes",
    "klr": "Kiranti: agreement with two persons, stems that change",
    "nav": "Athabaskan: fused prefixes, stems that change",
    "rus": "Slavic: fused suffixes",
    "swa": "Bantu: noun classes, prefixes",
    "tur": "Turkic: agglutinating suffixes, vowel harmony",
}
UNSEEN = {
    "bak": "Turkic: agglutinating suffixes, vowel harmony",
    "cre": "Algonquian: persons by rank, 32 verbs",
    "dsb": "Slavic: fused suffixes, a dual",
    "evn": "Tungusic: agglutinating suffixes, a thousand bundles",
    "nav": "Athabaskan: fused prefixes, stems that change",
    "pei": "Oto-Manguean: tones and aspects",
    "urd": "Indo-Aryan: suffixes and auxiliaries, Arabic script",
    "vep-northern-veps": "Uralic: many cases, stems that change",
    "zul": "Bantu: noun classes, prefixes and suffixes",
}
TUNING = {"few": ("afb", "hun", "san", "sqi"), "unseen": ("fur", "jpn", "oci", "yid")}
SPLITS = {"few": 500, "unseen-700": 700, "unseen-7000": 7000}  # triples
DEV, TEST = 300, 500  # items
HELD_OUT = 5  # every fifth bundle
LINE = {"split": str, "unit": str, "system": str, "seed": int}


class Parts(NamedTuple):
    """What is learned from, what decides, what is asked for."""

    train: Sequence[Triple]
    dev: Sequence[Triple]
    test: Sequence[Triple]


def parts(split: str, unit: str, seed: int) -> Parts:
    """The parts of a language; the same for a seed."""
    number, rng = SPLITS[split], stream(seed, split, unit)

    def drawn(triples: Sequence[Triple], most: int) -> list[Triple]:
        return [triples[n] for n in sorted(rng.sample(range(len(triples)), most))]

    if split == "few":
        file = next(f for f in dataset(SHARED_TASK).select("train", unit))
        language = resolve(file.codes[0])
        train, dev, test = (
            load_triples(language, part, SHARED_TASK, group=unit).triples
            for part in ("train", "dev", "test")
        )
        return Parts(drawn(train, number), drawn(dev, DEV), drawn(test, TEST))
    language = resolve(unit.partition("-")[0])
    every = load_triples(language, source="unimorph", group=unit).triples
    table = [t for t in every if t.form and " " not in t.features]  # `N;PRIV ;PL` is no bundle
    held = held_out(table, seed, unit)
    seen = [one for one in table if one.features not in held]
    unseen = [[t for t in table if t.features in held[half::2]] for half in (0, 1)]
    rng.shuffle(seen)
    return Parts(
        seen[: min(number, len(seen) - DEV // 2)],
        [*seen[-DEV // 2 :], *drawn(unseen[1], min(DEV // 2, len(unseen[1])))],
        drawn(unseen[0], min(TEST, len(unseen[0]))),
    )


def held_out(table: Sequence[Triple], seed: int, unit: str) -> list[str]:
    """A fifth of the bundles, drawn; every feature is in three bundles at least that stay."""
    bundles = sorted({one.features for one in table})
    names = {b: {n for n in feature_names(b) if not n.startswith(WHOLE)} for b in bundles}
    stay = Counter(name for some in names.values() for name in some)
    stream(seed, "bundles", unit).shuffle(bundles)
    held: list[str] = []
    for bundle in bundles:
        if len(held) < len(bundles) // HELD_OUT and all(stay[name] > 3 for name in names[bundle]):
            stay.subtract(names[bundle])
            held.append(bundle)
    return held


def work(split: str, unit: str, system: str, recipe: Recipe, out: Path) -> dict[str, Any]:
    """Train and score a cell."""
    import torch

    from morph.inflect.choice import UNCALIBRATED

    torch.set_num_threads(1)
    found = parts(split, unit, recipe.seed)
    folder = out / "-".join((split, unit, system.replace(" ", "-"), str(recipe.seed)))
    for name, some in (("train", found.train), ("dev", found.dev)):
        rows = (f"{one.lemma}\t{one.features}\t{one.form}\n" for one in some)
        write_whole(folder.with_name(f"{folder.name}.{name}.tsv"), "".join(rows))
    code = "jpn" if unit == "jap" else unit.partition("_")[0].partition("-")[0]
    train, dev = (folder.with_name(f"{folder.name}.{name}.tsv") for name in ("train", "dev"))
    columns = ("lemma", "features", "form")
    config = TrainingConfig((code,), recipe, train=train, dev=dev, columns=columns)
    began = time.process_time()
    trained = train_model(config, folder)
    spent = time.process_time() - began
    began = time.process_time()
    hypotheses = predicted(trained.transducer, [(t.lemma, t.features) for t in found.test])
    decoding = time.process_time() - began
    forms = [
        hypotheses[n][0].form if n in hypotheses else one.lemma for n, one in enumerate(found.test)
    ]
    calibration = trained.calibration or UNCALIBRATED
    rules = Rules.learn(found.train)
    scores = with_rules(trained.transducer, hypotheses, rules, calibration, found.test)
    known = {one.features for one in found.train}
    new = [n for n, one in enumerate(found.test) if one.features not in known]
    return {
        "split": split,
        "unit": unit,
        "system": system,
        "seed": recipe.seed,
        "triples": len(found.train),
        "test": len(found.test),
        "new bundles": len(new),
        "model": score_of(found.test, forms)["value"],
        **{name: score["value"] for name, score in scores.items()},
        "model, new bundles": 100
        * sum(forms[n] == found.test[n].form for n in new)
        / max(1, len(new)),
        "dev": calibration.figures.get("accuracy both", 0.0),
        "dev model": calibration.figures.get("accuracy model", 0.0),
        "steps": list(trained.steps),
        "budget": recipe.seconds,
        "cpu seconds": round(spent, 1),
        "items a second": round(len(hypotheses) / decoding, 1),
    }


def table(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What there is, by split and system, with the means over the languages that all have."""
    for split in SPLITS:
        here = [one for one in lines if one["split"] == split]
        systems = sorted({one["system"] for one in here})
        rows = [("language", "rules", *(f"{name}: both, model, items/s" for name in systems))]
        for unit in sorted({one["unit"] for one in here}):
            cells = {one["system"]: one for one in here if one["unit"] == unit}
            first = next(iter(cells.values()))
            rows.append((unit, f"{first['rules']:.1f}", *map(_cell, map(cells.get, systems))))
        means = []
        for system in systems:
            some = [one for one in here if one["system"] == system]
            means.append(
                f"{statistics.mean(one['both'] for one in some):.2f}, "
                f"{statistics.mean(one['model'] for one in some):.2f} (of {len(some)})"
            )
        if here:
            yield from ("", f"{split}:", "", *markdown([*rows, ("mean", "", *means)]))


def _cell(one: dict[str, Any] | None) -> str:
    if one is None:
        return "-"
    return f"**{one['both']:.1f}** {one['model']:.1f} {one['items a second']:.0f}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--split", choices=tuple(SPLITS), default="few")
    add("--units", help="with commas between (default: the nine); tuning: those others")
    add("--system", default="64 wide", help="a name for the settings that are measured")
    add("--time-budget", default="60s", help="processor time a cell (default 60s)")
    add("--set", default="{}", help='settings of the recipe that differ, as {"width": 64}')
    add("--seed", type=int, default=1)
    add("--lines", type=Path, default=Path("bench/inflection_few.jsonl"))
    add("--out", type=Path, default=Path("runs/bench-few"))
    add("--table", action="store_true", help="print what there is, and end")
    options = parser.parse_args()
    nine = FEW if options.split == "few" else UNSEEN
    units = options.units.split(",") if options.units else [*nine]
    if units == ["tuning"]:
        units = [*TUNING[options.split.partition("-")[0]]]
    changed: Any = json.loads(options.set)
    for unit in () if options.table else units:
        cell = {"split": options.split, "unit": unit, "system": options.system}
        there = read_lines(options.lines, LINE)
        if any(
            all(one[k] == v for k, v in (cell | {"seed": options.seed}).items()) for one in there
        ):
            continue
        recipe = Recipe(
            seconds=seconds_of(options.time_budget),
            clock="cpu",
            seed=options.seed,
            **changed,
        )
        line = work(options.split, unit, options.system, recipe, options.out)
        print(line, flush=True)
        keep = [*read_lines(options.lines, LINE), line]
        write_lines(options.lines, keep, key=lambda one: tuple(str(one[name]) for name in LINE))
    print("\n".join(table(read_lines(options.lines, LINE))))


if __name__ == "__main__":
    main()
