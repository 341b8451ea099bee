"""Partitions, selections, compression, masks, servers, privacy: each by itself."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from data.errors import InputError
from tests.trust.federation.conftest import Small
from training.private.accounting import epsilon_of
from trust.examples import Example
from trust.federation.client import Work, _control, flat, work
from trust.federation.compression import compressed, rounded
from trust.federation.masks import decoded, encoded, masked, ring, unmasked
from trust.federation.partition import (
    PARTITIONS,
    Parts,
    arrival,
    language_of,
    partition,
    statistics,
    write_partition,
)
from trust.federation.rounds import Broadcast, Federation
from trust.federation.run import dealt
from trust.federation.selection import Asking, select, weight
from trust.federation.server import SERVERS, make_server
from trust.federation.tasks import task_of


def examples(number: int, languages: int = 3) -> tuple[list[Example], list[str]]:
    codes = ("sw", "ha", "yo-x1", "yo-x2", "zu")[:languages]
    found = [Example(f"s#{n}", f"text {n}", codes[n % languages], f"t{n}") for n in range(number)]
    return found, [("a", "b", "c", "d")[n % 4] for n in range(number)]


@settings(max_examples=60, deadline=None)
@given(
    how=st.sampled_from(
        ["label:0.05", "label:5", "quantity:0.05", "quantity:9", "language", "dialect"]
    ),
    number=st.integers(1, 80),
    clients=st.integers(5, 40),
    seed=st.integers(0, 99),
)
def test_every_example_has_one_client(how: str, number: int, clients: int, seed: int) -> None:
    some, labels = examples(number, 5)
    parts = partition(how, some, labels, clients=clients, seed=seed)
    assert sorted(one for mine in parts.clients for one in mine) == list(range(number))
    assert len(parts.clients) == len(parts.names) == len({*parts.names}) == clients
    if how.startswith("label"):
        assert max(parts.sizes) - min(parts.sizes) <= 1
    if how in ("language", "dialect"):
        key = language_of if how == "language" else str
        assert all(len({key(some[n].language) for n in mine}) <= 1 for mine in parts.clients)
    assert parts == partition(how, some, labels, clients=clients, seed=seed)


def test_a_small_alpha_parts_unevenly() -> None:
    some, labels = examples(4000)
    languages = [one.language for one in some]
    label = [
        statistics(partition(f"label:{a}", some, labels, clients=40, seed=1), labels, languages)
        for a in (0.05, 1, 1000)
    ]
    distances = [one["label_distance"] for one in label]
    assert distances[0] > 0.65 > distances[1] > 0.3 > distances[2]
    assert distances[2] < 0.15
    gini = [
        statistics(partition(f"quantity:{a}", some, labels, clients=40, seed=1), labels, languages)[
            "gini"
        ]
        for a in (0.1, 1, 1000)
    ]
    assert gini[0] > 0.7 > gini[1] > 0.3 > 0.05 > gini[2]


def test_a_partition_comes_back_from_its_file(tmp_path: Path) -> None:
    some, labels = examples(50)
    parts = partition("quantity:1", some, labels, clients=8, seed=3)
    write_partition(tmp_path / "p.tsv", parts, some, labels, arrival(some, 4, 1))
    again = partition(f"file:{tmp_path / 'p.tsv'}", some, labels, clients=None, seed=9)
    mine = {name: {*members} for name, members in zip(parts.names, parts.clients, strict=True)}
    theirs = {name: {*members} for name, members in zip(again.names, again.clients, strict=True)}
    assert theirs == {name: members for name, members in mine.items() if members}


def test_users_of_a_file_are_found_by_the_ids_of_the_set(tmp_path: Path) -> None:
    from data.tagged import TaggedSentence

    some = [Example(f"s#{n}", "x", "sw", TaggedSentence(f"u{n}", ("x",), ("N",))) for n in range(4)]
    path = tmp_path / "users.tsv"
    path.write_text("client\tid\nasha\tu0\njuma\tu1\nasha\tu2\njuma\ts#3\n", "utf-8")
    parts = partition(f"file:{path}", some, [""] * 4, clients=None, seed=1)
    assert dict(zip(parts.names, parts.clients, strict=True)) == {"asha": (0, 2), "juma": (1, 3)}
    for text, told in (
        ("client\tid\nasha\tu0\n", "has no client for the example"),
        ("client\tname\nasha\tu0\n", "found no id"),
        ("client\tid\nasha\tu0\njuma\tu0\n", "is of asha and of juma"),
    ):
        path.write_text(text, "utf-8")
        with pytest.raises(InputError, match=told):
            partition(f"file:{path}", some, [""] * 4, clients=None, seed=1)


def test_the_table_of_partitions_can_grow() -> None:
    from trust.federation.partition import register

    register("alternating", lambda asked: Parts(("x", "y"), ((0, 2), (1, 3))))
    try:
        some, labels = examples(4)
        assert partition("alternating", some, labels, clients=None, seed=1).sizes == [2, 2]
    finally:
        del PARTITIONS["alternating"]


def test_activity_is_not_counted_twice() -> None:
    """What an example of a client of n counts for in the long run: alike when corrected."""
    sizes = [1, 2, 4, 8, 16, 0]
    shares = {}
    for how in ("corrected", "samples"):
        mass = Counter[int]()
        for number in range(4000):
            for client in select("activity", Asking(sizes, 1, 7, number)):
                mass[client] += weight(how, "activity", sizes[client])
        total = sum(mass.values())
        shares[how] = [mass[client] / total / (size / 31) for client, size in enumerate(sizes[:5])]
        assert mass[5] == 0
    assert all(abs(one - 1) < 0.25 for one in shares["corrected"])
    assert shares["samples"][4] / shares["samples"][0] > 8


def test_loss_prefers_those_who_fare_worst() -> None:
    losses = {client: float(client) for client in range(10)}
    chosen = select("loss", Asking([1] * 10, 2, 1, 0, losses))
    candidates = select("activity", Asking([1] * 10, 4, 1, 0))
    assert chosen == sorted(candidates, reverse=True)[:2]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), length=st.integers(1, 5000))
def test_eight_bits_are_near_and_right_on_average(seed: int, length: int) -> None:
    update = torch.randn(length, generator=torch.Generator().manual_seed(seed))
    found, travelled = compressed(update, ("8bit",), seed)
    assert (found - update).abs().max() <= update.abs().max() / 127 + 1e-6
    assert travelled == length + 4 * math.ceil(length / 2048)
    mean = torch.stack([rounded(update[:3], n) for n in range(400)]).mean(dim=0)
    assert (mean - update[:3]).abs().max() < 3 * update[:3].abs().max() / 127 / math.sqrt(
        400
    ) + 1e-6


@settings(max_examples=30, deadline=None)
@given(number=st.integers(2, 30), gone=st.integers(0, 29), seed=st.integers(0, 99))
def test_masks_cancel_whoever_drops_out(number: int, gone: int, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    clients = [3 * n + 1 for n in range(number)]
    there = [one for place, one in enumerate(clients) if place != gone]
    partners = ring(clients)
    assert all(client in partners[other] for client in clients for other in partners[client])
    updates = {one: torch.randn(50, generator=rng) for one in there}
    sent = {one: masked(updates[one], one, partners, "k") for one in there}
    total = unmasked(sum(sent.values(), torch.zeros(50, dtype=torch.int64)), there, partners, "k")
    assert torch.equal(total, sum(map(encoded, updates.values())))
    torch.testing.assert_close(
        decoded(total), sum(u.double() for u in updates.values()), atol=1e-8, rtol=0
    )
    shown = sent[there[0]].numpy() / 2.0**63
    assert abs(np.mean(shown)) < 0.5 < np.abs(shown).max()  # chance over the whole range


def test_adaptive_servers_are_worked_by_hand() -> None:
    """Two rounds of means 1 and -0.5, from Reddi et al.'s algorithm 2 with Flower's rate."""
    zero = torch.zeros(1, dtype=torch.float64)
    for name, second in (
        ("fedopt-adam", 0.99 * 0.01 + 0.01 * 0.25),
        ("fedopt-yogi", 0.01 + 0.01 * 0.25),
    ):
        server = make_server(name, 0.1)
        one = server.step(zero, zero + 1, 1)
        rates = [0.1, 0.1]
        if name == "fedopt-adam":
            rates = [0.1 * math.sqrt(1 - 0.99 ** (r + 1)) / (1 - 0.9 ** (r + 1)) for r in (1, 2)]
        assert one.item() == pytest.approx(rates[0] * 0.1 / (0.1 + 1e-3), abs=1e-12)
        two = server.step(one, zero - 0.5, 2)
        step = rates[1] * (0.9 * 0.1 - 0.1 * 0.5) / (math.sqrt(second) + 1e-3)
        assert two.item() == pytest.approx(one.item() + step, abs=1e-12)
    assert {"fedavg", "fedprox", "scaffold"} < {*SERVERS}


class Line:
    """One weight and points of one client each: loss (w - x)^2 / 2, whose gradient is w - x."""

    def __init__(self, points: list[float]) -> None:
        self.model = nn.Linear(1, 1, bias=False)
        self.points = points
        nn.init.zeros_(self.model.weight)

    @staticmethod
    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, int]:
        return (model(torch.ones(1, 1))[0, 0] - batch["x"][0]).square() / 2, 1

    def batches(self, members: list[int], seed: int) -> tuple[object, int]:
        from training.batches import Shuffled

        return Shuffled([{"x": torch.tensor([self.points[n]])} for n in members], seed), len(
            members
        )


def test_clients_are_held_back_and_corrected_by_hand(small: Small) -> None:
    line = Line([0.5])
    plain = replace(small.config().settings(1, 0), learning_rate=0.1, clip=None, weight_decay=0)
    how = Work(plain, epochs=3, seed=1)

    def moved(**changed: object) -> list[float]:
        return work(line, [0], torch.zeros(1), replace(how, **changed)).update.tolist()  # type: ignore[arg-type]

    by_hand = {"plain": 0.0, "prox": 0.0, "scaffold": 0.0}
    for _ in range(3):
        by_hand["plain"] -= 0.1 * (by_hand["plain"] - 0.5)
        by_hand["prox"] -= 0.1 * (by_hand["prox"] - 0.5 + 2.0 * by_hand["prox"])
        by_hand["scaffold"] -= 0.1 * (by_hand["scaffold"] - 0.5 + 0.3 - 0.1)
    assert moved() == pytest.approx([by_hand["plain"]], abs=1e-6)
    assert moved(proximal=2.0) == pytest.approx([by_hand["prox"]], abs=1e-6)
    controls = {"control": torch.tensor([0.3]), "own": torch.tensor([0.1])}
    assert moved(**controls) == pytest.approx([by_hand["scaffold"]], abs=1e-6)
    new = _control(torch.tensor([by_hand["scaffold"]]), 3, replace(how, **controls))
    assert new is not None
    assert new[0].item() == pytest.approx(0.1 - 0.3 - by_hand["scaffold"] / 0.3, abs=1e-6)
    assert flat(line.model).shape == (1,)


def test_privacy_is_of_a_client_as_a_whole(small: Small, tmp_path: Path) -> None:
    """The bound of what a client adds, the noise of the sum, and the accountant's epsilon."""
    pytest.importorskip("opacus")
    config = small.config(
        dp_epsilon=6.0, dp_delta=1e-3, dp_clip="0.5", dp_accountant="rdp", rounds=4, per_round=4
    )
    opened, _ = small.opened()
    parts, when = dealt(config, task_of("intents"), small.material())
    federation = Federation(config, opened, parts, when, {"run": 1})
    guarantee = federation.guarantee
    assert guarantee is not None
    spent = epsilon_of(sigma=guarantee.sigma, delta=1e-3, rate=0.5, steps=4, accountant="rdp")
    assert 5.5 < spent <= 6.0
    counts = [len(federation.asked(number, {})) for number in range(400)]
    assert 3.6 < np.mean(counts) < 4.4
    assert 1.0 < np.std(counts) < 1.9  # sqrt(8 / 4) = 1.41: each by itself
    weights = flat(opened.model)
    fast = replace(config, learning_rate=50.0)  # a step that is longer than the bound
    sent = replace(federation, config=fast).answer(0, [0], Broadcast(0, weights), None)
    assert sent is not None
    assert sent.vector.norm().item() == pytest.approx(0.5, rel=1e-4)
    assert sent.share == 1
    noise = federation._noisy(torch.zeros_like(weights).double(), 0)
    assert noise.std().item() == pytest.approx(0.5 * guarantee.sigma, rel=0.02)
    assert not torch.equal(noise, federation._noisy(torch.zeros_like(weights).double(), 1))
    assert guarantee.told(4)["unit"] == "client"
