"""What an audit shows: lines on a terminal, scores.json, and one HTML page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from data.files import write_whole
from data.options import to_json
from data.pages import Interval, Plotted, page_environment
from metrics.score import Score
from runfolder.console import aligned
from runfolder.page import write_page
from trust.attacks import ATTACKS
from trust.observations import Prepared

DECADES = 3  # of the curve's axes: from 0.1 % to 100 %
LEFT, TOP, SIDE, RIGHT = 60, 14, 340, 180  # pixels
DASHES = ("", "7 3", "2 3", "9 3 2 3", "1 4", "12 4", "5 2")
DRAWING = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" role="img"
 style="max-width:{{ width }}px" font-family="sans-serif" font-size="12" fill="currentColor">
<title>True positive rate by false positive rate, logarithmic axes</title>
{% for at, text in ticks %}
<line x1="{{ left + at }}" x2="{{ left + at }}" y1="{{ top }}" y2="{{ top + side }}"
 stroke="currentColor" opacity="0.18"/>
<text x="{{ left + at }}" y="{{ top + side + 18 }}" text-anchor="middle">{{ text }}</text>
<line x1="{{ left }}" x2="{{ left + side }}" y1="{{ top + side - at }}" y2="{{ top + side - at }}"
 stroke="currentColor" opacity="0.18"/>
<text x="{{ left - 8 }}" y="{{ top + side - at + 4 }}" text-anchor="end">{{ text }}</text>
{% endfor %}
<text x="{{ left + side // 2 }}" y="{{ top + side + 38 }}" text-anchor="middle">
false positive rate</text>
<path d="M{{ left }} {{ top + side }}L{{ left + side }} {{ top }}" stroke="currentColor"
 stroke-dasharray="1 3" fill="none"/>
{% for line in lines %}
<g class="hue-{{ line.hue }}"><title>{{ line.name }}</title>
<path d="{{ line.path }}" fill="none" stroke="var(--hue)" stroke-width="2"
 stroke-dasharray="{{ line.dash }}"/>
<path d="M{{ left + side + 12 }} {{ line.y }}h22" stroke="var(--hue)" stroke-width="2"
 stroke-dasharray="{{ line.dash }}"/>
<text x="{{ left + side + 40 }}" y="{{ line.y + 4 }}">{{ line.name }}</text></g>
{% endfor %}
</svg>
"""


