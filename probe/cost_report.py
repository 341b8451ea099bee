"""What `probe.cost` shows: scores with signatures, averages by family and script, table, page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.languages import resolve
from data.pages import Tabular
from metrics.score import Score
from metrics.significance import bootstrap_counts, percentile_interval
from probe.places import Place
from probe.summary import RESAMPLES, is_readable
from runfolder.console import aligned
from runfolder.page import write_page

KINDS = ("family", "script")
NONE = "(none)"
FEWEST = 2  # languages of a group, for an average of its own


@dataclass(frozen=True, slots=True, repr=False)
class Costs(Tabular):
    """A finished run.

    Attributes:
        models: name@revision of each tokenizer, in the order asked for.
        languages: the records of languages.jsonl.
        averages: of the premium, over all languages, families and scripts.
    """

    folder: Path
    models: tuple[str, ...]
    languages: tuple[Mapping[str, Any], ...]
    averages: tuple[Score, ...]
    notes: tuple[str, ...]

    def summary(self) -> str:
        """How many languages under which tokenizers."""
        codes = {one["code"] for one in self.languages}
        return f"{len(codes)} languages, {', '.join(self.models)}, in {self.folder}"

    def rows(self) -> list[dict[str, Any]]:
        """A row a language and tokenizer; ratios are to English."""
        return [
            {
                "code": one["code"],
                "model": one["model"],
                "n": one["n"],
                "premium": one["premium"][0],
                "low": one["premium"][1],
                "high": one["premium"][2],
                "pieces_a_word": one["pieces_a_word"] and one["pieces_a_word"][0],
                "characters": one["characters"][0],
                "bytes": one["bytes"][0],
                "unknown": one["unknown"],
                "vocabulary": one["vocabulary"],
            }
            for one in self.languages
        ]


def scores_of(record: Mapping[str, Any], corpus: str, seed: int) -> Iterator[Score]:
    """The scores of a language: the premium, and pieces a word where there are words."""
    signature = f"model:{record['model']}|set:{corpus}|language:{record['code']}"
    how = f"95% bootstrap of sentences, {RESAMPLES} resamples, seed {seed}"
    for name, figure in (("premium", "premium"), ("fertility", "pieces_a_word")):
        if record[figure]:
            value, low, high = record[figure]
            yield Score(name, value, low, high, f"{signature}|against:en", record["n"], how)


def averages_of(
    records: Sequence[Mapping[str, Any]], places: Mapping[str, Place], corpus: str, seed: int
) -> Iterator[Score]:
    """For each tokenizer the mean premium of all languages, of each family and each script.

    Each readable language counts once; the interval is of languages drawn with replacement.
    """
    for model in dict.fromkeys(record["model"] for record in records):
        mine = [one for one in records if one["model"] == model and is_readable(one)]
        for kind in ("all", *KINDS):
            names = [_name_of(places[one["code"]], kind) for one in mine]
            for name in sorted(set(names)):
                values = [
                    one["premium"][0] for one, its in zip(mine, names, strict=True) if its == name
                ]
                if len(values) >= FEWEST:
                    about = f"model:{model}|set:{corpus}|group:{kind}:{name}|against:en"
                    yield _mean(values, about, seed)


def _name_of(place: Place, kind: str) -> str:
    return "all" if kind == "all" else place.group(kind) or NONE


def _mean(values: Sequence[float], signature: str, seed: int) -> Score:
    means = [
        float(counts @ values) / len(values)
        for block in bootstrap_counts(len(values), resamples=RESAMPLES, seed=seed)
        for counts in block
    ]
    how = f"95% bootstrap of languages, {RESAMPLES} resamples, seed {seed}"
    mean = sum(values) / len(values)
    return Score("premium", mean, *percentile_interval(means), signature, len(values), how)


def table(done: Costs) -> list[str]:
    """Aligned lines: a language each, under every tokenizer; the mean of all below."""
    short = [model.partition("@")[0] for model in done.models]
    prefix = [f"{name} " if len(short) > 1 else "" for name in short]
    heads = [f"{name}{what}" for name in prefix for what in ("premium", "a word", "unknown")]
    rows = [["language", "n", *heads, "characters", "bytes"]]
    for code in dict.fromkeys(one["code"] for one in done.languages):
        mine = [one for one in done.languages if one["code"] == code]
        cells = [cell for one in mine for cell in _cells(one)]
        about = [f"{mine[0][name][0]:.2f}" for name in ("characters", "bytes")]
        rows.append([code, f"{mine[0]['n']:,}", *cells, *about])
    overall = [score for score in done.averages if "|group:all:" in score.signature]
    if overall:
        readable = [f"{score.value:.2f} (of {score.n:,})" for score in overall]
        cells = [cell for text in readable for cell in (text, "", "")]
        if len(readable) == len(done.models):
            rows.append(["mean", "", *cells, "", ""])
    return aligned(rows)


def _cells(record: Mapping[str, Any]) -> tuple[str, str, str]:
    word = record["pieces_a_word"]
    premium = f"{record['premium'][0]:.2f}" if is_readable(record) else "none"
    return premium, f"{word[0]:.2f}" if word else "-", f"{100 * record['unknown']:.1f}%"


def write_report(done: Costs, places: Mapping[str, Place], command: str) -> None:
    """Write report.html into the run's folder."""
    codes = list(dict.fromkeys(one["code"] for one in done.languages))
    by_key = {(one["code"], one["model"]): one for one in done.languages}
    top = max((one["premium"][0] for one in done.languages if is_readable(one)), default=1.0)
    averages = [(score, _group_of(score)) for score in done.averages]
    write_page(
        done.folder / "report.html",
        "probe",
        "cost.html.j2",
        title="What languages cost under a tokenizer",
        command=command,
        notes=done.notes,
        models=[model.partition("@")[0] for model in done.models],
        top=top,
        overall=[(score, about) for score, about in averages if about["kind"] == "all"],
        averages=[(score, about) for score, about in averages if about["kind"] != "all"],
        languages=[
            {
                "code": code,
                "name": resolve(code).name,
                "family": places[code].family or "",
                "script": places[code].script or "",
                "records": [
                    (by_key[code, model], is_readable(by_key[code, model])) for model in done.models
                ],
            }
            for code in codes
        ],
    )


def _group_of(score: Score) -> dict[str, str]:
    model = score.signature.removeprefix("model:").partition("@")[0]
    kind, _, name = score.signature.partition("|group:")[2].partition("|")[0].partition(":")
    return {"model": model, "kind": kind, "name": name}
