"""What each stage of the teacher's pipeline is worth: in-domain text by distillation, two by two.

    python -m bench.distil --seeds 1,2,3                    # what is still to do, a line a cell
    python -m bench.distil --table --document docs/DISTILLATION.md

The teacher is multilingual-e5-small, trimmed to the pieces that xSID's English training utterances
and its languages' dev utterances need: one run is tuned on English labels, with copies of them
whose words lexicons have translated; another keeps the encoder as it is and tells intents by near
utterances, each language centred; intents are the mean of both. The student has two of its layers,
half of their inner units and fewer pieces. Each student learns from the same English labels for the
same processor time, first stage and all:

tf-idf         n-grams with a linear model, words with a CRF
tuned          the big model, tuned as it is, without near utterances
alone          the big model on the student's English labels alone: no second stage of any kind
nothing        random weights, labels
in-domain      random weights, masked pieces of the in-domain text first
truncated      two of the teacher's layers, labels
distilled      the same, and what the teacher says of the labelled utterances
both           two of the teacher's layers, labels, and what the teacher says of them and of the
               in-domain utterances without labels (with --states, its states of them first)

In-domain text: English training utterances, those of the languages' dev parts, and synthetic
ones, English utterances with words of eleven lexicons. Results are kept in bench/distil.jsonl, a
line a cell, written when the cell ends: a cell whose line is there is not run again. Sentences of
the test parts are in nothing that is trained on. `bench.distil_costs` has what it costs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.expansion import in_document
from bench.kept import read_lines, write_lines
from bench.nlu import LEXICONS, NAMES, Floats, Parses, measured
from data.access import Access
from data.bounded import parse_json
from data.errors import KilolinguaError
from data.files import canonical_json, write_whole
from data.labels.bio import OUTSIDE
from data.labels.slots import Utterance
from data.randomness import stream
from metrics.intents import Parse, repaired_rows
from nlu.config import NluConfig
from nlu.sets import UtteranceSet, find_utterances, keep_out_of, without_tests

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {"step": str, "cell": str, "seed": int}
MODEL = "multilingual-e5-small"
LAYERS, INNER, PIECES = "0,11", 768, 11_000  # of the student
ENGLISH, OF_LANGUAGE = 4000, 300  # labelled utterances; unlabelled ones of each language, at most
SYNTHETIC = 300  # utterances with words of each lexicon
OF_TEACHER, SECONDS_OF_TEACHER, NEAR, BATCH = 20_000, 540, 3000, 256
RATE_OF_BIG, FROZEN = 2e-4, 4
CELLS = (
    "teacher",
    "tuned",
    "tf-idf",
    "alone",
    "nothing",
    "in-domain",
    "truncated",
    "distilled",
    "both",
)
STUDENTS = CELLS[4:]
TRAINED = CELLS[3:]  # by seed, for so many seconds
RANDOM = ("nothing", "in-domain")
TEACHER_SEED = 1  # one teacher for all seeds of the students
TITLES = {
    "teacher": "teacher: tuned, and near utterances for intents",
    "tuned": "the big model, tuned alone",
    "tf-idf": "n-grams, linear; CRF",
    "alone": "the big model on the same labels alone",
    "nothing": "student from nothing",
    "in-domain": "student, in-domain text",
    "truncated": "student of the teacher's layers",
    "distilled": "student, distilled",
    "both": "student, in-domain text and distilled",
}


class Plan:
    """What cells share: text, the teacher of a seed, the student before its first update."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.out = given, given.out
        self.access = Access(report=print)

    @cached_property
    def tests(self) -> list[UtteranceSet]:
        """xSID's test part in every language."""
        return find_utterances("xsid:test:all")

    @cached_property
    def intents(self) -> list[str]:
        """All intents, in alphabetical order."""
        return sorted({one.intent for one in find_utterances("xsid:train")[0].utterances})

    @cached_property
    def texts(self) -> tuple[list[str], list[str]]:
        """In-domain text: English training utterances, and all languages' dev ones, no labels."""
        keep_out, dropped = keep_out_of(self.tests), Counter[str]()
        train = without_tests(find_utterances("xsid:train")[0], keep_out, dropped)
        others: list[str] = []
        for one in find_utterances("xsid:dev:all"):
            found = [u.text for u in without_tests(one, keep_out, dropped).utterances]
            rng = stream(1, "in-domain", one.code)
            others += found if len(found) <= OF_LANGUAGE else rng.sample(found, OF_LANGUAGE)
        return [one.text for one in train.utterances], others

    def text(self, english: int) -> Path:
        """A file of it, with so many English utterances."""
        path = self.out / f"text-{english}.txt"
        if not path.exists():
            own, others = self.texts
            chosen = own if english >= len(own) else stream(1, "english").sample(own, english)
            self.out.mkdir(parents=True, exist_ok=True)
            write_whole(path, "".join(f"{one}\n" for one in [*chosen, *others]))
        return path

    def trimmed(self, name: str, source: Path | str, english: int, pieces: int | None) -> Path:
        """A model with the pieces that the text needs."""
        from models.resolve import resolve_model
        from training.tokenizer.trimmed_model import trim_model

        folder = self.out / name
        if not folder.exists():
            lines = self.text(english).read_text("utf-8").splitlines()
            base = resolve_model(str(source), self.access).folder
            trim_model(base, folder, lambda: iter(lines), pieces=pieces)
        return folder

    @property
    def base(self) -> Path:
        """The teacher before its labels."""
        return self.trimmed("base", MODEL, 1_000_000, None)

    def student(self, *, random: bool) -> Path:
        """The student before its first update: of the teacher's layers, or of random weights."""
        from models.tokenizer import open_fast_tokenizer
        from training.distillation.student import smaller
        from training.folders import folder_appears_whole
        from training.tokenizer.embeddings import open_model, save_model

        folder = self.out / f"student-{'random' if random else 'layers'}"
        if not folder.exists():
            few = self.trimmed("few-pieces", self.base, ENGLISH, PIECES)
            model = smaller(open_model(few), LAYERS, inner=INNER)
            if random:
                from models.weights import random_model
                from training.architectures import seeded

                with seeded(1):
                    model = random_model("AutoModel", model.config)
            with folder_appears_whole(folder) as out:
                save_model(model, open_fast_tokenizer(few), out)
        return folder

    @property
    def labelled(self) -> Path:
        """English utterances with labels, the same ones for every seed, in xSID's form."""
        path = self.out / "labelled.conll"
        if not path.exists():
            keep_out, dropped = keep_out_of(self.tests), Counter[str]()
            [found] = find_utterances("xsid:train")
            own = without_tests(found, keep_out, dropped).utterances
            chosen = stream(1, "labelled").sample(own, ENGLISH)
            write_whole(path, "\n".join(map(_conll, chosen)))
        return path

    @property
    def synthetic(self) -> list[str]:
        """English utterances with words of a lexicon, a file a lexicon, the same for every seed."""
        from nlu.switching import open_tables, switched

        paths = {code: self.out / "synthetic" / f"{code}.conll" for code in LEXICONS}
        lacking = [code for code, path in paths.items() if not path.exists()]
        if lacking:
            [own] = find_utterances(str(self.labelled))
            keep_out, dropped = keep_out_of(self.tests), Counter[str]()
            (self.out / "synthetic").mkdir(parents=True, exist_ok=True)
        for code in lacking:
            tables = open_tables((code,), inflect=False, access=self.access)
            chosen = stream(1, "synthetic", code).sample(own.utterances, SYNTHETIC)
            found = switched(chosen, tables, ratio=0.5, draws=1, seed=1)
            made = replace(own, utterances=tuple(copy for copy, _ in found), labels=None)
            kept = without_tests(made, keep_out, dropped).utterances
            write_whole(paths[code], "\n".join(map(_conll, kept)))
        return [str(path) for path in paths.values()]

    @property
    def in_domain(self) -> Path:
        """All in-domain text, a file of lines: what first stages read."""
        path = self.out / "in-domain.txt"
        if not path.exists():
            sets = [one for name in self.synthetic for one in find_utterances(name)]
            made = "".join(f"{one.text}\n" for of in sets for one in of.utterances)
            write_whole(path, self.text(ENGLISH).read_text("utf-8") + made)
        return path

    @property
    def unlabelled(self) -> tuple[str, ...]:
        """The languages' dev parts, at most so many of each, the same ones for every seed."""
        names = []
        for one in find_utterances("xsid:dev:all"):
            path = self.out / "unlabelled" / f"{one.code}.conll"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                found = list(one.utterances)
                rng = stream(1, "in-domain", one.code)
                chosen = rng.sample(found, min(OF_LANGUAGE, len(found)))
                write_whole(path, "\n".join(map(_conll, chosen)))
            names.append(str(path))
        return tuple(names)

    def run(self, config: NluConfig) -> Any:
        """A model of nlu.train, trained and saved; killed, it goes on."""
        from nlu.model import load_nlu
        from nlu.run import prepare, train
        from training.folders import folder_appears_whole

        folder = Path(str(config.out)) / "model"
        if not folder.exists():
            with prepare(config, self.access) as prepared:
                train(prepared)
                with folder_appears_whole(folder) as out:
                    replace(prepared.model, dtype=self.given.dtype).save(out)
        return load_nlu(str(folder))

    def teachers(self, seed: int) -> tuple[Any, Any]:
        """Of a seed: tuned on English labels; the encoder as it is, with near utterances."""
        shared: dict[str, Any] = {"device": "cpu", "seed": seed, "model": str(self.base)}
        shared |= {"train": ("xsid:train",), "test": ("xsid:test:all",)}
        tuned = NluConfig(
            **shared, dev="xsid:dev:en", freeze=FROZEN, dtype="float32", limit=OF_TEACHER,
            switch=LEXICONS, batch_tokens=BATCH, seconds=SECONDS_OF_TEACHER, clock="cpu",
            checkpoint_every=200, out=self.out / f"teacher-{seed}",
        )  # fmt: skip
        near = NluConfig(
            **shared, freeze=12, intents="kernel", centre=True, slot_weight=0.0, limit=NEAR,
            dtype="float32", steps=1, out=self.out / f"kernel-{seed}",
        )  # fmt: skip
        return self.run(tuned), self.run(near)


