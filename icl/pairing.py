"""Two runs put side by side, segment by segment, after a look at whether they may be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from data.bounded import check_shape, read_json
from data.errors import InputError
from data.files import canonical_json
from data.lines import excerpt
from data.pages import Interval, Plotted
from icl.answers import is_sound
from icl.store import read_records
from metrics.external import Mean, read_scores
from metrics.paired import (
    bootstrap_p,
    bootstrap_sums,
    difference_interval,
    randomisation_p,
    swapped_sums,
)
from metrics.score import higher_is_better
from metrics.significance import Row
from metrics.translation import Metric, metric, metric_names, segment_scores
from runfolder.records import Record

TEST_SET = ("set", "split", "set-sha256", "limit")  # what two runs must have in common
# spBLEU's rows are summed and scored like BLEU's; only their making needs the SentencePiece model.
SCORED_AS = {"spBLEU": "BLEU"}
RANKED_BY = "chrF++"
DIGITS = 19  # of a number that no file has so many lines for
# What a comparison needs of a line of segments.jsonl.
ANSWER = {"id": str, "source": str, "reference": str, "output": str, "statistics": {str: [float]}}


@dataclass(frozen=True)
class Pairing:
    """One direction of two runs: the same segments, in the same order.

    Attributes:
        metrics: those that both runs have, in the order of the first.
        external: another tool's metrics among them, and whether higher is better (None: unknown).
    """

    direction: str
    metrics: tuple[str, ...]
    a: Sequence[Record]
    b: Sequence[Record]
    external: Mapping[str, bool | None] = field(default_factory=dict)

    def metric(self, name: str) -> Metric:
        """What sums and scores the rows of that metric; the rows' tokens are settled already."""
        if name in self.external:
            return Mean(name, self.external[name])
        return metric(SCORED_AS.get(name, name))

    def statistics(self, name: str) -> tuple[list[Row], list[Row]]:
        """The stored rows of both systems."""
        rows = [[record["statistics"][name] for record in side] for side in (self.a, self.b)]
        return rows[0], rows[1]

    def all_statistics(self) -> tuple[list[Row], list[Row]]:
        """The rows of both systems, those of all metrics side by side."""
        sides: list[list[Row]] = [
            [[n for name in self.metrics for n in record["statistics"][name]] for record in side]
            for side in (self.a, self.b)
        ]
        return sides[0], sides[1]

    def differences(self, name: str) -> list[float]:
        """Segment score of B less that of A, a segment."""
        a, b = (segment_scores(self.metric(name), rows) for rows in self.statistics(name))
        return [second - first for first, second in zip(a, b, strict=True)]

    def wins(self, name: str) -> tuple[int, int] | None:
        """(segments on which B does better, segments on which A does); None where none knows."""
        differences = self.differences(name)
        higher = sum(difference > 0 for difference in differences)
        lower = sum(difference < 0 for difference in differences)
        up = self.metric(name).higher_is_better
        if up is None:
            return None
        return (higher, lower) if up else (lower, higher)


def pair_runs(a: Path, b: Path, systems: tuple[str, str]) -> list[Pairing]:
    """Pair the directions of two finished runs.

    Raises:
        InputError: see `icl.compare.compare`.
    """
    first, second = _settings(a, systems[0]), _settings(b, systems[1])
    if set(first) != set(second):
        raise InputError(
            f"{a} and {b} cannot be compared: directions differ "
            f"({', '.join(first)} and {', '.join(second)})"
        )
    answers = _answers(a, systems[0]), _answers(b, systems[1])
    pairings = []
    for direction, settings in first.items():
        _check_test_set(f"{a} and {b}, {direction}", settings, second[direction])
        sides = [side.get(direction, {}) for side in answers]
        _check_segments(f"{a} and {b}, {direction}", *sides)
        metrics = _common_metrics(a, b, direction, systems)
        first_side, second_side = ([side[key] for key in sides[0]] for side in sides)
        pairing = Pairing(direction, metrics, first_side, second_side)
        _check_statistics(f"{a} and {b}, {direction}", pairing)
        pairings.append(pairing)
    return pairings


