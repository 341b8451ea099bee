"""What `probe.language` shows: scores with signatures, a table, a page with curves by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.languages import resolve
from data.pages import Tabular
from metrics.ratios import SHARE, by_group, ratio_score
from metrics.score import Score, signature_pairs
from probe.curves import Curve, curves
from probe.places import Place
from runfolder.console import aligned
from runfolder.page import write_page

if TYPE_CHECKING:
    from markupsafe import Markup

KINDS = ("language", "genus", "family", "script", "topic")


@dataclass(frozen=True, slots=True, repr=False)
class Identified(Tabular):
    """A finished run.

    Attributes:
        records: of layers.jsonl, that of the characters first.
        scores: accuracies of the probe and purities, by layer, before and after centring.
    """

    folder: Path
    codes: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...]
    scores: tuple[Score, ...]
    notes: tuple[str, ...]

    def summary(self) -> str:
        """How many languages and layers."""
        layers = {one["layer"] for one in self.records} - {-1}
        return f"{len(self.codes)} languages, {len(layers)} layers, in {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a score."""
        told = ("probe", "layer", "centred")
        return [
            {
                **{name: signature_pairs(score.signature)[name] for name in told},
                "value": score.value,
                "low": score.low,
                "high": score.high,
            }
            for score in self.scores
        ]


def scores_of(record: Mapping[str, Any], signature: str, seed: int) -> Iterator[Score]:
    """The accuracy of the probe, and the purity by each kind of label, of one record.

    Sentences are drawn with replacement for the interval, each with all its languages.
    """
    layer = "characters" if record["layer"] < 0 else str(record["layer"])
    where = f"layer:{layer}|centred:{'yes' if record['centred'] else 'no'}"
    count = len(record["languages"])
    rows = [[hits, count] for hits in record["hits"]]
    if rows:
        yield ratio_score(
            SHARE,
            "accuracy",
            f"{signature}|probe:language|{where}|languages:{count}|held-out:{len(rows)}",
            rows,
            groups=range(len(rows)),
            unit="sentences",
            n=count * len(rows),
            seed=seed,
        )
    for kind in kinds_of(record):
        told = record["purity"][kind]
        pairs = [[hits, told["looked_at"]] for hits in told["hits"]]
        sentences = by_group(pairs, told["rows"])
        yield ratio_score(
            SHARE,
            "purity",
            f"{signature}|probe:neighbours/{kind}|{where}|neighbours:{told['looked_at']}",
            sentences,
            groups=range(len(sentences)),
            unit="sentences",
            n=len(pairs),
            seed=seed,
        )


def kinds_of(record: Mapping[str, Any]) -> list[str]:
    """The kinds of label whose purity a record has."""
    return [kind for kind in KINDS if kind in record["purity"]]


def table(done: Identified) -> list[str]:
    """Aligned lines: a layer each, before and after centring; chance and characters below."""
    kinds = kinds_of(done.records[1])
    rows = [["layer", "", "language probe", *(f"neighbours: {kind}" for kind in kinds)]]
    for record in done.records[1:]:
        how = "centred" if record["centred"] else "as it is"
        cells = [f"{_purity(record, kind):.1f}" for kind in kinds]
        probe = "-" if record["centred"] else f"{_accuracy(record):.1f}"
        rows.append([str(record["layer"]), how, probe, *cells])
    chance = [f"{done.records[1]['purity'][kind]['chance']:.1f}" for kind in kinds]
    rows.append(["chance", "", f"{100 / len(done.codes):.1f}", *chance])
    rows.append(["characters", "", f"{_accuracy(done.records[0]):.1f}", *[""] * len(kinds)])
    return aligned(rows)


def _accuracy(record: Mapping[str, Any]) -> float:
    return float(100 * sum(record["hits"]) / (len(record["hits"]) * len(record["languages"])))


def _purity(record: Mapping[str, Any], kind: str) -> float:
    told = record["purity"][kind]
    return float(100 * sum(told["hits"]) / (len(told["hits"]) * told["looked_at"]))


def write_report(done: Identified, places: Mapping[str, Place], command: str) -> None:
    """Write report.html into the run's folder."""
    told = [(score, signature_pairs(score.signature)) for score in done.scores]
    held_out = len(done.records[0]["hits"])
    write_page(
        done.folder / "report.html",
        "probe",
        "language.html.j2",
        title="Which language, and what neighbours share",
        command=command,
        notes=done.notes,
        pictures=_pictures(done, told),
        scores=[(score, pairs) for score, pairs in told],
        chance=100 / len(done.codes),
        chances={kind: one["chance"] for kind, one in done.records[1]["purity"].items()},
        layer=done.records[-1]["layer"],
        languages=[
            {
                "code": code,
                "name": resolve(code).name,
                "family": places[code].family or "",
                "script": places[code].script or "",
                "shares": [
                    100 * one["languages"][code] / held_out
                    for one in (done.records[-2], done.records[0])
                ],
            }
            for code in done.codes
        ],
    )


def _pictures(
    done: Identified, told: Sequence[tuple[Score, Mapping[str, str]]]
) -> list[tuple[str, Markup]]:
    """Curves by layer where there are several layers."""
    layers = {record["layer"] for record in done.records} - {-1}
    if len(layers) < 2:
        return []
    characters = next(score for score, pairs in told if pairs["layer"] == "characters")
    flat = {"characters": characters.value, "chance": 100 / len(done.codes)}
    first = "Accuracy of the language probe, held-out sentences, %"
    found = [(first, curves(first, [Curve("probe", _points(told, "language", "no"))], flat=flat))]
    for way, how in (("no", "as they are"), ("yes", "centred")):
        title = f"Neighbours with the same label, {how}, %"
        lines = [
            Curve(kind, _points(told, f"neighbours/{kind}", way))
            for kind in kinds_of(done.records[1])
        ]
        found.append((title, curves(title, lines)))
    return found


def _points(
    told: Sequence[tuple[Score, Mapping[str, str]]], probe: str, centred: str
) -> list[tuple[float, float, float, float]]:
    return [
        (float(pairs["layer"]), score.value, score.low, score.high)
        for score, pairs in told
        if (pairs["probe"], pairs["centred"]) == (probe, centred) and pairs["layer"].isdigit()
    ]
