"""Settings on both sides of what they may be, and the defaults that the documents promise."""

from __future__ import annotations

import math
from typing import Any

import pytest

from data.errors import InputError
from training.settings import Settings, check_device

EDGES = [
    # name, refused, just right
    ("steps", [0, -1, 1.5, True], [1]),
    ("stop_at", [0, True], [1]),
    ("accumulate", [0, 0.5], [1]),
    ("evaluate_every", [-1, 1.5], [0]),
    ("patience", [-1], [0]),
    ("checkpoint_every", [-1], [0]),
    ("log_every", [-1], [0]),
    ("seconds", [0, -1.0, math.inf, math.nan], [1e-9]),
    ("learning_rate", [0, math.nan], [1e-9]),
    ("clip", [0.0], [1e-9, None]),
    ("warmup", [-0.1, math.inf], [0.0]),
    ("weight_decay", [-0.1], [0.0]),
    ("average", [-0.1, 1.0], [0.0, 0.999]),
    ("betas", [(0.9, 1.0), (-0.1, 0.9)], [(0.0, 0.999)]),
    ("dtype", ["float16"], ["bfloat16", "float32", "auto"]),
    ("clock", ["sun"], ["cpu", "wall"]),
    ("schedule", ["cosin"], ["constant", "linear", "cosine", "wsd", "inverse_sqrt"]),
    ("optimizer", ["adam"], ["adamw", "muon", "sgd"]),
]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, bad, _ in EDGES for value in bad]
)
def test_refused(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"^{name}: expected .*, found"):
        Settings(**{"steps": 5, name: value})


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, _, good in EDGES for value in good]
)
def test_just_right(name: str, value: Any) -> None:
    assert getattr(Settings(**{"steps": 5, name: value}), name) == value


@pytest.mark.parametrize(
    ("warmup", "total", "steps"),
    [
        (0.05, 1000, 50),
        (0.0, 10, 0),
        (1, 10, 10),
        (1.0, 7, 7),
        (3, 10, 3),
        (40, 9, 9),
        (0.26, 10, 3),
    ],
)
def test_a_warm_up_is_a_share_up_to_one_and_a_number_above(
    warmup: float, total: int, steps: int
) -> None:
    assert Settings(steps=total, warmup=warmup).warmup_steps(total) == steps


def test_a_run_has_a_length() -> None:
    with pytest.raises(InputError, match="expected steps or seconds, found neither"):
        Settings()
    assert Settings(seconds=5.0).steps is None


def test_settings_are_json() -> None:
    told = Settings(steps=3, betas=(0.5, 0.75)).to_json()
    assert told["betas"] == [0.5, 0.75]
    assert (told["steps"], told["clip"], told["schedule"]) == (3, 1.0, "cosine")


@pytest.mark.parametrize("name", ["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:12"])
def test_devices(name: str) -> None:
    check_device(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:12345", "cpu:0", "", "cudax"])
def test_what_is_no_device(name: str) -> None:
    with pytest.raises(InputError, match="expected auto, cpu, cuda, cuda:1 or mps"):
        check_device(name)