def _teacher(plan: Plan, _: int) -> Parses:
    """Both runs as one: slots of the tuned, the mean of both runs' probabilities of intents."""
    tuned, near = (_told(plan, name) for name in ("teacher", "kernel"))
    return {
        code: [
            Parse(plan.intents[int(np.add(a[0], b[0]).argmax())], tuple(a[1]))
            for a, b in zip(tuned[code], near[code], strict=True)
        ]
        for code in tuned
    }


def _alone(plan: Plan, name: str) -> Parses:
    return {
        code: [Parse(plan.intents[int(np.argmax(one[0]))], tuple(one[1])) for one in told]
        for code, told in _told(plan, name).items()
    }


def _ngrams(plan: Plan, _: int) -> Parses:
    """What costs nothing: tf-idf of characters for intents, features of words for slots."""
    from nlu.baselines import CHARACTERS, free_parses

    [found] = find_utterances(str(plan.labelled))
    own = found.utterances
    free = free_parses(found.parses, [one.text for one in own], [one.tokens for one in own])
    return {
        test.code: free([one.text for one in test.utterances], test.tokens)[CHARACTERS]
        for test in plan.tests
    }


def _told(plan: Plan, name: str) -> dict[str, list[Any]]:
    """Probabilities of intents and slots of every test utterance, of a run, kept on disk."""
    from nlu.decoding import best_tags, names
    from nlu.model import valid

    path = plan.out / f"{name}-{TEACHER_SEED}.told.json"
    if not path.exists():
        model = plan.teachers(TEACHER_SEED)[name == "kernel"]
        columns = [plan.intents.index(one) for one in model.shape.intents]
        found = {}
        for test in plan.tests:
            if name == "kernel":
                intents, slots = _near(model, test), [[OUTSIDE] * len(one) for one in test.tokens]
            else:
                intents, tags = model.probabilities(test.tokens)
                slots = [list(valid(names(best_tags(one), model.shape.tags))) for one in tags]
            every = np.zeros((len(intents), len(plan.intents)))
            every[:, columns] = np.exp(intents)
            found[test.code] = [[row.round(4).tolist(), own]
                                for row, own in zip(every, slots, strict=True)]  # fmt: skip
        write_whole(path, canonical_json(found) + "\n")
    kept: dict[str, list[Any]] = parse_json(path.read_text("utf-8"), str(path), {str: [list]})
    return kept


