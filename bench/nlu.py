"""Intents and slots from English to xSID's other languages: ours beside what costs less, one table.

    python -m bench.nlu --seeds 1,2,3,4,5 --limit 2000 --out runs/bench-nlu --document docs/NLU.md

Every system learns from the same English utterances and is scored on the same test sets:

ours                  nlu.train, the lower layers frozen (docs/NLU.md)
ours, switched        the same with copies switched into the languages that have a lexicon
frozen + regression   a logistic regression on the frozen encoder's vectors (intents alone)
gloss + ours          words replaced by a lexicon's English ones, then the English model
nearest neighbour     the intent of the nearest training utterance, by the frozen encoder
n-grams, linear       tf-idf of character n-grams with a linear model; features of words under a CRF
most frequent intent

A run that has ended is not run again, one that was killed goes on. Languages with a lexicon from
English, and dialects, stand in columns of their own.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.access import Access
from data.errors import KilolinguaError
from data.languages import resolve
from data.lexicon.load import load_lexicon
from lexaug.phrases import compile_phrases
from metrics.intents import EXACT, INTENT, SLOTS, Parse, repaired
from models.encoder import open_encoder
from nlu.baselines import nearest
from nlu.config import NluConfig
from nlu.model import load_nlu
from nlu.run import as_parses, prepare
from nlu.sets import UtteranceSet, find_utterances
from nlu.switching import glossed
from nlu.train import train
from training.classification.logistic import fitted

LEXICONS = ("ar", "da", "de", "id", "it", "ja", "lt", "nl", "no", "sr", "tr")  # FreeDict's
DIALECTS = ("de-ba", "de-muc", "de-st", "gsw", "nap")
MODEL = "multilingual-e5-small"
NAMES = (INTENT, SLOTS, EXACT)
Figures = dict[str, dict[str, list[float]]]  # of a system, by language


def config(given: argparse.Namespace, seed: int, switch: bool) -> NluConfig:
    """The run of a seed."""
    return NluConfig(
        ("xsid:train",),
        dev="xsid:dev:en",
        test=("xsid:test:all",),
        model=MODEL,
        freeze=4,
        dtype="bfloat16",
        limit=given.limit,
        steps=given.steps,
        checkpoint_every=100,
        seed=seed,
        switch=LEXICONS if switch else (),
        out=given.out / f"{'switch' if switch else 'plain'}-{seed}",
    )


def of_runs(given: argparse.Namespace, seed: int) -> Iterator[tuple[str, Figures]]:
    """Our two, and the baselines that stand beside every run."""
    for switch in (False, True) if given.switch else (False,):
        done = train(config(given, seed, switch), Access(report=print))
        told: dict[str, Figures] = {}
        for one in done.told["results"]:
            values = {score["name"]: [score["value"]] for score in one["scores"]}
            told.setdefault(one["system"], {})[one["language"]] = values
        yield "ours, switched" if switch else "ours", told.pop("model")
        if not switch:
            yield from told.items()


def of_vectors(
    given: argparse.Namespace, seed: int, tests: Sequence[UtteranceSet]
) -> Iterator[tuple[str, Figures]]:
    """Logistic regression and nearest neighbour on the frozen encoder's vectors."""
    with prepare(config(given, seed, False), Access()) as prepared:
        own = prepared.own
    encoder = open_encoder(MODEL, prefix="")
    learned = encoder.encode([one.text for one in own])
    intents = [one.intent for one in own]
    labels = sorted(set(intents))
    import torch

    raw = torch.from_numpy(np.hstack([_scaled(learned, learned), np.ones((len(own), 1))])).float()
    head = fitted(
        lambda w: raw @ w, raw.shape[1], [labels.index(i) for i in intents], len(labels), 0.01
    )
    for name in ("frozen + regression", "nearest neighbour"):
        figures: Figures = {}
        for test in tests:
            vectors = encoder.encode([one.text for one in test.utterances])
            if name == "nearest neighbour":
                found = nearest(vectors, learned, intents)
            else:
                rows = np.hstack([_scaled(vectors, learned), np.ones((len(vectors), 1))])
                best = (rows @ head.numpy()).argmax(axis=1)
                found = [labels[number] for number in best]
            gold = [one.intent for one in test.utterances]
            share = 100 * float(np.mean([a == b for a, b in zip(found, gold, strict=True)]))
            figures[test.code] = {INTENT: [share]}
        yield name, figures


