"""Analysis of forms whose lemmas no table has: ten languages of different types, a table.

    python -m bench.analysis                  # ten languages, an hour on one core
    python -m bench.analysis --table          # what there is so far
    python -m bench.analysis --split dev --units bak,nno --out runs/analysis-dev
    python -m bench.analysis --no-network     # the votes alone, some ten minutes

Of each UniMorph table a tenth of the lemmas is the test part, a tenth the dev part, by their
hashes; the rest is what `morph.analyse` learns from. It is asked for forms of the held-out lemmas
that the rest does not have, up to 500. An answer is right if the form has that lemma with that
bundle; a form may have several. Three systems: the ranking of what the votes propose; that beside
networks of the way back (`morph.train --way-back`), trained in four minutes of processor time on
seven eighths of the lemmas that there are to learn from, and weighed on the last eighth, by which
they are used or not; and these networks alone. Beside them stand the votes without what was learned
about ranking, and a baseline that costs nothing: the form is its own lemma, with the bundle of
which that is true most often. Every setting was chosen on dev parts, but for the four minutes
(what time allowed) and for how much a network must gain to be used: a test figure of Kannada's was
seen before. A language is written when it is done: the same command goes on where it was stopped,
and other splits use the networks that are there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from data.files import canonical_json, write_whole
from data.inflections.tables import load_triples
from data.languages import resolve
from data.lexicon.lemmas import Analysis
from data.randomness import stream
from data.unimorph import Triple
from metrics.labels import exact_match
from morph.analyse import TOGETHER
from morph.analyse.evidence import LEADING, Evidence
from morph.analyse.network import Network
from morph.analyse.ranking import Ranking, gold_of, learn_ranking
from morph.model_folder import RANKING
from morph.recipe import OF_FEW, Recipe, TrainingConfig
from morph.rules.calibration import expected_calibration_error
from morph.run import train_model

# By the names of their tables, with what makes them differ.
UNITS = {
    "bak": "Turkic: agglutinating suffixes, vowel harmony",
    "jpn": "Japonic: agglutinating suffixes, three scripts",
    "kan": "Dravidian: agglutinating suffixes, an abugida",
    "mlt": "Semitic: roots and patterns",
    "nav": "Athabaskan: fused prefixes, stems that change",
    "nno": "Germanic: few forms, many lemmas, umlaut",
    "oci": "Romance: fused suffixes",
    "urd": "Indo-Aryan: suffixes and auxiliaries, Arabic script",
    "vep-northern-veps": "Uralic: many cases, stems that change",
    "zul": "Bantu: noun classes, prefixes and suffixes",
}
PARTS = 10  # of the lemmas: one is for tests, one is dev
HELD = 2  # and of the others one on which a network is weighed
MOST_FORMS = 500
SYSTEMS = ("beside", "network", "ranked", "votes", "copy")
BUDGET = 240.0  # seconds of processor time


def number_of(lemma: str) -> int:
    """Of the part that a lemma is in."""
    return hashlib.sha256(lemma.encode()).digest()[0] % PARTS


def part_of(lemma: str) -> str:
    """Which part a lemma is in."""
    return {0: "test", 1: "dev"}.get(number_of(lemma), "train")


def work(unit: str, split: str, seed: int, out: Path, with_network: bool) -> dict[str, Any]:
    """Learn from a language's train part, and score what is said about forms of another part."""
    language = resolve(unit.partition("-")[0])
    triples = load_triples(language, source="unimorph", group=unit).triples
    train = [one for one in triples if part_of(one.lemma) == "train"]
    held = (one for one in triples if part_of(one.lemma) == split)
    gold = gold_of(held, {one.form for one in train})
    forms = stream(seed, unit).sample(sorted(gold), min(len(gold), MOST_FORMS))
    began = time.process_time()
    ranking = learn_ranking(train)
    evidence = Evidence(train, ranking.scheme)
    learned = time.process_time()
    answers: dict[str, list[list[Analysis]]] = {system: [] for system in SYSTEMS}
    bundle = commonest_copy(train)
    answers["copy"] = [[Analysis(form, bundle)] for form in forms]
    confidences: dict[str, list[float]] = {"beside": [], "ranked": []}
    spent = 0.0
    for form in forms:
        before = time.process_time()
        candidates, values = evidence.of(form)
        ranked = ranking.ranked(candidates, values)
        spent += time.process_time() - before
        answers["ranked"].append([one.analysis for one in ranked])
        confidences["ranked"].append(ranked[0].confidence if ranked else 0.0)
        answers["votes"].append([candidates[n] for n in (-values[:, LEADING]).argsort().tolist()])
    times: dict[str, float | bool] = {}
    if with_network:
        network, beside, times["seconds to train"] = trained(unit, train, out)
        evidence = Evidence(train, beside.scheme, network if beside.has_network else None)
        before = time.process_time()
        for start in range(0, len(forms), TOGETHER):
            for one in evidence.of_all(forms[start : start + TOGETHER]):
                ranked = beside.ranked(*one)
                answers["beside"].append([each.analysis for each in ranked])
                confidences["beside"].append(ranked[0].confidence if ranked else 0.0)
        times["forms a second, beside"] = round(len(forms) / (time.process_time() - before), 1)
        times["used"] = beside.has_network
        answers["network"] = [list(some) for some in network.propose(forms)]
    return {
        "unit": unit,
        "split": split,
        "triples": len(train),
        "lemmas": len({one.lemma for one in train}),
        "held-out lemmas": len({one.lemma for some in gold.values() for one in some}),
        "forms": len(forms),
        "scheme": ranking.scheme,
        **{name: scores_of(forms, gold, some) for name, some in answers.items() if some},
        "calibration error": {
            name: expected_calibration_error(
                some, [hits(form, gold, a, 1) for form, a in zip(forms, answers[name], strict=True)]
            )
            for name, some in confidences.items()
            if some
        },
        **times,
        "seconds to learn": round(learned - began, 1),
        "forms a second": round(len(forms) / spent, 1),
    }


