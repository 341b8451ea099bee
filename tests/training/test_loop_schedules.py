"""Learning rates beside those of `transformers`, which count updates from 0."""

from __future__ import annotations

import pytest
import torch

from training.optimisers import rate_factor

transformers = pytest.importorskip("transformers")
TOTAL, WARMUP = 50, 10
WSD = {"num_decay_steps": 10, "num_stable_steps": 30, "decay_type": "1-sqrt"}


def theirs(name: str, **options: object) -> list[float]:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    schedule = getattr(transformers, f"get_{name}")(optimiser, WARMUP, **options)
    rates = []
    for _ in range(TOTAL):
        rates.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    return rates


@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        ("constant", "constant_schedule_with_warmup", {}),
        ("linear", "linear_schedule_with_warmup", {"num_training_steps": TOTAL}),
        ("cosine", "cosine_schedule_with_warmup", {"num_training_steps": TOTAL}),
        ("wsd", "wsd_schedule", WSD),
    ],
)
def test_rates_after_the_warm_up_are_those_of_transformers(
    ours: str, name: str, options: dict[str, object]
) -> None:
    rates = [rate_factor(ours, step, TOTAL, WARMUP) for step in range(1, TOTAL + 1)]
    assert rates[WARMUP:] == pytest.approx(theirs(name, **options)[WARMUP:])
    # Their first update has the rate 0, which changes nothing; ours has a share already.
    assert rates[:WARMUP] == pytest.approx([(n + 1) / WARMUP for n in range(WARMUP)])


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "wsd", "inverse_sqrt"])
@pytest.mark.parametrize(("total", "warmup"), [(1, 0), (1, 1), (2, 2), (7, 7), (7, 6), (100, 0)])
def test_every_update_has_some_rate_and_none_too_much(
    schedule: str, total: int, warmup: int
) -> None:
    rates = [rate_factor(schedule, step, total, warmup) for step in range(1, total + 1)]
    assert all(0 < rate <= 1 for rate in rates)
    assert max(rates) == 1
