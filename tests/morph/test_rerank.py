"""Which forms of two directions are scored, and that none that could win is left out."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from morph.transducer import Hypothesis, rerank

LEMMAS = "abc"


class Direction:
    """A stand-in for the networks of one direction: log probabilities by item and form."""

    def __init__(self, table: dict[str, dict[str, float]]) -> None:
        self.table, self.asked = table, 0
        self.followed: list[str] = []  # lemmas of which a beam was followed

    def __len__(self) -> int:
        return len(LEMMAS)

    def search(
        self, places: Sequence[int], beam: int, n_best: int, *_: Any
    ) -> list[list[Hypothesis]]:
        self.followed += [LEMMAS[n] for n in places if beam > 1]
        ranked = [sorted(self.table[LEMMAS[n]].items(), key=lambda p: -p[1]) for n in places]
        return [[Hypothesis(*pair) for pair in pairs[:n_best]] for pairs in ranked]

    def score(self, asked: Sequence[tuple[int, str]]) -> list[float]:
        self.asked += len(asked)
        return [self.table[LEMMAS[place]][form] for place, form in asked]


def made(seed: int) -> Direction:
    draw = random.Random(seed)
    forms = [f"form {n}" for n in range(20)]
    tables = {lemma: {f: -9 * draw.random() for f in forms} for lemma in LEMMAS}
    whole = {lemma: math.log(sum(map(math.exp, t.values()))) for lemma, t in tables.items()}
    return Direction({n: {f: s - whole[n] for f, s in t.items()} for n, t in tables.items()})


@pytest.mark.parametrize("n_best", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_best_are_those_of_scoring_all_that_was_proposed(seed: int, n_best: int) -> None:
    directions = [made(seed), made(seed + 100)]
    found = rerank(directions, n_best, n_best)  # type: ignore[arg-type]
    for lemma, answer in zip(LEMMAS, found, strict=True):
        tables = [one.table[lemma] for one in directions]
        proposed = {f for t in tables for f in sorted(t, key=lambda g: -t[g])[:6]}
        means = sorted((sum(t[f] for t in tables) / 2 for f in proposed), reverse=True)
        assert [one.score for one in answer] == pytest.approx(means[:n_best])
        assert all(sum(t[one.form] for t in tables) / 2 == one.score for one in answer)
    assert sum(one.asked for one in directions) < 2 * 6 * len(LEMMAS)


def test_no_beam_follows_what_both_are_sure_of() -> None:
    directions = [made(1), made(2)]
    for one in directions:
        one.table["b"] = {"sure": math.log(0.97), "other": math.log(0.03)}
    found = rerank(directions, 1, 1)  # type: ignore[arg-type]
    assert found[1] == [Hypothesis("sure", math.log(0.97))]
    assert directions[0].followed == ["a", "c"]
    assert "b" not in directions[1].followed
