"""The parts of the loop one by one: budgets on a clock of our own, optimisers, curves, places."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from data.errors import InputError
from training.looping import budget
from training.looping.averaging import Average
from training.looping.batches import Shard, Shuffled, shard
from training.looping.budget import Stopwatch, seconds_a_step, steps_within
from training.looping.optimisers import (
    inner_matrices,
    make_optimisers,
    scale_gradients,
    set_rate,
    trainable,
)
from training.looping.plot import HEIGHT, WIDTH, Curve, plot, ticks
from training.looping.progress import Progress
from training.looping.settings import Settings


class Alone:
    """A world of one process."""

    def agreed(self, value: object) -> object:
        return value


class Clock:
    """A clock that stands until someone turns it."""

    def __init__(self) -> None:
        self.seconds = 0.0


def measured(each: list[float], seconds: float) -> tuple[float, int]:
    """What a step is found to take, and how many were tried; the last duration goes on."""
    clock, tried = Clock(), []

    def step() -> None:
        tried.append(1)
        clock.seconds += each[min(len(tried), len(each)) - 1]

    return seconds_a_step(step, clock, seconds, Alone()), len(tried)  # type: ignore[arg-type]


def test_three_steps_warm_up_and_are_not_counted() -> None:
    """100 s: of 0.5 s each, five measured ones take 2.5 s, more than the 2 s that are wanted."""
    assert measured([9.0, 0.5], 1000.0)[0] == 0.5
    assert measured([0.5], 100.0) == (0.5, 3 + 5)
    # 0.3 s each: 2 s are exceeded by the seventh.
    assert measured([0.3], 100.0) == (pytest.approx(0.3), 3 + 7)


def test_slow_steps_take_a_tenth_of_the_budget_at_most() -> None:
    # 4 s each of 100 s: the third warm one passes 10 s, then three measured ones do.
    assert measured([4.0], 100.0) == (4.0, 3 + 3)
    # 11 s each: one warms up, one is measured.
    assert measured([11.0], 100.0) == (11.0, 1 + 1)


@pytest.mark.parametrize(
    ("remaining", "step", "evaluation", "every", "steps"),
    [
        (60.0, 0.5, 0.0, 0, 120),
        (60.0, 0.5, 5.0, 0, 110),  # one evaluation, at the end
        (60.0, 0.5, 5.0, 20, 73),  # 55 / (0.5 + 5 / 20) = 73.3
        (1.0, 1.0, 0.0, 0, 1),
    ],
)
def test_updates_that_fit(
    remaining: float, step: float, evaluation: float, every: int, steps: int
) -> None:
    assert steps_within(remaining, step, evaluation, every) == steps


def test_not_one_update_fits() -> None:
    with pytest.raises(InputError, match=r"not one update fits: 1\.0 s remain .* takes 1\.10 s"):
        steps_within(1.0, 1.1)


def test_a_stopwatch_goes_on_from_what_was_worked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"wall": 100.0, "cpu": 7.0}
    monkeypatch.setattr(budget.time, "perf_counter", lambda: now["wall"])
    monkeypatch.setattr(budget.time, "process_time", lambda: now["cpu"])
    wall, cpu = Stopwatch("wall", before=5.0), Stopwatch("cpu")
    now.update(wall=103.0, cpu=7.5)
    assert (wall.seconds, cpu.seconds) == (8.0, 0.5)


class Net(nn.Module):
    """An embedding, a stack of one matrix and a bias, an output layer, a frozen matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(40, 8)
        self.layers = nn.ModuleList([nn.Linear(8, 40)])  # as many rows as the table, but inside
        self.head = nn.Linear(8, 40, bias=False)
        self.row = nn.Linear(8, 1, bias=False)
        self.frozen = nn.Linear(8, 8, bias=False).requires_grad_(False)


def test_which_weight_goes_to_which_optimiser() -> None:
    net = Net()
    assert set(trainable(net)) == {
        "table.weight",
        "layers.0.weight",
        "layers.0.bias",
        "head.weight",
        "row.weight",
    }
    assert list(inner_matrices(net)) == [net.layers[0].weight]
    muon, adamw = make_optimisers(net, Settings(steps=1, optimizer="muon", weight_decay=0.3))
    assert [p for g in muon.param_groups for p in g["params"]] == [net.layers[0].weight]
    decayed, plain = adamw.param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.3, 0.0)
    assert {id(p) for p in plain["params"]} == {id(net.layers[0].bias)}
    assert {id(p) for p in decayed["params"]} == {
        id(p) for p in (net.table.weight, net.head.weight, net.row.weight)
    }
    assert muon.param_groups[0]["weight_decay"] == 0.3


def test_adamw_alone_has_everything_and_rates_are_set_everywhere() -> None:
    net = Net()
    settings = Settings(steps=1, learning_rate=0.5, betas=(0.5, 0.75))
    [adamw] = make_optimisers(net, settings)
    assert sum(len(group["params"]) for group in adamw.param_groups) == len(trainable(net))
    assert {group["betas"] for group in adamw.param_groups} == {(0.5, 0.75)}
    assert {group["lr"] for group in adamw.param_groups} == {0.5}
    set_rate([adamw], 0.125)
    assert {group["lr"] for group in adamw.param_groups} == {0.125}


