"""The page of `probe.project`: points that say what they are, coloured by what one chooses.

The points stand in the page as SVG, coloured once; a script of the page's own colours them anew,
hides groups, finds a language and says what lies under the pointer. Nothing is loaded.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.terminal import printable
from runfolder.page import write_page

WIDTH, HEIGHT, EDGE = 900, 620, 26
KINDS = ("family", "genus", "script", "topic", "language")
HUES = 7  # of runfolder/base.html.j2; the eighth is that of all others
SHAPES = (
    "M4.2 0A4.2 4.2 0 1 1 -4.2 0A4.2 4.2 0 1 1 4.2 0Z",
    "M0 -5.2L5 3.8L-5 3.8Z",
    "M-3.8 -3.8H3.8V3.8H-3.8Z",
)
MOST = HUES * len(SHAPES)  # groups with a mark of their own
OTHERS, NONE = "others", "(none)"


@dataclass(frozen=True, slots=True)
class Projecting:
    """A finished run.

    Attributes:
        rows: of coordinates.tsv, by its columns.
        shares: of the variance that each component has, 0-1; empty for UMAP.
    """

    folder: Path
    rows: tuple[Mapping[str, str], ...]
    shares: tuple[float, ...]
    notes: tuple[str, ...]


def write_report(done: Projecting, method: str, about: str, command: str) -> None:
    """Write report.html into the run's folder."""
    kinds = {kind: marks(_labels(done.rows, kind)) for kind in KINDS}
    kinds = {kind: found for kind, found in kinds.items() if len(found[0]) > 1}
    places = _places([(float(row["x"]), float(row["y"])) for row in done.rows])
    points = [
        {"x": x, "y": y, "told": _told(row), "name": f"{row['name']} {row['code']}".lower()}
        for row, (x, y) in zip(done.rows, places, strict=True)
    ]
    data = {
        "shapes": SHAPES,
        "points": points,
        "kinds": {
            kind: {"groups": groups, "of": members} for kind, (groups, members) in kinds.items()
        },
    }
    write_page(
        done.folder / "report.html",
        "probe",
        "scatter.html.j2",
        title=f"{'Principal components' if method == 'pca' else 'UMAP'}: {about}",
        command=command,
        notes=done.notes,
        width=WIDTH,
        height=HEIGHT,
        shares=[100 * share for share in done.shares[:2]],
        points=points,
        kinds=list(kinds),
        first=next(iter(kinds.values()), ([], [])),
        shapes=SHAPES,
        data=_script_text(data),
    )


def marks(labels: Sequence[str]) -> tuple[list[dict[str, Any]], list[int]]:
    """(groups, the group of each point): the largest have a mark of their own, the rest share one.

    >>> groups, members = marks(["Bantu", "", "Bantu", "Germanic"])
    >>> [(one["name"], one["points"], one["hue"]) for one in groups]
    [('Bantu', 2, 0), ('(none)', 1, 1), ('Germanic', 1, 2)]
    >>> members
    [0, 1, 0, 2]
    """
    counts = Counter(label or NONE for label in labels)
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    kept = ordered if len(ordered) <= MOST else ordered[: MOST - 1]
    groups: list[dict[str, Any]] = [
        {"name": printable(name), "points": counts[name], "hue": at % HUES, "shape": at // HUES}
        for at, name in enumerate(kept)
    ]
    if rest := sum(counts[name] for name in ordered[len(kept) :]):
        groups.append({"name": OTHERS, "points": rest, "hue": HUES, "shape": 0})
    place = {name: at for at, name in enumerate(kept)}
    return groups, [place.get(label or NONE, len(kept)) for label in labels]


def _labels(rows: Sequence[Mapping[str, str]], kind: str) -> list[str]:
    return [row["name"] if kind == "language" else row[kind] for row in rows]


def _told(row: Mapping[str, str]) -> str:
    """What a point says of itself."""
    about = [row["family"], row["script"]]
    if row["sentence"]:
        about.append(f"sentence {row['sentence']}")
    about.append(row["topic"])
    return printable(f"{row['name']} ({row['code']}): {', '.join(filter(None, about))}")


def _places(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where points lie in the drawing; both axes have one scale."""
    spans = [[point[axis] for point in points] for axis in (0, 1)]
    middle = [(min(span) + max(span)) / 2 for span in spans]
    scale = min(
        (size - 2 * EDGE) / (max(span) - min(span) or 1)
        for size, span in zip((WIDTH, HEIGHT), spans, strict=True)
    )
    return [
        (
            round(WIDTH / 2 + (x - middle[0]) * scale, 1),
            round(HEIGHT / 2 - (y - middle[1]) * scale, 1),
        )
        for x, y in points
    ]


def _script_text(data: Any) -> Any:
    """JSON that may stand within a script element: nothing in it can end that."""
    from markupsafe import Markup

    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)  # noqa: S704  # as said above
