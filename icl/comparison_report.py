"""The page and the record of a comparison: scores.json and report.html in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from data.files import canonical_json, sha256_text, write_whole
from data.languages import resolve
from data.pages import page_template
from icl.paired_tests import Comparison
from icl.pairing import Pairing, extremes
from icl.report import language_attributes

SHOWN = 25  # segments a direction and side


class Sides(NamedTuple):
    """The two run folders, and which system of each."""

    a: Path
    b: Path
    systems: tuple[str, str]


def write_comparison(
    sides: Sides,
    pairings: Sequence[Pairing],
    comparisons: Sequence[Comparison],
    out: Path | None = None,
) -> Path:
    """Write the comparison's folder (`out`, or runs/compare-HASH); returns the page's path."""
    a, b, systems = sides
    runs = [(folder / "config.json").read_text("utf-8") for folder in (a, b)]
    name = sha256_text(canonical_json([runs, systems]))[:12]
    folder = out or Path("runs") / f"compare-{name}"
    rows = [{**asdict(c), "better": c.verdict} for c in comparisons]
    content = {"a": [str(a), systems[0]], "b": [str(b), systems[1]], "comparisons": rows}
    text = json.dumps(content, ensure_ascii=False, indent=2)
    write_whole(folder / "scores.json", f"{text}\n")
    page = page_template("icl", "comparison.html.j2").render(
        title=f"{b.name} ({systems[1]}) against {a.name} ({systems[0]})",
        sides=[f"{a} ({systems[0]})", f"{b} ({systems[1]})"],
        comparisons=comparisons,
        sections=[_section(pairing) for pairing in pairings],
    )
    write_whole(folder / "report.html", page)
    return folder / "report.html"


def _section(pairing: Pairing) -> dict[str, Any]:
    source, _, target = pairing.direction.partition("-")
    return {
        "direction": pairing.direction,
        "source": language_attributes(resolve(source)),
        "target": language_attributes(resolve(target)),
        "groups": [group for group in extremes(pairing, SHOWN) if group[1]],
    }
