"""Hostile files for every reader, metadata file and template: python -m tests.fuzz --inputs 100000

Each input has 10 s of processor time and 1 GB. It must be read, or refused with one printable line;
everything else is a failure: another exception, a control character in a message, a hang, a process
that dies. Failures are grouped by kind and place; with --out one small input of each group is kept.
The exit status is 1 if there are any.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fuzz.cage import environment
from tests.fuzz.inputs import input_of
from tests.fuzz.minimise import smaller
from tests.fuzz.pool import Failure, Tally, judge_all, spans
from tests.fuzz.targets import TARGETS


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print a row a target and a row a group of failures; 1 if there are failures."""
    options = _parser().parse_args(argv)
    names = _chosen(options.target)
    if options.list:
        print("\n".join(f"{name:<36} {TARGETS[name].kind}" for name in names))
        return 0
    with tempfile.TemporaryDirectory(prefix="kilolingua-fuzz-") as work:
        os.environ.update(environment(Path(work)))
        tempfile.tempdir = None
        started = time.monotonic()
        tally = judge_all(
            spans(names, options.inputs),
            options.seed,
            options.workers,
            lambda line: print(line, file=sys.stderr),
        )
        print(*_table(tally, time.monotonic() - started), sep="\n")
        groups = _groups(tally.failures)
        for group, failures in groups.items():
            first = failures[0]
            where = f"--target {first.target}, input {first.number}"
            print(f"{len(failures):>6}  {group}  ({where})")
        if options.out:
            _save(options.out, groups, options.seed)
    return 1 if tally.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="in all (default 10000)")
    parser.add_argument("--target", action="append", default=[], help="a name, or its beginning")
    parser.add_argument("--seed", type=int, default=1, help="other inputs (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--out", type=Path, help="folder for one small input a group of failures")
    parser.add_argument("--list", action="store_true", help="the targets and their kinds")
    return parser


def _chosen(wanted: Sequence[str]) -> list[str]:
    names = [n for n in TARGETS if not wanted or any(n.startswith(start) for start in wanted)]
    if not names:
        sys.exit(f"no target begins with {', '.join(wanted)}; --list shows all")
    return names


def _table(tally: Tally, seconds: float) -> list[str]:
    lines = [f"{'target':<36} {'ok':>7} {'refused':>8} {'failed':>7} {'inputs/s':>9}"]
    for name in sorted(tally.counts):
        counts, spent = tally.counts[name], tally.seconds[name]
        speed = f"{counts.total() / spent:9.0f}" if spent else ""
        figures = f"{counts['ok']:>7,} {counts['refused']:>8,} {counts['failed']:>7,}"
        lines.append(f"{name:<36} {figures} {speed:>9}")
    every = sum(counts.total() for counts in tally.counts.values())
    failed = sum(counts["failed"] for counts in tally.counts.values())
    lines.append(f"{every:,} inputs in {seconds:.0f} s, {failed:,} failed")
    return lines


def _groups(failures: Sequence[Failure]) -> Mapping[str, list[Failure]]:
    """Failures by kind and place, the most frequent first."""
    found: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        found[failure.group].append(failure)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def _save(out: Path, groups: Mapping[str, list[Failure]], seed: int) -> None:
    """One input a group, made smaller, with its traceback."""
    for group, failures in groups.items():
        # The smallest of all that failed in this way is the quickest to make smaller still.
        sized = [(len(input_of(TARGETS[f.target], f.number, seed)), f) for f in failures[:50]]
        first = min(sized, key=lambda pair: pair[0])[1]
        target = TARGETS[first.target]
        content = input_of(target, first.number, seed)
        if not group.startswith("the process"):
            content = smaller(target, content, group)
        folder = out / hashlib.sha256(group.encode()).hexdigest()[:10]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / Path(target.file).name).write_bytes(content)
        story = f"{len(failures)} of {', '.join(sorted({f.target for f in failures}))}\n"
        story += f"{group}\n--target {first.target} --seed {seed}, input {first.number}\n\n"
        (folder / "story").write_text(story + first.story + "\n", "utf-8", "backslashreplace")


if __name__ == "__main__":
    raise SystemExit(main())
