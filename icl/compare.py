"""Is B better than A? Two systems over the same segments, tested from stored statistics.

    python -m icl.compare runs/icl-sw-1f0c runs/icl-sw-77ab
    python -m icl.compare runs/icl-sw-1f0c runs/icl-sw-1f0c --systems copy,model
    python -m icl.compare runs/A runs/B --scores COMET=comet_a.txt,comet_b.txt
    python -m icl.compare runs/A runs/B --scores Edits:lower=edits_a.txt,edits_b.txt

Per direction and metric: both scores, their difference with a 95 % paired bootstrap interval, the
p-values of paired bootstrap (Koehn 2004) and approximate randomisation (Riezler and Maxwell 2005),
and on how many segments B does better and worse. No text is read again: the statistics are those
of segments.jsonl. Runs whose test set, segments or references differ are refused. Of several
directions all are tested, and all their segments together ("pooled"). Another tool's scores, such
as COMET's, come in as text files with a number a segment, for the files that icl.export writes.
Whether higher is better is known of published metrics (`metrics.score`: of COMET it is, of
MetricX lower is); of others say it, NAME:higher=A,B or NAME:lower=A,B, or no side is called better.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.cli import Parser, run
from data.errors import InputError

if TYPE_CHECKING:
    from icl.paired_tests import Comparison
    from icl.pairing import Pairing


def table(comparisons: Sequence[Comparison]) -> list[str]:
    """Aligned lines for a terminal."""
    from icl.console import aligned

    rows = [["direction", "metric", "n", "A", "B", "B - A", "p bs", "p ar", "wins", "losses"]]
    rows[0].append("better")
    for c in comparisons:
        difference = f"{c.difference:+.1f} [{c.low:+.1f}, {c.high:+.1f}]"
        values = [c.direction, c.label, str(c.n), f"{c.a:.1f}", f"{c.b:.1f}", difference]
        values += [f"{c.p_bootstrap:.4f}", f"{c.p_randomisation:.4f}"]
        values += ["-" if count is None else str(count) for count in (c.wins, c.losses)]
        rows.append([*values, c.verdict])
    return aligned(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `icl.paired_tests.compare`."""
    parser = Parser("icl.compare", __doc__ or "")
    parser.add_argument("run_a", type=Path, metavar="RUN_A")
    parser.add_argument("run_b", type=Path, metavar="RUN_B")
    parser.add_argument(
        "--systems",
        default="model,model",
        metavar="A,B",
        help="which of model, copy, gloss to take from each run (default model,model)",
    )
    parser.add_argument(
        "--scores",
        action="append",
        default=[],
        metavar="NAME[:lower]=A,B",
        help="files with another metric's score a segment, of each run (one direction only); "
        "NAME:higher or NAME:lower says which is better; may be repeated",
    )
    parser.add_common("--seed", "--out", "-v")
    return run(parser, _run, argv)


def _run(options: argparse.Namespace) -> int:
    from icl.comparison_report import Sides, write_comparison
    from icl.console import show
    from icl.paired_tests import compare_pairings
    from icl.pairing import pair_runs

    systems = _two(options.systems, "--systems", "copy,model")
    pairings = pair_runs(options.run_a, options.run_b, systems)
    for scores in options.scores:
        pairings = [_scored(pairing, pairings, scores) for pairing in pairings]
    comparisons = compare_pairings(pairings, seed=options.seed)
    for line in table(comparisons):
        show(line)
    for name in dict.fromkeys(c.metric for c in comparisons if c.higher_is_better is None):
        show(
            f"no verdict by {name}: it is not known whether higher is better; say so with"
            f" --scores {name}:higher=... or {name}:lower=..."
        )
    sides = Sides(options.run_a, options.run_b, systems)
    page = write_comparison(sides, pairings, comparisons, options.out)
    show(f"A is {options.run_a} ({systems[0]}), B is {options.run_b} ({systems[1]})")
    show(f"wrote {page.parent}: scores.json {page.name}")
    return 0


def _two(text: str, option: str, example: str) -> tuple[str, str]:
    names = text.split(",")
    if len(names) != 2:
        raise InputError(f'{option} "{text}": expected two, such as {example}')
    return names[0], names[1]


def _scored(pairing: Pairing, pairings: Sequence[Pairing], scores: str) -> Pairing:
    """The pairing with the scores of --scores."""
    from icl.pairing import with_scores

    if len(pairings) > 1:
        directions = ", ".join(p.direction for p in pairings)
        raise InputError(f"--scores: the runs have several directions ({directions}); give one")
    given, _, files = scores.partition("=")
    name, colon, way = given.rpartition(":")
    if colon and way.lower() not in ("higher", "lower"):
        raise InputError(f'--scores "{given}": expected NAME:higher or NAME:lower, found :{way}')
    a, b = _two(files, "--scores", "COMET=comet_a.txt,comet_b.txt")
    higher = way.lower() == "higher" if colon else None
    return with_scores(pairing, name if colon else given, Path(a), Path(b), higher=higher)


if __name__ == "__main__":
    raise SystemExit(main())
