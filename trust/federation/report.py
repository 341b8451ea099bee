"""What a federated run shows: lines on a terminal, scores.json, and one HTML page with pictures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from data.bounded import read_json
from data.files import write_whole
from data.options import identity_of
from data.pages import Interval, Plotted, page_environment
from metrics.score import Score
from runfolder.console import aligned
from runfolder.page import write_page
from training.report import Curve, plot
from trust.federation.config import Federated
from trust.federation.partition import Parts

SHAPE = {
    "rows": [dict],
    "means": [dict],
    "worst": [dict],
    "notes": [str],
    "training": dict,
    "partition": dict,
    "command": str,
}
MOST_BARS = 60  # clients in the picture
KINDS = 7  # labels or languages with a colour of their own; the rest share one
WIDTH, HEIGHT, LEFT, TOP, SIDE = 720, 240, 46, 10, 150
DRAWING = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height + 50 }}" role="img"
 style="max-width:{{ width }}px" font-family="sans-serif" font-size="12" fill="currentColor">
<title>Examples of {{ bars | length }} of {{ clients }} clients, by kind</title>
{% for y, text in ticks %}
<line x1="{{ left }}" x2="{{ right }}" y1="{{ y }}" y2="{{ y }}" stroke="currentColor" \
opacity="0.18"/>
<text x="{{ left - 6 }}" y="{{ y + 4 }}" text-anchor="end">{{ text }}</text>
{% endfor %}
{% for bar in bars %}
<g><title>{{ bar.name }}: {{ bar.total }} examples</title>
{% for part in bar.parts %}
<rect class="hue-{{ part.hue }}" x="{{ bar.x }}" y="{{ part.y }}" width="{{ bar.width }}" \
height="{{ part.height }}" fill="var(--hue)" opacity="{{ part.opacity }}"/>
{% endfor %}</g>
{% endfor %}
<text x="{{ (left + right) // 2 }}" y="{{ height + 34 }}" text-anchor="middle">
clients, from most examples to fewest</text>
{% for one in legend %}
<rect class="hue-{{ one.hue }}" x="{{ right + 14 }}" y="{{ one.y - 10 }}" width="12" height="12" \
fill="var(--hue)" opacity="{{ one.opacity }}"/>
<text x="{{ right + 32 }}" y="{{ one.y }}">{{ one.name }}</text>
{% endfor %}
</svg>
"""


@dataclass(frozen=True, slots=True, repr=False)
class Done(Plotted):
    """A finished run.

    Attributes:
        told: what scores.json says.
    """

    folder: Path
    told: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> Done:
        """Of a run's folder."""
        return cls(folder, read_json(folder / "scores.json", SHAPE))

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.folder / "model"

    @property
    def mean(self) -> Score:
        """Over languages, each counting once."""
        return Score.from_dict(self.told["means"][0]["score"])

    @property
    def worst(self) -> tuple[str, Score]:
        """The language that is served worst."""
        found = self.told["worst"][0]
        return found["language"], Score.from_dict(found["score"])

    def summary(self) -> str:
        """The mean, the worst language, and where the run lies."""
        language, score = self.worst
        return f"{self.mean}; worst {language or 'all'} {score}; {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a language and system."""
        return [
            {"language": row["language"], "system": row["system"], **row["score"]}
            for row in self.told["rows"]
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The model's score by language."""
        mine = [row for row in self.told["rows"] if row["system"] == "model"]
        scores = [(row["language"], row["score"]) for row in mine]
        return str(mine[0]["score"]["name"]), [
            Interval(language or "all", *(one[key] for key in ("value", "low", "high")))
            for language, one in scores
        ]

    def lines(self) -> Iterator[str]:
        """What a terminal shows."""
        systems = [one["system"] for one in self.told["means"]]
        figures: dict[str, dict[str, str]] = {}
        for row in self.told["rows"]:
            mine = figures.setdefault(row["language"] or "all", {})
            mine[row["system"]] = figure(row["score"])
        name = self.told["rows"][0]["score"]["name"]
        table = [("language", *(f"{name}, {system}" for system in systems))]
        table += [(code, *(mine[one] for one in systems)) for code, mine in figures.items()]
        table.append(("mean", *(figure(one["score"]) for one in self.told["means"])))
        worst = [f"{figure(one['score'])} {one['language']}" for one in self.told["worst"]]
        table.append(("worst", *worst))
        yield from aligned(table)
        training = self.told["training"]
        yield (
            f"{training['rounds']:,} rounds, {training['answered']:,} answers of"
            f" {training['asked']:,} asked, {training['clients seen']:,} clients seen,"
            f" {training['sent'] / 1e6:,.1f} MB to clients, {training['received'] / 1e6:,.1f} MB"
            " back"
        )
        if privacy := self.told.get("privacy"):
            yield (
                f"epsilon {privacy['epsilon']:g} at delta {privacy['delta']:g}, of a client as a"
                f" whole ({privacy['accountant']}, sigma {privacy['sigma']:.3g})"
            )


def figure(score: Mapping[str, Any]) -> str:
    """A score with its interval."""
    return f"{score['value']:.1f} [{score['low']:.1f}, {score['high']:.1f}]"


def finish(
    folder: Path,
    config: Federated,
    told: Mapping[str, Any],
    parts: Parts,
    kinds: Sequence[str],
    rounds: Sequence[Mapping[str, Any]],
) -> None:
    """Write report.html and, last of all, scores.json.

    Args:
        kinds: of each example, what the picture's colours say. rounds: rows of rounds.jsonl.
    """
    shown = [{**row, "score": Score.from_dict(row["score"])} for row in told["rows"]]
    write_page(
        folder / "report.html",
        "trust",
        "federated.html.j2",
        title=f"Federated training {folder.name}",
        command=str(told["command"]),
        settings=identity_of(config),  # not where it lies: the page is the same anywhere
        told=told,
        rows=shown,
        means=[Score.from_dict(one["score"]) for one in told["means"]],
        worst=[(one["language"], Score.from_dict(one["score"])) for one in told["worst"]],
        systems=[one["system"] for one in told["means"]],
        picture=picture(parts, kinds),
        loss=plot(_curves(rounds, "loss"), y="loss, nats"),
        quality=plot(_curves(rounds, "evaluation"), y=str(told["rows"][0]["score"]["name"])),
    )
    content = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)
    write_whole(folder / "scores.json", content + "\n")


