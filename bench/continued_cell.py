"""What real text costs a model, sentence by sentence: some cells of `bench.continued`.

    python -m bench.continued_cell --model runs/continued/models/bam-ours-1 --languages bam \\
        --arm ours --seed 1 --out bam-ours-1.jsonl

Scored are SIB-200's test part in the language and the first sentences of NTREX, where it has the
language. A sentence's bits are the sum of -log2 p over its pieces, each given those before it, the
first given the mark that begins a text; over its UTF-8 bytes they are bits a byte. A cell is a
line: its settings, and by test set the bits of each sentence, rounded to whole ones, so that
intervals can be made again without the model and without the text; the bytes are in the lines of
the arm "none". With --topics or --carried it holds instead, of a run of training.classify, which
texts of SIB-200's test part have the right label.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from bench.continued_plan import CARRIED, LANGUAGES, NONE, TOPICS
from bench.continued_text import SIB, tests_of
from data.access import Access
from data.files import canonical_json, write_whole
from data.tsv import read_tsv
from models.resolve import resolve_model
from models.tokenizer import open_fast_tokenizer
from models.weights import open_weights
from training.objectives.examples import IGNORED
from training.tagging.labelled import file_name

BATCH_TOKENS = 1024  # of a batch, padding included


def bits_of(
    model: Any, tokenizer: Any, sentences: Sequence[str], dtype: str = "float32"
) -> list[float]:
    """The bits of each sentence under a causal model, in the order of the sentences.

    Its last piece ends the sentence: the mark of the end is not scored.
    """
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    pieces = tokenizer(list(sentences), add_special_tokens=False)["input_ids"]
    found = [0.0] * len(sentences)
    for rows in _batches([len(ids) + 1 for ids in pieces]):
        length = max(len(pieces[row]) for row in rows) + 1
        ids = torch.full((len(rows), length), start)
        labels = torch.full((len(rows), length), IGNORED)
        for place, row in enumerate(rows):  # padded behind, which a causal model does not see
            ids[place, 1 : len(pieces[row]) + 1] = torch.tensor(pieces[row])
            labels[place, : len(pieces[row])] = torch.tensor(pieces[row])
        chosen = labels != IGNORED
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, dtype == "bfloat16"):
            scores = model(input_ids=ids).logits[chosen]
        costs = functional.cross_entropy(scores.float(), labels[chosen], reduction="none")
        nats = torch.zeros(len(rows)).index_add_(0, chosen.nonzero()[:, 0], costs)
        for row, value in zip(rows, nats.tolist(), strict=True):
            found[row] = value / math.log(2)
    return found


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of sentences of like length, together BATCH_TOKENS at most, or a long one alone."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def scored(model: str, languages: Sequence[str], dtype: str) -> Iterator[dict[str, Any]]:
    """Of each language by test set the bits and the bytes of each sentence."""
    folder = resolve_model(model, Access(offline=True)).folder
    opened, _ = open_weights(folder, "AutoModelForCausalLM", "cannot be opened as a decoder")
    opened.eval()
    tokenizer = open_fast_tokenizer(folder)
    for language in languages:
        yield {
            name: {
                "bits": [round(bits) for bits in bits_of(opened, tokenizer, sentences, dtype)],
                "bytes": [len(sentence.encode()) for sentence in sentences],
            }
            for name, sentences in tests_of(language).items()
        }


def topics_of(run: Path, sib: str) -> str:
    """Whether a classifier is right on each text of a test part of SIB-200: "0110..."."""
    name = file_name(f"{SIB}:test:{sib}")
    path = (run / "predictions" / name).with_suffix(".tsv")
    rows = read_tsv(path, ("text", "label", "predicted"), header=True, empty=("text",))
    return "".join(str(int(row.cells[1] == row.cells[2])) for row in rows)


def main() -> None:
    """Score a model and write the cell's line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--languages", required=True)
    add("--arm", required=True)
    add("--seed", type=int, default=1)
    add("--dtype", default="float32", choices=("float32", "bfloat16"))
    add("--settings", type=json.loads, default={}, help="as JSON, for the lines")
    scores = parser.add_mutually_exclusive_group(required=True)
    scores.add_argument("--model", help="score the bits of sentences under it")
    for score in (TOPICS, CARRIED):
        scores.add_argument(f"--{score}", type=Path, help="a run of training.classify")
    add("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    languages = options.languages.split(",")
    told = {name: getattr(options, name) for name in ("arm", "seed", "settings", "dtype")}
    if options.model:
        tests_of_all = scored(options.model, languages, options.dtype)
        lines = [told | {"tests": tests} for tests in tests_of_all]
    else:
        score, run = next((s, r) for s in (TOPICS, CARRIED) if (r := getattr(options, s)))
        lines = [told | {score: topics_of(run, LANGUAGES[one].sib)} for one in languages]
    if options.arm != NONE:
        for test in (test for line in lines for test in line.get("tests", {}).values()):
            del test["bytes"]
    found = [{"language": one} | line for one, line in zip(languages, lines, strict=True)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(options.out, "".join(canonical_json(line) + "\n" for line in found))


if __name__ == "__main__":
    main()
