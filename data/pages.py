r"""What people look at: HTML pages from Jinja templates, results as tables and pictures.

Text from corpora, models and servers is escaped, never HTML, and its control characters are spelt
out (`data.terminal.printable`): what a report shows can neither command nor reorder the page.

>>> page_environment({"x.j2": "<p>{{ text }}</p>"}).get_template("x.j2").render(text="<b>\u202e")
'<p>&lt;b&gt;\\u202e</p>'
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from data.errors import UnavailableError
from data.terminal import printable

if TYPE_CHECKING:
    import polars
    from jinja2 import Environment, Template

SHOWN = 12  # rows of a result that a notebook shows; `to_frame` has all
TABLE = """
<div style="max-width:100%;overflow-x:auto"><p>{{ heading }}</p>
<table><thead><tr>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}
<tr>{% for name in names %}
<td style="padding:0 .6em;text-align:{{ "right" if row[name] is number else "left" }}">
{{ cell(row[name]) }}</td>
{% endfor %}</tr>
{% endfor %}
</tbody></table>{% if more %}<p>{{ more }} more rows: to_frame()</p>{% endif %}</div>
"""
PICTURE = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{ width }} {{ height }}" role="img"
 style="max-width:{{ width }}px" font-family="sans-serif" font-size="13" fill="currentColor">
<title>{{ title }}</title>
{% for x, text in ticks %}
<line x1="{{ x }}" x2="{{ x }}" y1="12" y2="{{ bottom }}" stroke="currentColor"
 opacity="{{ "0.7" if text == "0" else "0.2" }}"/>
<text x="{{ x }}" y="{{ bottom + 16 }}" text-anchor="middle">{{ text }}</text>
{% endfor %}
{% for mark in marks %}
<g><title>{{ mark.told }}</title>
<text x="{{ left - 12 }}" y="{{ mark.y + 4 }}" text-anchor="end">{{ mark.label }}</text>
<line x1="{{ mark.low }}" x2="{{ mark.high }}" y1="{{ mark.y }}" y2="{{ mark.y }}"
 stroke="#0b8a83" stroke-width="3"/>
<circle cx="{{ mark.x }}" cy="{{ mark.y }}" r="5" fill="#0b8a83"/>
<text x="{{ right + 12 }}" y="{{ mark.y + 4 }}">{{ mark.figure }}</text></g>
{% endfor %}
<text x="{{ (left + right) // 2 }}" y="{{ bottom + 36 }}" text-anchor="middle">{{ title }}</text>
</svg>
"""
LEFT, RIGHT, WIDTH, ROW = 250, 640, 720, 28  # pixels
MOST_TICKS, LONGEST_LABEL = 6, 34