def _near(model: Any, test: UtteranceSet) -> Any:
    """Logarithms of probabilities of intents; vectors are moved by the mean of the dev part."""
    vectors = model.pooled(test.tokens)
    if test.code != "en":
        [dev] = find_utterances(f"xsid:dev:{test.code}")
        known = model.pooled([one.tokens for one in dev.utterances[:OF_LANGUAGE]])
        vectors = vectors + model.network.centre - known.mean(dim=0)
    with torch.no_grad():
        scores = model.network.eval().intents_of(vectors)
    return scores.float().log_softmax(dim=-1).numpy()


def _student(plan: Plan, seed: int, cell: str) -> Parses:
    from nlu.run import as_parses

    given, alone = plan.given, cell == "alone"
    taught = cell in ("distilled", "both")
    base, share = plan.base if alone else plan.student(random=cell in RANDOM), 0.0
    if cell == "in-domain":
        base, share = _masked(plan, seed, base), given.first
    if cell == "both" and given.states:
        base, share = _states(plan, base), given.first
    config = NluConfig(
        (str(plan.labelled),), test=("xsid:test:all",), model=str(base),
        seconds=given.seconds * (1 - share), clock="cpu",
        learning_rate=RATE_OF_BIG if alone else given.rate, freeze=FROZEN if alone else None,
        dtype="float32", device="cpu", seed=seed, checkpoint_every=500, batch_tokens=BATCH,
        soft_weight=given.soft if taught else 1.0,
        teacher=_names(plan) if taught else (),
        unlabelled=(*plan.unlabelled, *plan.synthetic) if cell == "both" else (),
        answers=plan.out / "answers" if taught else None,
        out=plan.out / f"{cell}-{seed}-{given.tag}",
    )  # fmt: skip
    model = plan.run(config)
    return {test.code: as_parses(model.parse(test.tokens)) for test in plan.tests}


