"""The loop against loops written out by hand, and what it keeps and returns."""

from __future__ import annotations

import json
import os
import re
import time
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.training.loop_toys import Reverser, loss, mean_loss, model, ready_batches
from training import optimisers
from training.checkpoints import Checkpoints
from training.loop import Batch, Fitted, Progress, Settings, Shuffled, fit
from training.processes import Processes
from training.report import write_report

PLAIN: dict[str, Any] = {
    "learning_rate": 0.01,
    "schedule": "constant",
    "warmup": 0,
    "device": "cpu",
    "log_every": 1,
}


def run(trained: nn.Module, batches: list[Batch] | None = None, **options: Any) -> Fitted:
    names = ("out", "evaluate", "best", "progress", "backward", "identity")
    rest = {name: options.pop(name) for name in names if name in options}
    settings = Settings(**{**PLAIN, **options})
    return fit(trained, Shuffled(batches or ready_batches(), seed=3), loss, settings, **rest)


def losses(fitted: Fitted) -> list[float]:
    return [row["loss"] for row in fitted.history if "loss" in row]


def by_hand(trained: Reverser, steps: int, clip: float) -> list[float]:
    """The same in the plainest torch: mean loss a token, `clip_grad_norm_`, AdamW."""
    matrices = [p for p in trained.parameters() if p.ndim > 1]
    vectors = [p for p in trained.parameters() if p.ndim < 2]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=0.01, weight_decay=0.01)
    curve = []
    for batch in islice(Shuffled(ready_batches(), seed=3), steps):
        summed, tokens = loss(trained, batch)
        (summed / tokens).backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), clip)
        optimiser.step()
        optimiser.zero_grad()
        curve.append((summed / tokens).item())
    return curve


def test_losses_and_weights_are_those_of_a_loop_by_hand() -> None:
    ours, theirs = model(dropout=0.0), model(dropout=0.0)
    fitted = run(ours, steps=30, clip=0.5)
    assert losses(fitted) == pytest.approx(by_hand(theirs, 30, clip=0.5), rel=1e-5)
    assert fitted.history[0]["gradient_norm"] > 0.5  # clipping took part
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def test_accumulation_averages_over_tokens_not_over_batches() -> None:
    parts = [
        {name: tensor[rows] for name, tensor in ready_batches(1)[0].items()}
        for rows in (slice(0, 1), slice(1, 4))
    ]
    assert (parts[0]["labels"] != -100).sum() != (parts[1]["labels"] != -100).sum()
    whole, halves = model(dropout=0.0), model(dropout=0.0)
    one = run(whole, ready_batches(1), steps=5)
    two = run(halves, parts, steps=5, accumulate=2)
    assert losses(one) == pytest.approx(losses(two), rel=1e-5)
    assert one.tokens == two.tokens
    torch.testing.assert_close(whole.embed.weight, halves.embed.weight, rtol=1e-4, atol=1e-5)


def test_the_log_averages_over_tokens_between_two_lines() -> None:
    each = run(model(), steps=6)
    pairs = run(model(), steps=6, log_every=2)
    tokens = [0] + [row["tokens"] for row in each.history]
    counts = [after - before for before, after in pairwise(tokens)]
    first = (losses(each)[0] * counts[0] + losses(each)[1] * counts[1]) / (counts[0] + counts[1])
    assert losses(pairs)[0] == pytest.approx(first, rel=1e-6)
    assert pairs.tokens == each.tokens == sum(counts)


def test_the_average_is_evaluated_and_returned() -> None:
    seen: list[torch.Tensor] = []

    def look(trained: nn.Module) -> dict[str, float]:
        assert not trained.training
        seen.append(trained.get_parameter("embed.weight").clone())
        return {"x": 0.0}

    plain, averaged = model(), model()
    start = plain.embed.weight.detach().clone()
    run(plain, steps=1)
    run(averaged, steps=1, average=0.9, evaluate=look)
    # After one update the decay is (1 + 1) / (10 + 1).
    expected = start * 2 / 11 + plain.embed.weight * 9 / 11
    torch.testing.assert_close(averaged.embed.weight, expected)
    torch.testing.assert_close(seen[0], expected)


