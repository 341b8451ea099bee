"""Intents and slots from English to xSID's other languages: ours beside what costs less, one table.

    python -m bench.nlu --seeds 1,2,3,4,5                    # what is still to do
    python -m bench.nlu --systems majority,neighbour --seeds 1
    python -m bench.nlu --limit 43605 --systems kernel       # all English utterances
    python -m bench.nlu --table --document docs/NLU.md       # of what there is

Every system learns from the same English utterances, drawn by seed, and is scored on the same
tests:

majority       the most frequent intent
neighbour      the intent of the nearest training utterance, by the frozen encoder
regression     a logistic regression on the frozen encoder's vectors (intents alone)
kernel         nlu.train --intents kernel: by training utterances that are near (intents alone)
centred        the same, each language moved by the mean of its unlabelled dev part
ngrams         tf-idf of character n-grams with a linear model; features of words under a CRF
tuned          nlu.train with linear heads, the lower layers frozen
ours           nlu.train --intents kernel: the same layers tuned for slots, intents as `kernel`
switched       the same, with copies switched into the languages that have a lexicon
agreeing       the same, with --consistency 1: an utterance and its copy
gloss          words replaced by a lexicon's English ones, then `ours` of that seed

Results are kept in bench/nlu.jsonl, a line a cell (a system, a seed, a number of training
utterances), written when the cell ends: a cell whose line is there is not run again, on whatever
machine. A killed training goes on from its checkpoint. Intervals draw utterances, the same ones in
all languages; `bench.nlu_paired` has those of differences, by what the cells' folders keep.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.expansion import in_document
from bench.kept import read_lines, write_lines
from bench.nlu_lexicons import induced_lexicon
from data.access import Access
from data.errors import InputError, KilolinguaError
from data.files import appears_whole, write_whole
from data.languages import resolve
from data.lexicon.load import load_lexicon
from lexaug.phrases import compile_phrases
from metrics.intents import EXACT, INTENT, SLOTS, Parse, repaired_rows
from nlu.config import NluConfig
from nlu.sets import UtteranceSet, find_utterances

if TYPE_CHECKING:
    from data.labels.slots import Utterance
    from nlu.model import NluModel

LINES = Path(__file__).with_suffix(".jsonl")
LEXICONS = ("ar", "da", "de", "id", "it", "ja", "lt", "nl", "no", "sr", "tr")  # FreeDict's
INDUCED = ("kk", "zh")  # out of parallel texts
DIALECTS = ("de-ba", "de-muc", "de-st", "gsw", "nap")
MODEL = "multilingual-e5-small"
LIMIT = 2000  # training utterances
PART = 4096  # utterances that are encoded before they are kept
NAMES = (INTENT, SLOTS, EXACT)
SYSTEMS = {
    "majority": "most frequent intent",
    "neighbour": "nearest neighbour, frozen encoder",
    "regression": "frozen encoder, logistic regression",
    "kernel": "ours, frozen encoder, kernel",
    "centred": "the same, centred by language",
    "ngrams": "n-grams, linear; CRF",
    "tuned": "tuned encoder, linear heads",
    "ours": "ours",
    "switched": "ours, code-switching",
    "agreeing": "ours, code-switching, consistency",
    "gloss": "glossed into English, ours",
}
SHAPE = {"system": str, "seed": int, "limit": int, "figures": dict, "means": dict}
RESAMPLES = 1000
OTHERS, WITH_LEXICON, DIALECT = "18 others", "11 with a lexicon", "5 dialects"

Parses = Mapping[str, Sequence[Parse]]  # by language
Floats = NDArray[np.float64]


class Plan:
    """What cells share: the tests, the training utterances of a seed, vectors, a trained model."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.access = Access(report=print)

    @cached_property
    def tests(self) -> list[UtteranceSet]:
        """xSID's test part in every language."""
        return find_utterances("xsid:test:all")

    def config(self, system: str, seed: int) -> NluConfig:
        """The run of a seed."""
        given = self.given
        return NluConfig(
            ("xsid:train",),
            dev="xsid:dev:en",
            test=("xsid:test:all",),
            model=MODEL,
            intents="linear" if system == "tuned" else "kernel",
            freeze=4,
            dtype=given.dtype,
            device="cpu",
            limit=given.limit,
            steps=given.steps,
            checkpoint_every=40,
            seed=seed,
            switch=self.lexicons if system in ("switched", "agreeing") else (),
            consistency=1.0 if system == "agreeing" else None,
            out=self.folder(system, seed),
        )

    def folder(self, system: str, seed: int) -> Path:
        """Of a cell."""
        given = self.given
        size = "" if given.limit == LIMIT else f"-{given.limit}"
        found: Path = given.out / f"{system}{size}-{seed}"
        return found

    def kept(self, system: str, seed: int) -> Path:
        """Where a cell keeps its parses."""
        return self.folder(system, seed) / "parses.json"

    def parses(self, system: str, seed: int) -> Parses:
        """What a system says of the tests; kept, so that systems can be compared."""
        kept = self.kept(system, seed)
        if not kept.exists():
            found = CELLS[system](self, seed)
            rows = {code: [[p.intent, p.slots] for p in of] for code, of in found.items()}
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(kept, json.dumps(rows))
        told = json.loads(kept.read_text("utf-8")).items()
        return {code: [Parse(name, tuple(slots)) for name, slots in of] for code, of in told}

    @cached_property
    def lexicons(self) -> tuple[str, ...]:
        """Languages with a lexicon from English, as --switch takes them."""
        made = (induced_lexicon(code, self.given.out / "lexicons", self.access) for code in INDUCED)
        return *LEXICONS, *(f"{code}={path}" for code, path in zip(INDUCED, made, strict=True))

    def own(self, seed: int) -> list[Utterance]:
        """The training utterances of a seed; those of the tests are dropped."""
        from nlu.run import prepare

        with prepare(self.config("tuned", seed), self.access) as prepared:
            return prepared.own

    @cached_property
    def encoder(self) -> Any:
        """The frozen encoder."""
        from models.encoder import open_encoder

        return open_encoder(MODEL, prefix="")

    def vectors(self, name: str, texts: Sequence[str]) -> Floats:
        """Vectors of length 1, kept in the folder in 16 bits, in parts: they cost most here."""
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        once, parts = list(place), []
        for start in range(0, len(once), PART):
            path = self.given.out / "vectors" / f"{name}-{start}.npy"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with appears_whole(path) as file:
                    made = self.encoder.encode(once[start : start + PART])
                    np.save(file, made.astype(np.float16))
            parts.append(np.load(path))
        found: Floats = np.concatenate(parts)[[place[text] for text in texts]].astype(np.float64)
        return found

    def trained(self, system: str, seed: int) -> NluModel:
        """The model of a seed; killed, it goes on."""
        from nlu.model import load_nlu
        from nlu.run import prepare, train
        from training.folders import folder_appears_whole

        config = self.config(system, seed)
        folder = Path(str(config.out)) / "model"
        if not folder.exists():
            with prepare(config, self.access) as prepared:
                train(prepared)
                with folder_appears_whole(folder) as out:
                    prepared.model.save(out)
        return load_nlu(str(folder), dtype=self.given.dtype)