def _conll(one: Utterance) -> str:
    """An utterance in xSID's form."""
    rows = "".join(
        f"{number}\t{word}\t{one.intent}\t{slot}\n"
        for number, (word, slot) in enumerate(zip(one.tokens, one.slots, strict=True), 1)
    )
    return f"# text: {one.text}\n# intent: {one.intent}\n{rows}"


def _names(plan: Plan) -> tuple[str, ...]:
    plan.teachers(TEACHER_SEED)
    tuned, near = (plan.out / f"{name}-{TEACHER_SEED}" for name in ("teacher", "kernel"))
    return str(tuned), f"{near}:intents"


def _masked(plan: Plan, seed: int, base: Path) -> Path:
    """The student after its first stage, masked pieces of the in-domain text."""
    from training.pretrain import pretrain
    from training.pretraining.config import PretrainConfig

    given = plan.given
    made = pretrain(
        PretrainConfig(
            (str(plan.in_domain),), "mlm", model=str(base), seconds=given.seconds * given.first,
            clock="cpu", length=64, batch_tokens=512, learning_rate=1e-3, dtype="float32",
            device="cpu", seed=seed, out=plan.out / f"masked-{seed}-{given.tag}",
        )
    )  # fmt: skip
    return made.model


def _states(plan: Plan, base: Path) -> Path:
    """The student after its first stage, the tuned teacher's states of the in-domain text.

    It is the same for all seeds, made once; what the teacher says is remembered before the clock
    starts, as its answers are.
    """
    from training.distil import distil
    from training.distillation.config import DistilConfig

    plan.teachers(TEACHER_SEED)
    made = distil(
        DistilConfig(
            (str(plan.in_domain),), (str(plan.out / f"teacher-{TEACHER_SEED}" / "model"),),
            student=str(base), loss=plan.given.states, layer_map="1:6,2:12", cache="yes",
            targets=plan.out / "states", seconds=plan.given.seconds * plan.given.first,
            clock="cpu", length=64, batch_tokens=512, learning_rate=plan.given.rate,
            held_out=0.0, dtype="float32", device="cpu", out=plan.out / f"states-{plan.given.tag}",
        ),
        plan.access,
    )  # fmt: skip
    return made.model