def trained(unit: str, train: Sequence[Triple], out: Path) -> tuple[Network, Ranking, float]:
    """A network of the way back with its ranking, and the processor time that they took.

    One that is there is opened: it learned from the same train part.
    """
    import torch

    torch.set_num_threads(1)
    language, folder = resolve(unit.partition("-")[0]), out / f"{unit}.network"
    told = folder / "seconds.json"
    if not told.is_file():
        files = {name: folder.with_name(f"{unit}.{name}.tsv") for name in ("train", "held")}
        for name, path in files.items():
            some = [one for one in train if (number_of(one.lemma) == HELD) == (name == "held")]
            write_whole(path, "".join(f"{t.lemma}\t{t.features}\t{t.form}\n" for t in some))
        config = TrainingConfig(
            (language.bcp47,),
            Recipe(seconds=BUDGET, clock="cpu", **OF_FEW),
            train=files["train"],
            dev=files["held"],
            columns=("lemma", "features", "form"),
            way_back=True,
        )
        began = time.process_time()
        train_model(config, folder)
        write_whole(told, canonical_json(round(time.process_time() - began, 1)))
    place, network = Network.load(folder, language)
    ranking = Ranking.load(place / RANKING, kinds=network.kinds)
    return network, ranking, float(json.loads(told.read_text("utf-8")))


def commonest_copy(train: Sequence[Triple]) -> str:
    """The bundle of which the form is most often the lemma itself."""
    counts = Counter(one.features for one in train if one.form == one.lemma)
    counts = counts or Counter(one.features for one in train)
    return counts.most_common(1)[0][0]


def hits(
    form: str, gold: Mapping[str, set[Analysis]], answers: Sequence[Analysis], top: int
) -> bool:
    """Whether one of the first answers is an analysis that the form has."""
    return any(one in gold[form] for one in answers[:top])


