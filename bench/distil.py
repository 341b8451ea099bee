"""What each stage of the teacher's pipeline is worth: in-domain text by distillation, two by two.

    python -m bench.distil --step grid --seeds 1,2,3     # what is still to do, a line a cell
    python -m bench.distil --step speed                  # an update beside its parts, in turns
    python -m bench.distil --step decoder                # SmolLM2 into half its layers
    python -m bench.distil --table --document docs/DISTILLATION.md

The teacher is multilingual-e5-small, trimmed to the pieces that xSID's English training utterances
and its languages' dev utterances need: one run is tuned on English labels and asked about slots,
another keeps the encoder as it is and tells intents by near utterances, each language centred. The
student has two of its layers, half of their inner units and fewer pieces. Each student learns from
the same English labels for the same processor time:

nothing        random weights, labels
in-domain      random weights, masked pieces of the in-domain text first
truncated      two of the teacher's layers, labels
distilled      the same, and what the teacher says of the labelled utterances
both           the same, and of the languages' in-domain text without labels

Results are kept in bench/distil.jsonl, a line a cell, written when the cell ends: a cell whose line
is there is not run again. Sentences of the test parts are in nothing that is trained on.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.expansion import in_document
from bench.kept import read_lines, write_lines
from bench.nlu import NAMES, measured
from data.access import Access
from data.bounded import parse_json
from data.errors import KilolinguaError
from data.files import canonical_json, write_whole
from data.labels.slots import Utterance
from data.randomness import stream
from nlu.config import NluConfig
from nlu.sets import UtteranceSet, find_utterances, keep_out_of, without_tests

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {"step": str, "cell": str, "seed": int}
MODEL = "multilingual-e5-small"
LAYERS, INNER, PIECES = "0,11", 768, 11_000  # of the student
ENGLISH, OF_LANGUAGE = 3000, 200  # labelled utterances; unlabelled ones of each language, at most
STEPS_OF_TEACHER, NEAR = 240, 3000
CELLS = ("teacher", "nothing", "in-domain", "truncated", "distilled", "both")
TITLES = {
    "teacher": "teacher: tuned for slots, near utterances for intents",
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
                    prepared.model.save(out)
        return load_nlu(str(folder))

    def teachers(self, seed: int) -> tuple[Any, Any]:
        """Of a seed: tuned on English labels; the encoder as it is, with near utterances."""
        shared: dict[str, Any] = {"device": "cpu", "seed": seed, "model": str(self.base)}
        shared |= {"train": ("xsid:train",), "test": ("xsid:test:all",)}
        tuned = NluConfig(
            **shared, dev="xsid:dev:en", freeze=4, dtype="float32", steps=STEPS_OF_TEACHER,
            checkpoint_every=40, out=self.out / f"teacher-{seed}",
        )  # fmt: skip
        near = NluConfig(
            **shared, freeze=12, intents="kernel", centre=True, slot_weight=0.0, limit=NEAR,
            dtype="float32", steps=1, out=self.out / f"kernel-{seed}",
        )  # fmt: skip
        return self.run(tuned), self.run(near)


def _teacher(plan: Plan, seed: int) -> dict[str, Any]:
    """Both runs as one: slots of the tuned, intents of the near ones, moved by the dev part."""
    from metrics.intents import Parse

    tuned, near = (_parsed(plan, seed, name) for name in ("teacher", "kernel"))
    both = {
        code: [Parse(a[0], tuple(b[1])) for a, b in zip(near[code], tuned[code], strict=True)]
        for code in tuned
    }
    alone = {code: [Parse(one[0], tuple(one[1])) for one in tuned[code]] for code in tuned}
    return measured(plan.tests, both, slots=True) | {
        "alone": measured(plan.tests, alone, slots=True)["means"]
    }


def _parsed(plan: Plan, seed: int, name: str) -> dict[str, list[Any]]:
    """Intent and slots of every test utterance as a teacher's run has them, kept on disk."""
    path = plan.out / f"{name}-{seed}.parsed.json"
    if not path.exists():
        tuned, near = plan.teachers(seed)
        found = {}
        for test in plan.tests:
            if name == "teacher":
                found[test.code] = [[one.intent, one.slots] for one in tuned.parse(test.tokens)]
                continue
            vectors = near.pooled(test.tokens)
            if test.code != "en":
                [dev] = find_utterances(f"xsid:dev:{test.code}")
                known = near.pooled([one.tokens for one in dev.utterances[:OF_LANGUAGE]])
                vectors = vectors + near.network.centre - known.mean(dim=0)
            best = near.network.eval().intents_of(vectors).argmax(dim=-1).tolist()
            found[test.code] = [[near.shape.intents[number], []] for number in best]
        write_whole(path, canonical_json(found) + "\n")
    kept: dict[str, list[Any]] = parse_json(path.read_text("utf-8"), str(path), {str: [list]})
    return kept


