"""What training seldom meets: a kept corpus that is damaged, names that are taken, times that are
none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from training import objectives
from training.documents import _open, _settle
from training.objectives import Special
from training.settings import seconds_of

FACTS = {"dtype": "<u2", "sha256": "0" * 64, "bytes": 9, "characters": 8, "empty": 1}


def kept(folder: Path) -> Path:
    """Three documents of 1, 2 and 1 ids."""
    np.array([5, 6, 7, 8], "<u2").tofile(folder / "ids.bin")
    np.array([1, 3, 4], "<i8").tofile(folder / "ends.bin")
    (folder / "corpus.json").write_text(json.dumps(FACTS))
    return folder


def test_a_kept_corpus_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = _open(kept(tmp_path), "mine")
    assert (found.name, found.ids.tolist(), found.ends.tolist()) == (
        "mine",
        [5, 6, 7, 8],
        [1, 3, 4],
    )
    assert (found.bytes, found.characters, found.empty) == (9, 8, 1)


def ends(*numbers: int) -> Callable[[Path], object]:
    return lambda folder: np.array(numbers, "<i8").tofile(folder / "ends.bin")


@pytest.mark.parametrize(
    "damage",
    [
        ends(1, 3, 3),
        ends(1, 3),
        ends(1, 3, 5),
        ends(0, 3, 4),
        ends(3, 1, 4),
        ends(1, 1, 4),
        ends(),
        lambda folder: (folder / "ids.bin").write_bytes(b""),
        lambda folder: (folder / "ends.bin").unlink(),
        lambda folder: (folder / "ends.bin").write_bytes(b"123"),
        lambda folder: (folder / "corpus.json").write_text(json.dumps({**FACTS, "dtype": "<i2"})),
    ],
)
def test_a_kept_corpus_that_is_damaged(damage: Callable[[Path], object], tmp_path: Path) -> None:
    damage(kept(tmp_path))
    with pytest.raises(InputError, match="expected the ids of a corpus, found damaged ones; remov"):
        _open(tmp_path, "mine")


def test_whoever_is_slower_takes_what_is_there(tmp_path: Path) -> None:
    for there in (True, False):
        temporary, place = tmp_path / f"t{there}", tmp_path / f"p{there}"
        temporary.mkdir()
        place.mkdir()
        (place / ("corpus.json" if there else "other")).write_text("")
        if there:
            _settle(temporary, place)
        else:
            with pytest.raises(OSError, match="not empty"):
                _settle(temporary, place)


def test_objectives_are_added_under_new_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "OBJECTIVES", list(objectives.OBJECTIVES))
    make: Any = object()
    with pytest.raises(ValueError, match=r'^objective: a decoder has "clm" already; use another'):
        objectives.register("clm", "decoder", make)
    before = objectives.objectives_for("encoder").keys()
    objectives.register("clm-ours", "encoder", make, ["mask"])
    added = objectives.objectives_for("encoder")["clm-ours"]
    assert (added.name, added.architecture, added.make) == ("clm-ours", "encoder", make)
    assert added.needs == ("mask",)
    assert objectives.objectives_for("encoder").keys() == before | {"clm-ours"}


def test_an_option_that_an_objective_has_not_is_told_without_python() -> None:
    class Maker:
        def __init__(self, special: Special, share: float = 0.5) -> None:
            self.share = share

    special: Any = object()
    assert objectives._made(Maker, special, "x", {"share": 0.1}).share == 0.1  # type: ignore
    with pytest.raises(InputError, match=r"^objective x: .*it got an unexpected .*'spare'$"):
        objectives._made(Maker, special, "x", {"spare": 1})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1d", 86400), (" 0.5s ", 0.5)],
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["0", "0.0h", "", "s", "-1", "1w", "1 h", "1e3", "1234567890"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(InputError, match=r'^--time-budget ".*": expected a time such as 90s, 10m'):
        seconds_of(text)
