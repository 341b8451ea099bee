"""Curves as SVG: figures by layer with their intervals, told apart by colour, dash and name.

    curves("accuracy", [Curve("language", [(0, 91.2, 90.1, 92.3), ...])], flat={"chance": 0.5})

Nothing but text: it stands in a page that opens without a network, in the page's own colours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from data.pages import page_environment

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 320, 46, 14, 190, 44  # RIGHT: room for names
STYLES = ("", "7 3", "2 3", "9 3 2 3", "1 4", "12 4")  # dashes
HUES = 8  # of runfolder/base.html.j2
NAME = 15  # pixels between two names
TEMPLATE = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" role="img"
 style="max-width:{{ width }}px" font-family="sans-serif" font-size="12" fill="currentColor">
<title>{{ title }}</title>
{% for y, text in across %}
<line x1="{{ left }}" x2="{{ right }}" y1="{{ y }}" y2="{{ y }}"
 stroke="currentColor" opacity="0.18"/>
<text x="{{ left - 8 }}" y="{{ y + 4 }}" text-anchor="end">{{ text }}</text>
{% endfor %}
{% for x, text in down %}
<text x="{{ x }}" y="{{ bottom + 18 }}" text-anchor="middle">{{ text }}</text>
{% endfor %}
<text x="{{ (left + right) // 2 }}" y="{{ height - 6 }}" text-anchor="middle">{{ below }}</text>
{% for y, text, told in flat %}
<line x1="{{ left }}" x2="{{ right }}" y1="{{ y }}" y2="{{ y }}"
 stroke="currentColor" stroke-dasharray="1 3"><title>{{ told }}</title></line>
{% endfor %}
{% for curve in drawn %}
<g class="hue-{{ curve.hue }}">
<path d="{{ curve.band }}" fill="var(--hue)" opacity="0.16"/>
<path d="{{ curve.line }}" fill="none" stroke="var(--hue)" stroke-width="2"
 stroke-dasharray="{{ curve.dash }}"/>
{% for x, y, told in curve.points %}
<circle cx="{{ x }}" cy="{{ y }}" r="3" fill="var(--hue)"><title>{{ told }}</title></circle>
{% endfor %}
</g>
{% endfor %}
{% for name in names %}
<g{% if name.hue is not none %} class="hue-{{ name.hue }}"{% endif %}>
<path d="M{{ right + 3 }} {{ name.start }}L{{ right + 14 }} {{ name.y }}h14" fill="none"
 stroke="{{ "currentColor" if name.hue is none else "var(--hue)" }}"
 stroke-dasharray="{{ name.dash }}" stroke-width="{{ 1 if name.hue is none else 2 }}"/>
<text x="{{ right + 33 }}" y="{{ name.y + 4 }}">{{ name.text }}</text></g>
{% endfor %}
</svg>
"""


class Curve(NamedTuple):
    """A name, and (x, value, low, high) of each point, by x."""

    name: str
    points: Sequence[tuple[float, float, float, float]]


def curves(
    title: str,
    lines: Sequence[Curve],
    *,
    flat: Mapping[str, float] | None = None,
    top: float = 100.0,
    below: str = "layer",
) -> Markup:
    """A drawing of curves over one scale from 0 to `top`.

    Args:
        flat: figures that no layer changes, by name.
        below: what x is.

    >>> drawn = curves("accuracy", [Curve("raw", [(0, 50, 40, 60), (1, 70, 60, 80)])])
    >>> "raw, 1: 70.0 [60.0, 80.0]" in drawn
    True
    """
    xs = sorted({x for line in lines for x, *_ in line.points})
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(x: float) -> float:
        return round(LEFT + (right - LEFT) * (x - xs[0]) / max(xs[-1] - xs[0], 1), 1)

    def up(value: float) -> float:
        return round(bottom - (bottom - TOP) * min(max(value, 0), top) / top, 1)

    drawn = [_drawn(line, number, across, up) for number, line in enumerate(lines)]
    level = [(up(value), name, f"{name}: {value:.1f}") for name, value in (flat or {}).items()]
    ends = [
        _Name(line.name, one.points[-1][1], one.hue, one.dash)
        for line, one in zip(lines, drawn, strict=True)
    ]
    ends += [_Name(name, y, None, STYLES[2]) for y, name, _ in level]
    svg = (
        page_environment({"curves": TEMPLATE})
        .get_template("curves")
        .render(
            title=title,
            width=WIDTH,
            height=HEIGHT,
            left=LEFT,
            right=right,
            bottom=bottom,
            across=[(up(top * part / 5), f"{top * part / 5:g}") for part in range(6)],
            down=[(across(x), f"{x:g}") for x in xs],
            below=below,
            flat=level,
            drawn=drawn,
            names=_spread(ends, bottom),
        )
    )
    return Markup(svg)  # noqa: S704  # the template escapes all that it is given


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A curve's paths: its line, the band of its intervals, its points with what they say."""

    hue: int
    dash: str
    line: str
    band: str
    points: Sequence[tuple[float, float, str]]


@dataclass(slots=True)
class _Name:
    """A name beside the end of its curve, `start`, moved to `y`."""

    text: str
    start: float
    hue: int | None
    dash: str
    y: float = 0.0


def _drawn(
    line: Curve, number: int, across: Callable[[float], float], up: Callable[[float], float]
) -> _Drawn:
    places = [(across(x), up(value)) for x, value, _, _ in line.points]
    edges = [(across(x), up(high)) for x, _, _, high in line.points]
    edges += [(across(x), up(low)) for x, _, low, _ in reversed(line.points)]
    points = [
        (*place, f"{line.name}, {x:g}: {value:.1f} [{low:.1f}, {high:.1f}]")
        for place, (x, value, low, high) in zip(places, line.points, strict=True)
    ]
    dash = STYLES[number % len(STYLES)]
    return _Drawn(number % HUES, dash, _path(places), f"{_path(edges)}Z", points)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _spread(names: Sequence[_Name], bottom: int) -> list[_Name]:
    """The names from the top down, moved apart so that none covers another."""
    ordered = sorted(names, key=lambda name: name.start)
    least = float(TOP)
    for name in ordered:
        name.y = max(name.start, least)
        least = name.y + NAME
    most = float(bottom + NAME)
    for name in reversed(ordered):
        name.y = round(min(name.y, most), 1)
        most = name.y - NAME
    return ordered