def test_without_a_best_number_the_last_weights_stay(tmp_path: Path) -> None:
    trained, out = model(), tmp_path / "run"
    fitted = run(trained, steps=4, out=out, evaluate=mean_loss, evaluate_every=2, patience=1)
    assert (fitted.steps, fitted.best_step) == (4, None)
    assert not [*out.rglob("best-*")]
    if Path("/proc/self/fd").is_dir():
        opened = {os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()}
        assert not [one for one in opened if one.startswith(str(out.resolve()))]


def test_evaluation_leaves_no_trace_in_training() -> None:
    evaluated, not_evaluated = model(), model()
    with_it = run(evaluated, steps=8, evaluate=mean_loss, evaluate_every=2, average=0.5)
    without = run(not_evaluated, steps=8, average=0.5)
    assert losses(with_it) == losses(without)
    assert torch.equal(evaluated.embed.weight, not_evaluated.embed.weight)


def test_patience_stops_and_the_best_weights_come_back(tmp_path: Path) -> None:
    for out in (None, tmp_path / "run"):
        kept: list[torch.Tensor] = []
        values = iter([10.0, 30.0, 20.0, float("nan"), 30.0, 99.0])

        def look(trained: nn.Module, kept: Any = kept, values: Any = values) -> dict[str, float]:
            kept.append(trained.get_parameter("embed.weight").clone())
            return {"accuracy": next(values)}

        trained = model()
        options = {"evaluate": look, "best": "accuracy", "evaluate_every": 2, "out": out}
        fitted = run(trained, steps=100, patience=3, **options)
        assert (fitted.reason, fitted.steps, fitted.best_step) == ("patience", 10, 4)
        assert fitted.metrics == {"accuracy": 30.0}
        assert torch.equal(trained.embed.weight, kept[1])
    again = model(seed=9)
    assert run(again, steps=100, patience=3, **options).steps == 10  # asks `values` for nothing
    assert torch.equal(again.embed.weight, kept[1])


def test_a_finished_run_returns_at_once_with_its_weights(tmp_path: Path) -> None:
    first, second = model(), model(seed=9)
    done = run(first, steps=5, average=0.9, out=tmp_path)
    assert run(second, [{}], steps=5, average=0.9, out=tmp_path).history == done.history
    for mine, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(mine, other)
    assert second.head.weight is second.embed.weight


def test_a_budget_settles_the_steps_and_they_make_the_same_weights() -> None:
    budgeted, counted = model(), model()
    first = run(budgeted, seconds=0.3, clock="cpu", warmup=0.1, schedule="cosine", average=0.9)
    assert first.steps > 10
    settings = {"steps": first.total, "stop_at": None if first.reason == "steps" else first.steps}
    second = run(counted, warmup=0.1, schedule="cosine", average=0.9, **settings)
    assert first.history == second.history
    assert torch.equal(budgeted.embed.weight, counted.embed.weight)


