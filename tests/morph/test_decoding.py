"""Greedy and beam search against all forms of a tiny alphabet, scored one by one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch

from morph.alphabet import BEGIN, END, PAD
from morph.decoding import Beams, Writers, beam_search, greedy, likelihood
from morph.model import InflectionModel, Lines, Memory, Past, loss
from morph.recipe import Architecture

UNITS = 6  # 3, 4 and 5 are letters
LONGEST = 3
FIRST = torch.tensor([0])
LEMMA, FEATURES = torch.tensor([[3, 4, 5], [5, 5, PAD]]), torch.tensor([[1, 2], [3, PAD]])


def model(seed: int, features: str = "both") -> InflectionModel:
    torch.manual_seed(seed)
    size = Architecture(UNITS, 4, width=8, heads=2, inner=8, features=features)  # type: ignore[arg-type]
    made = InflectionModel(size).eval()
    with torch.no_grad():
        made.writer.weight.mul_(4)  # distributions that are far from flat
    return made


MODELS = [model(1), model(2)]


def read(
    models: list[InflectionModel], lemma: torch.Tensor, features: torch.Tensor
) -> list[Memory]:
    """What each model has read."""
    return [one.encode(lemma, features) for one in models]


def all_forms(length: int) -> list[tuple[int, ...]]:
    """Every form of so many letters at most."""
    letters = [unit for unit in range(UNITS) if unit not in (PAD, BEGIN, END)]
    return [form for n in range(length + 1) for form in itertools.product(letters, repeat=n)]


def scores(row: int, models: list[InflectionModel]) -> dict[tuple[int, ...], float]:
    """The log probability of each form with its end, one at a time."""
    found = {}
    with torch.no_grad():
        for form in all_forms(LONGEST):
            ids = torch.tensor([[BEGIN, *form, END]])
            one = likelihood(
                models, read(models, LEMMA[row : row + 1], FEATURES[row : row + 1]), ids, FIRST
            )
            found[form] = float(one)
    return found


@torch.no_grad()
@pytest.mark.parametrize("models", [MODELS[:1], MODELS], ids=["one", "two"])
def test_a_wide_beam_finds_the_likeliest_forms(models: list[InflectionModel]) -> None:
    found = beam_search(models, read(models, LEMMA, FEATURES), LONGEST + 1, beam=60, n_best=4)
    for row, best in enumerate(found):
        expected = sorted(scores(row, models).items(), key=lambda pair: -pair[1])[:4]
        assert [tuple(one.ids) for one in best] == [form for form, _ in expected]
        assert [one.score for one in best] == pytest.approx([s for _, s in expected], abs=1e-4)


@torch.no_grad()
def test_forms_below_the_floor_of_their_row_are_not_looked_for() -> None:
    known = [sorted(scores(row, MODELS).values(), reverse=True) for row in (0, 1)]
    floor = torch.tensor([(known[0][1] + known[0][2]) / 2, 0.0])  # two forms have more; none has
    found = beam_search(
        MODELS, read(MODELS, LEMMA, FEATURES), LONGEST + 1, beam=60, n_best=4, floor=floor
    )
    assert [one.score for one in found[0]] == pytest.approx(known[0][:2], abs=1e-4)
    assert found[1] == []


def test_a_prefix_far_behind_the_best_of_its_row_is_left() -> None:
    table = torch.full((2, 8), -50.0)
    table[0, 5:8] = torch.tensor([-1.0, -2.0, -6.0])
    table[1, 5:8] = torch.tensor([-6.0, -7.0, -11.0])
    beams = Beams(torch.full((2,), -math.inf), beam=3, n_best=1, spread=4.0)
    assert beams.advance(table).tolist() == [0, 0, 1, 1]
    assert beams.rows.tolist() == [0, 0, 1, 1]
    assert beams.prefixes.tolist() == [[5], [6], [5], [6]]


@torch.no_grad()
@pytest.mark.parametrize("models", [MODELS[:1], MODELS], ids=["one", "two"])
def test_greedy_takes_the_likeliest_unit_at_each_place(models: list[InflectionModel]) -> None:
    found = greedy(models, read(models, LEMMA, FEATURES), 5)
    for row, written in enumerate(found):
        ids, total = [BEGIN], 0.0
        while ids[-1] != END and len(ids) <= 5:
            choices = {}
            for unit in range(UNITS):
                if unit not in (PAD, BEGIN):
                    form = torch.tensor([[*ids, unit]])
                    lemma, features = LEMMA[row : row + 1], FEATURES[row : row + 1]
                    shares = [(-one(lemma, features, form)[0, -1]).exp() for one in models]
                    choices[unit] = math.log(float(sum(shares)) / len(models))
            ids.append(max(choices, key=choices.__getitem__))
            total += choices[ids[-1]]
        assert written.ids == [unit for unit in ids[1:] if unit != END]
        assert written.score == pytest.approx(total, abs=1e-4)


@torch.no_grad()
def test_a_beam_of_one_is_greedy() -> None:
    one = beam_search(MODELS, read(MODELS, LEMMA, FEATURES), 5, beam=1, n_best=1)
    for [best], written in zip(one, greedy(MODELS, read(MODELS, LEMMA, FEATURES), 5), strict=True):
        if len(written.ids) < 5:
            assert best.ids == written.ids
            assert best.score == pytest.approx(written.score, abs=1e-4)


@torch.no_grad()
def test_lines_of_one_item_look_at_its_memory_as_at_a_copy() -> None:
    """Of three items the first has two lines and the second none."""
    one, items, three = MODELS[0], torch.tensor([0, 0, 2]), torch.tensor([0, 0, 1])
    memory = one.encode(LEMMA[three], FEATURES[three])
    past: list[Past] | None = None
    for units in ([BEGIN] * 3, [3, 4, 3], [5, 3, 4]):
        last = torch.tensor(units)[:, None]
        copied, after = one.decode(last, memory.rows(items), past)
        shared, past = one.decode(last, memory.shared(Lines.of_items(items)), past)
        assert torch.allclose(shared, copied, atol=1e-6)
        expected = one.distribution(copied, memory.rows(items))
        found = one.distribution(shared, memory.shared(Lines.of_items(items)))
        assert torch.allclose(found, expected, atol=1e-6)
        assert torch.allclose(past[0].keys, after[0].keys, atol=1e-6)


class Counting:
    """A model's stand-in, and a memory's: the letters 3, 4, 5 and the end, with these shares."""

    lemma = torch.tensor([[3]])

    def __init__(self, shares: list[list[float]]) -> None:
        self.shares = torch.tensor(shares)

    def rows(self, chosen: torch.Tensor) -> Counting:
        return self

    def shared(self, lines: object) -> Counting:
        return self

    def decode(self, last: torch.Tensor, memory: object, past: object) -> tuple[torch.Tensor, None]:
        return last, None

    def distribution(self, written: torch.Tensor, memory: object) -> torch.Tensor:
        return self.shares[written]


# After the begin mostly 3, after 3 mostly 4, after 4 mostly 5, after 5 never the end.
ENDLESS = [[0] * 6, [0, 0, 0.1, 0.9, 0, 0], [0] * 6, [0, 0, 0, 0, 1, 0]]
ENDLESS += [[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]]


def test_a_form_without_an_end_is_cut() -> None:
    both: list[Any] = [Counting(ENDLESS)]
    [written] = greedy(both, both, 4)
    assert written.ids == [3, 4, 5, 5]
    assert written.score == pytest.approx(math.log(0.9))
    [[ended]] = beam_search(both, both, 4, 2, 1)
    assert (ended.ids, ended.score) == ([], pytest.approx(math.log(0.1)))


def test_neither_padding_nor_a_begin_is_ever_written() -> None:
    flat = [[1 / 6] * 6] * 6
    both: list[Any] = [Counting(flat)]
    writers = Writers(both, both)
    table = writers.next(torch.tensor([[BEGIN]]))
    assert table[0, [PAD, BEGIN]].tolist() == [-math.inf, -math.inf]
    assert table[0, [END, 3, 4, 5]].tolist() == pytest.approx([math.log(1 / 6)] * 4)


@torch.no_grad()
@pytest.mark.parametrize("features", ["both", "attended", "added"])
def test_all_that_can_follow_sums_to_one_in_every_mode(features: str) -> None:
    one = model(5, features)
    total = sum(
        float((-one(LEMMA[:1], FEATURES[:1], torch.tensor([[BEGIN, 3, unit]]))[0, 1]).exp())
        for unit in range(1, UNITS)
    )
    padding = float(one.distribution(*states(one, [BEGIN, 3]))[0, -1, PAD])
    assert total + padding == pytest.approx(1, abs=1e-5)


def states(one: InflectionModel, form: list[int]):
    memory = one.encode(LEMMA[:1], FEATURES[:1])
    return one.decode(torch.tensor([form]), memory)[0], memory


@torch.no_grad()
def test_a_gate_that_is_shut_copies_and_one_that_is_open_writes() -> None:
    one = model(6)
    one.gate.weight.zero_()
    one.gate.bias.fill_(-100.0)
    written, memory = states(one, [BEGIN])
    copied = one.distribution(written, memory)[0, 0]
    assert float(copied[[3, 4, 5]].sum()) == pytest.approx(1, abs=1e-5), "the letters of the lemma"
    query = one.pointer_query(written)[0, 0] / 8**0.5
    expected = torch.softmax(memory.pointer[0] @ query, 0)
    assert copied[[3, 4, 5]].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    one.gate.bias.fill_(100.0)
    expected = torch.softmax(one.writer(written)[0, 0], 0)
    assert one.distribution(written, memory)[0, 0].tolist() == pytest.approx(expected.tolist())
    one.gate.bias.fill_(math.log(3))  # writes with probability 3/4
    mixed = one.distribution(written, memory)[0, 0]
    assert mixed.tolist() == pytest.approx((0.75 * expected + 0.25 * copied).tolist(), abs=1e-5)


@torch.no_grad()
def test_features_have_no_order() -> None:
    for mode in ("both", "attended", "added"):
        one = model(7, mode)
        form = torch.tensor([[BEGIN, 3, END]])
        straight = one(LEMMA[:1], torch.tensor([[1, 2, 3]]), form)
        turned = one(LEMMA[:1], torch.tensor([[3, 1, 2]]), form)
        assert torch.allclose(straight, turned, atol=1e-5)
        assert not torch.allclose(straight, one(LEMMA[:1], torch.tensor([[1, 2]]), form))


@torch.no_grad()
def test_added_features_are_divided_by_the_root_of_their_number() -> None:
    """Four times the same name: 4 / sqrt(4) of it, which is what a twice as long one would be."""
    one = model(8, "added")
    form = torch.tensor([[BEGIN, 3, END]])
    four = one(LEMMA[:1], torch.tensor([[1, 1, 1, 1]]), form)
    one.names.weight[1] *= 2
    assert torch.allclose(four, one(LEMMA[:1], torch.tensor([[1]]), form), atol=1e-5)


@torch.no_grad()
def test_the_loss_sums_over_units_that_are_no_padding() -> None:
    one = model(9)
    form = torch.tensor([[BEGIN, 3, 4, END], [BEGIN, 5, END, PAD]])
    lost, units = loss(one, {"lemma": LEMMA, "features": FEATURES, "form": form})
    each = [
        float(one(LEMMA[n : n + 1], FEATURES[n : n + 1], form[n : n + 1, : 4 - n]).sum())
        for n in (0, 1)
    ]
    assert (float(lost), int(units)) == (pytest.approx(sum(each), abs=1e-4), 5)


@pytest.mark.parametrize(("end", "prefix", "score"), [(-1.5, [], -1.5), (-2.5, [5], -1.0)])
def test_a_form_ends_where_its_end_is_among_the_best(
    end: float, prefix: list[int], score: float
) -> None:
    """Of twice as many continuations as the beam is wide; here END is the second, or the third."""
    table = torch.full((1, 8), -9.0)
    table[0, 5], table[0, 6], table[0, END] = -1.0, -2.0, end
    beams = Beams(torch.tensor([-math.inf]), beam=1, n_best=1)
    assert beams.advance(table).tolist() == [0]
    [best] = beams.best()
    assert [(one.ids, one.score) for one in best] == [(prefix, score)]


@torch.no_grad()
def test_a_row_is_searched_alike_whatever_stands_beside_it() -> None:
    """Rows end at different steps, so that some are over while others go on, and are taken out."""
    draw = torch.Generator().manual_seed(5)
    lemmas = torch.randint(3, UNITS, (24, 5), generator=draw)
    features = torch.randint(1, 5, (24, 2), generator=draw)
    together = beam_search(MODELS, read(MODELS, lemmas, features), 9, beam=4, n_best=3)
    lengths = set()
    for row, found in enumerate(together):
        one = slice(row, row + 1)
        [alone] = beam_search(MODELS, read(MODELS, lemmas[one], features[one]), 9, beam=4, n_best=3)
        assert [form.ids for form in alone] == [form.ids for form in found]
        assert [f.score for f in alone] == pytest.approx([f.score for f in found], abs=1e-4)
        lengths.add(len(found[0].ids))
    assert len(lengths) > 1


@torch.no_grad()
def test_forms_of_one_lemma_are_scored_together() -> None:
    """Of fewer lemmas than forms each is read once; the scores are those of one at a time."""
    forms = torch.tensor([[BEGIN, 3, END, PAD], [BEGIN, 4, 5, END], [BEGIN, 5, END, PAD]])
    of = torch.tensor([1, 0, 1])
    together = likelihood(MODELS, read(MODELS, LEMMA, FEATURES), forms, of)
    alone = [
        float(
            likelihood(
                MODELS, read(MODELS, LEMMA[at : at + 1], FEATURES[at : at + 1]), form[None], FIRST
            )[0]
        )
        for at, form in zip(of.tolist(), forms, strict=True)
    ]
    assert together.tolist() == pytest.approx(alone, abs=1e-4)
