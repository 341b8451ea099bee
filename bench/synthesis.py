"""Synthesis beside the published recipe's loop, on the same English, in one run.

    KILOLINGUA_MIRROR=... python bench/synthesis.py --lang wo                    # 140 MB
    KILOLINGUA_MIRROR=... python bench/synthesis.py --lang wo --megabytes 100 1000 --no-functions

The reference is the loop of lexicon-based synthesis written straight in Python: split a line, look
each word up, choose one of its translations, join, keep the line if three or more were replaced.
Its start-up (reading the lexicon) is not counted. Beside it stand

- the whole command `python -m lexaug.synthesize` with one worker and with two, each a process of
  its own: start-up, cleaning, counting, the journal and the reports included;
- the functions beneath it, without start-up: one thread, with inflection and provenance, two.

All take turns; the tables show the median of --rounds. CPU seconds stand beside wall seconds: on a
busy machine they are the fairer ones. Start-up is the command on a single line, which is measured
warm: the first start compiles and learns. Nothing is asserted: machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data.access import mirror_folder
from data.catalog import dataset
from data.download import fetch
from data.languages import resolve
from data.lexicon import Lexicon
from data.load import load_lexicon
from lexaug.compiled import Block, CompiledTable
from lexaug.paradigms import find_inflection

BLOCK_BYTES = 1 << 20
KEEP = 3


@dataclass(frozen=True, slots=True)
class Timed:
    """One side's turn: tokens read, wall and CPU seconds (of this process and its children)."""

    tokens: int
    wall: float
    cpu: float


def english() -> Iterator[str]:
    """Every English line that the catalog's small corpora hold."""
    plain = [file for file in dataset("ntrex-128").files if file.codes == ("eng",)]
    plain += dataset("lafand").select("train", code="en")
    for file in plain:
        yield from fetch(file).path.read_text("utf-8-sig").splitlines()
    for file in (file for file in dataset("xsid").files if file.path.endswith("/text.en")):
        yield from fetch(file).path.read_text("utf-8").splitlines()
    for file in dataset("slurp").contents:
        for line in fetch(file).path.read_text("utf-8").splitlines():
            yield json.loads(line)["sentence"]


def write_corpus(path: Path, megabytes: int) -> None:
    """A file of this size: the English lines, repeated."""
    text = "".join(f"{line}\n" for line in english() if line.strip()).encode()
    with open(path, "wb") as file:
        while file.tell() < megabytes * 1_000_000:
            file.write(text)


def reference(source: Path, target: Path, lexicon: Lexicon) -> int:
    """The recipe, word by word; the number of tokens."""
    translations: dict[str, list[str]] = {}
    for entry in lexicon.entries:
        translations.setdefault(entry.source, []).append(entry.target)
    tokens = 0
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as out:
        for line in lines:
            words = line.split()
            tokens += len(words)
            replaced = 0
            for place, word in enumerate(words):
                if word in translations:
                    words[place] = random.choice(translations[word])
                    replaced += 1
            if replaced >= KEEP:
                out.write(" ".join(words) + "\n")
    return tokens


def blocks(source: Path) -> Iterator[bytes]:
    """Whole lines, about BLOCK_BYTES at a time."""
    rest = b""
    with open(source, "rb", buffering=0) as file:
        while data := file.read(BLOCK_BYTES):
            end = data.rfind(b"\n") + 1
            yield b"".join((rest, memoryview(data)[:end]))
            rest = data[end:]
    if rest:
        yield rest


def ours(source: Path, target: Path, compiled: CompiledTable, provenance: bool) -> int:
    """Compiled substitution in one thread."""
    first, tokens = 1, 0
    with open(target, "wb") as out, open(f"{target}.provenance", "wb") as account:
        for data in blocks(source):
            block = compiled.block(data, first, provenance)
            first, tokens = first + block.lines, tokens + block.tokens
            out.write(block.text)
            account.write(block.provenance)
    return tokens


def threaded(source: Path, target: Path, compiled: CompiledTable, workers: int) -> int:
    """The same over several threads; blocks are written in order."""
    first, tokens = 1, 0
    waiting: deque = deque()
    with open(target, "wb") as out, ThreadPoolExecutor(workers) as pool:

        def write() -> int:
            block: Block = waiting.popleft().result()
            out.write(block.text)
            return block.tokens

        for data in blocks(source):
            waiting.append(pool.submit(compiled.block, data, first))
            first += data.count(b"\n")
            if len(waiting) > 2 * workers:
                tokens += write()
        while waiting:
            tokens += write()
    return tokens


