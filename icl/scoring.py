"""From outputs to records with statistics, from records to scores with signatures, to averages.

An answer becomes a record once; scores, comparisons and averages are made of its numbers alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

from data.access import Access
from data.catalog import dataset
from data.download import fetch
from data.errors import InputError, UnavailableError
from data.files import canonical_json
from data.groups import KINDS, Groups, groups_of
from data.languages import Language
from data.pages import Interval, Plotted
from data.parallel import Pair
from icl.answers import FORMAT, Answer
from icl.engines import Decoding, Request
from metrics.language_id import accepted_labels, language_metric
from metrics.score import Score
from metrics.significance import percentile_interval, resampled_scores
from metrics.translation import Metric, metric, score_from_statistics, segment_statistics
from runfolder.records import Record

RATES = ("copy rate", "empty rate")
RESAMPLES = 1000  # for the interval of an average
TOO_FEW_TOLD = 50.0  # percent of the references: what is told of fewer, is told by chance


@dataclass(frozen=True, slots=True)
class Result:
    """One system in one direction.

    Attributes:
        system: "model", "copy" or "gloss".
        scores: by metric name; empty when the system could not be run.
        note: why there are no scores, or what a reader must know beside them.
        seconds: measured by this machine for `timed` segments; not part of the result.
    """

    system: str
    label: str
    direction: str
    scores: tuple[Score, ...] = ()
    note: str = ""
    seconds: float = 0.0
    timed: int = 0

    def score(self, name: str) -> Score | None:
        """The score of that metric, if it was computed."""
        return next((score for score in self.scores if score.name == name), None)


@dataclass(frozen=True, slots=True)
class Average:
    """The mean score of several languages, each counting once.

    Attributes:
        kind: "all", "genus", "family" or "script"; `value` is which one.
        system: "model", "copy" or "gloss"; `way` is "xx-en" or "en-xx".
        languages: their codes.
    """

    kind: str
    value: str
    system: str
    way: str
    languages: tuple[str, ...]
    scores: tuple[Score, ...]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in scores.json."""
        return {
            "by": self.kind,
            "value": self.value,
            "system": self.system,
            "direction": self.way,
            "languages": list(self.languages),
            "scores": [score.to_dict() for score in self.scores],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation(Plotted):
    """What `evaluate` returns; `complete` is False after Ctrl-C."""

    folder: Path
    description: str
    results: tuple[Result, ...]
    complete: bool = True
    notes: tuple[str, ...] = field(default=())
    averages: tuple[Average, ...] = field(default=())

    def summary(self) -> str:
        """What was scored, and where the run lies."""
        return f"{self.description}; {self.folder}" + ("" if self.complete else ", stopped")

    def rows(self) -> list[dict[str, Any]]:
        """A row a score."""
        return [
            {"system": result.label, "direction": result.direction} | score.to_dict()
            for result in self.results
            for score in result.scores
        ]

    def intervals(self) -> tuple[str, list[Interval]]:
        """The second metric of the run, chrF++ by default; of one metric that one."""
        names = list(dict.fromkeys(score.name for r in self.results for score in r.scores))
        name = next(iter([*names[1:2], *names]), "")
        scored = [(r, score) for r in self.results if (score := r.score(name))]
        several = len({r.direction for r, _ in scored}) > 1
        return name, [
            Interval(f"{r.label}, {r.direction}" if several else r.label, s.value, s.low, s.high)
            for r, s in scored
        ]


def reason(error: Exception) -> str:
    """What went wrong, without the places of this machine that the advice names.

    Notes stand in scores.json and the report, which are the same on every machine.

    >>> reason(ValueError("gatitos has no Swahili; put the file at /home/amina/cache/sw.tsv"))
    'gatitos has no Swahili'
    """
    return str(error).partition("; put the file at ")[0]


def below_copy(results: Sequence[Result], result: Result) -> list[str]:
    """Metrics of quality, no rates, in which a model does no better than copying the source."""
    copies = [r for r in results if r.system == "copy" and r.direction == result.direction]
    if result.system != "model" or not copies:
        return []
    pairs = [(score, copies[0].score(score.name)) for score in result.scores]
    return [
        mine.name
        for mine, other in pairs
        if other and not mine.name.endswith(" rate") and _no_better(mine, other)
    ]


def _no_better(mine: Score, other: Score) -> bool:
    if mine.higher_is_better is None:
        return False
    return mine.value <= other.value if mine.higher_is_better else mine.value >= other.value


def open_metrics(
    names: Sequence[str], target: Language, scored: Sequence[Pair], access: Access = Access()
) -> tuple[list[Metric], list[str]]:
    """The metrics of one direction, tokenising as the target language asks, then the rates.

    Returns:
        The metrics, and a note where the outputs' language cannot be told or how well it can.

    Args:
        names: without the rates.
        scored: the pairs that are scored, for the language rate of their references.

    Raises:
        InputError: an unknown metric.
        UnavailableError: spBLEU without its SentencePiece model or package.
    """
    model = _spm_model(access) if "spBLEU" in names else None
    try:
        metrics = [
            metric(name, target_language=target.bcp47, spm_model=model) for name in (*names, *RATES)
        ]
    except ModuleNotFoundError as error:
        raise UnavailableError(str(error)) from error
    except ValueError as error:
        raise InputError(f"--metrics: {error}") from error
    identifier, note = _language_identifier(target, [pair.target for pair in scored])
    return [*metrics, *identifier], [note]


def _language_identifier(target: Language, references: Sequence[str]) -> tuple[list[Metric], str]:
    """The language rate, with its value for the references: the most that a system can get."""
    codes = {target.bcp47, target.iso639_3}
    try:
        rate = language_metric(codes)
    except ModuleNotFoundError as error:
        return [], f"language of the outputs not told: {error}"
    if rate is None:
        return [], f"language of the outputs not told: the identifier does not know {target.name}"
    rows = segment_statistics(rate, references, references)
    ceiling = rate.aggregate([sum(column) for column in zip(*rows, strict=True)])
    labels = ", ".join(accepted_labels(codes))
    weak = "; that is too few for the rate to say anything" if ceiling < TOO_FEW_TOLD else ""
    return [rate], (
        f"language rate: {ceiling:.1f} % of the references are told as {target.name} (accepted"
        f" labels: {labels}){weak}"
    )


def _spm_model(access: Access) -> Path:
    file = dataset("spbleu-flores200").select("tokenizer")[0]
    try:
        return fetch(file, access=access).path
    except UnavailableError as error:
        raise UnavailableError(
            "spBLEU needs its SentencePiece model (where there is a network: "
            f"python -m data.catalog fetch spbleu-flores200): {error}"
        ) from error


def make_records(
    requests: Sequence[Request],
    answers: Sequence[Answer],
    references: Mapping[str, str],
    metrics: Sequence[Metric],
) -> list[dict[str, Any]]:
    """One record a request: what was asked, what was answered, and its statistics by metric.

    Outputs are brought to NFC, as the readers bring references: the metrics compare code points.

    Args:
        references: reference by segment id.
    """
    outputs = [normalize("NFC", answer.text) for answer in answers]
    sources = [request.source for request in requests]
    expected = [references[request.id] for request in requests]
    statistics = {
        m.name: segment_statistics(m, outputs, sources if m.name == "copy rate" else expected)
        for m in metrics
    }
    return [
        {
            "id": request.id,
            "prompt": request.prompt.sha256,
            "source": request.source,
            "reference": expected[index],
            "output": outputs[index],
            "finish": answer.finish,
            "format": FORMAT,
            **({"thinking": answer.thinking} if answer.thinking else {}),
            **_context_of(request),
            "statistics": {name: rows[index] for name, rows in statistics.items()},
        }
        for index, (request, answer) in enumerate(zip(requests, answers, strict=True))
    ]


def _context_of(request: Request) -> dict[str, Any]:
    """The shots and the dictionary entries of a prompt, where it has any."""
    shots = {"shots": list(request.shots)} if request.shots else {}
    hints = {"dictionary": [[h.word, *h.meanings] for h in request.hints]} if request.hints else {}
    return {**shots, **hints}


def decoding_settings(decoding: Decoding) -> dict[str, Any]:
    """The decoding settings as they stand in keys, configurations and signatures."""
    return {
        "decoding": decoding.method if decoding.beam == 1 else f"beam {decoding.beam}",
        "max-new-tokens": decoding.max_new_tokens,
        "stop": canonical_json(list(decoding.stop)),
    }


def scores_of(
    records: Sequence[Record], metrics: Sequence[Metric], seed: int, context: Mapping[str, Any]
) -> tuple[Score, ...]:
    """The corpus scores of these records, each with its interval and full signature."""
    scores = []
    for m in metrics:
        rows = [record["statistics"][m.name] for record in records]
        scores.append(score_from_statistics(m, rows, seed=seed).with_context(**context))
    return tuple(scores)


@dataclass(slots=True)
class Scored:
    """A result with what it was computed from, for averages.

    Attributes:
        language: the side that is not English.
        metrics: in the order of the result's scores.
    """

    result: Result
    language: Language
    metrics: Sequence[Metric]
    records: Sequence[Record]

    @property
    def way(self) -> str:
        """Into English, or out of it."""
        return "en-xx" if self.result.direction.startswith("en-") else "xx-en"


def macro_averages(
    scored: Sequence[Scored], seed: int, access: Access = Access()
) -> tuple[list[Average], list[str]]:
    """The mean over languages, each counting once, whatever its test set's size; by genus, family
    and script as well, where at least two of the languages share one.

    Returns:
        The averages, none of a single language; a note where genus and family are not known here.
    """
    languages = {s.language.bcp47: s.language for s in scored}
    if len(languages) < 2:
        return [], []
    notes: list[str] = []
    try:
        known = groups_of(list(languages.values()), access)
    except UnavailableError as error:
        known = [{"script": language.script} for language in languages.values()]
        notes.append(f"no averages by genus and family: {reason(error)}")
    groups = dict(zip(languages, known, strict=True))
    return list(_averages(scored, groups, seed)), notes


def _averages(
    scored: Sequence[Scored], groups: Mapping[str, Groups], seed: int
) -> Iterator[Average]:
    cells: defaultdict[tuple[str, str, str, str], list[Scored]] = defaultdict(list)
    for row in scored:
        cells["all", "languages", row.result.system, row.way].append(row)
        for kind in KINDS:
            value = groups[row.language.bcp47].get(kind)
            if value:
                cells[kind, value, row.result.system, row.way].append(row)
    order = ("all", *KINDS)
    for (kind, value, system, way), members in sorted(
        cells.items(), key=lambda cell: (order.index(cell[0][0]), cell[0][1])
    ):
        if len(members) > 1:
            names = [score.name for score in members[0].result.scores]
            shared = [n for n in names if all(row.result.score(n) for row in members)]
            scores = tuple(_mean(members, name, seed) for name in shared)
            codes = tuple(row.language.bcp47 for row in members)
            yield Average(kind, value, system, way, codes, scores)


def _mean(rows: Sequence[Scored], name: str, seed: int) -> Score:
    """The mean of the languages' scores; its interval is that of the mean of their resamples."""
    scores = [score for row in rows if (score := row.result.score(name))]
    resampled = [
        resampled_scores(
            next(m for m in row.metrics if m.name == name).aggregate_columns,
            [record["statistics"][name] for record in row.records],
            resamples=RESAMPLES,
            seed=seed + place,  # languages are drawn on their own
        )
        for place, row in enumerate(rows)
    ]
    low, high = percentile_interval(sum(resampled[1:], resampled[0]) / len(rows))
    settings = scores[0].signature.split("|set:", 1)[0]
    codes = ",".join(row.language.bcp47 for row in rows)
    return Score(
        name,
        sum(score.value for score in scores) / len(scores),
        low,
        high,
        f"{settings}|macro:{codes}",
        sum(score.n for score in scores),
        scores[0].interval,
    )