SYSTEMS: dict[str, Callable[[Plan, int], Parses]] = {
    "teacher": _teacher,
    "tuned": lambda plan, _: _alone(plan, "teacher"),
    "tf-idf": _ngrams,
}


def grid(plan: Plan) -> None:
    """Run the cells without a line; those without a seed of their own, once."""
    there = {(one["cell"], one["seed"]) for one in read_lines(plan.given.lines, SHAPE)}
    seeds = [int(one) for one in plan.given.seeds.split(",")]
    for seed, cell in [(seed, cell) for seed in seeds for cell in plan.given.cells.split(",")]:
        if (cell, seed) in there or (cell in SYSTEMS and seed > 1):
            continue
        began = time.process_time()
        own = SYSTEMS.get(cell)
        parses = own(plan, seed) if own else _student(plan, seed, cell)
        told = measured(plan.tests, parses, slots=True)
        seconds = round(time.process_time() - began)
        line = {"step": "grid", "cell": cell, "seed": seed, "cpu_seconds": seconds}
        line |= {"seconds": plan.given.seconds} if cell in TRAINED else {}
        keep(plan.given.lines, line | told | {"by id": exact_by_id(plan.tests, parses)})
        print(cell, seed, told["means"], f"{seconds} s", flush=True)


def exact_by_id(tests: Sequence[UtteranceSet], parses: Parses) -> list[float]:
    """What each utterance, in all languages that have it, adds to the mean exact match.

    Returns:
        A number an id, in the order of ids; their mean is the mean over languages, 0 to 100. "7/2"
        is id 7 in the second of a language's ways to say it, as Norwegian has them.
    """
    ids = sorted({_id(one) for test in tests for one in test.utterances})
    found = dict.fromkeys(ids, 0.0)
    for test in tests:
        _, _, exact = repaired_rows(test.parses, parses[test.code])
        share = 100 * len(ids) / len(tests) / sum(row[1] for row in exact)
        for one, row in zip(test.utterances, exact, strict=True):
            found[_id(one)] += share * row[0]
    return [round(found[one], 3) for one in ids]


def _id(one: Utterance) -> str:
    return one.id.partition("/")[0]