def without_slots(plan: Plan, intents: Mapping[str, Sequence[str]]) -> Parses:
    """Parses of systems that know intents alone."""
    return {
        test.code: [
            Parse(intent, ("O",) * len(words))
            for intent, words in zip(intents[test.code], test.tokens, strict=True)
        ]
        for test in plan.tests
    }


def _majority(plan: Plan, seed: int) -> Parses:
    from nlu.baselines import majority

    first = majority([one.intent for one in plan.own(seed)])
    return without_slots(plan, {t.code: [first] * len(t.utterances) for t in plan.tests})


def _encoded(plan: Plan, seed: int) -> tuple[Floats, list[str], dict[str, Floats]]:
    own = plan.own(seed)
    learned = plan.vectors(f"train-{plan.given.limit}-{seed}", [one.text for one in own])
    tests = {
        test.code: plan.vectors(f"test-{test.code}", [one.text for one in test.utterances])
        for test in plan.tests
    }
    return learned, [one.intent for one in own], tests


def _neighbour(plan: Plan, seed: int) -> Parses:
    from nlu.baselines import nearest

    learned, intents, tests = _encoded(plan, seed)
    found = {
        code: nearest(vectors.astype(np.float32), learned.astype(np.float32), intents)
        for code, vectors in tests.items()
    }
    return without_slots(plan, found)