def _scaled(vectors: Any, learned: Any) -> Any:
    return (vectors - learned.mean(axis=0)) / np.maximum(learned.std(axis=0), 1e-6)


def of_glosses(
    given: argparse.Namespace, seed: int, tests: Sequence[UtteranceSet]
) -> tuple[str, Figures]:
    """The English model on words replaced by their English translations."""
    model = load_nlu(str(given.out / f"plain-{seed}"))
    figures: Figures = {}
    for test in tests:
        if test.code not in LEXICONS:
            continue
        try:
            lexicon = load_lexicon(resolve(test.code), resolve("en"))
        except KilolinguaError as error:
            print(f"{test.code}: {error}", file=sys.stderr)
            continue
        made = glossed(test.tokens, compile_phrases(lexicon, "first"))
        found = as_parses(model.parse([words for words, _ in made]))
        parses = [
            Parse(parse.intent, _back(parse.slots, origin, len(tokens)))
            for parse, (_, origin), tokens in zip(found, made, test.tokens, strict=True)
        ]
        scores = repaired(test.parses, parses, resamples=40)
        figures[test.code] = {score.name: [score.value] for score in scores}
    return "gloss + ours", figures


def _back(tags: Sequence[str], origin: Sequence[int], number: int) -> tuple[str, ...]:
    """Tags of glossed words on the words that they stand for: the first of each counts."""
    found = ["O"] * number
    for tag, place in zip(reversed(tags), reversed(origin), strict=True):
        found[place] = tag
    return tuple(
        f"B-{tag[2:]}" if tag.startswith("I-") and before[2:] != tag[2:] else tag
        for before, tag in zip(["O", *found], found, strict=False)
    )


def table(by_system: Mapping[str, Figures]) -> str:
    """A row a system: means over groups of languages of intent / slot F1 / exact match."""
    every = sorted({code for figures in by_system.values() for code in figures} - {"en"})
    groups = {
        "en": ["en"],
        f"{len(every)} others": every,
        "with a lexicon": [code for code in every if code in LEXICONS],
        "kk, zh": [code for code in every if code in ("kk", "zh")],
        "dialects": [code for code in every if code in DIALECTS],
    }
    lines = ["| | " + " | ".join(groups) + " |", "| --- |" + " --- |" * len(groups)]
    for system, figures in by_system.items():
        cells = [_cell(figures, codes) for codes in groups.values()]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(figures: Figures, codes: Sequence[str]) -> str:
    if any(code not in figures for code in codes) or not codes:
        return "-"
    means = []
    for name in NAMES:
        values = [np.mean(figures[code][name]) for code in codes if name in figures[code]]
        means.append(f"{np.mean(values):.1f}" if len(values) == len(codes) else "-")
    return " / ".join(means)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=280)
    parser.add_argument("--no-switch", dest="switch", action="store_false")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-nlu"))
    parser.add_argument("--document", type=Path, help="put the table between its marks there")
    given = parser.parse_args(argv)
    tests = find_utterances("xsid:test:all")
    found: dict[str, Figures] = {}
    for seed in map(int, given.seeds.split(",")):
        more = [
            *of_runs(given, seed),
            *of_vectors(given, seed, tests),
            of_glosses(given, seed, tests),
        ]
        for system, figures in more:
            for code, values in figures.items():
                for name, value in values.items():
                    mine = found.setdefault(system, {}).setdefault(code, {})
                    mine.setdefault(name, []).extend(value)
    text = table(found)
    print(text)
    if given.document:
        page = given.document.read_text("utf-8")
        marks = re.compile(r"(?<=<!-- table nlu: begin -->\n).*?(?=<!-- table nlu: end -->)", re.S)
        given.document.write_text(marks.sub(lambda _: text, page), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
