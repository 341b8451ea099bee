"""What distillation costs and its students save; a decoder of half the layers.

    python -m bench.distil_costs --step speed                # an update beside its parts, in turns
    python -m bench.distil_costs --step students --student RUN   # memory, utterances a second
    python -m bench.distil_costs --step decoder --seconds 240    # SmolLM2 into half its layers
    python -m bench.distil_costs --table --document docs/DISTILLATION.md

Everything runs on one core, all sides of a comparison in each round one after the other, in
processor time; ratios are taken within a round, and medians over rounds. Text, teacher and student
are those of `bench.distil` (--out is its folder, which its cells fill). A line a result is kept in
bench/distil_costs.jsonl.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.distil import ENGLISH, Plan
from bench.expansion import in_document
from bench.kept import read_lines, write_lines
from data.errors import KilolinguaError

LINES = Path(__file__).with_suffix(".jsonl")
SHAPE = {"step": str, "cell": str}
DECODER = "smollm2-135m-instruct"
SPEED: dict[str, dict[str, Any]] = {  # encoders by states, decoders by probabilities
    "states": {"loss": "hidden", "layers": "3", "batch_tokens": 1024, "length": 64, "limit": 600},
    "soft": {
        "loss": "soft:1,own:0.5", "layers": "15", "batch_tokens": 512, "length": 64, "limit": 240
    },
}  # fmt: skip
BATCHES = (32, 1)
TIMED, ALONE = 320, 60  # utterances of a round, in batches and one by one
SHOWN = {"states": "states, an encoder", "soft": "probabilities, a decoder"}


def speed(plan: Plan) -> None:
    """An update of distillation beside the teacher's forward pass and the student's own update."""
    for case in plan.given.cases.split(","):
        teacher = str(plan.base) if case == "states" else DECODER
        line: dict[str, Any] = {"step": "speed", "cell": case}
        keep(plan.given.lines, line | _turns(plan, case, teacher, SPEED[case]))


def _turns(plan: Plan, case: str, teacher: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Processor seconds of each, medians over turns in which all come one after the other."""
    import torch

    from training.distillation.config import DistilConfig
    from training.distillation.run import prepare
    from training.joint import body_of
    from training.losses import causal_loss

    config = DistilConfig(
        (str(plan.text(ENGLISH)),), (teacher,), steps=10_000, held_out=0.0, cache="yes",
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


def students(plan: Plan) -> None:
    """A student beside its teacher: bytes, utterances a second in batches and one by one."""
    from bench.nlu_speed import seconds
    from nlu.model import load_nlu
    from nlu.onnx import export, with_graph

    given = plan.given
    teacher, student = (
        load_nlu(str(one), dtype="float32") for one in (given.teacher, given.student)
    )
    tokens = [one for test in plan.tests for one in test.tokens]
    tokens = tokens[:: len(tokens) // TIMED][:TIMED]
    ways: dict[str, Callable[..., Any]] = {"teacher": teacher.parse, "student": student.parse}
    for name, model in (("teacher", teacher), ("student", student)):
        path = plan.out / f"{name}.onnx"
        export(model, path, int8=True)
        ways[f"{name}, int8"] = with_graph(model, path).parse
    for batch in BATCHES:
        some = tokens if batch > 1 else tokens[:: TIMED // ALONE]
        took = [{n: seconds(way, some, batch) for n, way in ways.items()}
                for _ in range(given.turns)]  # fmt: skip
        pace = {n: len(some) / statistics.median(one[n] for one in took) for n in ways}
        pairs = {"student": "teacher", "student, int8": "teacher, int8"}
        times = {n: statistics.median(one[its] / one[n] for one in took)
                 for n, its in pairs.items()}  # fmt: skip
        line = {"step": "students", "cell": str(batch), "turns": given.turns}
        line |= {"pace": _round(pace), "times": _round(times), "utterances": len(some)}
        size = {"teacher": _bytes(given.teacher), "student": _bytes(given.student)}
        for name in ("teacher", "student"):
            size[f"{name}, int8"] = (plan.out / f"{name}.onnx").stat().st_size
        keep(given.lines, line | {"bytes": size})


def _bytes(run: Path) -> int:
    return sum(path.stat().st_size for path in (run / "model").glob("*.safetensors"))


def _round(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(one), 3) for name, one in numbers.items()}


def decoder(plan: Plan) -> None:
    """SmolLM2 into half its layers on Swahili news: bits of a byte, and one-shot translation."""
    from training.distil import distil
    from training.distillation.config import DistilConfig

    began, given = time.process_time(), plan.given
    done = distil(
        DistilConfig(
            ("lafand:train:sw",), (DECODER,), layers="15", loss="soft:1,own:0.5", limit=1500,
            length=64, batch_tokens=512, held_out=0.03, held_out_limit=40, cache="no",
            seconds=given.seconds, clock="cpu", device="cpu", learning_rate=3e-4,
            dtype="float32", out=plan.out / f"decoder-{given.seconds:g}",
        ),
        plan.access,
    )  # fmt: skip
    seconds = round(time.process_time() - began)
    line: dict[str, Any] = {"step": "decoder", "cell": DECODER, "cpu_seconds": seconds}
    line |= {"seconds": given.seconds, "scores": done.rows(), "training": done.told["training"]}
    keep(given.lines, line | {"model": done.told["model"]})
    models = {"teacher": DECODER, "begun": str(_begun(plan)), "student": str(done.model)}
    for name, model in models.items():
        line = {"step": "translation", "cell": name, "limit": given.limit}
        keep(given.lines, line | {"scores": _translated(plan, name, model)})


def _begun(plan: Plan) -> Path:
    """The student before its first update."""
    from models.resolve import resolve_model
    from models.tokenizer import open_fast_tokenizer
    from models.weights import open_weights
    from training.distillation.student import smaller
    from training.folders import folder_appears_whole
    from training.pretraining.model import class_of
    from training.tokenizer.embeddings import save_model

    folder = plan.out / "decoder-begun"
    if not folder.exists():
        base = resolve_model(DECODER, plan.access).folder
        model, _ = open_weights(base, class_of(base, "decoder", "clm"), DECODER)
        with folder_appears_whole(folder) as out:
            save_model(smaller(model, "15"), open_fast_tokenizer(base), out)
    return folder


def _translated(plan: Plan, name: str, model: str) -> list[dict[str, Any]]:
    """NTREX of Swahili into English, one example: scores of the model and of copying."""
    from icl.evaluate import evaluate
    from icl.options import RunConfig

    done = evaluate(
        RunConfig(
            "sw", test_set="ntrex-128", shots=1, limit=plan.given.limit, model=model,
            engine="transformers", dtype="float32", device="cpu", max_new_tokens=48,
            out=plan.out / f"translated-{name}-{plan.given.limit}",
        ),
        access=plan.access,
    )  # fmt: skip
    return [
        {"system": one.system, "name": score.name, "value": score.value, "low": score.low,
         "high": score.high}
        for one in done.results for score in one.scores
    ]  # fmt: skip


def keep(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the file, in place of an earlier one of its kind."""
    own = (line["step"], line["cell"])
    lines = [one for one in read_lines(path, SHAPE) if (one["step"], one["cell"]) != own]
    write_lines(path, [*lines, line], key=lambda one: (one["step"], one["cell"]))
    print(line, flush=True)


STEPS: dict[str, Callable[[Plan], None]] = {
    "speed": speed,
    "students": students,
    "decoder": decoder,
}


def tables(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The tables that there are figures for, by the name of their marks."""
    made = {"speed": _of_speed, "students": _of_students, "translation": _of_translation}
    found = {name: [one for one in lines if one["step"] == name] for name in (*made, "decoder")}
    found["translation"] += found["decoder"]
    return {name: make(found[name]) for name, make in made.items() if found[name]}


def _of_speed(lines: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        "| compared | teacher's forward, s | student's update, s | asked, s | kept, s |"
        " asked / both | kept / student's |"
    ]
    rows.append("|" + " --- |" * 7)
    for one in lines:
        took = one["seconds_per_update"]
        cells = " | ".join(f"{took[n]:.2f}" for n in ("forward", "student", "asked", "kept"))
        ratios = f"{one['asked_ratio']:.2f} | {one['kept_ratio']:.2f}"
        rows.append(f"| {SHOWN[one['cell']]} | {cells} | {ratios} |")
    return "\n".join(rows) + "\n"


def _of_students(lines: Sequence[Mapping[str, Any]]) -> str:
    rows = ["| | MB | of 32, utterances/s | times | one by one, utterances/s | times |"]
    rows.append("|" + " --- |" * 6)
    by_batch = {one["cell"]: one for one in lines}
    for name, size in lines[0]["bytes"].items():
        cells = [f"{size / 1e6:.1f}"]
        for batch in map(str, BATCHES):
            times = by_batch[batch]["times"].get(name)
            cells += [f"{by_batch[batch]['pace'][name]:,.0f}", f"{times:.1f}" if times else ""]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _of_translation(lines: Sequence[Mapping[str, Any]]) -> str:
    rows = ["| | bits a byte | sentences | BLEU | chrF++ |", "|" + " --- |" * 5]
    by_cell = {one["cell"]: one for one in lines}
    bits = {one["system"]: _interval(one, 3) for one in by_cell[DECODER]["scores"]
            if one["name"] == "bits per byte"}  # fmt: skip
    for name, (title, system) in TRANSLATORS.items():
        if name in by_cell:
            rows.append(_row(title, bits.get(system, ""), by_cell[name], "model"))
    for system, title in (("copy", "copying the source"), ("gloss", "word by word, of a lexicon")):
        rows.append(_row(title, "", by_cell["teacher"], system))
    return "\n".join(rows) + "\n"


TRANSLATORS = {
    "teacher": ("SmolLM2-135M-Instruct", f"teacher {DECODER}"),
    "begun": ("half its layers, before the first update", "student before"),
    "student": ("half its layers, distilled", "student"),
}


def _row(title: str, bits: str, line: Mapping[str, Any], system: str) -> str:
    scores = {one["name"]: one for one in line["scores"] if one["system"] == system}
    cells = [_interval(scores[name], 1) for name in ("BLEU", "chrF++")]
    return f"| {title} | {bits} | {line['limit']} | {' | '.join(cells)} |"


def _interval(score: Mapping[str, Any], digits: int) -> str:
    value, low, high = (f"{score[name]:.{digits}f}" for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a step, or print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--step", choices=tuple(STEPS))
    parser.add_argument("--cases", default="states,soft", help="of --step speed")
    parser.add_argument("--turns", type=int, default=8, help="rounds, the first uncounted in speed")
    parser.add_argument("--teacher", type=Path, help="a run of nlu.train")
    parser.add_argument("--student", type=Path, help="a run of nlu.train")
    parser.add_argument("--seconds", type=float, default=240, help="of --step decoder")
    parser.add_argument("--limit", type=int, default=20, help="sentences that are translated")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-distil"))
    parser.add_argument("--lines", type=Path, default=LINES, help="the file of results")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--document", type=Path, help="put tables between their marks there")
    given = parser.parse_args(argv)
    try:
        if given.step and not given.table:
            STEPS[given.step](Plan(given))
        for name, text in tables(read_lines(given.lines, SHAPE)).items():
            print(text)
            if given.document:
                in_document(given.document, f"distillation-{name}", text)
    except KilolinguaError as error:
        parser.exit(2, f"python -m bench.distil_costs: error: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
