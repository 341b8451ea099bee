"""One HTML page a training run that opens without a network: loss, evaluations, speed, scores.

    from training.report import write_report
    write_report(Path("runs/pretrain-sw-1f2e"), "Encoder for Swahili", facts={"data": "lafand"})

The curves are drawn from metrics.jsonl and timing.jsonl, which `training.loop.fit` writes; `plot`
draws any of them as SVG for the pages of other rooms: axes with round numbers, no script, readable
on light and dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from data.bounded import parse_json
from data.errors import InputError
from metrics.score import Score
from runfolder.page import write_page
from training.progress import ROW, parsed_lines

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 40
COLOURS = ("#3b82c4", "#c47a3b", "#4a9d5b", "#9d4a8c")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (step, value) by rising step."""

    name: str
    points: tuple[Point, ...]


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, between two values.

    >>> ticks(0, 2000), ticks(0.13, 0.58)
    ([0.0, 500.0, 1000.0, 1500.0, 2000.0], [0.2, 0.3, 0.4, 0.5])
    """
    if not low < high:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    apart = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.ceil(low / apart - 1e-9), math.floor(high / apart + 1e-9)
    return [float(f"{number * apart:.10g}") for number in range(first, last + 1)]


def plot(curves: Sequence[Curve], *, y: str) -> Markup:
    """An SVG element of the curves over steps; empty where there is no point.

    >>> svg = plot([Curve("loss", ((1, 5.0), (100, 2.5)))], y="nats a token")
    >>> svg.count("<polyline"), "nats a token" in svg
    (1, True)
    """
    points = [point for curve in curves for point in curve.points]
    if not points:
        return Markup("")
    frame = _Frame(points)
    parts = [frame.axes(y)]
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(frame.line(curve, colour))
        if len(curves) > 1:
            parts.append(_legend(curve.name, number, colour))
    label = escape(f"{', '.join(curve.name for curve in curves)} over steps", quote=True)
    return Markup(  # noqa: S704 - every text in it is escaped
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" '
        f'font-size="12" fill="currentColor">{"".join(parts)}</svg>'
    )


class _Frame:
    """From values to places on the page."""

    def __init__(self, points: Sequence[Point]) -> None:
        steps, values = [p[0] for p in points], [p[1] for p in points]
        self.x = (min(0, *steps) if len(steps) > 1 else 0, max(1, *steps, 1))
        margin = (max(values) - min(values)) * 0.05 or abs(max(values)) * 0.05 or 1
        self.y = (min(values) - margin, max(values) + margin)

    def place(self, point: Point) -> str:
        across = (point[0] - self.x[0]) / (self.x[1] - self.x[0])
        up = (point[1] - self.y[0]) / (self.y[1] - self.y[0])
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        return f"{x:.1f},{HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM):.1f}"

    def line(self, curve: Curve, colour: str) -> str:
        places = " ".join(self.place(point) for point in curve.points)
        if len(curve.points) == 1:
            x, _, y = places.partition(",")
            return f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
        return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>'

    def axes(self, label: str) -> str:
        parts = [self._across(value) for value in ticks(*self.y)]
        parts += [self._below(value) for value in ticks(*self.x)]
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">step</text>')
        parts.append(f'<text x="4" y="{HEIGHT - 6}">{escape(label)}</text>')
        return "".join(parts)

    def _across(self, value: float) -> str:
        y = self.place((self.x[0], value)).partition(",")[2]
        return (
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#8884"/>'
            f'<text x="{LEFT - 6}" y="{y}" dy="4" text-anchor="end">{value:g}</text>'
        )

    def _below(self, value: float) -> str:
        x = self.place((value, self.y[0])).partition(",")[0]
        return f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:,g}</text>'


def _legend(name: str, number: int, colour: str) -> str:
    x, y = WIDTH - RIGHT, TOP + 14 * (number + 1)
    return f'<text x="{x}" y="{y}" text-anchor="end" fill="{colour}">{escape(name)}</text>'


LOSS = "nats a token"
WEIGHTED = "weighted sum"  # of several losses


def write_report(
    folder: Path,
    title: str,
    *,
    facts: Mapping[str, object] | None = None,
    scores: Sequence[Score] = (),
    notes: Sequence[str] = (),
    command: str = "",
    unit: str = LOSS,
) -> Path:
    """Write report.html into the folder of a run and return its path.

    Args:
        folder: where `fit` wrote (its `out`).
        title: of the page.
        facts: shown as a table: data, settings, versions; settings that are None are left out.
        scores: shown with interval, n and signature.
        notes: sentences that stand out, on what a reader must know.
        command: how to get the run again.
        unit: what the training loss is counted in.

    Raises:
        InputError: the folder has no metrics.jsonl, or one with a line that is not JSON.
    """
    metrics = read_lines(folder / "metrics.jsonl")
    timing = whole_lines(folder / "timing.jsonl")
    return write_page(
        folder / "report.html",
        "training",
        "report.html.j2",
        title=title,
        command=command,
        facts={name: _told(value) for name, value in (facts or {}).items()},
        scores=scores,
        notes=notes,
        loss=plot([loss_curve(metrics)], y=unit),
        evaluations=[
            (name, plot([evaluation_curve(metrics, name)], y=name))
            for name in evaluation_names(metrics)
        ],
        summary=_summary(metrics, timing, unit),
    )


def _told(value: object) -> object:
    """A fact as it is read: the parts of what has several, with commas between.

    >>> _told({"steps": None, "width": 64}), _told([163, 147]), _told("in NFC")
    ('width 64', '163, 147', 'in NFC')
    """
    if isinstance(value, Mapping):
        value = [f"{name} {one}" for name, one in value.items() if one is not None]
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def of_held_out(rows: Sequence[Mapping[str, Any]]) -> list[Score]:
    """Scores of held-out text, each named after its system, and its corpus where there are several.

    Args:
        rows: "corpus", "system" and "scores" (`Score.to_dict`) of each.
    """
    several = len({row["corpus"] for row in rows}) > 1
    found = []
    for row in rows:
        of = f"{row['corpus']}, {row['system']}" if several else row["system"]
        found += [
            Score.from_dict({**one, "name": f"{one['name']} ({of})"}) for one in row["scores"]
        ]
    return found


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl or timing.jsonl."""
    if not path.exists():
        raise InputError(f"{path}: not there; expected the folder of a training run")
    return list(parsed_lines(path))


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of timing.jsonl; a line that a kill cut short is nobody's result."""
    rows = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with suppress(InputError):
            rows.append(parse_json(line, str(path), ROW))
    return rows


