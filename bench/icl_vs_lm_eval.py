"""Beside lm-evaluation-harness: same weights, prompts, sentences, greedy decoding, in one run.

    python bench/icl_vs_lm_eval.py --harness ENV/bin/lm_eval

ENV is a virtual environment of its own with `pip install "torch>=2.6,<2.14" "lm-eval[hf]"`. Both
sides run as whole processes on the same machine, one after the other, over 4 and over --limit
sentences; the difference of the two times leaves the start-up out. Printed: sentences/s, the
ratio, peak memory, and how many outputs are equal. Nothing is asserted: machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icl.engines import DEFAULT_MODEL
from icl.evaluate import open_systems
from icl.options import RunConfig
from icl.prepare import prepare
from icl.prompt import extract_answer
from models.resolve import resolve_model

FEW = 4  # sentences of the run that measures the start-up
NEW_TOKENS = 80
ROUNDS = 4  # of reading memory
TASK = """task: prompts
dataset_path: json
dataset_kwargs:
  data_files: {data_files}
test_split: train
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{reference}}}}"
generation_kwargs:
  until: ["\\n"]
  do_sample: false
  max_gen_toks: {tokens}
metric_list:
  - metric: bleu
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One side over `n` sentences: wall seconds, peak memory in MB, outputs by sentence."""

    n: int
    seconds: float
    megabytes: float
    outputs: Mapping[str, str]


def run_measured(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """(wall seconds, peak memory in MB) of a whole process; its output is kept for an error."""
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            log.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{log.read().decode()[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def ours(lang: str, n: int, dtype: str, folder: Path) -> Measured:
    """`python -m icl.eval` over n sentences."""
    command = [sys.executable, "-m", "icl.eval", "--lang", lang, "--limit", str(n)]
    command += ["--dtype", dtype, "--max-new-tokens", str(NEW_TOKENS), "--out", str(folder)]
    seconds, megabytes = run_measured(command, {})
    lines = (folder / "segments.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    outputs = {r["id"]: r["output"] for r in records if r["system"] == "model"}
    return Measured(n, seconds, megabytes, outputs)


def theirs(harness: Path, lang: str, n: int, batch_size: int, folder: Path) -> Measured:
    """lm-evaluation-harness over the same n prompts."""
    prepared = prepare(RunConfig(lang, limit=n))
    systems, _ = open_systems(prepared)
    model = next(system for system in systems if system.name == "model")
    references = [pair.target for pair in model.task.scored]
    folder.mkdir(parents=True)
    rows = [
        json.dumps({"id": r.id, "prompt": r.prompt.text, "reference": reference})
        for r, reference in zip(model.requests, references, strict=True)
    ]
    (folder / "prompts.jsonl").write_text("\n".join(rows), "utf-8")
    task_file = TASK.format(data_files=folder / "prompts.jsonl", tokens=NEW_TOKENS)
    (folder / "prompts.yaml").write_text(task_file, "utf-8")
    weights = resolve_model(DEFAULT_MODEL).folder
    command = [str(harness), "--model", "hf", "--tasks", "prompts", "--include_path", str(folder)]
    command += ["--model_args", f"pretrained={weights},dtype=float32", "--device", "cpu"]
    command += ["--batch_size", str(batch_size), "--log_samples", "--output_path", str(folder)]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(folder / "datasets")}
    seconds, megabytes = run_measured(command, offline)
    [samples] = folder.rglob("samples_*.jsonl")
    records = [json.loads(line) for line in samples.read_text("utf-8").splitlines()]
    outputs = {r["doc"]["id"]: extract_answer(r["resps"][0][0], ["\n"]) for r in records}
    return Measured(n, seconds, megabytes, outputs)


def speed(few: Measured, many: Measured) -> float:
    """Sentences a second, the start-up left out."""
    return (many.n - few.n) / (many.seconds - few.seconds)


def main() -> None:
    """Measure both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--harness", type=Path, required=True, help="path of lm_eval")
    parser.add_argument("--lang", default="sw")
    parser.add_argument("--limit", type=int, default=100)
    options = parser.parse_args()
    found: dict[str, tuple[Measured, Measured]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for dtype in ("float32", "int8"):
            runs = [
                ours(options.lang, n, dtype, Path(scratch, f"{dtype}-{n}"))
                for n in (FEW, options.limit)
            ]
            found[f"icl.eval {dtype}"] = (runs[0], runs[1])
        for size in (1, 8):
            runs = [
                theirs(options.harness, options.lang, n, size, Path(scratch, f"lm-{size}-{n}"))
                for n in (FEW, options.limit)
            ]
            found[f"lm-eval float32 batch {size}"] = (runs[0], runs[1])
    show(found)


def show(found: Mapping[str, tuple[Measured, Measured]]) -> None:
    """One line a side: speed, ratio to the harness's best, memory, equal outputs."""
    reference = found["lm-eval float32 batch 1"][1].outputs
    slow = speed(*found["lm-eval float32 batch 1"])
    fast = speed(*found["lm-eval float32 batch 8"])
    print(f"{'':26}{'sentences/s':>12}{'x batch 1':>11}{'x batch 8':>11}{'MB':>7}{'equal':>11}")
    for name, (few, many) in found.items():
        rate = speed(few, many)
        equal = sum(many.outputs[key] == text for key, text in reference.items())
        print(
            f"{name:26}{rate:12.2f}{rate / slow:11.2f}{rate / fast:11.2f}"
            f"{many.megabytes:7.0f}{equal:7}/{many.n}"
        )
    print(floor())


def floor() -> str:
    """What reading all weights for every token costs at least, one sentence at a time."""
    weights = sum(
        p.stat().st_size for p in resolve_model(DEFAULT_MODEL).folder.glob("*.safetensors")
    )
    numbers = np.ones(1 << 27, np.float32)  # 512 MB: no cache holds it
    start = time.perf_counter()
    for _ in range(ROUNDS):
        numbers.max()
    bandwidth = ROUNDS * numbers.nbytes / (time.perf_counter() - start)
    tokens = bandwidth / weights
    return (
        f"floor: {weights / 1e6:.0f} MB of weights at {bandwidth / 1e9:.1f} GB/s (one core), "
        f"{tokens:.0f} tokens/s or {tokens / NEW_TOKENS:.2f} sentences/s of {NEW_TOKENS} tokens; "
        "batches read them once for several sentences"
    )


if __name__ == "__main__":
    main()
