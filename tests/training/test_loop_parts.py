"""The parts of the loop one by one: budgets on a clock of our own, optimisers, curves, places."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from data.errors import InputError, UnavailableError
from models.device import find_device
from training import processes
from training import run as run_module
from training.batches import Shard, Shuffled, shard
from training.budget import measured_seconds_a_step, steps_within
from training.checkpoints import Checkpoints, load_tensors, random_state, restore, split_like, whole
from training.optimisers import (
    inner_matrices,
    make_optimisers,
    quicken,
    scale_gradients,
    set_rate,
    trainable,
)
from training.processes import Processes
from training.progress import Journal, Progress
from training.report import HEIGHT, WIDTH, Curve, plot, ticks
from training.run import Stopwatch
from training.settings import Settings
from training.updates import Average, Updater


class Alone:
    """The processes of a run, of which there is one."""

    def from_main(self, value: object) -> object:
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

    return measured_seconds_a_step(step, clock, seconds, Alone()), len(tried)  # type: ignore[arg-type]


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
    monkeypatch.setattr(run_module.time, "perf_counter", lambda: now["wall"])
    monkeypatch.setattr(run_module.time, "process_time", lambda: now["cpu"])
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


def test_streams_and_models_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match=r"batches: expected at least one, found none; is the dat"):
        Shuffled([], seed=0)
    with pytest.raises(InputError, match=r"Linear: expected weights to train, found none"):
        make_optimisers(nn.Linear(2, 2).requires_grad_(False), Settings(steps=1))


def test_an_average_goes_on_from_what_was_stored() -> None:
    weight = nn.Parameter(torch.tensor([2.0]))
    average = Average({"w": weight}, 0.5)
    average.load({"w": torch.tensor([6.0])})
    average.update(1000)
    assert average.tensors()["w"].item() == 4.0  # half of 6, half of 2
    assert weight.item() == 2.0


@pytest.mark.parametrize(
    ("generator", "draw"),
    [
        (random.Random(7), lambda g: g.gauss(0, 1)),  # keeps its second number for the next call
        (np.random.default_rng(7), lambda g: float(g.random())),
        (torch.Generator().manual_seed(7), lambda g: float(torch.rand(1, generator=g))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_generator_goes_on_where_it_stood(generator: Any, draw: Any) -> None:
    device = torch.device("cpu")
    draw(generator)
    state = json.loads(json.dumps(random_state([generator], device)))
    expected = [(draw(generator), float(torch.rand(1))) for _ in range(3)]
    restore([generator], device, state)
    assert [(draw(generator), float(torch.rand(1))) for _ in range(3)] == expected
    assert len({value for value, _ in expected}) == 3
    assert state["device"] is None, "a CPU has no state of its own"


def test_a_device_has_a_state_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    device, kept = torch.device("cuda"), [torch.tensor([7, 8], dtype=torch.uint8)]
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda: kept[-1])
    monkeypatch.setattr(torch.cuda, "set_rng_state", kept.append)
    state = json.loads(json.dumps(random_state([], device)))
    kept.append(torch.tensor([1], dtype=torch.uint8))
    restore([], device, state)
    assert kept[-1].tolist() == [7, 8]
    restore([], device, {**state, "device": None})  # begun where there was none
    restore([], torch.device("cpu"), state)  # goes on where there is none
    assert len(kept) == 3


def test_rows_are_cut_to_what_the_checkpoint_knows(tmp_path: Path) -> None:
    """A kill leaves rows after the last checkpoint; fewer than it knows are another file's."""
    journal = Journal(tmp_path / "run")
    journal.open(0)
    journal.metrics({"step": 1, "loss": float("inf")})
    known = journal.secured()
    journal.metrics({"step": 2, "loss": 0.5})
    journal.close()
    assert known == len(b'{"loss":null,"step":1}\n')
    again = Journal(tmp_path / "run")
    again.open(known)
    assert again.history == [{"step": 1, "loss": None}]
    assert again.secured() == known
    again.close()
    with pytest.raises(
        InputError, match=rf"metrics\.jsonl: expected {known + 1} bytes .* found {known}; put"
    ):
        Journal(tmp_path / "run").open(known + 1)
    kept_nowhere = Journal(None)
    kept_nowhere.open(99)
    kept_nowhere.metrics({"step": 1})
    assert (kept_nowhere.secured(), kept_nowhere.history) == (0, [{"step": 1}])