@dataclass(frozen=True, slots=True, repr=False)
class Audited(Plotted):
    """A finished audit.

    Attributes:
        told: what scores.json says: membership, canaries, notes.
    """

    folder: Path
    told: Mapping[str, Any]

    def summary(self) -> str:
        """The attack that finds most, and where the audit lies."""
        rows = [row for row in self._rows() if row["language"] == ""]
        best = max(rows, key=lambda row: float(row["auc"]["value"]), default=None)
        said = f"{best['attack']} {Score.from_dict(best['auc'])}" if best else "canaries"
        return f"{said}; {self.folder}"

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = (self.told["membership"] or {}).get("rows", [])
        return found

    def rows(self) -> list[dict[str, Any]]:
        """A row an attack and language; of canaries a row a number of repetitions and language."""
        if self.told["membership"] is None:
            return [dict(row) for row in self.told["canaries"]["exposure"]]
        return [
            {
                "attack": row["attack"],
                "language": row["language"] or "all",
                "members": row["members"],
                "others": row["others"],
                **{key: row["auc"][key] for key in ("value", "low", "high")},
                **{one["name"]: one["value"] for one in row["rates"]},
            }
            for row in self._rows()
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The area under the curve by attack, all languages together."""
        return "AUC (50 is chance)", [
            Interval(row["attack"], *(row["auc"][key] for key in ("value", "low", "high")))
            for row in self._rows()
            if row["language"] == ""
        ]

    def lines(self) -> Iterator[str]:
        """What a terminal shows."""
        if self._rows():
            yield from aligned(list(_membership_lines(self._rows())))
            for one in self.told["membership"]["extractable"]:
                yield f"{one['records']}: {Score.from_dict(one['score'])}, n {one['score']['n']}"
            for one in self.told["membership"]["bounds"]:
                if one["counts"]:
                    yield _bound_line(one, one["attack"])
        canaries = self.told["canaries"]
        if canaries:
            yield from aligned(list(_exposure_lines(canaries["exposure"])))
            for one in canaries["extraction"]:
                score = Score.from_dict(one["score"])
                times = f"{one['repetitions']:,} repetitions"
                yield f"{score}, {times}; chance {one['chance']:.2g}, {score.n} canaries"
            if canaries["bound"]:
                yield _bound_line(canaries["bound"], "canaries")


def _membership_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    head = next((row for row in rows if row["rates"]), None)
    names = [one["name"] for one in head["rates"]] if head else []
    yield ("attack", "language", "AUC", *names, "members", "others")
    for row in rows:
        rates = {one["name"]: _figure(one) for one in row["rates"]}
        cells = (row["attack"], row["language"] or "all", _figure(row["auc"]))
        counts = (f"{row['members']:,}", f"{row['others']:,}")
        yield (*cells, *(rates.get(name, "-") for name in names), *counts)


def _exposure_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield ("repetitions", "language", "exposure, bits", "at most", "canaries")
    for row in rows:
        interval = "" if row["low"] is None else f" [{row['low']:.1f}, {row['high']:.1f}]"
        cells = (f"{row['repetitions']:,}", row["language"] or "all")
        yield (
            *cells,
            f"{row['exposure']:.1f}{interval}",
            f"{row['at most']:.1f}",
            f"{row['canaries']:,}",
        )


def _bound_line(one: Mapping[str, Any], by: str) -> str:
    stated = "none is stated" if one["stated"] is None else f"stated: {one['stated']:g}"
    return (
        f"epsilon is {one['epsilon']:.2f} or more (95 %, by {by}, delta {one['delta']:g}):"
        f" {one['right']:,} of {one['guesses']:,} guesses right; {stated}"
    )


def _figure(score: Mapping[str, Any]) -> str:
    return f"{score['value']:.1f} [{score['low']:.1f}, {score['high']:.1f}]"


def finish(prepared: Prepared, told: Mapping[str, Any]) -> Audited:
    """Write scores.json and report.html."""
    done = Audited(prepared.folder, {**told, "notes": list(prepared.notes)})
    content = json.dumps(done.told, ensure_ascii=False, indent=1, sort_keys=True)
    write_whole(prepared.folder / "scores.json", content + "\n")
    membership, canaries = told["membership"], told["canaries"]
    write_page(
        prepared.folder / "report.html",
        "trust",
        "audit.html.j2",
        title=f"Audit of {prepared.config.model}",
        command=str(told["command"]),
        settings=to_json(prepared.config),
        notes=prepared.notes,
        membership=membership,
        rows=[_shown(row) for row in membership["rows"]] if membership else [],
        written=[_shown(row) for row in membership["extractable"]] if membership else [],
        controls=[_shown(row) for row in membership["controls"]] if membership else [],
        abouts={name: one.about for name, one in ATTACKS.items()},
        drawing=drawing(membership["curves"]) if membership else "",
        canaries=canaries,
        extraction=[_shown(row) for row in canaries["extraction"]] if canaries else [],
        bounds=[
            (one.get("attack", "canaries"), one)
            for one in [*(membership or {}).get("bounds", []), (canaries or {}).get("bound")]
            if one
        ],
        shift=Score.from_dict(membership["shift"]) if membership and membership["shift"] else None,
    )
    return done


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose records of scores are scores again."""
    found = dict(row)
    for key in ("auc", "score"):
        if key in found:
            found[key] = Score.from_dict(found[key])
    if "rates" in found:
        found["rates"] = {one["name"]: Score.from_dict(one) for one in found["rates"]}
    return found


def drawing(curves: Mapping[str, Sequence[Sequence[float]]]) -> Markup:
    """Curves on logarithmic axes; what is below 0.1 % lies on the edge."""

    def place(rate: float) -> float:
        return SIDE * (1 + max(math.log10(rate), -DECADES) / DECADES) if rate > 0 else 0.0

    lines = []
    for number, (name, points) in enumerate(curves.items()):
        steps = [f"{LEFT + place(x):.1f} {TOP + SIDE - place(y):.1f}" for x, y in points]
        lines.append(
            {
                "name": name,
                "path": "M" + "L".join(steps),
                "hue": number % 8,
                "dash": DASHES[number % len(DASHES)],
                "y": TOP + 16 * (number + 1),
            }
        )
    ticks = [(SIDE * n / DECADES, f"{100 * 10.0 ** (n - DECADES):g} %") for n in range(DECADES + 1)]
    svg = page_environment({"drawing": DRAWING}).get_template("drawing")
    text = svg.render(
        width=LEFT + SIDE + RIGHT,
        height=TOP + SIDE + 50,
        left=LEFT,
        top=TOP,
        side=SIDE,
        ticks=[(round(at, 1), label) for at, label in ticks],
        lines=lines,
    )
    return Markup(text)  # noqa: S704  # the template escapes all that it is given