def keep(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the file."""
    lines = [*read_lines(path, SHAPE), line]
    write_lines(path, lines, lambda _: 0)  # in the order in which they came


GROUPS = {"en": "en", "18 others": "18 others", "5 dialects": "5 dialects"}


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """A row a cell: intent accuracy / slot F1 / exact match, means over seeds, and all 19.

    The interval of all 19 draws seeds and utterances, which the languages share.
    """
    rows = ["| | seeds | en | 18 others | 5 dialects | exact match, all 19 |"]
    rows.append("| --- |" + " --- |" * 5)
    by_cell = {cell: _of(lines, cell) for cell in TITLES}
    for cell, mine in by_cell.items():
        if not mine:
            continue
        cells = []
        for group in GROUPS:
            triples = [[one["means"][group][name][0] for one in mine] for name in NAMES]
            cells.append(" / ".join(f"{statistics.mean(some):.1f}" for some in triples))
        exact = _shown(interval([_exact(mine)], lambda one: one), "{:.1f}")
        seeds = len(mine) if cell in TRAINED else "-"
        rows.append(f"| {TITLES[cell]} | {seeds} | {' | '.join(cells)} | {exact} |")
    return "\n".join([*rows, "", *comparisons(by_cell)]) + "\n"


def comparisons(by_cell: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """What each stage is worth: differences and ratios with intervals, in pairs."""
    rows = [
        "| | in points | error less by, % | of the teacher's exact match, % |",
        "|" + " --- |" * 4,
    ]
    base, teacher = by_cell["nothing"], by_cell["teacher"]
    for cell in STUDENTS:
        mine = by_cell[cell]
        if not (mine and teacher):
            continue
        cells = "- | -"
        if base and cell != "nothing":
            pair = [_exact(base), _exact(mine)]
            points = interval(pair, lambda a, b: b - a)
            less = interval(pair, lambda a, b: 100 * (b - a) / (100 - a))
            cells = f"{_shown(points, '{:+.1f}')} | {_shown(less, '{:.1f}')}"
        kept = interval([_exact(mine), _exact(teacher)], lambda a, b: 100 * a / b)
        rows.append(f"| {TITLES[cell]} | {cells} | {_shown(kept, '{:.1f}')} |")
    for big in ("tuned", "alone"):
        if by_cell["both"] and by_cell[big]:
            pair = [_exact(by_cell[big]), _exact(by_cell["both"])]
            ahead = _shown(interval(pair, lambda a, b: b - a), "{:+.1f}")
            rows += ["", f"The student of both stages against {TITLES[big]}: {ahead} points."]
    return rows


def interval(
    sides: Sequence[Floats], of: Callable[..., Any], draws: int = 2000
) -> tuple[float, float, float]:
    """A figure of the sides' means and its 95 % interval; utterances and seeds are drawn.

    Args:
        sides: each (seeds, ids). Ids are drawn in pairs; so are seeds where sides have as many.
    """
    rng = np.random.default_rng(1)
    values = []
    number = sides[0].shape[1]
    for _ in range(draws):
        weights = rng.multinomial(number, [1 / number] * number)
        seeds = {n: rng.integers(n, size=n) for n in sorted({len(side) for side in sides})}
        drawn = (side[seeds[len(side)]] @ weights / number for side in sides)
        values.append(of(*(one.mean() for one in drawn)))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(of(*(side.mean() for side in sides))), float(low), float(high)


def _of(lines: Sequence[Mapping[str, Any]], cell: str) -> list[Mapping[str, Any]]:
    found = [one for one in lines if one["step"] == "grid" and one["cell"] == cell]
    return sorted(found, key=lambda one: int(one["seed"]))


def _exact(lines: Sequence[Mapping[str, Any]]) -> Floats:
    return np.array([one["by id"] for one in lines], float)


def _shown(found: tuple[float, float, float], form: str) -> str:
    value, low, high = (form.format(one) for one in found)
    return f"{value} [{low}, {high}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--cells", default=",".join(CELLS), help="some of them, with commas")
    parser.add_argument("--seconds", type=float, default=60, help="of processor time a student")
    parser.add_argument("--rate", type=float, default=1e-3, help="the students' learning rate")
    parser.add_argument("--soft", type=float, default=2.0, help="weight of the teacher's answers")
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16"), help="of all answers"
    )
    parser.add_argument("--first", type=float, default=0.3, help="share of a first stage")
    parser.add_argument("--states", help="loss of a first stage of the last cell: hidden:1")
    parser.add_argument("--tag", default="a", help="of the run folders")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-distil"))
    parser.add_argument("--lines", type=Path, default=LINES, help="the file of results")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--document", type=Path, help="put the table between its marks there")
    parser.add_argument("--marks", default="distillation", help="the name of its marks")
    given = parser.parse_args(argv)
    try:
        if not given.table:
            grid(Plan(given))
        text = table(read_lines(given.lines, SHAPE))
        print(text)
        if given.document:
            in_document(given.document, given.marks, text)
    except KilolinguaError as error:
        parser.exit(2, f"python -m bench.distil: error: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