def test_a_checkpoint_that_is_there_again_is_replaced_and_leftovers_are_swept(
    tmp_path: Path,
) -> None:
    checkpoints = Checkpoints(tmp_path)
    (tmp_path / "checkpoints" / ".writing-step-00000007-1").mkdir(parents=True)
    checkpoints.sweep()
    assert list((tmp_path / "checkpoints").iterdir()) == []
    for value in (1.0, 2.0):
        checkpoints.save(3, {"model": {"w": torch.tensor([value])}}, {"step": 3}, best=None)
    [folder] = (tmp_path / "checkpoints").iterdir()
    assert folder == checkpoints.latest()
    assert load_tensors(folder / "model.safetensors")["w"].item() == 2.0
    checkpoints.save_best(3, {"w": torch.tensor([5.0])})
    checkpoints.save(4, {}, {"step": 4}, best=3)
    names = sorted(one.name for one in (tmp_path / "checkpoints").iterdir())
    assert names == ["best-00000003", "step-00000004"]
    checkpoints.save(5, {}, {"step": 5}, best=None)
    assert [one.name for one in (tmp_path / "checkpoints").iterdir()] == ["step-00000005"]


def test_the_device_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(*, cuda: bool, mps: bool) -> str:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        return find_device("auto").type

    assert [seen(cuda=c, mps=m) for c, m in [(True, True), (False, True), (False, False)]] == [
        "cuda",
        "mps",
        "cpu",
    ]
    with pytest.raises(UnavailableError, match="device mps: torch sees none on this machine"):
        find_device("mps")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda:1").index == 1
    assert find_device("cuda").type == "cuda"
    with pytest.raises(UnavailableError, match=r"device cuda:2: torch .* sees 2 CUDA devices"):
        find_device("cuda:2")
    seen(cuda=False, mps=True)
    assert find_device("mps").type == "mps"


def test_sixteen_bits_where_they_are_asked_for_or_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU only when asked for; on a GPU by itself, where it has the arithmetic."""

    def inside(dtype: str) -> bool:
        with Processes(Settings(steps=1, device="cpu", dtype=dtype)).autocast():
            return torch.is_autocast_enabled("cpu")

    assert [inside(dtype) for dtype in ("auto", "float32", "bfloat16")] == [False, False, True]
    cuda = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "an old one")
    for able, expected in [(True, [True, False, True]), (False, [False, False])]:
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda able=able, **_: able)
        dtypes = ["auto", "float32", "bfloat16"][: len(expected)]
        assert [processes._use_bfloat16(dtype, cuda) for dtype in dtypes] == expected
    with pytest.raises(UnavailableError, match="dtype bfloat16: an old one has no such arith"):
        processes._use_bfloat16("bfloat16", cuda)


def test_batches_go_to_the_device() -> None:
    here = Processes(Settings(steps=1, device="cpu"))
    batch: Any = {"ids": torch.tensor([1, 2]), "name": "text"}
    assert here.on_device(batch) is batch
    here.device = torch.device("meta")
    assert here.on_device(batch)["ids"].device.type == "meta"
    assert here.on_device(batch)["name"] == "text"


def test_what_sharding_cannot_do() -> None:
    muon, adamw = (Settings(steps=1, optimizer=name) for name in ("muon", "adamw"))
    first, second = (SimpleNamespace(is_fsdp2=found) for found in (False, True))
    with pytest.raises(InputError, match="FSDP: expected its second version; launch with --fsdp_"):
        processes._check_sharding(first, adamw)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="optimizer muon: needs whole matrices, which FSDP splits"):
        processes._check_sharding(second, muon)  # type: ignore[arg-type]
    processes._check_sharding(second, adamw)  # type: ignore[arg-type]


@pytest.fixture
def mesh() -> Iterator[Any]:
    """A group of one process, in which tensors are of the kind that FSDP makes."""
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh

    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


def test_split_tensors_are_put_together_and_split_again(mesh: Any) -> None:
    from torch.distributed.tensor import DTensor, Shard, distribute_tensor

    plain = torch.arange(6.0).reshape(3, 2)
    split = distribute_tensor(plain, mesh, [Shard(0)])
    assert type(whole(split)) is torch.Tensor
    assert torch.equal(whole(split), plain)
    again = split_like(split, plain + 1)
    assert isinstance(again, DTensor)
    assert again.placements == split.placements
    assert torch.equal(whole(again), plain + 1)
    assert split_like(plain, plain + 1) is not plain


@pytest.mark.parametrize(
    ("clip", "norm", "left"), [(None, 0.0, [3.0, 4.0]), (1.0, 5.0, [0.6, 0.8])]
)
def test_split_gradients_are_scaled_and_clipped_by_the_launcher(
    clip: float | None, norm: float, left: list[float]
) -> None:
    """(6, 8) times a half is 5 long; what then clips is accelerate's, which knows all parts."""
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([6.0, 8.0])
    updater = Updater.__new__(Updater)
    updater._settings, updater._weights = Settings(steps=1, clip=clip), [weight]
    updater.model = nn.ParameterList([weight])
    accelerator = SimpleNamespace(clip_grad_norm_=nn.utils.clip_grad_norm_)
    updater._processes = SimpleNamespace(  # type: ignore[assignment]
        sharded=True, accelerator=accelerator, device=torch.device("cpu")
    )
    assert float(updater._scale(torch.tensor(0.5))) == norm
    assert weight.grad.tolist() == pytest.approx(left, rel=1e-5)