def _regression(plan: Plan, seed: int) -> Parses:
    import torch

    from training.classification.logistic import PENALTY, fitted

    learned, intents, tests = _encoded(plan, seed)
    mean, scale = learned.mean(axis=0), np.maximum(learned.std(axis=0), 1e-6)

    def features(vectors: Floats) -> Any:
        rows = np.hstack([(vectors - mean) / scale, np.ones((len(vectors), 1))])
        return torch.from_numpy(rows).float()

    labels, x = sorted(set(intents)), features(learned)
    gold = [labels.index(intent) for intent in intents]
    head = fitted(lambda weights: x @ weights, x.shape[1], gold, len(labels), PENALTY)
    found = {
        code: [labels[n] for n in (features(vectors) @ head).argmax(dim=1).tolist()]
        for code, vectors in tests.items()
    }
    return without_slots(plan, found)


def _kernel(plan: Plan, seed: int, *, centred: bool = False) -> Parses:
    import torch

    from nlu.neighbours import Keys

    learned, intents, tests = _encoded(plan, seed)
    labels = sorted(set(intents))
    rows = torch.from_numpy(learned).float()
    keys = Keys.of(rows, [labels.index(intent) for intent in intents], len(labels))
    found = {}
    for code, vectors in tests.items():
        moved = torch.from_numpy(vectors).float()
        if centred:
            [dev] = find_utterances(f"xsid:dev:{code}")
            texts = plan.vectors(f"dev-{code}", [one.text for one in dev.utterances])
            moved += rows.mean(dim=0) - torch.from_numpy(texts).float().mean(dim=0)
        found[code] = [labels[n] for n in keys.scores(moved).argmax(dim=1).tolist()]
    return without_slots(plan, found)


def _ngrams(plan: Plan, seed: int) -> Parses:
    from nlu.baselines import CHARACTERS, free_parses

    own = plan.own(seed)
    parses = [Parse(one.intent, one.slots) for one in own]
    free = free_parses(parses, [one.text for one in own], [one.tokens for one in own])
    return {
        test.code: free([one.text for one in test.utterances], test.tokens)[CHARACTERS]
        for test in plan.tests
    }


def _trained(plan: Plan, system: str, seed: int) -> Parses:
    from nlu.run import as_parses

    model = plan.trained(system, seed)
    return {test.code: as_parses(model.parse(test.tokens)) for test in plan.tests}


def _gloss(plan: Plan, seed: int) -> Parses:
    from nlu.run import as_parses
    from nlu.switching import glossed

    model = plan.trained("ours", seed)
    found: dict[str, list[Parse]] = {}
    files = dict(name.partition("=")[::2] for name in plan.lexicons)
    for test in plan.tests:
        if test.code not in files:
            continue
        lexicon = load_lexicon(resolve(test.code), resolve("en"), name=files[test.code] or None)
        made = glossed(test.tokens, compile_phrases(lexicon, "first"))
        said = as_parses(model.parse([words for words, _ in made]))
        found[test.code] = [
            Parse(parse.intent, on_words(parse.slots, origin, len(words)))
            for parse, (_, origin), words in zip(said, made, test.tokens, strict=True)
        ]
    return found


def on_words(tags: Sequence[str], origin: Sequence[int], number: int) -> tuple[str, ...]:
    """Tags of glossed words on the words that they stand for: the first of each counts.

    >>> on_words(("O", "B-time", "I-time", "I-time"), (0, 1, 1, 2), 3)
    ('O', 'B-time', 'I-time')
    """
    found = ["O"] * number
    for tag, place in zip(reversed(tags), reversed(origin), strict=True):
        found[place] = tag
    return tuple(
        f"B-{tag[2:]}" if tag.startswith("I-") and before[2:] != tag[2:] else tag
        for before, tag in zip(["O", *found], found, strict=False)
    )


CELLS: dict[str, Callable[[Plan, int], Parses]] = {
    "majority": _majority,
    "neighbour": _neighbour,
    "regression": _regression,
    "kernel": _kernel,
    "centred": lambda plan, seed: _kernel(plan, seed, centred=True),
    "ngrams": _ngrams,
    "tuned": lambda plan, seed: _trained(plan, "tuned", seed),
    "ours": lambda plan, seed: _trained(plan, "ours", seed),
    "switched": lambda plan, seed: _trained(plan, "switched", seed),
    "agreeing": lambda plan, seed: _trained(plan, "agreeing", seed),
    "gloss": _gloss,
}
TRAINED = ("tuned", "ours", "switched", "agreeing", "gloss")
HAVE_SLOTS = ("ngrams", *TRAINED)


