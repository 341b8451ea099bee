"""Two runs side by side, made by hand: wins, the segments that differ most, several languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from icl.pairing import Pairing, extremes, pooled, with_scores


def record(place: int, **rows: list[float]) -> dict[str, Any]:
    return {"id": f"toy:sw-en:{place}", "statistics": rows}


def pairing(a: list[float], b: list[float], higher: bool | None, direction: str = "sw-en") -> Any:
    """Segments with one number each, from outside; whether higher is better."""
    sides = [[record(n, X=[score, 1]) for n, score in enumerate(side)] for side in (a, b)]
    return Pairing(direction, ("X",), sides[0], sides[1], {"X": higher})


A, B = [1.0, 5.0, 2.0, 4.0, 3.0], [2.0, 1.0, 2.0, 7.0, 9.0]  # differences 1, -4, 0, 3, 6


def test_wins_go_by_the_direction_of_the_metric() -> None:
    assert pairing(A, B, True).differences("X") == [1.0, -4.0, 0.0, 3.0, 6.0]
    assert pairing(A, B, True).wins("X") == (3, 1)
    assert pairing(A, B, False).wins("X") == (1, 3)
    assert pairing(A, B, None).wins("X") is None


@pytest.mark.parametrize(
    ("higher", "headings"),
    [
        (True, {"B does better, by X": [6, 3], "A does better, by X": [-4]}),
        (False, {"B does better, by X": [-4], "A does better, by X": [6, 3]}),
        (None, {"B scores higher, by X": [6, 3], "A scores higher, by X": [-4]}),
    ],
)
def test_the_segments_that_differ_most(
    higher: bool | None, headings: dict[str, list[float]]
) -> None:
    found = dict(extremes(pairing(A, B, higher), 2))
    told = {heading: [pair.difference for pair in pairs] for heading, pairs in found.items()}
    assert told == headings
    [[first, *_], _] = found.values() if higher is not False else reversed(found.values())
    assert (first.a["id"], first.b["id"]) == ("toy:sw-en:4", "toy:sw-en:4")


def test_statistics_of_all_metrics_stand_side_by_side() -> None:
    sides = [[record(0, X=[n, 1], Y=[n + 5, 2, 3])] for n in (1, 2)]
    both = Pairing("sw-en", ("Y", "X"), *sides)
    assert both.all_statistics() == ([[6, 2, 3, 1, 1]], [[7, 2, 3, 2, 1]])
    assert both.statistics("X") == ([[1, 1]], [[2, 1]])


def test_several_languages_are_pooled_with_the_metrics_of_all() -> None:
    first, second = pairing(A, B, True), pairing(B, A, True, "yo-en")
    wider = Pairing("yo-en", ("Z", "X"), second.a, second.b)
    [found] = pooled([first, wider, pairing(A, B, True, "en-sw")])
    assert (found.direction, found.metrics) == ("pooled xx-en", ("X",))
    assert [r["statistics"]["X"][0] for r in found.a] == [*A, *B]
    assert [r["statistics"]["X"][0] for r in found.b] == [*B, *A]
    ways = [one.direction for one in pooled([pairing(A, B, True, f"en-{x}") for x in ("sw", "yo")])]
    assert ways == ["pooled en-xx"]
    assert list(pooled([first, pairing(A, B, True, "en-sw")])) == []


def test_scores_of_another_tool_join_the_records(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.txt", "b.txt")]
    for path, scores in zip(paths, ("0.5\n" * 5, "0.75\n" * 5), strict=True):
        path.write_text(scores)
    found = with_scores(pairing(A, B, True), "COMET", *paths)
    assert found.metrics == ("X", "COMET")
    assert found.statistics("COMET") == ([[0.5, 1]] * 5, [[0.75, 1]] * 5)
    assert found.statistics("X") == pairing(A, B, True).statistics("X")
    assert found.external["X"] is True
    assert with_scores(pairing(A, B, True), "Zeta", *paths, higher=False).external["Zeta"] is False
    assert with_scores(pairing(A, B, True), "Zeta", *paths).external["Zeta"] is None
    with pytest.raises(InputError, match='found "X", which the runs have; rename it'):
        with_scores(found, "X", *paths)
    with pytest.raises(InputError, match="found none; rename it"):
        with_scores(found, " ", *paths)
    paths[1].write_text("1\n" * 4)
    with pytest.raises(InputError, match=r"b\.txt: expected 5 scores, one a segment, found 4; .*"):
        with_scores(found, "Y", *paths)