def _student(plan: Plan, seed: int, cell: str) -> dict[str, Any]:
    from nlu.run import as_parses

    given = plan.given
    taught = cell in ("distilled", "both")
    base, seconds = plan.student(random=cell in ("nothing", "in-domain")), given.seconds
    if cell == "in-domain":
        base, seconds = _masked(plan, seed, base), seconds / 2
    config = NluConfig(
        (str(plan.labelled),), test=("xsid:test:all",), model=str(base), seconds=seconds,
        clock="cpu", learning_rate=given.rate, dtype="float32", device="cpu", seed=seed,
        checkpoint_every=200, soft_weight=given.soft,
        teacher=_names(plan, seed) if taught else (),
        unlabelled=plan.unlabelled if cell == "both" else (),
        answers=plan.out / "answers" if taught else None,
        out=plan.out / f"{cell}-{seed}-{given.tag}",
    )  # fmt: skip
    model = plan.run(config)
    parses = {test.code: as_parses(model.parse(test.tokens)) for test in plan.tests}
    return measured(plan.tests, parses, slots=True)


def _conll(one: Utterance) -> str:
    """An utterance in xSID's form."""
    rows = "".join(
        f"{number}\t{word}\t{one.intent}\t{slot}\n"
        for number, (word, slot) in enumerate(zip(one.tokens, one.slots, strict=True), 1)
    )
    return f"# text: {one.text}\n# intent: {one.intent}\n{rows}"


def _names(plan: Plan, seed: int) -> tuple[str, ...]:
    plan.teachers(seed)
    return f"{plan.out / f'teacher-{seed}'}:slots", f"{plan.out / f'kernel-{seed}'}:intents"


def _masked(plan: Plan, seed: int, base: Path) -> Path:
    """The student after half of its time with masked pieces of the in-domain text."""
    from training.pretrain import pretrain
    from training.pretraining.config import PretrainConfig

    made = pretrain(
        PretrainConfig(
            (str(plan.text(ENGLISH)),), "mlm", model=str(base), seconds=plan.given.seconds / 2,
            clock="cpu", length=64, batch_tokens=1024, learning_rate=1e-3, dtype="float32",
            device="cpu", seed=seed, out=plan.out / f"masked-{seed}-{plan.given.tag}",
        )
    )  # fmt: skip
    return made.model


def grid(plan: Plan) -> None:
    """Run the cells without a line."""
    there = {(one["cell"], one["seed"]) for one in read_lines(plan.given.lines, SHAPE)}
    cells = plan.given.cells.split(",")
    for seed in map(int, plan.given.seeds.split(",")):
        for cell in cells:
            if (cell, seed) in there:
                continue
            began = time.process_time()
            told = _teacher(plan, seed) if cell == "teacher" else _student(plan, seed, cell)
            seconds = round(time.process_time() - began)
            line = {"step": "grid", "cell": cell, "seed": seed, "cpu_seconds": seconds}
            line |= {"seconds": plan.given.seconds, **told}
            keep(plan.given.lines, line)
            print(cell, seed, told["means"], f"{seconds} s", flush=True)


