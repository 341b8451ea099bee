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

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from data.files import canonical_json, sha256_text, write_whole
from data.options import command
from icl.options import CompareConfig

if TYPE_CHECKING:
    from icl.pairing import Comparison, Pairing

SHOWN = 25  # segments a direction and side


def main(argv: Sequence[str] | None = None) -> int:
    """The command line over `icl.pairing.compare_pairings`."""
    return command("icl.compare", __doc__ or "", CompareConfig, _run, argv)


def _run(config: CompareConfig) -> int:
    from icl.pairing import compare_pairings, pair_runs
    from runfolder.console import show

    systems = _two(config.systems, "--systems", "copy,model")
    a, b = Path(config.run_a or ""), Path(config.run_b or "")
    pairings = pair_runs(a, b, systems)
    for scores in config.scores:
        pairings = [_scored(pairing, pairings, scores) for pairing in pairings]
    comparisons = compare_pairings(pairings, seed=config.seed)
    for line in table(comparisons):
        show(line)
    for name in dict.fromkeys(c.metric for c in comparisons if c.higher_is_better is None):
        show(
            f"no verdict by {name}: it is not known whether higher is better; say so with"
            f" --scores {name}:higher=... or {name}:lower=..."
        )
    page = write_comparison(config, systems, pairings, comparisons)
    show(f"A is {a} ({systems[0]}), B is {b} ({systems[1]})")
    show(f"wrote {page.parent}: scores.json {page.name}")
    return 0


def table(comparisons: Sequence[Comparison]) -> list[str]:
    """Aligned lines for a terminal."""
    from runfolder.console import aligned

    rows = [["direction", "metric", "n", "A", "B", "B - A", "p bs", "p ar", "wins", "losses"]]
    rows[0].append("better")
    for c in comparisons:
        difference = f"{c.difference:+.1f} [{c.low:+.1f}, {c.high:+.1f}]"
        values = [c.direction, c.label, str(c.n), f"{c.a:.1f}", f"{c.b:.1f}", difference]
        values += [f"{c.p_bootstrap:.4f}", f"{c.p_randomisation:.4f}"]
        values += ["-" if count is None else str(count) for count in (c.wins, c.losses)]
        rows.append([*values, c.verdict])
    return aligned(rows)


def write_comparison(
    config: CompareConfig,
    systems: tuple[str, str],
    pairings: Sequence[Pairing],
    comparisons: Sequence[Comparison],
) -> Path:
    """Write the comparison's folder (--out, or runs/compare-HASH); returns the page's path."""
    from data.options import command_line
    from runfolder.page import write_page

    a, b = Path(config.run_a or ""), Path(config.run_b or "")
    runs = [(folder / "config.json").read_text("utf-8") for folder in (a, b)]
    name = sha256_text(canonical_json([runs, systems]))[:12]
    folder = config.out or Path("runs") / f"compare-{name}"
    rows = [{**asdict(c), "better": c.verdict} for c in comparisons]
    content = {"a": [str(a), systems[0]], "b": [str(b), systems[1]], "comparisons": rows}
    text = json.dumps(content, ensure_ascii=False, indent=2)
    write_whole(folder / "scores.json", f"{text}\n")
    return write_page(
        folder / "report.html",
        "icl",
        "comparison.html.j2",
        title=f"{b.name} ({systems[1]}) against {a.name} ({systems[0]})",
        command=command_line("icl.compare", config),
        sides=[f"{a} ({systems[0]})", f"{b} ({systems[1]})"],
        comparisons=comparisons,
        sections=[_section(pairing) for pairing in pairings],
    )


def _section(pairing: Pairing) -> dict[str, Any]:
    from data.languages import resolve
    from icl.pairing import extremes
    from runfolder.page import language_attributes

    source, _, target = pairing.direction.partition("-")
    return {
        "direction": pairing.direction,
        "source": language_attributes(resolve(source)),
        "target": language_attributes(resolve(target)),
        "groups": [group for group in extremes(pairing, SHOWN) if group[1]],
    }


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