def page_environment(*sources: str | Mapping[str, str]) -> Environment:
    """The environment of packages' templates (`"icl"`), or of texts by name; the first has it.

    What a template lacks is an error.
    """
    from jinja2 import ChoiceLoader, DictLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader(
            [
                PackageLoader(source, ".") if isinstance(source, str) else DictLoader(source)
                for source in sources
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def page_template(package: str, name: str) -> Template:
    """A template beside a package's modules: `page_template("icl", "report.html.j2")`."""
    return page_environment(package).get_template(name)


def _finalized(value: Any) -> Any:
    """What an expression of a template gave, as it may stand on the page."""
    from jinja2 import Undefined

    if isinstance(value, str):  # a `Markup` stays one: `escape` made it, of text from anywhere
        return type(value)(printable(value))
    return value if isinstance(value, Undefined) else printable(str(value))


class Interval(NamedTuple):
    """A figure and its interval, for a picture; `low <= high`, in the unit of the picture."""

    label: str
    value: float
    low: float
    high: float


class Tabular:
    """A result that shows itself: one line in a shell, a table in a notebook, a polars frame.

    A subclass says in a line what it is, and gives its rows. (A dataclass is declared with
    `repr=False`, so that this one's stands.)

    >>> class Words(Tabular):
    ...     def summary(self): return "2 words"
    ...     def rows(self): return [{"word": "water", "count": 3}, {"word": "bread", "count": 1}]
    >>> Words(), Words().to_frame().shape
    (<Words: 2 words>, (2, 2))
    """

    __slots__ = ()

    def summary(self) -> str:
        """What it is, in less than a line."""
        raise NotImplementedError

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Its rows, each with the same names of columns."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {printable(self.summary())}>"

    def to_frame(self) -> polars.DataFrame:
        """All rows as a table of polars.

        Raises:
            UnavailableError: polars is not installed.
        """
        try:
            import polars as pl
        except ImportError as error:
            told = 'a frame needs polars, which is not installed; pip install "kilolingua[app]"'
            raise UnavailableError(told) from error
        return pl.DataFrame(list(self.rows()), infer_schema_length=None)

    def _repr_html_(self) -> str:
        """What a notebook shows: the first rows."""
        rows = self.rows()
        environment = page_environment({"table": TABLE})
        return environment.get_template("table").render(
            heading=f"{type(self).__name__}: {self.summary()}",
            names=list(rows[0]) if rows else [],
            rows=rows[:SHOWN],
            more=max(0, len(rows) - SHOWN),
            cell=_cell,
        )


class Plotted(Tabular):
    """A result of figures with intervals, which a picture shows better than a table."""

    __slots__ = ()

    def intervals(self) -> tuple[str, Sequence[Interval]]:
        """The title, which names the unit, and the figures, in the order of the picture."""
        raise NotImplementedError

    def plot(self) -> Picture:
        """The figures as points with their intervals as bars, on one stated scale."""
        return interval_picture(*self.intervals())


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A drawing as SVG, in the colours of the page that it stands on."""

    svg: str

    def __repr__(self) -> str:
        return f"<Picture: {len(self.svg):,} bytes of SVG; save(path)>"

    def _repr_html_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write it to a file, which a browser opens and a paper includes."""
        Path(path).write_text(self.svg, "utf-8")


def interval_picture(title: str, intervals: Sequence[Interval]) -> Picture:
    """Points with intervals, a row each, on a scale that has 0.

    >>> picture = interval_picture("chrF++", [Interval("copy", 17.8, 16.4, 19.3)])
    >>> "copy" in picture.svg, "17.8 [16.4, 19.3]" in picture.svg
    (True, True)
    """
    edges = [0.0, *(edge for one in intervals for edge in (one.value, one.low, one.high))]
    ticks = _ticks(min(edges), max(edges))

    def x(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(LEFT + share * (RIGHT - LEFT), 1)

    marks = [
        {
            "y": 12 + ROW * at + ROW // 2,
            "label": _shortened(one.label),
            "x": x(one.value),
            "low": x(one.low),
            "high": x(one.high),
            "figure": f"{one.value:.1f}",
            "told": f"{one.label}: {one.value:.1f} [{one.low:.1f}, {one.high:.1f}]",
        }
        for at, one in enumerate(intervals)
    ]
    bottom = 12 + ROW * len(intervals)
    page = page_environment({"picture": PICTURE}).get_template("picture")
    svg = page.render(
        title=title,
        marks=marks,
        ticks=[(x(tick), f"{tick:g}") for tick in ticks],
        bottom=bottom,
        height=bottom + 44,
        width=WIDTH,
        left=LEFT,
        right=RIGHT,
    )
    return Picture(svg.strip())


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that span a range: 1, 2 or 5 times a power of ten apart.

    >>> _ticks(0, 27.8), _ticks(-1.2, 0.4)
    ([0.0, 10.0, 20.0, 30.0], [-1.5, -1.0, -0.5, 0.0, 0.5])
    """
    span = (high - low) or 1.0
    least = span / (MOST_TICKS - 2)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= least)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _cell(value: Any) -> str:
    """A value as it stands in a table: figures with four digits that count, nothing for None."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
