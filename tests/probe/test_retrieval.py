"""Retrieval against a slow and plain computation, in blocks, and where the measures differ."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from data.errors import InputError
from probe.retrieval import MEASURES, halves, moved, retrieve, retrieve_all, unit


def sides(rows: int = 40, width: int = 12, noise: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Two languages: the same sentences with noise, each language with a mean of its own."""
    rng = np.random.default_rng(3)
    meaning = rng.normal(size=(rows, width))
    left = meaning + noise * rng.normal(size=(rows, width)) + 3 * rng.normal(size=width)
    right = meaning + noise * rng.normal(size=(rows, width)) - 2 * rng.normal(size=width)
    return left.astype(np.float32), right.astype(np.float32)


def plain(left: np.ndarray, right: np.ndarray, measure: str, k: int = 10) -> np.ndarray:
    """Every score in one table, written as the papers write it."""
    move, _, adjust = measure.partition("+")
    if move == "shift":
        left = left + np.mean([b - a for a, b in zip(left, right, strict=True)], axis=0)
    if move == "centred":
        left, right = left - left.mean(0), right - right.mean(0)
    table = np.array([[a @ b / np.sqrt((a @ a) * (b @ b)) for b in right] for a in left])
    if not adjust:
        return table
    ours = np.array([np.mean(sorted(row)[-k:]) for row in table])
    theirs = np.array([np.mean(sorted(column)[-k:]) for column in table.T])
    if adjust == "csls":
        return 2 * table - ours[:, None] - theirs[None, :]
    return table / ((ours[:, None] + theirs[None, :]) / 2)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("cells", [1, 90, 1 << 20])
def test_both_directions_are_those_of_a_plain_table(measure: str, cells: int) -> None:
    left, right = sides()
    table = plain(left.astype(float), right.astype(float), measure)
    found = retrieve(left, right, measure, cells=cells)
    assert found.forward.tolist() == table.argmax(axis=1).tolist()
    assert found.backward.tolist() == table.argmax(axis=0).tolist()


def test_sides_of_different_sizes_are_searched() -> None:
    left, right = sides()
    found = retrieve(left[:7], right, "centred+csls", cells=60)
    assert (len(found.forward), len(found.backward)) == (7, 40)
    assert found.forward.max() < 40
    assert found.backward.max() < 7


def test_centring_finds_what_means_hide() -> None:
    left, right = sides()
    raw = np.mean(retrieve(left, right).right[0])
    centred = np.mean(retrieve(left, right, "centred").right[0])
    assert centred > raw + 0.2
    assert np.mean(retrieve(left, right, "shift").right[1]) > raw + 0.2


def test_csls_moves_away_from_hubs() -> None:
    """One target is near to all sources; none of them means it."""
    rng = np.random.default_rng(1)
    left = rng.normal(size=(30, 8)).astype(np.float32)
    left[:, 0] += 3
    right = left + 0.8 * rng.normal(size=(30, 8)).astype(np.float32)
    right[0] = left.mean(axis=0)
    plainly = retrieve(left, right)
    adjusted = retrieve(left, right, "csls")
    assert (plainly.forward == 0).sum() > (adjusted.forward == 0).sum()
    assert adjusted.right[0].mean() > plainly.right[0].mean()


def test_means_of_one_half_do_not_see_the_other() -> None:
    left, right = sides()
    fit, held_out = halves(len(left), seed=1)
    assert sorted([*fit, *held_out]) == list(range(40))
    ours, theirs = moved(left, right, "centred", fit)
    assert ours == pytest.approx(unit(left - left[fit].mean(0)), abs=1e-6)
    assert theirs == pytest.approx(unit(right - right[fit].mean(0)), abs=1e-6)
    changed = left.copy()
    changed[held_out] += 100
    assert moved(changed, right, "centred", fit)[1] == pytest.approx(theirs)
    assert halves(40, seed=1)[0].tolist() == fit.tolist() != halves(40, seed=2)[0].tolist()


def test_fewer_rows_than_a_neighbourhood_has() -> None:
    left, right = sides(rows=4)
    assert len(retrieve(left, right, "csls").forward) == 4


@pytest.mark.parametrize(
    ("shapes", "measure", "message"),
    [
        (((3, 4), (3, 4)), "cosin", r"expected some of .*did you mean cosine"),
        (((3, 4), (3, 5)), "cosine", r"\(3, 4\) and \(3, 5\)"),
        (((3, 4), (5, 4)), "shift", "expected pairs, found 3 and 5"),
        (((0, 4), (3, 4)), "cosine", r"\(0, 4\)"),
    ],
)
def test_what_does_not_fit_is_refused(shapes, measure: str, message: str) -> None:
    left, right = (np.ones(shape, np.float32) for shape in shapes)
    with pytest.raises(InputError, match=message):
        retrieve(left, right, measure)


def test_memory_does_not_grow_with_the_table_of_cosines() -> None:
    """The table would be 64 MB; tiles of 64 KB and what ranks them are all that is held."""
    rng = np.random.default_rng(1)
    left = rng.normal(size=(4000, 4)).astype(np.float32)
    tracemalloc.start()
    found = retrieve(left, left, "csls", cells=1 << 14)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20
    assert found.right[0].mean() > 0.99


def test_several_measures_at_once_are_those_of_one_at_a_time() -> None:
    left, right = sides()
    asked = ("centred+csls", "cosine", "margin", "centred", "shift")
    fit, held_out = halves(len(left), seed=1)
    every = retrieve_all(left, right, asked, fit=fit, rows=held_out, cells=100)
    assert list(every) == list(asked)
    for measure in asked:
        alone = retrieve(left, right, measure, fit=fit, rows=held_out)
        assert every[measure].forward.tolist() == alone.forward.tolist(), measure
        assert every[measure].backward.tolist() == alone.backward.tolist(), measure
    assert every["cosine"].counts == [int(side.sum()) for side in every["cosine"].right]