def keep(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the file."""
    lines = [*read_lines(path, SHAPE), line]
    write_lines(path, lines, lambda _: 0)  # in the order in which they came


SPEED = {  # a case of each kind: encoders by states, decoders by probabilities
    "states": {"loss": "hidden", "layers": "3", "batch_tokens": 1024, "length": 64},
    "soft": {"loss": "soft,own:0.5", "layers": "15", "batch_tokens": 512, "length": 64},
}


def speed(plan: Plan) -> None:
    """An update of distillation beside the teacher's forward pass and the student's own update."""
    for case, options in SPEED.items():
        teacher = str(plan.base) if case == "states" else DECODER
        line: dict[str, Any] = {"step": "speed", "cell": case, "seed": 1}
        keep(plan.given.lines, line | _turns(plan, case, teacher, options))


def _turns(plan: Plan, case: str, teacher: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Processor seconds of each, medians over turns in which all come one after the other."""
    import torch

    from training.distillation.config import DistilConfig
    from training.distillation.run import prepare
    from training.joint import body_of
    from training.losses import causal_loss

    config = DistilConfig(
        (str(plan.text(ENGLISH)),), (teacher,), steps=10_000, limit=600, held_out=0.0, cache="yes",
        device="cpu", out=plan.out / f"speed-{case}", **options,
    )  # fmt: skip
    with prepare(config, plan.access) as prepared:
        distilled, texts = prepared.distilled, prepared.texts
        groups = texts.in_order(config.batch_tokens)[: plan.given.turns]
        optimiser = torch.optim.AdamW(distilled.parameters(), lr=1e-5, fused=True)
        teachers, student = prepared.teacher, prepared.student.model
        targets = prepared.targets

        def update(total: torch.Tensor) -> None:
            total.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        def forward(group: Any) -> None:
            batch = texts.batch(group)
            with torch.no_grad():
                model = teachers.models[0]
                inputs = {n: batch[n] for n in ("input_ids", "attention_mask")}
                model(**inputs)

        def alone(group: Any) -> None:
            batch = texts.batch(group)
            if case == "soft":
                update(causal_loss(student, batch)[0] / 100)
                return
            inputs = {n: batch[n] for n in ("input_ids", "attention_mask")}
            update(body_of(student)(**inputs).last_hidden_state.square().mean())

        def asked(group: Any) -> None:
            update(distilled(texts.batch(group))[0] / 100)

        def kept(group: Any) -> None:
            assert targets is not None  # --cache yes
            update(distilled(texts.batch(group) | targets.batch(group))[0] / 100)

        parts = {"forward": forward, "student": alone, "asked": asked, "kept": kept}
        seconds: dict[str, list[float]] = {name: [] for name in parts}
        for turn, group in enumerate(groups):
            for name, part in parts.items():
                began = time.process_time()
                part(group)
                if turn:  # the first is slower, of all
                    seconds[name].append(time.process_time() - began)
    return _ratios(seconds) | {"teacher": teacher, **options}


def _ratios(seconds: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """An update beside its parts: medians of the turns' own ratios, and of seconds."""
    turns = list(zip(*seconds.values(), strict=True))
    of = [dict(zip(seconds, one, strict=True)) for one in turns]
    asked = [one["asked"] / (one["forward"] + one["student"]) for one in of]
    kept = [one["kept"] / one["student"] for one in of]
    return {
        "seconds_per_update": {n: round(statistics.median(o), 4) for n, o in seconds.items()},
        "asked_ratio": round(statistics.median(asked), 3),
        "kept_ratio": round(statistics.median(kept), 3),
        "turns": len(asked),
    }


DECODER = "smollm2-135m-instruct"


def decoder(plan: Plan) -> None:
    """SmolLM2 into half its layers on Swahili news: bits of a byte before and after."""
    from training.distil import distil
    from training.distillation.config import DistilConfig

    began = time.process_time()
    done = distil(
        DistilConfig(
            ("lafand:train:sw",), (DECODER,), layers="15", loss="soft,own:0.5", limit=1500,
            length=64, batch_tokens=512, held_out=0.03, held_out_limit=40, cache="no",
            seconds=plan.given.seconds, clock="cpu", device="cpu", learning_rate=3e-4,
            out=plan.out / "decoder",
        ),
        plan.access,
    )  # fmt: skip
    line: dict[str, Any] = {"step": "decoder", "cell": DECODER, "seed": 1}
    seconds = round(time.process_time() - began)
    line |= {"cpu_seconds": seconds, "scores": done.rows(), "training": done.told["training"]}
    keep(plan.given.lines, line | {"model": done.told["model"]})
    print(done.rows(), seconds)


STEPS: dict[str, Callable[[Plan], None]] = {"grid": grid, "speed": speed, "decoder": decoder}
GROUPS = {"en": "en", "18 others": "18 others", "5 dialects": "5 dialects"}


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """A row a cell: intent accuracy / slot F1 / exact match, means over seeds, and all 19."""
    rows = ["| | seeds | en | 18 others | 5 dialects | exact match, all 19 |"]
    rows.append("| --- |" + " --- |" * 5)
    for cell, title in TITLES.items():
        mine = [one for one in lines if one["step"] == "grid" and one["cell"] == cell]
        if not mine:
            continue
        cells = []
        for group in GROUPS:
            triples = [[one["means"][group][name][0] for one in mine] for name in NAMES]
            cells.append(" / ".join(f"{statistics.mean(some):.1f}" for some in triples))
        each = [macro(one) for one in mine]
        spread = f" ({min(each):.1f} to {max(each):.1f})" if len(each) > 1 else ""
        seeds = ", ".join(str(one["seed"]) for one in mine)
        rows.append(
            f"| {title} | {seeds} | {' | '.join(cells)} | {statistics.mean(each):.1f}{spread} |"
        )
    return "\n".join(rows) + "\n"


def macro(line: Mapping[str, Any]) -> float:
    """The mean exact match over all languages."""
    return statistics.mean(one["exact match"] for one in line["figures"].values())


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--step", choices=tuple(STEPS), default="grid")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--cells", default=",".join(CELLS), help="some of them, with commas")
    parser.add_argument("--seconds", type=float, default=60, help="of processor time a student")
    parser.add_argument("--rate", type=float, default=1e-3, help="the students' learning rate")
    parser.add_argument("--soft", type=float, default=2.0, help="weight of the teacher's answers")
    parser.add_argument("--turns", type=int, default=8, help="of --step speed")
    parser.add_argument("--tag", default="a", help="of the run folders")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-distil"))
    parser.add_argument("--lines", type=Path, default=LINES, help="the file of results")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--document", type=Path, help="put the table between its marks there")
    given = parser.parse_args(argv)
    try:
        if not given.table:
            STEPS[given.step](Plan(given))
        text = table(read_lines(given.lines, SHAPE))
        print(text)
        if given.document:
            in_document(given.document, "distillation", text)
    except KilolinguaError as error:
        parser.exit(2, f"python -m bench.distil: error: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
