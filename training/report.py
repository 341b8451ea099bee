"""One HTML page a training run that opens without a network: loss, evaluations, speed, scores.

    from training.report import write_report
    write_report(Path("runs/pretrain-sw-1f2e"), "Encoder for Swahili", facts={"data": "lafand"})

The curves are drawn from metrics.jsonl and timing.jsonl, which `training.loop.fit` writes; `plot`
draws any of them as SVG for the pages of other rooms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from data.bounded import parse_json
from data.errors import InputError
from data.files import write_whole
from data.pages import page_template
from metrics.score import Score
from training.looping.journal import ROW, parsed_lines
from training.looping.plot import Curve, plot

LOSS = "nats a token"


def write_report(
    folder: Path,
    title: str,
    *,
    facts: Mapping[str, object] | None = None,
    scores: Sequence[Score] = (),
    notes: Sequence[str] = (),
) -> Path:
    """Write report.html into the folder of a run and return its path.

    Args:
        folder: where `fit` wrote (its `out`).
        title: of the page.
        facts: shown as a table: data, settings, versions.
        scores: shown with interval, n and signature.
        notes: sentences that stand out, on what a reader must know.

    Raises:
        InputError: the folder has no metrics.jsonl, or one with a line that is not JSON.
    """
    metrics = read_lines(folder / "metrics.jsonl")
    timing = whole_lines(folder / "timing.jsonl")
    page = page_template("training", "report.html.j2").render(
        title=title,
        facts=facts or {},
        scores=scores,
        notes=notes,
        loss=plot([loss_curve(metrics)], y=LOSS),
        evaluations=[
            (name, plot([evaluation_curve(metrics, name)], y=name))
            for name in evaluation_names(metrics)
        ],
        summary=_summary(metrics, timing),
    )
    path = folder / "report.html"
    write_whole(path, page)
    return path


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
    metrics: Sequence[Mapping[str, Any]], timing: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    steps = [row for row in metrics if "loss" in row]
    summary = {}
    if steps:
        loss = steps[-1]["loss"]
        summary["updates"] = f"{steps[-1]['step']:,}"
        summary["scored tokens"] = f"{steps[-1].get('tokens') or 0:,}"
        summary["last loss"] = "not finite" if loss is None else f"{loss:.4f} nats a token"
    # No seconds: a run that was killed and went on writes the same page as one that was not.
    settled = [row["settled"] for row in timing if row.get("settled") is not None]
    if settled:
        summary["updates that the budget settled"] = f"{settled[-1]:,}"
    return summary