def groups(codes: Sequence[str]) -> dict[str, list[str]]:
    """Which languages are averaged together."""
    others = [code for code in codes if code != "en"]
    found = {
        "en": [code for code in codes if code == "en"],
        OTHERS: others,
        WITH_LEXICON: [code for code in others if code in LEXICONS],
        "kk, zh": [code for code in others if code in ("kk", "zh")],
        DIALECT: [code for code in others if code in DIALECTS],
    }
    wanted = {"en": 1, OTHERS: 18, WITH_LEXICON: 11, "kk, zh": 2, DIALECT: 5}
    return {name: of for name, of in found.items() if len(of) == wanted[name]}


def drawn(
    tests: Sequence[UtteranceSet], parses: Parses, names: Sequence[str]
) -> dict[str, list[Floats]]:
    """By language the figures of each name, (1 + RESAMPLES,): that of all utterances comes first.

    Utterances are drawn by their ids, which all languages share; the same draws for all systems.
    """
    ids = sorted({one.id for test in tests for one in test.utterances})
    place = {one: number for number, one in enumerate(ids)}
    draws = np.random.default_rng(1).multinomial(len(ids), [1 / len(ids)] * len(ids), RESAMPLES)
    weights = np.vstack([np.ones(len(ids)), draws])
    found: dict[str, list[Floats]] = {}
    for test in tests:
        if test.code not in parses:
            continue
        intents, spans, exact = repaired_rows(test.parses, parses[test.code])
        totals = []
        for rows in (intents, spans, exact):
            table = np.zeros((len(ids), len(rows[0])))
            for one, row in zip(test.utterances, rows, strict=True):
                table[place[one.id]] += row
            totals.append(weights @ table)
        right, told, gold = totals[1].T
        f1 = 200 * right / np.maximum(told + gold, 1)
        shares = [100 * total[:, 0] / np.maximum(total[:, 1], 1) for total in totals]
        found[test.code] = [shares[0], f1, shares[2]][: len(names)]
    return found


def measured(tests: Sequence[UtteranceSet], parses: Parses, slots: bool) -> dict[str, Any]:
    """Figures by language, and means of groups with an interval: [value, low, high]."""
    names = NAMES if slots else NAMES[:1]
    by_code = drawn(tests, parses, names)
    means = {
        group: {
            name: interval([by_code[code][n] for code in codes]) for n, name in enumerate(names)
        }
        for group, codes in groups(list(by_code)).items()
    }
    figures = {
        code: {name: round(float(of[n][0]), 2) for n, name in enumerate(names)}
        for code, of in by_code.items()
    }
    return {"figures": figures, "means": means}


def interval(rows: Sequence[Floats]) -> list[float]:
    """The mean of rows of (1 + RESAMPLES,): its value, and the middle 95 % of what was drawn."""
    mean = np.mean(rows, axis=0)
    low, high = np.percentile(mean[1:], [2.5, 97.5])
    return [round(float(value), 2) for value in (mean[0], low, high)]


