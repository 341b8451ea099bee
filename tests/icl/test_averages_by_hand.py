"""Macro averages of results made by hand: who is averaged with whom, and what the mean says."""

from __future__ import annotations

import pytest

from data.languages import resolve
from icl.scoring import Result, Scored, _averages, _mean
from metrics.external import Mean
from metrics.score import Score


def row(code: str, value: float, n: int, *, system: str = "model", to: bool = False) -> Scored:
    """A language's result: n segments of this score each."""
    score = Score("X", value, value, value, f"tok:13a|set:{code}", n, "95% bootstrap")
    result = Result(system, "tiny", f"en-{code}" if to else f"{code}-en", (score,))
    records = [{"statistics": {"X": [value, 1]}}] * n
    return Scored(result, resolve(code), [Mean("Y"), Mean("X")], records)


def test_each_language_counts_once() -> None:
    found = _mean([row("sw", 10.0, 90), row("yo", 40.0, 10)], "X", 1)
    assert (found.name, found.value, found.n) == ("X", 25.0, 100)
    assert (found.low, found.high) == (25.0, 25.0), "segments of a language do not differ"
    assert found.signature == "tok:13a|macro:sw,yo"
    assert found.interval == "95% bootstrap"


def test_the_interval_is_that_of_the_mean_of_independent_draws() -> None:
    """Two languages, 100 segments of 0 or 100 each: each mean has sd 5, their mean 5 / sqrt 2."""
    rows = [row(code, 50.0, 100) for code in ("sw", "yo")]
    for one in rows:
        one.records = [{"statistics": {"X": [100 * (n % 2), 1]}} for n in range(100)]
    found = _mean(rows, "X", 1)
    assert (found.low, found.high) == (pytest.approx(43.1, abs=0.8), pytest.approx(56.9, abs=0.8))


def test_groups_of_two_at_least_all_first_and_each_way_apart() -> None:
    rows = [
        row("sw", 10.0, 5),
        row("zu", 20.0, 5),
        row("yo", 60.0, 5),
        row("sw", 1.0, 5, system="copy"),
        row("zu", 3.0, 5, system="copy"),
        row("sw", 7.0, 5, to=True),
    ]
    bantu = {"genus": "Bantu", "family": "Atlantic-Congo", "script": "Latn"}
    groups = {"sw": bantu, "zu": bantu, "yo": {**bantu, "genus": "Defoid", "family": None}}
    found = [
        (one.kind, one.value, one.system, one.way, one.languages, one.scores[0].value)
        for one in _averages(rows, groups, 1)
    ]
    assert found == [
        ("all", "languages", "model", "xx-en", ("sw", "zu", "yo"), 30.0),
        ("all", "languages", "copy", "xx-en", ("sw", "zu"), 2.0),
        ("genus", "Bantu", "model", "xx-en", ("sw", "zu"), 15.0),
        ("genus", "Bantu", "copy", "xx-en", ("sw", "zu"), 2.0),
        ("family", "Atlantic-Congo", "model", "xx-en", ("sw", "zu"), 15.0),
        ("family", "Atlantic-Congo", "copy", "xx-en", ("sw", "zu"), 2.0),
        ("script", "Latn", "model", "xx-en", ("sw", "zu", "yo"), 30.0),
        ("script", "Latn", "copy", "xx-en", ("sw", "zu"), 2.0),
    ]


def test_only_metrics_that_all_have_are_averaged() -> None:
    first, second = row("sw", 10.0, 5), row("zu", 20.0, 5)
    second.result = Result("model", "tiny", "x-y", ())
    [average] = _averages([first, second], {"sw": {}, "zu": {}}, 1)
    assert average.scores == ()
