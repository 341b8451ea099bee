"""Private training: noise for a promise, who is in an update, options, what a run says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from data.errors import InputError
from nlu.config import NluConfig
from training.loop import fit
from training.pretraining.config import PretrainConfig
from training.private.guarantee import Guarantee
from training.private.noise import Secure, Seeded
from training.private.options import Privacy
from training.private.run import Private
from training.private.sampling import UNIT, PoissonBatches, Samples, cut
from training.private.units import units_of
from training.settings import Settings
from training.tagging.config import TagConfig

pytest.importorskip("opacus")
from opacus.accountants.utils import create_accountant, get_noise_multiplier

from training.private.accounting import epsilon_of, group_epsilon, sigma_for

# epsilon, delta, probability of being drawn, updates
SETTINGS = [
    (epsilon, delta, rate, steps)
    for epsilon, delta in ((0.5, 1e-6), (1.0, 1e-5), (3.0, 1e-5), (8.0, 1e-5), (8.0, 1e-3))
    for rate, steps in ((0.001, 2000), (1 / 32, 320))
]


ACCOUNTS = [
    *((*setting, "rdp") for setting in SETTINGS),
    (*SETTINGS[3], "prv"),
    *(pytest.param(*setting, "prv", marks=pytest.mark.slow) for setting in SETTINGS),
]


@pytest.mark.parametrize(("epsilon", "delta", "rate", "steps", "accountant"), ACCOUNTS)
def test_noise_and_epsilon_are_those_of_opacus(
    epsilon: float, delta: float, rate: float, steps: int, accountant: str
) -> None:
    sigma = sigma_for(epsilon=epsilon, delta=delta, rate=rate, steps=steps, accountant=accountant)
    assert sigma == get_noise_multiplier(
        target_epsilon=epsilon,
        target_delta=delta,
        sample_rate=rate,
        steps=steps,
        accountant=accountant,
    )
    counted = create_accountant(accountant)
    for _ in range(steps):
        counted.step(noise_multiplier=sigma, sample_rate=rate)
    spent = epsilon_of(sigma=sigma, delta=delta, rate=rate, steps=steps, accountant=accountant)
    assert spent == pytest.approx(counted.get_epsilon(delta=delta), rel=1e-9)
    assert epsilon - 0.011 <= spent <= epsilon


def test_an_epsilon_that_takes_hours_is_refused() -> None:
    """The PRV accountant's arrays grow with epsilon; RDP's do not."""
    with pytest.raises(InputError, match="--dp-epsilon 100: above 40 the PRV accountant takes"):
        Privacy(100.0)
    assert Privacy(100.0, accountant="rdp").epsilon == 100


def test_known_accounts() -> None:
    """Figures that other programs gave: rate 1/32, sigma 1, 320 updates, delta 1e-5."""
    how: dict[str, Any] = {"sigma": 1.0, "delta": 1e-5, "rate": 1 / 32, "steps": 320}
    assert epsilon_of(**how, accountant="rdp") == pytest.approx(4.088, abs=1e-3)
    assert epsilon_of(**how, accountant="prv") == pytest.approx(3.629, abs=1e-3)
    assert group_epsilon(1, **how) == pytest.approx(4.088, abs=1e-3)
    assert group_epsilon(2, **how) > 2 * 4.088  # two sentences of a person are more than twice one


def test_a_promise_that_no_noise_keeps() -> None:
    with pytest.raises(InputError, match="the accountant finds no noise"):
        sigma_for(epsilon=1e-6, delta=1e-12, rate=1.0, steps=10**6, accountant="rdp")


@pytest.mark.parametrize("chance", [Seeded(3, {}), Secure()])
def test_each_unit_is_drawn_by_itself(chance: Any) -> None:
    """Sizes have a binomial's mean and variance; a unit's own draws its probability."""
    units, rate, updates = 60, 0.2, 1500
    batches = PoissonBatches([[n] for n in range(units)], rate, chance, _none, most=1)
    drawn = [{one for [one] in batches.drawn(step)} for step in range(1, updates + 1)]
    sizes = np.array([len(one) for one in drawn])
    assert abs(sizes.mean() - units * rate) < 4 * math.sqrt(units * rate * (1 - rate) / updates)
    assert 0.8 < sizes.var() / (units * rate * (1 - rate)) < 1.25
    each = np.array([sum(unit in one for one in drawn) for unit in range(units)])
    assert np.abs(each - updates * rate).max() < 5 * math.sqrt(updates * rate * (1 - rate))
    together = sum({0, 1} <= one for one in drawn)  # two units are drawn apart from one another
    assert abs(together - updates * rate**2) < 5 * math.sqrt(updates * rate**2)


def _none(_: int, drawn: Samples):
    yield from ()


def test_at_most_so_many_sentences_of_a_speaker() -> None:
    batches = PoissonBatches([[0, 1, 2, 3], [4]], 1.0, Seeded(1, {}), _none, most=2)
    seen = [batches.drawn(step) for step in range(1, 40)]
    assert {len(first) for first, _ in seen} == {2}
    assert {one for first, _ in seen for one in first} == {0, 1, 2, 3}


@pytest.mark.parametrize("chance", [Seeded(3, {}), Secure()])
def test_noise_is_normal(chance: Any) -> None:
    noise = torch.empty(40_001)
    chance.normal_(noise, 2.0)
    assert abs(float(noise.mean())) < 0.05
    assert abs(float(noise.std()) - 2.0) < 0.04
    assert abs(float((noise.abs() < 2.0).float().mean()) - 0.6827) < 0.012
    again = torch.empty(40_001)
    chance.normal_(again, 2.0)
    assert float((noise == again).float().mean()) < 0.01


def loss(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
    return (model(batch["x"]) - batch["y"]).square().sum(), len(batch["x"])


def private(steps: int, seen: list[int], batch: int = 6, **more: Any) -> Private:
    points = torch.arange(48.0)[:, None] / 48

    def make(_: int, drawn: Samples):
        seen.append(len(drawn))
        for chosen, owner in cut(drawn, lambda _: 1, 5):
            yield {"x": points[chosen], "y": 3 * points[chosen] + 1, UNIT: owner}

    class Config:
        seed = 1
        privacy = Privacy(**{"epsilon": 8.0, "batch": batch, "accountant": "rdp"} | more)

    Config.steps = steps
    return Private.of(Config, [[n] for n in range(48)], {"data": "line"}, make)


def settings(steps: int, **more: Any) -> Settings:
    how = {
        "steps": steps,
        "learning_rate": 0.05,
        "clip": None,
        "device": "cpu",
        "schedule": "constant",
    }
    return Settings(**(how | more))


def test_it_learns_and_the_sum_is_divided_by_the_expected_number() -> None:
    line, seen = nn.Linear(1, 1), []
    run = private(200, seen, batch=16)
    fit(line, run.batches, loss, settings(200), **run.hooks(line, loss))
    assert abs(line.weight.item() - 3) < 1
    assert abs(line.bias.item() - 1) < 0.6
    assert len(set(seen)) > 5


def test_an_empty_update_is_noise_alone() -> None:
    line, seen = nn.Linear(1, 1), []
    run = private(60, seen, batch=1)
    before = line.weight.item()
    fitted = fit(line, run.batches, loss, settings(60), **run.hooks(line, loss))
    assert 0 in seen
    assert fitted.steps == 60
    assert line.weight.item() != before


class KilledError(Exception):
    pass


@pytest.mark.parametrize("at", [1, 4, 5, 9])
def test_killed_anywhere_and_continued(tmp_path: Path, at: int) -> None:
    def run(out: Path, kill: int | None) -> list[bytes]:
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.5), nn.Linear(4, 1))
        own = private(12, [])
        updates = 0
        hooks = own.hooks(model, loss)
        backward = hooks["backward"]

        def counted(model: nn.Module, batch: Any) -> Any:
            nonlocal updates
            if updates == kill:
                raise KilledError
            updates += 1
            return backward(model, batch)

        how = settings(12, checkpoint_every=4, log_every=1)
        fit(model, own.batches, loss, how, out=out, **(hooks | {"backward": counted}))
        last = next((out / "checkpoints").glob("step-*"))
        names = (last / "model.safetensors", last / "state.json", out / "metrics.jsonl")
        return [path.read_bytes() for path in names]

    whole = run(tmp_path / "whole", None)
    with pytest.raises(KilledError):
        run(tmp_path / "killed", at)
    assert run(tmp_path / "killed", None) == whole


def test_noise_hangs_on_the_data() -> None:
    """The difference of two models of one seed must not show what their data differ in."""
    drawn = []
    for data in ("a", "b", "a"):
        noise = torch.empty(5)
        Seeded(0, {"data": data}).normal_(noise, 1.0)
        drawn.append(noise.tolist())
    assert drawn[0] == drawn[2] != drawn[1]


def test_what_a_run_says_of_itself() -> None:
    promise = Guarantee.of(Privacy(3.0, 1e-3, batch=20, accountant="rdp"), 500, 30)
    told = promise.told(30)
    assert 2.98 < told["epsilon"] <= 3.0
    assert promise.told(10)["epsilon"] < told["epsilon"]
    card = promise.card(30, ["the colour of the sky"])
    for words in ("delta 0.001", "one sentence", "RDP", "not counted", "the colour of the sky"):
        assert words in card
    assert not any("above 1/" in note for note in promise.notes())
    wide = Guarantee.of(Privacy(3.0, 1e-2, batch=20, accountant="rdp"), 500, 30)
    assert any("--dp-delta 0.01 is above 1/500" in note for note in wide.notes())
    with pytest.raises(InputError, match="--dp-batch 256: expected at most the 100 units"):
        Guarantee.of(Privacy(3.0), 100, 30)


def test_speakers_of_a_table(tmp_path: Path) -> None:
    table = tmp_path / "speakers.tsv"
    table.write_text("1\tAchieng\n2\tBaraka\n3\tAchieng\n", "utf-8")
    privacy = Privacy(8.0, unit="speaker", units_file=table)
    assert units_of(["3", "2", "1"], privacy) == [[0, 2], [1]]
    with pytest.raises(InputError, match="1 of 2 missing, first '9'"):
        units_of(["1", "9"], privacy)
    with pytest.raises(InputError, match="name a table with --dp-units"):
        units_of(["1"], Privacy(8.0, unit="speaker"))
    for line, told in (("4", "1 columns"), ("1\tBaraka", "'1' is said to be 'Baraka'")):
        table.write_text(f"1\tAchieng\n{line}\n", "utf-8")
        with pytest.raises(InputError, match=told):
            units_of(["1"], privacy)


BAD = [
    ({"dp_epsilon": 0.0}, "--dp-epsilon 0.0: expected a number above 0"),
    ({"dp_epsilon": -1.0}, "--dp-epsilon -1.0"),
    ({"dp_epsilon": math.nan}, "--dp-epsilon nan"),
    ({"dp_epsilon": math.inf}, "--dp-epsilon inf"),
    ({"dp_epsilon": 8.0, "dp_delta": 0.0}, "--dp-delta 0.0: expected a number above 0"),
    ({"dp_epsilon": 8.0, "dp_delta": 1.0}, "--dp-delta 1.0"),
    ({"dp_epsilon": 8.0, "dp_clip": "automatic"}, "--dp-clip automatic: expected auto or"),
    ({"dp_epsilon": 8.0, "dp_clip": "layer:-1"}, "--dp-clip layer:-1"),
    ({"dp_epsilon": 8.0, "dp_unit": "person"}, "--dp-unit"),
    ({"dp_epsilon": 8.0, "accumulate": 4}, "--accumulate does not go with --dp-epsilon"),
    ({"dp_epsilon": 8.0, "dtype": "bfloat16"}, "--dtype bfloat16 does not go"),
    ({"dp_epsilon": 8.0, "seconds": 9.0}, "--time-budget does not go .* give --steps N"),
    ({"dp_batch": 9}, "--dp-batch needs --dp-epsilon"),
    ({"dp_secure": True}, "--dp-secure needs --dp-epsilon"),
]


@pytest.mark.parametrize(("given", "told"), BAD)
def test_options_that_cannot_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        NluConfig(("xsid:train",), model="multilingual-e5-small", **{"steps": 9, **given})


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (lambda: NluConfig(("x",), model="m", steps=1, dp_epsilon=1.0, crf=True), "--crf"),
        (lambda: NluConfig(("x",), model="m", steps=1, dp_epsilon=1.0, centre=True), "--centre"),
        (
            lambda: TagConfig(("x",), model="m", steps=1, dp_epsilon=1.0, dictionary=("y",)),
            "--dictionary",
        ),
        (lambda: _pretrain(packed=True), "--packed"),
        (lambda: _pretrain(temperature=2.0), "--temperature"),
        (lambda: _pretrain(dp_unit="speaker"), "--dp-unit speaker"),
        (lambda: _pretrain(auxiliary="contrastive", pairs=("x",)), "--auxiliary"),
    ],
)
def test_what_does_not_go_together(config: Any, told: str) -> None:
    with pytest.raises(InputError, match=f"{told} does not go with --dp-epsilon: .*"):
        config()


def _pretrain(**more: Any) -> PretrainConfig:
    how: dict[str, Any] = {"tokenizer": "t", "steps": 1, "dp_epsilon": 1.0}
    return PretrainConfig(("x",), "MLM", "encoder-nano", **(how | more))