def loss_curve(history: Sequence[Mapping[str, Any]]) -> Curve:
    """(step, loss) of the lines that have a loss.

    >>> loss_curve([{"step": 1, "loss": 5.2}, {"step": 1, "evaluation": {"accuracy": 3.0}}])
    Curve(name='training loss', points=((1, 5.2),))
    """
    points = ((row["step"], row["loss"]) for row in history if row.get("loss") is not None)
    return Curve("training loss", tuple(points))


def evaluation_curve(history: Sequence[Mapping[str, Any]], name: str) -> Curve:
    """(step, value) of one of the evaluation's numbers."""
    rows = [row for row in history if (row.get("evaluation") or {}).get(name) is not None]
    return Curve(name, tuple((row["step"], row["evaluation"][name]) for row in rows))


def evaluation_names(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the evaluation's numbers, in their first order."""
    return list(dict.fromkeys(name for row in history for name in row.get("evaluation") or {}))


def _summary(
    metrics: Sequence[Mapping[str, Any]], timing: Sequence[Mapping[str, Any]], unit: str
) -> dict[str, str]:
    steps = [row for row in metrics if "loss" in row]
    summary = {}
    if steps:
        loss = steps[-1]["loss"]
        summary["updates"] = f"{steps[-1]['step']:,}"
        summary["scored tokens"] = f"{steps[-1].get('tokens') or 0:,}"
        summary["last loss"] = "not finite" if loss is None else f"{loss:.4f} {unit}"
    # No seconds: a run that was killed and went on writes the same page as one that was not.
    settled = [row["settled"] for row in timing if row.get("settled") is not None]
    if settled:
        summary["updates that the budget settled"] = f"{settled[-1]:,}"
    return summary