@pytest.mark.parametrize(
    ("clip", "scale", "norm", "expected"),
    [
        (1.0, 0.5, 5.0, [0.6, 0.8]),  # 10 long, 5 after scaling: shortened to 1
        (20.0, 1.0, 10.0, [6.0, 8.0]),  # short enough
        (None, 2.0, None, [12.0, 16.0]),
    ],
)
def test_gradients_are_scaled_then_shortened(
    clip: float | None, scale: float, norm: float | None, expected: list[float]
) -> None:
    gradient = torch.tensor([6.0, 8.0])
    found = scale_gradients([gradient], scale, clip)
    assert (found if found is None else float(found)) == norm
    assert gradient.tolist() == pytest.approx(expected, rel=1e-5)


def test_the_average_forgets_the_first_weights_soon() -> None:
    """min(0.9, (1 + t) / (10 + t)): 2/11 after update 1, 0.9 from update 80 on."""
    weight = nn.Parameter(torch.tensor([0.0]))
    average = Average({"w": weight}, 0.9)
    weight.data.fill_(11.0)
    average.update(1)
    assert average.tensors()["w"].item() == pytest.approx(9.0)
    weight.data.fill_(19.0)
    average.update(1000)
    assert average.tensors()["w"].item() == pytest.approx(0.9 * 9 + 0.1 * 19)
    with average.in_place():
        assert weight.item() == pytest.approx(10.0)
    assert weight.item() == 19.0
    average.put_in()
    assert weight.item() == pytest.approx(10.0)


def numbers(batches: object, count: int) -> list[int]:
    return [int(batch["n"]) for _, batch in zip(range(count), batches, strict=False)]  # type: ignore[call-overload]


def test_processes_take_turns() -> None:
    ready = [{"n": torch.tensor(n)} for n in range(5)]
    whole = numbers(Shuffled(ready, 3), 12)
    assert sorted(whole[:5]) == sorted(whole[5:10]) == list(range(5))
    parts = [numbers(shard(Shuffled(ready, 3), rank, 3), 4) for rank in range(3)]
    assert parts == [whole[rank::3] for rank in range(3)]
    alone = Shuffled(ready, 3)
    assert shard(alone, 0, 1) is alone


def test_a_place_is_that_of_the_whole_stream() -> None:
    ready = [{"n": torch.tensor(n)} for n in range(5)]
    whole = numbers(Shuffled(ready, 3), 12)
    part = Shard(Shuffled(ready, 3), 1, 2)
    numbers(part, 3)
    assert part.state_dict() == {"epoch": 1, "done": 1}  # six batches of five an epoch
    again = Shard(Shuffled(ready, 3), 1, 2)
    again.load_state_dict(part.state_dict())
    assert numbers(again, 3) == whole[7:12:2]


def test_a_line_of_progress() -> None:
    at_log = Progress(1_500, 20_000, 9, 2.5, 1e-3, 31_250.0, 94.4)
    assert str(at_log) == "step 1,500 of 20,000, loss 2.500, 31,250 tokens/s, 94 s left"
    evaluated = Progress(5, 5, 9, None, 1e-3, None, 0.0, {"accuracy": 61.2})
    assert str(evaluated) == "step 5 of 5, 0 s left, accuracy 61.200"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 2000, [0, 500, 1000, 1500, 2000]),
        (0.13, 0.58, [0.2, 0.3, 0.4, 0.5]),
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (-3, 3, [-2, 0, 2]),
        (0, 5, [0, 1, 2, 3, 4, 5]),
        (7, 7, [7]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_a_curve_goes_from_corner_to_corner() -> None:
    """Left 64, right 12, top 12, below 40; the values leave a twentieth above and below."""
    svg = str(plot([Curve("loss", ((0, 2.0), (50, 3.0), (100, 1.0)))], y="nats"))
    [points] = re.findall(r'<polyline points="([^"]*)"', svg)
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    height = HEIGHT - 12 - 40
    expected = [
        (64, 12 + height / 2),
        (64 + (WIDTH - 76) / 2, 12 + height * 0.1 / 2.2),
        (WIDTH - 12, 12 + height * 2.1 / 2.2),
    ]
    for found, place in zip(places, expected, strict=True):
        assert found == pytest.approx(place, abs=0.06)
    assert "loss</text>" not in svg, "one curve needs no legend"


def test_curves_have_colours_names_and_escaped_texts() -> None:
    two = [Curve("a<b", ((1, 1.0), (2, 2.0))), Curve("c", ((1, 5.0),))]
    svg = str(plot(two, y="x & y"))
    assert "a&lt;b</text>" in svg
    assert "x &amp; y</text>" in svg
    assert svg.count("<polyline") == svg.count("<circle") == 1
    assert 'aria-label="a&lt;b, c over steps"' in svg
    strokes = re.findall(r'stroke="(#\w{6})"', svg) + re.findall(r'r="3" fill="(#\w{6})"', svg)
    assert len(set(strokes)) == 2
    assert str(plot([Curve("none", ())], y="y")) == ""