def _curves(rounds: Sequence[Mapping[str, Any]], what: str) -> list[Curve]:
    if what == "loss":
        points = [(row["round"], row["loss"]) for row in rounds if row["loss"] is not None]
        return [Curve("clients' loss", tuple(points))]
    scored = [row for row in rounds if "evaluation" in row]
    return [
        Curve(name, tuple((row["round"], row["evaluation"][key]) for row in scored))
        for name, key in (("mean over languages", "mean"), ("worst language", "worst"))
    ]


def picture(parts: Parts, kinds: Sequence[str]) -> Markup:
    """Clients as bars of their examples, coloured by label or language."""
    order = sorted(range(len(parts.clients)), key=lambda n: (-len(parts.clients[n]), n))
    if len(order) > MOST_BARS:
        order = [order[n * (len(order) - 1) // (MOST_BARS - 1)] for n in range(MOST_BARS)]
    usual = [kind for kind, _ in Counter(kinds).most_common(KINDS)]
    hues = {kind: number for number, kind in enumerate(usual)}
    most = max(1, *(len(parts.clients[client]) for client in order))
    right = WIDTH - SIDE
    step = (right - LEFT) / len(order)
    bars = [
        _bar(parts, client, kinds, hues, LEFT + place * step, step, most)
        for place, client in enumerate(order)
    ]
    named = [(kind or "without a label", number, 0.85) for kind, number in hues.items()]
    named += [("others", KINDS, 0.35)] if len({*kinds}) > len(usual) else []
    text = (
        page_environment({"drawing": DRAWING})
        .get_template("drawing")
        .render(
            width=WIDTH,
            height=HEIGHT,
            left=LEFT,
            right=right,
            clients=f"{len(parts.clients):,}",
            bars=bars,
            ticks=[
                (_height(share * most, most)[0], f"{share * most:,.0f}") for share in (0, 0.5, 1)
            ],
            legend=[
                {"name": name, "hue": hue, "opacity": opacity, "y": TOP + 12 + 18 * place}
                for place, (name, hue, opacity) in enumerate(named)
            ],
        )
    )
    return Markup(text)  # noqa: S704  # the template escapes all that it is given


def _height(number: float, most: int) -> tuple[float, float]:
    """Where a bar of so many begins, and how high it is."""
    height = number / most * (HEIGHT - TOP)
    return round(HEIGHT - height, 1), round(height, 1)


def _bar(
    parts: Parts, client: int, kinds: Sequence[str], hues: Mapping[str, int], x: float,
    step: float, most: int,
) -> dict[str, Any]:  # fmt: skip
    counts = Counter(hues.get(kinds[one], KINDS) for one in parts.clients[client])
    found, below = [], 0
    for hue, count in sorted(counts.items()):
        below += count
        y, _ = _height(below, most)
        height, opacity = _height(count, most)[1], 0.35 if hue == KINDS else 0.85
        found.append({"hue": hue, "y": y, "height": height, "opacity": opacity})
    return {
        "name": parts.names[client],
        "total": below,
        "x": round(x, 2),
        "width": round(max(1.0, step - 1), 2),
        "parts": found,
    }
