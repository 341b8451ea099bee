"""Shots: whole documents are held back, nothing leaks, and a seed settles the draw."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.access import Access
from data.errors import InputError
from data.languages import resolve
from data.load import load_parallel
from data.parallel import Pair
from icl.shots import Split, draw_shots, hold_out, without_leaks


def documents(sizes: list[int], language: str = "sw") -> list[Pair]:
    """Pairs of documents d0, d1, ... with these sizes; the texts hang on the language."""
    names = [f"d{index}" for index, size in enumerate(sizes) for _ in range(size)]
    return [
        Pair(str(number), f"{language} {number}", f"en {number}", name)
        for number, name in enumerate(names, 1)
    ]


SIZES = st.lists(st.integers(1, 9), max_size=12)


@given(SIZES, st.integers(0, 60))
def test_whole_documents_and_never_more_than_asked(sizes: list[int], size: int) -> None:
    pairs = documents(sizes)
    split = hold_out(pairs, size)
    assert len(split.pool) <= size
    assert not {pair.document for pair in split.pool} & {pair.document for pair in split.scored}
    assert Counter([*split.pool, *split.scored]) == Counter(pairs)
    assert split.leaked == 0


@given(SIZES, st.integers(0, 60))
def test_nothing_that_still_fits_is_left(sizes: list[int], size: int) -> None:
    split = hold_out(documents(sizes), size)
    left = Counter(pair.document for pair in split.scored)
    assert all(len(split.pool) + count > size for count in left.values())


@given(SIZES, st.integers(0, 60))
def test_order_of_the_file_stays(sizes: list[int], size: int) -> None:
    split = hold_out(documents(sizes), size)
    for part in (split.pool, split.scored):
        assert list(part) == sorted(part, key=lambda pair: int(pair.id))


@given(SIZES, st.integers(0, 60))
def test_the_choice_hangs_on_names_and_sizes_of_documents_alone(
    sizes: list[int], size: int
) -> None:
    splits = [hold_out(documents(sizes, language), size) for language in ("sw", "yo")]
    pools = [[pair.id for pair in split.pool] for split in splits]
    assert pools[0] == pools[1]
    shuffled = hold_out(documents(sizes)[::-1], size)
    assert {pair.id for pair in shuffled.pool} == set(pools[0])


def test_documents_go_by_the_sha256_of_their_names() -> None:
    """`printf d0 | sha256sum` and so on: d0 is 0ad5..., d1 8b53..., d2 e788..."""
    pairs = documents([2, 2, 2])
    assert [pair.document for pair in hold_out(pairs, 4).pool] == ["d0", "d0", "d1", "d1"]
    pairs = documents([2, 5, 2])
    assert {pair.document for pair in hold_out(pairs, 4).pool} == {"d0", "d2"}


def test_a_pair_without_a_document_is_one_of_its_own() -> None:
    pairs = [Pair(str(number), f"s{number}", f"t{number}") for number in range(30)]
    split = hold_out(pairs, 7)
    assert (len(split.pool), len(split.scored)) == (7, 23)


@pytest.mark.parametrize(
    "leak",
    [
        Pair("9", "Habari za asubuhi", "x"),
        Pair("9", "“HABARI ZA ASUBUHI!”", "x"),
        Pair("9", "Ha\u00adba\u200bri za\u00a0asubuhi\ufeff", "x"),
        Pair("9", "x", "Good morning"),
        Pair("9", "Good morning?", "x"),  # on the other side
        Pair("9", "x", "።"),
    ],
)
def test_no_spelling_hides_a_leak(leak: Pair) -> None:
    scored = [Pair("1", "Habari za asubuhi.", "Good morning."), Pair("2", "።", "...")]
    other = Pair("8", "Habari za asubuhi, Amina.", "?")
    split = without_leaks(scored, [leak, other])
    assert (split.pool, split.leaked) == ((other,), 1)


def test_a_leak_is_dropped_from_the_pool_and_counted() -> None:
    scored = [Pair("1", "Habari", "Hello"), Pair("2", "Ndiyo", "Yes")]
    pool = [
        Pair("3", "habari ", "How are you"),  # its source, case and space aside
        Pair("4", "Naam", "YES"),  # its target
        Pair("5", "Hello", "Habari"),  # the other way round
        Pair("6", "Habari\u00a0 gani", "What news"),
        Pair("7", "Asante", "Thanks"),
    ]
    split = without_leaks(scored, pool)
    assert split == Split(tuple(scored), (pool[3], pool[4]), 3)


def test_a_held_back_document_that_repeats_a_scored_line_loses_it() -> None:
    pairs = [*documents([2, 2, 5]), Pair("10", "sw 1", "other", "d2")]
    split = hold_out(pairs, 4)
    assert split.leaked == 1
    assert [pair.id for pair in split.pool] == ["2", "3", "4"]


TEXT = st.sampled_from(
    ["Habari", "habari", "Ndiyo", " ndiyo", "Asante", "Jambo", "STRASSE", "straße"]
)
PAIRS = st.lists(st.builds(Pair, id=st.uuids().map(str), source=TEXT, target=TEXT), max_size=9)


@given(PAIRS, PAIRS)
def test_pool_and_scored_share_no_text(scored: list[Pair], pool: list[Pair]) -> None:
    split = without_leaks(scored, pool)
    texts = [
        {" ".join(text.split()).casefold() for pair in part for text in (pair.source, pair.target)}
        for part in (split.scored, split.pool)
    ]
    assert not texts[0] & texts[1]
    assert list(split.scored) == scored
    assert len(split.pool) + split.leaked == len(pool)


POOL = documents([40])


@given(st.integers(0, 2**70), st.integers(0, 40), st.text(max_size=9))
def test_shots_are_different_pairs_of_the_pool(seed: int, count: int, key: str) -> None:
    shots = draw_shots(POOL, count, seed, key)
    assert len(set(shots)) == count
    assert set(shots) <= set(POOL)
    assert shots == draw_shots(POOL, count, seed, key)


@given(st.integers(0, 99), st.integers(0, 40), st.integers(0, 40))
def test_fewer_shots_are_the_end_of_more(seed: int, one: int, other: int) -> None:
    few, many = (draw_shots(POOL, count, seed, "ntrex-128") for count in sorted((one, other)))
    assert many[len(many) - len(few) :] == few


def test_seed_and_key_change_the_draw() -> None:
    draws = {
        draw_shots(POOL, 4, seed, key) for seed in range(20) for key in ("ntrex-128", "lafand")
    }
    assert len(draws) == 40


def test_every_pair_gets_its_turn() -> None:
    """2,000 draws of one from ten: each about 200 times; 5 standard deviations are 67."""
    turns = Counter(draw_shots(POOL[:10], 1, seed, "ntrex-128")[0].id for seed in range(2000))
    assert len(turns) == 10
    assert all(133 < count < 267 for count in turns.values())


def test_both_directions_draw_the_same_segments() -> None:
    reversed_pool = [Pair(p.id, p.target, p.source, p.document) for p in POOL]
    draws = [draw_shots(pool, 5, 1, "ntrex-128") for pool in (POOL, reversed_pool)]
    assert [pair.id for pair in draws[0]] == [pair.id for pair in draws[1]]


def test_more_shots_than_the_pool_holds() -> None:
    with pytest.raises(InputError) as caught:
        draw_shots(POOL, 41, 1, "ntrex-128")
    assert str(caught.value) == (
        "--shots 41: the pool holds 40 pairs; ask for fewer, or name a larger pool with --pool"
    )
    with pytest.raises(InputError, match=r"--shots -1: expected 0 or more"):
        draw_shots(POOL, -1, 1, "ntrex-128")


def test_ntrex_holds_back_100_segments_the_same_for_every_language(mirror: Path) -> None:
    english = resolve("en")
    splits = [
        hold_out(
            load_parallel("ntrex-128", resolve(code), english, access=Access(offline=True)).pairs,
            100,
        )
        for code in ("swa", "yor")
    ]
    for split in splits:
        assert (len(split.pool), len(split.scored), split.leaked) == (100, 1897, 0)
    scored = [[pair.id for pair in split.scored] for split in splits]
    assert scored[0] == scored[1]
    table = (mirror / "ntrex" / "DOCUMENT_IDS.tsv").read_text("utf-8").split()
    held = {pair.document for pair in splits[0].pool}
    assert sum(name in held for name in table) == 100, "whole documents"