def test_a_run_far_over_its_budget_stops_and_says_how_to_get_it_again() -> None:
    calls = [0]

    def slower(trained: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        calls[0] += 1
        time.sleep(0.001 if calls[0] < 30 else 1)  # another program takes the machine
        return loss(trained, batch)

    stopped, again = model(), model()
    settings = Settings(**PLAIN, seconds=1.0)
    fitted = fit(stopped, Shuffled(ready_batches(), seed=3), slower, settings)
    assert fitted.reason == "budget"
    assert fitted.steps < fitted.total
    assert run(again, steps=fitted.total, stop_at=fitted.steps).history == fitted.history
    assert torch.equal(stopped.embed.weight, again.embed.weight)


def test_the_caller_keeps_its_randomness_and_its_frozen_weights(tmp_path: Path) -> None:
    trained = model()
    trained.layers.requires_grad_(False)
    before = trained.layers[0].weight.clone()
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    run(trained, steps=3, out=tmp_path)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(trained.layers[0].weight, before)


def test_muon_takes_the_matrices_inside_only() -> None:
    from training.optimisers import make_optimisers

    trained = model(tied=False)
    muon, adamw = make_optimisers(trained, Settings(steps=1, optimizer="muon"))
    assert [p for g in muon.param_groups for p in g["params"]] == [trained.layers[0].weight]
    shapes = sorted(tuple(p.shape) for g in adamw.param_groups for p in g["params"])
    assert shapes == [(8,), (8,), (8,), (30, 8), (30, 8)]
    fitted = run(trained, steps=60, optimizer="muon")
    assert losses(fitted)[-1] < losses(fitted)[0]


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="a torch before 2.9")
def test_muon_updates_as_torch_does_up_to_the_roundings_of_bfloat16() -> None:
    from training.optimisers import Muon

    generator = torch.Generator().manual_seed(1)
    start = [torch.randn(*shape, generator=generator) for shape in [(8, 16), (16, 8), (8, 16)]]
    ours, theirs = ([nn.Parameter(one.clone()) for one in start] for _ in range(2))
    both = (
        Muon(ours, lr=0.1, weight_decay=0.1),
        torch.optim.Muon(theirs, lr=0.1, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
    )
    for _ in range(3):
        for mine, yours in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(mine.shape, generator=generator)
            yours.grad = mine.grad.clone()
        for one in both:
            one.step()
    for mine, yours, before in zip(ours, theirs, start, strict=True):
        assert (mine - yours).norm() < 0.05 * (yours - before).norm()


@pytest.mark.parametrize("rank", [1, 3, 12])
def test_long_matrices_go_through_their_squares_to_the_same(
    rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(rank)
    factors = [torch.randn(2, *shape, generator=generator) for shape in [(12, rank), (rank, 60)]]
    matrices = factors[0] @ factors[1]  # of whatever rank: squares of 0 stay 0
    quick, quick_upright = optimisers.orthogonal(matrices), optimisers.orthogonal(matrices.mT)
    monkeypatch.setattr(optimisers, "LONG", 99)
    slow = optimisers.orthogonal(matrices)
    assert not torch.equal(quick, slow)  # it is another way
    assert torch.allclose(quick, slow, atol=1e-4)
    assert torch.allclose(quick_upright, slow.mT, atol=1e-4)


def test_report_and_files_tell_the_same_as_the_history(tmp_path: Path) -> None:
    told: list[Progress] = []
    fitted = run(model(), steps=4, log_every=2, out=tmp_path, progress=told.append)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == list(fitted.history)
    assert [(one.step, one.total, one.loss) for one in told] == [
        (row["step"], 4, row["loss"]) for row in lines
    ]
    assert "seconds" not in json.dumps(lines)
    assert len((tmp_path / "timing.jsonl").read_text().splitlines()) == 2


def test_what_the_clock_says_stands_apart_and_what_it_settled_is_on_the_page(
    tmp_path: Path,
) -> None:
    fitted = run(model(), out=tmp_path, steps=None, seconds=2.0, clock="cpu", log_every=1)
    rows = [json.loads(row) for row in (tmp_path / "timing.jsonl").read_text().splitlines()]
    [settled] = [row for row in rows if "settled" in row]
    assert set(settled) == {"step", "settled", "seconds_a_step", "seconds_an_evaluation"}
    assert (settled["step"], settled["settled"]) == (0, fitted.total)
    assert settled["seconds_a_step"] > 0
    steps = [row for row in rows if "tokens_per_second" in row]
    assert steps
    assert all(set(row) == {"step", "seconds", "tokens_per_second"} for row in steps)
    assert all(row["tokens_per_second"] > 0 for row in steps)
    page = write_report(tmp_path, "A run").read_text("utf-8")
    told = rf"updates that the budget settled</dt><dd>{fitted.total:,}<"
    assert re.search(told, page)


def test_processes_wait_until_a_checkpoint_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[str]()

    def wait(_: Processes) -> None:
        latest = Checkpoints(tmp_path).latest()
        seen.append(latest.name if latest else "none")

    monkeypatch.setattr(Processes, "wait", wait)
    run(model(), out=tmp_path, steps=5, checkpoint_every=2)
    assert list(dict.fromkeys(seen)) == [f"step-{n:08d}" for n in (0, 2, 4, 5)]


def by_example(trained: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient of a batch as the sum of its examples' own, as private training makes it."""
    total, count = torch.zeros(()), torch.tensor(0)
    for row in range(len(batch["ids"])):
        one, tokens = loss(trained, {name: part[row : row + 1] for name, part in batch.items()})
        one.backward()
        total, count = total + one.detach(), count + tokens
    return total, count


def test_gradients_may_be_made_in_another_way() -> None:
    usual, other = model(dropout=0.0), model(dropout=0.0)
    expected = run(usual, steps=6, accumulate=2)
    found = run(other, steps=6, accumulate=2, backward=by_example)
    assert losses(found) == pytest.approx(losses(expected), rel=1e-5)
    for mine, theirs in zip(other.parameters(), usual.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)