def peak_megabytes() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def words_counted(source: Path) -> int:
    """`wc -w`, the limit of what reading allows."""
    done = subprocess.run(["wc", "-w", str(source)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def timed(work: Callable[[], int]) -> Timed:
    """Run once."""
    before, wall = os.times(), time.perf_counter()
    tokens = work()
    wall, after = time.perf_counter() - wall, os.times()
    return Timed(tokens, wall, sum(after[:4]) - sum(before[:4]))


def table_row(name: str, turns: Sequence[Timed], base: Sequence[Timed]) -> str:
    """A line of the table: medians, and ratios to the base in the same round."""
    speeds = [[turn.tokens / turn.wall, turn.tokens / turn.cpu] for turn in turns]
    wall, cpu = (statistics.median(column) / 1e6 for column in zip(*speeds, strict=True))
    rounds = list(zip(turns, base, strict=True))
    by_wall = statistics.median(b.wall / t.wall for t, b in rounds)
    by_cpu = statistics.median(b.cpu / t.cpu for t, b in rounds)
    return f"{name:38} {wall:12.2f} {cpu:12.2f} {by_wall:8.2f} {by_cpu:8.2f}"


def prepared(lexicon: Lexicon, lang: str, inflect: bool) -> CompiledTable:
    """A compiled table, with its start-up time printed and its code compiled."""
    start = time.perf_counter()
    inflection = find_inflection(resolve(lang), wanted=None if inflect else False)
    table = inflection.phrase_table(lexicon)
    compiled = CompiledTable(table, 1.0, 1, KEEP)
    compiled.block(b"warm\n", 1)
    kind = "inflected" if inflect else "plain"
    print(f"start-up, {kind}: {time.perf_counter() - start:.1f} s, {len(table.options)} phrases")
    return compiled


def command(source: Path, lang: str, lexicon: str, *options: str) -> int:
    """The whole command, in a process of its own; the number of tokens."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=source.parent))
    try:
        words = [sys.executable, "-m", "lexaug.synthesize", "--lang", lang, "--lexicon", lexicon]
        words += ["--input", str(source), "--out", str(folder), "--offline", *options]
        # Compiled modules are kept, as everywhere but on a developer's machine.
        kept = {"PYTHONPYCACHEPREFIX": str(source.parent / "pycache")}
        others = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run(words, check=True, capture_output=True, env=others | kept)
        return int(json.loads((folder / "coverage.json").read_text("utf-8"))["tokens"])
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Measure all sides and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", default="wo")
    parser.add_argument("--lexicon", default="gatitos", help="a data set of the catalog")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[140])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--functions", action=argparse.BooleanOptionalAction, default=True,
        help="measure the functions beneath the command as well",
    )  # fmt: skip
    options = parser.parse_args()
    if mirror_folder() is None:
        print("KILOLINGUA_MIRROR is not set: the corpora come from their publishers")
    lexicon = load_lexicon(resolve("en"), resolve(options.lang), name=options.lexicon)
    folder = Path(tempfile.mkdtemp(prefix="kilolingua-bench-"))
    try:
        start_up = measure_start_up(folder, options)
        for size in options.megabytes:
            source = folder / f"english-{size}.txt"
            write_corpus(source, size)
            measure(source, lexicon, options, start_up)
            source.unlink()
    finally:
        shutil.rmtree(folder)


def measure_start_up(folder: Path, options: argparse.Namespace) -> float:
    """Print how long the command takes for one line; return the median of it without inflection."""
    line = folder / "line.txt"
    line.write_text("The old woman walked to the market.\n", "utf-8")
    medians = []
    for kind, more in (("plain", "--no-inflect"), ("inflected", "--workers=1")):
        first, *turns = (
            timed(lambda more=more: command(line, options.lang, options.lexicon, more))
            for _ in range(options.rounds + 1)
        )
        wall, cpu = (statistics.median(getattr(t, n) for t in turns) for n in ("wall", "cpu"))
        print(
            f"the command on one line, {kind}: {wall:.2f} s ({cpu:.2f} s of CPU),"
            f" the first time {first.wall:.1f} s"
        )
        medians.append(wall)
    return medians[0]


def measure(source: Path, lexicon: Lexicon, options: argparse.Namespace, start_up: float) -> None:
    """Let all sides take turns on one text, and print medians."""
    target = source.with_suffix(".out")
    lang, words = options.lang, options.lexicon
    sides: dict[str, Callable[[], int]] = {
        "(a) reference loop": lambda: reference(source, target, lexicon),
        "(b) the command, one worker": lambda: command(source, lang, words, "--no-inflect"),
        "(c) the command, two workers": lambda: command(
            source, lang, words, "--no-inflect", "--workers", "2"
        ),
    }
    if options.functions:
        plain = prepared(lexicon, lang, inflect=False)
        inflected = prepared(lexicon, lang, inflect=True)
        sides |= {
            "(d) function, text": lambda: ours(source, target, plain, False),
            "(e) function, inflected + provenance": lambda: ours(source, target, inflected, True),
            "(f) function, text, two threads": lambda: threaded(source, target, plain, 2),
            "(g) wc -w": lambda: words_counted(source),
        }
    turns: dict[str, list[Timed]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, work in sides.items():
            turns[name].append(timed(work))
    show(source, lexicon, turns, start_up)
    target.unlink(missing_ok=True)
    Path(f"{target}.provenance").unlink(missing_ok=True)


def show(
    source: Path, lexicon: Lexicon, turns: Mapping[str, Sequence[Timed]], start_up: float
) -> None:
    """Print the table of one text."""
    [rounds] = {len(some) for some in turns.values()}
    print(f"{source.stat().st_size / 1e6:.0f} MB, {lexicon.name} ({len(lexicon)} entries)")
    print(f"{f'medians of {rounds}':38} {'M tokens/s':>12} {'M per CPU s':>12}", end="")
    print(f" {'x (a)':>8} {'x CPU':>8}")
    for name, some in turns.items():
        print(table_row(name, some, turns["(a) reference loop"]))
    one, two = turns["(b) the command, one worker"], turns["(c) the command, two workers"]
    ratio = statistics.median(
        (a.wall - start_up) / (b.wall - start_up) for a, b in zip(one, two, strict=True)
    )
    print(f"two workers against one, after start-up: {ratio:.2f}", end="")
    print(f" (load average {os.getloadavg()[0]:.1f}, peak memory {peak_megabytes():.0f} MB)")


if __name__ == "__main__":
    main()
