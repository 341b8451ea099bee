"""The page of a retrieval probe: curves by layer, a map, averages, a table that can be sorted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data.errors import UnavailableError
from metrics.score import Score, signature_pairs
from probe.curves import Curve, curves
from probe.summary import Retrieved, free_of_charge, is_readable, share, shares
from runfolder.page import write_page

if TYPE_CHECKING:
    from markupsafe import Markup

STEPS = (20, 40, 60, 80)  # between the colours of the map, in %
RADIUS = 170  # of a mark, in hundredths of a degree
FRAME = (-18000, -11700, 36000, 19000)  # west, north, width, height on the map

Averages = Sequence[tuple[Score, Mapping[str, str]]]


def write_report(
    done: Retrieved, measures: Sequence[str], layers: Sequence[int], model: str, command: str
) -> None:
    """Write report.html into the run's folder."""
    last = layers[-1]
    names = [f"{last}|{measure}" for measure in measures]
    baselines = free_of_charge(done.languages)
    averages = _read(done.averages)
    corpora = list(dict.fromkeys(record["corpus"] for record in done.languages))
    write_page(
        done.folder / "report.html",
        "probe",
        "retrieval.html.j2",
        title=f"Retrieval across languages: {model}",
        command=command,
        notes=done.notes,
        averages=list(_by_layer(averages, measures)),
        interval=averages[0][0].interval if averages else "none",
        free=[(score, pairs) for score, pairs in averages if "/" not in pairs["measure"]],
        curves=[(name, _curves(name, averages, measures, layers)) for name in corpora],
        maps=[(name, _marks(done, name, f"{last}|{measures[-1]}")) for name in corpora],
        land=_land(),
        frame=FRAME,
        radius=RADIUS,
        steps=STEPS,
        mapped=measures[-1],
        groups=list(_grouped(done.groups)),
        measures=measures,
        columns=[*measures, *baselines],
        layer=last,
        languages=[
            {
                "record": record,
                "place": done.places[record["code"]],
                "readable": is_readable(record),
                "shares": shares(record, (*names, *baselines)),
            }
            for record in done.languages
        ],
    )


def _read(scores: Sequence[Score]) -> list[tuple[Score, dict[str, str]]]:
    return [(score, signature_pairs(score.signature)) for score in scores]


def _by_layer(averages: Averages, measures: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row a set, layer and choice of sentences, with the scores of the measures."""
    rows: dict[tuple[str, str, str], dict[str, Score]] = {}
    for score, pairs in averages:
        layer, bar, rest = pairs["measure"].partition("/")
        measure, _, half = rest.partition("/")
        if bar:
            rows.setdefault((pairs["set"], layer, half or "all"), {})[measure] = score
    for (corpus, layer, sentences), found in rows.items():
        scores = [found[measure] for measure in measures]
        about = {"set": corpus, "layer": layer, "sentences": sentences, "n": scores[0].n}
        yield {**about, "scores": scores}


def _curves(
    corpus: str, averages: Averages, measures: Sequence[str], layers: Sequence[int]
) -> Markup | None:
    """A curve a measure over the layers, where there are several; baselines are level lines."""
    mine = {pairs["measure"]: score for score, pairs in averages if pairs["set"] == corpus}
    if len(layers) < 2 or not mine:
        return None
    lines = [
        Curve(
            measure,
            [
                (layer, score.value, score.low, score.high)
                for layer in sorted(layers)
                for score in [mine[f"{layer}/{measure}"]]
            ],
        )
        for measure in measures
    ]
    flat = {name: score.value for name, score in mine.items() if "/" not in name}
    return curves(f"{corpus}: right in the mean of languages, %, by layer", lines, flat=flat)


def _land() -> str:
    """The outlines of the land as an SVG path; "" where they are not installed."""
    from runfolder.base_map import outlines

    try:
        return outlines()[0]
    except UnavailableError:
        return ""


def _marks(done: Retrieved, corpus: str, name: str) -> list[dict[str, Any]]:
    """Where the languages stand on the map, in which colour, and what each mark says."""
    from runfolder.base_map import place

    marks = []
    for record in done.languages:
        home = done.places[record["code"]]
        if record["corpus"] != corpus or home.latitude is None or home.longitude is None:
            continue
        value = share(record, name)
        x, y = place(home.longitude, home.latitude)
        told = f"{value:.1f}" if is_readable(record) else "not representable"
        step = sum(value >= edge for edge in STEPS) if is_readable(record) else None
        marks.append({"x": x, "y": y, "step": step, "told": f"{home.name}: {told}"})
    return marks


def _grouped(scores: Sequence[Score]) -> Iterator[dict[str, Any]]:
    """A row a group, with its scores by measure."""
    rows: dict[tuple[str, str, str], list[Score]] = {}
    for score, pairs in _read(scores):
        rows.setdefault((pairs["set"], pairs["average"], pairs["group"]), []).append(score)
    for (corpus, kind, group), found in rows.items():
        yield {"set": corpus, "kind": kind, "group": group, "n": found[0].n, "scores": found}