def keep(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the file, in the order of systems and seeds."""
    order = list(SYSTEMS)
    lines = [*read_lines(path, SHAPE), line]
    write_lines(path, lines, lambda one: (one["limit"], order.index(one["system"]), one["seed"]))


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """A row a system: means over seeds of intent accuracy / slot F1 / exact match, by group.

    The interval is of the other languages' mean, utterances drawn, the mean of the seeds' bounds;
    where there are several seeds, their smallest and largest value follow.
    """
    names = ("en", OTHERS, WITH_LEXICON, "kk, zh", DIALECT)
    rows = ["| | seeds | " + " | ".join(names) + " |", "| --- |" + " --- |" * (len(names) + 1)]
    for system, title in SYSTEMS.items():
        mine = [one for one in lines if one["system"] == system]
        if mine:
            seeds = ", ".join(str(one["seed"]) for one in mine)
            cells = [_cell(mine, name) for name in names]
            rows.append(f"| {title} | {seeds} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def by_language(lines: Sequence[Mapping[str, Any]]) -> str:
    """A row a language: the same three figures of systems that know slots, means over seeds."""
    systems = [one for one in HAVE_SLOTS if any(line["system"] == one for line in lines)]
    names = ["", *(SYSTEMS[one] for one in systems)]
    rows = [f"| {' | '.join(names)} |", "| --- |" + " --- |" * len(systems)]
    for code in sorted({code for line in lines for code in line["figures"]}):
        cells = []
        for system in systems:
            mine = [one["figures"].get(code) for one in lines if one["system"] == system]
            told = [
                "-" if None in mine else f"{np.mean([one[name] for one in mine]):.1f}"
                for name in NAMES
            ]
            cells.append("-" if set(told) == {"-"} else " / ".join(told))
        rows.append(f"| {code} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _cell(lines: Sequence[Mapping[str, Any]], group: str) -> str:
    if any(group not in one["means"] for one in lines):
        return "-"
    found = []
    for name in NAMES:
        triples = [one["means"][group].get(name) for one in lines]
        if None in triples:
            found.append("-")
            continue
        value, low, high = np.mean(triples, axis=0)
        told = f"{value:.1f}"
        if group == OTHERS:
            told += f" [{low:.1f}, {high:.1f}]"
        if group == OTHERS and len(lines) > 1:
            each = [triple[0] for triple in triples]
            told += f" ({min(each):.1f} to {max(each):.1f})"
        found.append(told)
    return " / ".join(found)


def to_do(given: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """The cells without a line; cheap systems first, a seed after the other."""
    there = {(one["system"], one["seed"]) for one in lines_of(given)}
    systems = chosen(given)
    for seed in map(int, given.seeds.split(",")):
        yield from ((system, seed) for system in systems if (system, seed) not in there)


def chosen(given: argparse.Namespace) -> list[str]:
    """The systems of --systems, or all."""
    systems = given.systems.split(",") if given.systems else list(SYSTEMS)
    if unknown := [system for system in systems if system not in SYSTEMS]:
        raise InputError(f"--systems {unknown[0]}: expected some of {', '.join(SYSTEMS)}")
    return systems


def lines_of(given: argparse.Namespace) -> list[dict[str, Any]]:
    """The cells of so many training utterances.

    Raises:
        InputError: cells of another number of updates are among them.
    """
    found = [one for one in read_lines(given.lines, SHAPE) if one["limit"] == given.limit]
    for one in found:
        if one["steps"] != given.steps:
            raise InputError(
                f"{given.lines}: has cells of --limit {given.limit} --steps {one['steps']}; give"
                " these, or another --lines"
            )
    return found


def options(description: str | None) -> argparse.ArgumentParser:
    """Those that say which cells are meant, and where they are."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--systems", help="some of them, with commas (default: all)")
    parser.add_argument("--limit", type=int, default=LIMIT, help="training utterances")
    parser.add_argument("--steps", type=int, default=280, help="updates of ours")
    parser.add_argument("--dtype", default="float32", help="of ours: float32 or bfloat16")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-nlu"))
    parser.add_argument("--lines", type=Path, default=LINES, help="the file of results")
    parser.add_argument("--document", type=Path, help="put the table between its marks there")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing and print the table."""
    parser = options(__doc__)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--table", action="store_true", help="run nothing")
    given = parser.parse_args(argv)
    try:
        plan = Plan(given)
        for system, seed in [] if given.table else to_do(given):
            began = time.process_time()
            told = measured(plan.tests, plan.parses(system, seed), system in HAVE_SLOTS)
            cell = {"system": system, "seed": seed, "limit": given.limit, "steps": given.steps}
            seconds = round(time.process_time() - began)
            keep(given.lines, {**cell, **told, "cpu_seconds": seconds, "dtype": given.dtype})
            print(f"{system}, seed {seed}: {seconds} s of processor time", flush=True)
        kept = lines_of(given)
        text = table(kept)
        print(text)
        if given.document:
            usual = given.limit == LIMIT
            in_document(given.document, "nlu" if usual else f"nlu-{given.limit}", text)
            if usual:
                in_document(given.document, "nlu-languages", by_language(kept))
    except KilolinguaError as error:
        parser.exit(2, f"python -m bench.nlu: error: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