def comparable(a: Path, b: Path, systems: tuple[str, str]) -> bool:
    """Whether two systems were asked the same: directions, test sets; no answer is read for it."""
    try:
        first, second = _settings(a, systems[0]), _settings(b, systems[1])
        if set(first) != set(second):
            return False
        for direction, settings in first.items():
            _check_test_set(direction, settings, second[direction])
            if not _common_metrics(a, b, direction, systems):
                return False
    except InputError:
        return False
    return True


def with_scores(
    pairing: Pairing, name: str, a: Path, b: Path, *, higher: bool | None = None
) -> Pairing:
    """The same pairing with another tool's scores of both systems, in the order of icl.export.

    Args:
        higher: whether higher is better; None for what is known of the name.

    Raises:
        InputError: not a number a line, or not one for each segment; a name that is taken.
    """
    if not name.strip() or name in pairing.metrics:
        taken = f'"{name}", which the runs have' if name.strip() else "none"
        raise InputError(f"--scores: expected a new name of a metric, found {taken}; rename it")
    sides = []
    for records, path in ((pairing.a, a), (pairing.b, b)):
        try:
            rows = read_scores(path)
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from error
        if len(rows) != len(records):
            raise InputError(
                f"{path}: expected {len(records)} scores, one a segment, found {len(rows)}; "
                f"score the files that icl.export wrote for {pairing.direction}"
            )
        sides.append(
            [
                {**record, "statistics": {**record["statistics"], name: row}}
                for record, row in zip(records, rows, strict=True)
            ]
        )
    known = higher_is_better(name) if higher is None else higher
    return replace(
        pairing,
        metrics=(*pairing.metrics, name),
        a=sides[0],
        b=sides[1],
        external={**pairing.external, name: known},
    )


def pooled(pairings: Sequence[Pairing]) -> Iterator[Pairing]:
    """The segments of several languages as one, into English and out of it apart.

    With the metrics that all of them have; nothing where there is one language.
    """
    for way, mine in (
        ("xx-en", [p for p in pairings if not p.direction.startswith("en-")]),
        ("en-xx", [p for p in pairings if p.direction.startswith("en-")]),
    ):
        if len(mine) > 1:
            common = [n for n in mine[0].metrics if all(n in p.metrics for p in mine)]
            a = [record for pairing in mine for record in pairing.a]
            b = [record for pairing in mine for record in pairing.b]
            yield Pairing(f"pooled {way}", tuple(common), a, b)


def _settings(folder: Path, system: str) -> dict[str, Mapping[str, Any]]:
    """What the run's configuration says of a system, by direction."""
    shape = {"run": {"systems": [{"system": str, "direction": str}]}}
    run = _read_run_file(folder / "config.json", shape)["run"]
    found = {s["direction"]: s for s in run["systems"] if s["system"] == system}
    if not found:
        names = ", ".join(dict.fromkeys(s["system"] for s in run["systems"]))
        raise InputError(f'{folder}: has no system "{system}"; it has {names}')
    return found


def _read_run_file(path: Path, shape: Any) -> Any:
    if not path.is_file():
        raise InputError(
            f"{path.parent}: no {path.name}; give the folder of a finished run of icl.eval"
        )
    return read_json(path, shape)


def _answers(folder: Path, system: str) -> dict[str, dict[str, Record]]:
    """Records by segment id, by direction."""
    found: dict[str, dict[str, Record]] = {}
    marker = canonical_json({"system": system})[1:-1].encode()
    for _, record in read_records(folder / "segments.jsonl", having=marker):
        if record.get("system") == system:
            check_shape(record, ANSWER, f"{folder / 'segments.jsonl'}: {excerpt(record['id'])}")
            direction = record["id"].split(":")[-2:][0]
            found.setdefault(direction, {})[record["id"]] = record
    if system == "model":
        _check_answers(folder, found)
    return {direction: dict(sorted(r.items(), key=_place)) for direction, r in found.items()}


def _check_answers(folder: Path, found: Mapping[str, Mapping[str, Record]]) -> None:
    """Raise where an earlier format kept thoughts, or what a server broke off, as answers."""
    none = [r["id"] for records in found.values() for r in records.values() if not is_sound(r)]
    if none:
        raise InputError(
            f"{folder}: {len(none)} stored answers are none ({excerpt(none[0])} for instance): "
            "thoughts, or broken off; run icl.eval with the same options, which asks again"
        )