class Launcher:
    """What accelerate is to one of two processes, as far as the loop asks it."""

    process_index, num_processes = 1, 2
    distributed_type = "DistributedType.MULTI_GPU"
    device = torch.device("cpu")

    def __init__(self) -> None:
        self.called = list[str]()

    def prepare(self, model: Any, *optimisers: Any) -> list[Any]:
        return [("wrapped", model), *(SimpleNamespace(optimizer=one) for one in optimisers)]

    def no_sync(self, model: Any) -> Any:
        self.called.append("no_sync")
        return nullcontext()

    def reduce(self, values: Any, reduction: str) -> Any:
        self.called.append(reduction)
        return values * 2

    def wait_for_everyone(self) -> None:
        self.called.append("wait")


def test_one_of_two_processes_does_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients travel with the last batch of an update, sums are of both, wrappers come off."""
    launcher = Launcher()
    monkeypatch.setattr(processes, "_accelerator", lambda _: launcher)
    here = Processes(Settings(steps=1, device="cpu"))
    assert (here.rank, here.size, here.is_main, here.sharded) == (1, 2, False, False)
    assert here.prepare("model", ["adamw"]) == (("wrapped", "model"), ["adamw"])  # type: ignore[list-item,arg-type,comparison-overlap]
    for last in (True, False):
        with here.accumulating(nn.Linear(1, 1), last=last):
            launcher.called.append(f"batch, last={last}")
    assert here.sum(torch.tensor([1.5])).tolist() == [3.0]
    here.wait()
    expected = ["batch, last=True", "no_sync", "batch, last=False", "sum", "wait"]
    assert launcher.called == expected
    alone = Processes.__new__(Processes)
    alone.size, alone.accelerator, alone.device = 1, launcher, torch.device("cpu")  # type: ignore[assignment]
    alone.wait()
    assert alone.sum(torch.tensor([1.5])).tolist() == [1.5]
    assert alone.gather("x") == ["x"]
    assert launcher.called == expected, "one process asks nobody"
    launcher.distributed_type = "DistributedType.FSDP"
    launcher.is_fsdp2 = True  # type: ignore[attr-defined]
    assert Processes(Settings(steps=1, device="cpu")).sharded


def test_where_memory_cannot_be_kept_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_c_library", lambda: None)
    with processes.freed_memory_is_kept():
        pass
    told = list[tuple[int, int]]()
    library = SimpleNamespace(
        mallopt=lambda name, value: told.append((name, value)),
        malloc_trim=lambda pad: told.append((0, pad)),
    )
    monkeypatch.setattr(processes, "_c_library", lambda: library)
    with processes.freed_memory_is_kept():
        assert told == [(-4, 0), (-1, -1)]
    assert told[2:] == [(-4, 65536), (-1, 131072), (0, 0)], "the defaults of mallopt(3)"


def test_a_new_layer_may_learn_quicker_than_the_rest() -> None:
    """Its factor stands beside weight decay, which matrices alone have."""
    model = nn.ModuleDict({"body": nn.Linear(3, 3), "head": nn.Linear(3, 2)})
    quicken(model["head"].parameters(), 5)
    [optimiser] = make_optimisers(model, Settings(steps=1, weight_decay=0.1))
    set_rate([optimiser], 0.01)
    found = {
        id(weight): (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for weight in group["params"]
    }
    assert found == {
        id(model["body"].weight): (0.01, 0.1),
        id(model["body"].bias): (0.01, 0.0),
        id(model["head"].weight): (0.05, 0.1),
        id(model["head"].bias): (0.05, 0.0),
    }
