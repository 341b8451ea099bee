"""Sentences as vectors: our encoder beside `sentence-transformers`, same folder, in one run.

    python -m bench.encoding                                  # SIB-200, six languages
    python -m bench.encoding --model FOLDER --text sentences.txt --threads 4 --rounds 5
    python -m bench.encoding --peer ENV/bin/python            # where sentence-transformers is

Three sides take turns, each in a process of its own that opens the model and encodes some texts
before the clock starts:

(a) sentence-transformers  as its users have it: float32, 32 texts a batch, mean pooling, length 1.
(b) the same in bfloat16   `model_kwargs={"dtype": "bfloat16"}`, nothing else changed.
(c) ours                   `models.encoder`, in what it takes by itself (--dtype to choose).

All read the same files of the model and get the same texts with the model's prefix before them.
CPU seconds stand beside wall seconds: on a busy machine they are the fairer ones. The vectors must
agree: the least cosine of any text with (a)'s is printed, and the exit status is 1 below 0.99.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SIDES = {
    "peer-float32": "(a) sentence-transformers",
    "peer-bfloat16": "(b) the same in bfloat16",
    "ours": "(c) ours",
}
LANGUAGES = ("swh_Latn", "amh_Ethi", "tel_Telu", "yor_Latn", "deu_Latn", "zho_Hans")
WARM = 32  # texts before the clock starts
AGREE = 0.99
# (a) and (b): the package's class over the folder's files, with its own defaults. It gets on
# standard input what `turn_of_peer` writes, and may run in another environment than ours.
PEER = """
import json, sys, time
import numpy, torch
from sentence_transformers import SentenceTransformer, models

given = json.load(sys.stdin)
torch.set_num_threads(given["threads"])
body = models.Transformer(given["folder"], model_kwargs={"dtype": given["dtype"]})
pooling = models.Pooling(body.get_word_embedding_dimension(), "mean")
peer = SentenceTransformer(modules=[body, pooling, models.Normalize()], device="cpu")
peer.encode(given["texts"][:given["warm"]], show_progress_bar=False)
wall, cpu = time.perf_counter(), time.process_time()
vectors = peer.encode(given["texts"], show_progress_bar=False)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
numpy.save(given["vectors"], numpy.asarray(vectors, numpy.float32))
print(json.dumps({"texts": len(vectors), "wall": wall, "cpu": cpu}))
"""


def texts_of(options: argparse.Namespace) -> list[str]:
    """The lines of a file, or SIB-200's sentences in six languages, one after the other."""
    if options.text:
        lines = options.text.read_text("utf-8").splitlines()
        return [line for line in lines if line.strip()][: options.limit]
    from probe.corpora import bitexts

    each = -(-options.limit // len(LANGUAGES))
    sides = bitexts("sib200", LANGUAGES)
    return [text for side in sides for text in side.sentences[:each]][: options.limit]


def turn_of_ours(options: argparse.Namespace) -> None:
    """(c) in this process: its vectors go into a file, its seconds to standard output."""
    import numpy as np
    import torch

    from models.encoder import open_encoder

    torch.set_num_threads(options.threads)
    texts = texts_of(options)
    encoder = open_encoder(options.model, dtype=options.dtype)
    encoder.encode(texts[:WARM])
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = encoder.encode(texts)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    np.save(options.vectors, vectors)
    print(json.dumps({"texts": len(texts), "wall": wall, "cpu": cpu}))


def turn_elsewhere(side: str, options: argparse.Namespace, vectors: Path) -> dict[str, float]:
    """A side's turn in a process of its own."""
    if side == "ours":
        command = [sys.executable, "-m", "bench.encoding", "--vectors", str(vectors)]
        for key in ("model", "dtype", "threads", "limit", "text"):
            if getattr(options, key) is not None:
                command += [f"--{key}", str(getattr(options, key))]
        given = ""
    else:
        command = [options.peer, "-c", PEER]
        given = json.dumps(
            {**options.given, "dtype": side.removeprefix("peer-"), "vectors": str(vectors)}
        )
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command, cwd=root, input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def for_peer(options: argparse.Namespace) -> dict[str, Any]:
    """What the peer gets: the folder of the model, and the texts with its prefix before them."""
    from models.encoder import prompts_of
    from models.resolve import resolve_model

    folder = resolve_model(options.model).folder
    prefix = prompts_of(folder).get("query", "")
    texts = [prefix + text for text in texts_of(options)]
    return {"folder": str(folder), "texts": texts, "warm": WARM, "threads": options.threads}


def measure(options: argparse.Namespace) -> float:
    """Let the sides take turns, print medians and ratios; the least cosine with (a)'s vectors."""
    import numpy as np

    turns: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        files = {side: Path(folder) / f"{side}.npy" for side in SIDES}
        for number in range(options.rounds):
            for side in SIDES:
                turns[side].append(turn_elsewhere(side, options, files[side]))
                told = turns[side][-1]
                print(f"round {number + 1}, {SIDES[side]}: {told['wall']:.1f} s", file=sys.stderr)
        vectors = {side: np.load(path) for side, path in files.items()}
    cosines = {
        side: (found * vectors["peer-float32"]).sum(axis=1) for side, found in vectors.items()
    }
    count = int(turns["ours"][0]["texts"])
    print(f"{options.model}: {count:,} texts, {options.threads} threads, medians of", end=" ")
    print(f"{options.rounds}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':26} {'texts/s':>8} {'per CPU s':>10} {'x (a)':>6} {'x CPU':>6} {'cosine':>8}")
    for side, label in SIDES.items():
        print(table_row(label, turns[side], turns["peer-float32"], float(cosines[side].min())))
    return float(min(found.min() for found in cosines.values()))


def table_row(
    label: str,
    turns: Sequence[Mapping[str, float]],
    base: Sequence[Mapping[str, float]],
    cosine: float,
) -> str:
    """A line of the table: medians, ratios to the base in the same round, the least cosine."""
    wall, cpu = (statistics.median(t["texts"] / t[key] for t in turns) for key in ("wall", "cpu"))
    rounds = list(zip(turns, base, strict=True))
    by_wall = statistics.median(b["wall"] / t["wall"] for t, b in rounds)
    by_cpu = statistics.median(b["cpu"] / t["cpu"] for t, b in rounds)
    return f"{label:26} {wall:8.1f} {cpu:10.1f} {by_wall:6.2f} {by_cpu:6.2f} {cosine:8.4f}"


def main() -> int:
    """Measure all sides, or take one turn (--side)."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="multilingual-e5-small", help="catalog name or folder")
    parser.add_argument("--text", type=Path, help="a sentence a line (default: SIB-200)")
    parser.add_argument("--limit", type=int, default=1200, help="texts")
    parser.add_argument("--dtype", default="auto", help="of (c)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", default=sys.executable, help="a Python with the package")
    parser.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.vectors:
        turn_of_ours(options)
        return 0
    find = "import importlib.util as u, sys; sys.exit(u.find_spec('sentence_transformers') is None)"
    if subprocess.run([options.peer, "-c", find], check=False).returncode:
        print(
            f"bench.encoding: {options.peer} has no sentence-transformers; pip install it there,"
            " or give another --peer",
            file=sys.stderr,
        )
        return 2
    options.given = for_peer(options)
    return 0 if measure(options) >= AGREE else 1


if __name__ == "__main__":
    raise SystemExit(main())