def _place(item: tuple[str, Record]) -> tuple[int, str]:
    """The place in the test set: ids end in the number of the line."""
    tail = item[0].rpartition(":")[2]
    return (int(tail) if tail.isdecimal() and len(tail) < DIGITS else 0), tail


def _check_test_set(where: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> None:
    differing = [
        f"{key} ({a.get(key, 'none')} and {b.get(key, 'none')})"
        for key in TEST_SET
        if a.get(key) != b.get(key)
    ]
    if differing:
        raise InputError(f"{where}: cannot be compared: they differ in {', '.join(differing)}")


def _check_segments(where: str, a: Mapping[str, Record], b: Mapping[str, Record]) -> None:
    if set(a) != set(b):
        only = sorted(set(a) ^ set(b))[0]
        raise InputError(
            f"{where}: cannot be compared: {len(a)} and {len(b)} segments, not the same "
            f"ones ({only} for instance); score both runs to their end"
        )
    for key, record in a.items():
        if record["reference"] != b[key]["reference"]:
            raise InputError(f"{where}: cannot be compared: the references of {key} differ")


def _common_metrics(a: Path, b: Path, direction: str, systems: tuple[str, str]) -> tuple[str, ...]:
    """The metrics of both runs, which must have been made with the same settings."""
    first, second = (
        _metric_settings(folder, direction, system)
        for folder, system in zip((a, b), systems, strict=True)
    )
    common = [name for name in first if name in second and name in metric_names()]
    for name in common:
        if first[name] != second[name]:
            raise InputError(
                f"{a} and {b}: cannot be compared: {name} was made with {first[name]} and "
                f"with {second[name]}"
            )
    return tuple(common)


def _check_statistics(where: str, pairing: Pairing) -> None:
    """Raise unless every record has as many numbers for each metric as its rows have."""
    for name in pairing.metrics:
        width = pairing.metric(name).width
        for record in (*pairing.a, *pairing.b):
            found = len(record["statistics"].get(name, ()))
            if found != width:
                raise InputError(
                    f"{where}: expected {width} numbers for {name} in {excerpt(record['id'])},"
                    f" found {found}; run icl.eval again"
                )


def _metric_settings(folder: Path, direction: str, system: str) -> dict[str, str]:
    """Each metric's own part of the signature."""
    score = {"name": str, "signature": str}
    shape = {"results": [{"system": str, "direction": str, "scores": [score]}]}
    for result in _read_run_file(folder / "scores.json", shape)["results"]:
        if (result["system"], result["direction"]) == (system, direction):
            return {s["name"]: s["signature"].split("|set:", 1)[0] for s in result["scores"]}
    raise InputError(f"{folder}: scores.json has no {system} in {direction}; finish the run")


class SegmentPair(NamedTuple):
    """One segment of both runs, and by how much B's segment score is higher."""

    difference: float
    a: Record
    b: Record


def extremes(pairing: Pairing, shown: int) -> Iterator[tuple[str, list[SegmentPair]]]:
    """(heading, segments) for the largest wins of B and of A by segment score."""
    name = RANKED_BY if RANKED_BY in pairing.metrics else pairing.metrics[0]
    triples = zip(pairing.differences(name), pairing.a, pairing.b, strict=True)
    segments = sorted(map(SegmentPair._make, triples), key=lambda segment: segment.difference)
    higher = [segment for segment in segments[::-1] if segment.difference > 0]
    lower = [segment for segment in segments if segment.difference < 0]
    up = pairing.metric(name).higher_is_better
    if up is None:
        yield f"B scores higher, by {name}", higher[:shown]
        yield f"A scores higher, by {name}", lower[:shown]
        return
    better, worse = (higher, lower) if up else (lower, higher)
    yield f"B does better, by {name}", better[:shown]
    yield f"A does better, by {name}", worse[:shown]


SIGNIFICANT = 0.05
UNKNOWN = "unknown"  # the verdict where nobody said whether higher is better


@dataclass(frozen=True, slots=True)
class Comparison:
    """System B against system A in one direction and metric.

    Attributes:
        difference: b less a, in points of the metric; `low` and `high` bound it.
        p_bootstrap: paired bootstrap; p_randomisation: approximate randomisation; both (0, 1].
        wins: segments on which B's segment score is better; losses: worse; the rest are ties.
            None where nobody knows which way is better.
        higher_is_better: of this metric's scores, see `metrics.score`; None is unknown.
    """

    direction: str
    metric: str
    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    wins: int | None
    losses: int | None
    higher_is_better: bool | None

    @property
    def verdict(self) -> str:
        """ "B", "A" or "neither": better where both tests give p < 0.05; UNKNOWN if none can be."""
        if not self.difference or max(self.p_bootstrap, self.p_randomisation) >= SIGNIFICANT:
            return "neither"  # of equal systems the tests would say p = 0: nothing exceeds nothing
        if self.higher_is_better is None:
            return UNKNOWN
        return "B" if (self.difference > 0) == self.higher_is_better else "A"

    @property
    def label(self) -> str:
        """The metric, and which way is better where that is not up."""
        ways = {True: "", False: " (lower is better)", None: " (higher or lower?)"}
        return f"{self.metric}{ways[self.higher_is_better]}"


class Comparisons(Plotted, list[Comparison]):
    """The comparisons of two runs, a row a direction and metric."""

    def summary(self) -> str:
        """In how many of them which system is better."""
        better = [test.verdict for test in self]
        return f"{len(self)} tests: B better in {better.count('B')}, A in {better.count('A')}"

    def rows(self) -> list[dict[str, Any]]:
        """The fields of each, and the verdict."""
        return [asdict(test) | {"better": test.verdict} for test in self]

    def intervals(self) -> tuple[str, list[Interval]]:
        """B less A in points of each metric: what lies across 0 is no difference."""
        return "B less A, in points of the metric", [
            Interval(f"{test.label}, {test.direction}", test.difference, test.low, test.high)
            for test in self
        ]


def compare(
    a: Path,
    b: Path,
    systems: tuple[str, str] = ("model", "model"),
    *,
    seed: int = 1,
    resamples: int = 1000,
    trials: int = 10_000,
) -> Comparisons:
    """Compare two finished runs, direction by direction, metric by metric, and pooled.

    Raises:
        InputError: a folder holds no finished run or lacks the system, or the two runs differ in
            test set, segments, references or metric settings; the message says in what.
    """
    plan = {"seed": seed, "resamples": resamples, "trials": trials}
    return compare_pairings(pair_runs(a, b, systems), **plan)


def compare_pairings(
    pairings: Sequence[Pairing], *, seed: int = 1, resamples: int = 1000, trials: int = 10_000
) -> Comparisons:
    """`compare` of runs that are paired already; several directions are pooled at the end."""
    return Comparisons(
        comparison
        for pairing in (*pairings, *pooled(pairings))
        for comparison in _compare(pairing, seed, resamples, trials)
    )


def _compare(pairing: Pairing, seed: int, resamples: int, trials: int) -> Iterator[Comparison]:
    """All metrics of one direction over the same draws."""
    rows_a, rows_b = pairing.all_statistics()
    drawn = bootstrap_sums(rows_a, rows_b, resamples=resamples, seed=seed)
    swapped = swapped_sums(rows_a, rows_b, trials=trials, seed=seed)
    start = 0
    for name in pairing.metrics:
        scale = pairing.metric(name)
        columns = start, start + scale.width
        start = columns[1]
        mine = drawn.of_columns(*columns)
        differences = mine.differences(scale.aggregate_columns)
        randomised = swapped.of_columns(*columns).differences(scale.aggregate_columns)
        low, high = difference_interval(differences)
        wins, losses = pairing.wins(name) or (None, None)
        a, b = scale.aggregate(mine.baseline[0].tolist()), scale.aggregate(mine.system[0].tolist())
        yield Comparison(
            direction=pairing.direction,
            metric=name,
            n=len(rows_a),
            a=a,
            b=b,
            difference=b - a,
            low=low,
            high=high,
            p_bootstrap=bootstrap_p(differences),
            p_randomisation=randomisation_p(randomised),
            wins=wins,
            losses=losses,
            higher_is_better=scale.higher_is_better,
        )
