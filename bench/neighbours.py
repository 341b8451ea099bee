"""Nearest neighbours of many sentences beside as many: seconds, and memory past the vectors.

    python -m bench.neighbours --sentences 20000 --sentences 100000
    python -m bench.neighbours --sentences 20000 --peer ENV/bin/python     # where faiss is

Vectors are drawn: pairs with noise, 384 wide. Each count has a process of its own. The last line
says what a million beside a million would take: time grows with the square of the count, memory
with the count alone. `--peer` is a Python with faiss (IndexFlatIP, exact, the ten nearest in both
directions): what CSLS needs, and what it finds must be the same cosines.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

WIDTH, NOISE, MILLION = 384, 2.0, 1_000_000
PEER = """
import json, os, resource, sys, time
import faiss, numpy as np
from bench.neighbours import draw, peak
count, threads = map(int, sys.argv[1:])
faiss.omp_set_num_threads(threads)
left, right = draw(count)
before, wall, cpu = peak(), time.perf_counter(), time.process_time()
found = []
for source, target in ((left, right), (right, left)):
    index = faiss.IndexFlatIP(source.shape[1])
    index.add(target)
    found.append(index.search(source, 10)[0])
told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
print(json.dumps({**told, "before": before, "peak": peak(), "mean": float(found[0].mean())}))
"""


def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sides of unit vectors, (count, 384) each, whose rows belong together."""
    from probe.retrieval import unit

    draws = np.random.default_rng(1)
    meaning = draws.standard_normal((count, WIDTH), np.float32)
    left = unit(meaning + NOISE * draws.standard_normal((count, WIDTH), np.float32))
    return left, unit(meaning)


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def turn(count: int, measure: str) -> dict[str, float]:
    """Our side in this process."""
    from probe.retrieval import retrieve

    left, right = draw(count)
    before, wall, cpu = peak(), time.perf_counter(), time.process_time()
    found = retrieve(left, right, measure)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    share = 100 * float(np.mean([side.mean() for side in found.right]))
    return {"wall": wall, "cpu": cpu, "before": before, "peak": peak(), "right": share}


def elsewhere(command: list[str], threads: int) -> dict[str, float]:
    """A turn in a process of its own, on so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def row(label: str, count: int, told: dict[str, float]) -> str:
    """A line of the table."""
    vectors = 2 * 4 * WIDTH * count / 2**20
    cells = (told["wall"], told["cpu"], told["peak"] - told["before"], vectors)
    return (
        f"{label:14} {count:10,} {cells[0]:9.1f} {cells[1]:9.1f} {cells[2]:9,.0f} {cells[3]:9,.0f}"
    )


def main() -> None:
    """Measure all counts, or take one turn (--turn)."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, action="append", help="of a side (20000)")
    parser.add_argument("--measure", default="csls")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", help="a Python with faiss-cpu, to be measured beside ours")
    parser.add_argument("--turn", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn:
        print(json.dumps(turn(options.turn, options.measure)))
        return
    print(f"{options.measure}, {options.threads} threads, load {os.getloadavg()[0]:.1f}; MB")
    print(f"{'':14} {'sentences':>10} {'seconds':>9} {'CPU s':>9} {'more MB':>9} {'vectors':>9}")
    told: dict[str, float] = {}
    for count in options.sentences or [20_000]:
        command = [sys.executable, "-m", "bench.neighbours", "--turn", str(count)]
        told = elsewhere([*command, "--measure", options.measure], options.threads)
        print(row("ours", count, told), flush=True)
        if options.peer:
            command = [options.peer, "-c", PEER, str(count), str(options.threads)]
            print(row("faiss", count, elsewhere(command, options.threads)), flush=True)
    times = (MILLION / count) ** 2
    print(f"a million beside a million: {times * told['cpu'] / 3600:.1f} CPU hours", end=", ")
    print(f"vectors {2 * 4 * WIDTH * MILLION / 2**30:.1f} GB")


if __name__ == "__main__":
    main()
