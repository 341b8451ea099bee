"""The short form of `python -m tests.fuzz`: valid inputs are read, some damaged ones refused."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import InputError
from tests.fuzz.cage import environment
from tests.fuzz.inputs import input_of
from tests.fuzz.minimise import smaller
from tests.fuzz.pool import judge_all, spans
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.fuzz.verdict import judge

SLOW = 0.3  # targets of this weight and less open a model or go through a whole run


@pytest.fixture(scope="module", autouse=True)
def cage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The environment of `python -m tests.fuzz`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(tmp_path_factory.mktemp("fuzz")).items():
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", None)
        yield
    tempfile.tempdir = None


@pytest.mark.parametrize("name", [n for n, t in TARGETS.items() if t.weight > SLOW])
def test_valid_inputs_are_read_and_damaged_ones_refused(name: str, monkeypatch) -> None:
    monkeypatch.setenv("KILOLINGUA_CACHE", os.environ["KILOLINGUA_FUZZ"] + "/cache")
    target = TARGETS[name]
    valid = len(target.seed_bytes()) if target.valid else 0
    judge(target, target.seed_bytes()[0], limits=False)  # what is compiled now counts for no input
    for number in range(max(valid, 12)):
        verdict = judge(target, input_of(target, number, 1))
        assert verdict.status != "failed", f"input {number}: {verdict.group}\n{verdict.story}"
        assert number >= valid or verdict.status == "ok", verdict.story


def broken(path: Path) -> None:
    """A reader with a fault of each kind."""
    content = path.read_bytes()
    if b"deep" in content:
        raise RecursionError
    if b"\x1b" in content:
        print(content)
        raise OSError("no message of ours")
    if b"{" in content:
        raise InputError("fine")


BROKEN = Target("broken", "text", ("a", "{"), broken)


def test_each_kind_of_failure_is_told() -> None:
    assert judge(BROKEN, b"a").status == "ok"
    assert judge(BROKEN, b"{").status == "refused"
    assert judge(BROKEN, b"deep").group.startswith("RecursionError at ")
    assert judge(BROKEN, b"\x1b").group.startswith("OSError at ")


def test_time_and_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.verdict.MOST_SECONDS", 0.2)
    monkeypatch.setattr("tests.fuzz.verdict.MOST_BYTES", 1 << 26)

    def endless(_: Path) -> None:
        while True:
            pass

    def greedy(_: Path) -> None:
        bytearray(1 << 27)[:: 1 << 12] = b"x" * (1 << 15)

    assert "more than 0 s" in judge(Target("endless", "text", ("a",), endless), b"a").group
    group = judge(Target("greedy", "text", ("a",), greedy), b"a").group
    assert group.startswith(("more than 1 GB", "MemoryError"))


def test_an_input_is_made_smaller() -> None:
    group = judge(BROKEN, b"deep").group
    assert smaller(BROKEN, b"a" * 300 + b"deep" + b"b" * 99, group) == b"deep"


def test_the_same_seed_gives_the_same_inputs_in_any_order() -> None:
    target = TARGETS["labels/conllu"]
    once = [input_of(target, number, 3) for number in range(40)]
    random.seed(8)
    assert [input_of(target, number, 3) for number in reversed(range(40))] == once[::-1]
    assert len(set(once)) > 35


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing() -> None:
    work = spans(["data/lines", "data/tsv"], 400)
    one, two = (judge_all(work, 1, workers, lambda _: None) for workers in (1, 2))
    assert one.counts == two.counts
    assert one.failures == two.failures