def scores_of(
    forms: Sequence[str], gold: Mapping[str, set[Analysis]], answers: Sequence[Sequence[Analysis]]
) -> dict[str, Any]:
    """Accuracy of lemma and bundle among the first 1 and 3, and of the first one's lemma."""
    lemmas = {form: {one.lemma for one in gold[form]} for form in forms}
    right = {
        "top 1": [hits(form, gold, some, 1) for form, some in zip(forms, answers, strict=True)],
        "top 3": [hits(form, gold, some, 3) for form, some in zip(forms, answers, strict=True)],
        "lemma": [
            bool(some) and some[0].lemma in lemmas[form]
            for form, some in zip(forms, answers, strict=True)
        ],
    }
    groups = [min(lemmas[form]) for form in forms]
    return {
        name: exact_match(
            ["right"] * len(forms),
            ["right" if one else "wrong" for one in some],
            groups=groups,
            unit="lemmas",
        ).to_dict()
        for name, some in right.items()
    }


def cells_of(found: Mapping[str, Any]) -> dict[str, str]:
    """A row of the table in Markdown, by the heads of its columns; of a mean only percentages."""
    cells = {"table": found["unit"]}
    names = {"lemmas": "lemmas", "held out": "held-out lemmas", "forms": "forms"}
    cells |= {head: str(found.get(name, "")) for head, name in names.items()}
    for system, more in (("beside", ", beside"), ("ranked", "")):
        if system in found:
            top = found[system]["top 1"]
            cells |= {
                f"{system}: top 1": f"**{top['value']:.1f}**",
                f"{system}: 95 %": f"[{top['low']:.1f}, {top['high']:.1f}]" if "low" in top else "",
                f"{system}: top 3": f"{found[system]['top 3']['value']:.1f}",
                f"{system}: lemma": f"{found[system]['lemma']['value']:.1f}",
                f"{system}: ECE": f"{found['calibration error'][system]:.1f}",
                f"{system}: forms/s": f"{found.get(f'forms a second{more}', '')}",
            }
    if "used" in found:
        cells["used"] = "yes" if found["used"] else "no"
    others = [system for system in ("network", "votes", "copy") if system in found]
    return cells | {name: f"{found[name]['top 1']['value']:.1f}" for name in others}


def mean_of(there: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The means of what all have in percent, as if they were of one table."""
    systems = [name for name in SYSTEMS if all(name in found for found in there)]
    return {
        "unit": f"mean of {len(there)}",
        "calibration error": {
            name: mean(found["calibration error"][name] for found in there)
            for name in systems
            if name in there[0]["calibration error"]
        },
        **{
            name: {
                top: {"value": mean(found[name][top]["value"] for found in there)}
                for top in there[0][name]
            }
            for name in systems
        },
    }


def table(out: Path, split: str) -> None:
    """Print what has been measured."""
    there = [json.loads(path.read_text("utf-8")) for path in sorted(out.glob(f"*.{split}.json"))]
    rows = [cells_of(found) for found in (*there, *([mean_of(there)] if there else []))]
    for number, cells in enumerate(rows):
        if number == 0:
            print(f"| {' | '.join(cells)} |\n|{' --- |' * len(cells)}")
        print(f"| {' | '.join(cells.get(head, '') for head in rows[0])} |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--units", default=",".join(UNITS), help="tables by name, with commas between")
    add("--split", choices=("test", "dev"), default="test")
    add("--seed", type=int, default=1, help="draws the forms that are asked for (default 1)")
    add("--out", type=Path, default=Path("runs/bench-analysis"))
    add("--no-network", action="store_true", help="the votes alone, in some ten minutes")
    add("--table", action="store_true", help="print the table of what is there, and end")
    options = parser.parse_args()
    for unit in () if options.table else options.units.split(","):
        path = options.out / f"{unit}.{options.split}.json"
        if not path.exists():
            found = work(unit, options.split, options.seed, options.out, not options.no_network)
            write_whole(path, canonical_json(found))
            print("; ".join(f"{head} {cell}" for head, cell in cells_of(found).items()), flush=True)
    table(options.out, options.split)


if __name__ == "__main__":
    main()
