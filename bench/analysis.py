"""Analysis of forms whose lemmas no table has: ten languages of different types, a table.

    python -m bench.analysis                  # ten languages, some ten minutes on one core
    python -m bench.analysis --table          # what there is so far
    python -m bench.analysis --split dev --units bak,nno --out runs/analysis-dev

Of each UniMorph table a tenth of the lemmas is the test part, a tenth the dev part, by their
hashes; the rest is what `morph.analyse` learns from. It is asked for forms of the held-out lemmas
that the rest does not have, up to 500. An answer is right if the form has that lemma with that
bundle; a form may have several. Beside it stand the votes alone, without what was learned about
ranking, and a baseline that costs nothing: the form is its own lemma, with the bundle of which that
is true most often. Every setting was chosen on dev parts. A language is written when it is done:
the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.files import canonical_json, write_whole
from data.inflections.tables import load_triples
from data.languages import resolve
from data.lexicon.lemmas import Analysis
from data.randomness import stream
from data.unimorph import Triple
from metrics.labels import exact_match
from morph.analyse.evidence import LEADING, Evidence
from morph.analyse.ranking import gold_of, learn_ranking
from morph.rules.calibration import expected_calibration_error

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
MOST_FORMS = 500
SYSTEMS = ("ranked", "votes", "copy")


def part_of(lemma: str) -> str:
    """Which part a lemma is in."""
    number = hashlib.sha256(lemma.encode()).digest()[0] % PARTS
    return {0: "test", 1: "dev"}.get(number, "train")


def work(unit: str, split: str, seed: int) -> dict[str, Any]:
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
    confidences: list[float] = []
    spent = 0.0
    for form in forms:
        before = time.process_time()
        candidates, values = evidence.of(form)
        ranked = ranking.ranked(candidates, values)
        spent += time.process_time() - before
        answers["ranked"].append([one.analysis for one in ranked])
        confidences.append(ranked[0].confidence if ranked else 0.0)
        answers["votes"].append([candidates[n] for n in (-values[:, LEADING]).argsort().tolist()])
    return {
        "unit": unit,
        "split": split,
        "triples": len(train),
        "lemmas": len({one.lemma for one in train}),
        "held-out lemmas": len({one.lemma for some in gold.values() for one in some}),
        "forms": len(forms),
        "scheme": ranking.scheme,
        **{system: scores_of(forms, gold, answers[system]) for system in SYSTEMS},
        "calibration error": expected_calibration_error(
            confidences,
            [
                bool(hits(form, gold, some, 1))
                for form, some in zip(forms, answers["ranked"], strict=True)
            ],
        ),
        "seconds to learn": round(learned - began, 1),
        "forms a second": round(len(forms) / spent, 1),
    }


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


def line_of(found: Mapping[str, Any]) -> str:
    """A row of the table in Markdown."""
    best = found["ranked"]
    low, high = best["top 1"]["low"], best["top 1"]["high"]
    others = [best["top 3"], best["lemma"], found["votes"]["top 1"], found["copy"]["top 1"]]
    return (
        f"| {found['unit']} | {found['lemmas']} | {found['held-out lemmas']} | {found['forms']} |"
        f" **{best['top 1']['value']:.1f}** | [{low:.1f}, {high:.1f}] | "
        + " | ".join(f"{one['value']:.1f}" for one in others)
        + f" | {found['calibration error']:.1f} | {found['seconds to learn']:.0f} |"
        f" {found['forms a second']:.0f} |"
    )


def table(out: Path, split: str) -> None:
    """Print what has been measured."""
    there = [json.loads(path.read_text("utf-8")) for path in sorted(out.glob(f"*.{split}.json"))]
    heads = ["table", "lemmas", "held out", "forms", "top 1", "95 % interval", "top 3", "lemma"]
    heads += ["votes", "copy", "ECE", "CPU s", "forms/s"]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for found in there:
        print(line_of(found))
    if there:
        keys = [("ranked", "top 1"), ("ranked", "top 3"), ("ranked", "lemma")]
        keys += [("votes", "top 1"), ("copy", "top 1")]
        first, *rest = (
            f"{sum(found[system][name]['value'] for found in there) / len(there):.2f}"
            for system, name in keys
        )
        print(f"| mean of {len(there)} | | | | **{first}** | | {' | '.join(rest)} | | | |")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--units", default=",".join(UNITS), help="tables by name, with commas between")
    add("--split", choices=("test", "dev"), default="test")
    add("--seed", type=int, default=1, help="draws the forms that are asked for (default 1)")
    add("--out", type=Path, default=Path("runs/bench-analysis"))
    add("--table", action="store_true", help="print the table of what is there, and end")
    options = parser.parse_args()
    for unit in () if options.table else options.units.split(","):
        path = options.out / f"{unit}.{options.split}.json"
        if not path.exists():
            found = work(unit, options.split, options.seed)
            write_whole(path, canonical_json(found))
            print(line_of(found), flush=True)
    table(options.out, options.split)


if __name__ == "__main__":
    main()
